login-subject = { $code } é o seu código de acesso
login-body = Use este código para entrar:
recovery-subject = { $code } é o seu código de recuperação
recovery-body = Use este código para recuperar o acesso à sua conta:
email-verification-subject = { $code } confirma o seu endereço de e-mail
email-verification-body = Use este código para confirmar o seu endereço de e-mail:
code-validity = { $minutes ->
    [one] O código vale por 1 minuto.
   *[other] O código vale por { $minutes } minutos.
}
code-advice = Não o informe a ninguém. Se você não pediu um código, pode ignorar esta mensagem.

email-login-attempted-subject = Acesso a { $service } com este endereço
email-login-attempted-body = Alguém quer entrar em { $service } com este endereço de e-mail, mas ele não pertence a nenhuma conta. Se foi você, tente o endereço que usou no cadastro ou crie uma conta.
email-registration-attempted-subject = Você já tem uma conta em { $service }
email-registration-attempted-body = Alguém quer usar este endereço de e-mail em uma conta de { $service }, mas ele já pertence a uma. Se foi você, entre com ele.
attempt-advice = Se não foi você, não precisa fazer nada.

password-update-subject = A sua senha de { $service } foi alterada
password-update-body = A senha da sua conta de { $service } foi alterada.
primary-email-update-subject = O seu endereço principal em { $service } foi alterado
primary-email-update-body = O endereço de e-mail principal da sua conta de { $service } mudou de { $old } para { $new }.
email-create-subject = Um endereço foi adicionado à sua conta de { $service }
email-create-body = O endereço de e-mail { $new } foi adicionado à sua conta de { $service }.
email-delete-subject = Um endereço foi removido da sua conta de { $service }
email-delete-body = O endereço de e-mail { $deleted } foi removido da sua conta de { $service }.
passkey-create-subject = Uma chave de acesso foi adicionada à sua conta de { $service }
passkey-create-body = Agora é possível entrar na sua conta de { $service } com uma nova chave de acesso.
mfa-create-subject = Um segundo fator foi adicionado à sua conta de { $service }
mfa-create-body = A entrada na sua conta de { $service } agora pode ser confirmada com um novo segundo fator.
mfa-delete-subject = Um segundo fator foi removido da sua conta de { $service }
mfa-delete-body = Um segundo fator da sua conta de { $service } foi removido.
notification-advice = Se não foi você, entre agora mesmo, verifique a sua conta e troque os seus dados de acesso.

footer = Mensagem enviada automaticamente por { $service }.
