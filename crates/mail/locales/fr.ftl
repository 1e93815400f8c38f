login-subject = { $code } est votre code de connexion
login-body = Utilisez ce code pour vous connecter :
recovery-subject = { $code } est votre code de récupération
recovery-body = Utilisez ce code pour retrouver l’accès à votre compte :
email-verification-subject = { $code } confirme votre adresse e-mail
email-verification-body = Utilisez ce code pour confirmer votre adresse e-mail :
code-validity = { $minutes ->
    [one] Le code est valable 1 minute.
   *[other] Le code est valable { $minutes } minutes.
}
code-advice = Ne le communiquez à personne. Si vous n’avez pas demandé de code, vous pouvez ignorer ce message.

email-login-attempted-subject = Connexion à { $service } avec cette adresse
email-login-attempted-body = Quelqu’un souhaite se connecter à { $service } avec cette adresse e-mail, mais elle n’appartient à aucun compte. Si c’était vous, essayez l’adresse de votre inscription ou créez un compte.
email-registration-attempted-subject = Vous avez déjà un compte chez { $service }
email-registration-attempted-body = Quelqu’un souhaite utiliser cette adresse e-mail pour un compte chez { $service }, mais elle appartient déjà à un compte. Si c’était vous, connectez-vous plutôt avec cette adresse.
attempt-advice = Si ce n’était pas vous, vous n’avez rien à faire.

password-update-subject = Votre mot de passe { $service } a été modifié
password-update-body = Le mot de passe de votre compte { $service } a été modifié.
primary-email-update-subject = Votre adresse principale chez { $service } a été modifiée
primary-email-update-body = L’adresse e-mail principale de votre compte { $service } était { $old } ; c’est désormais { $new }.
email-create-subject = Une adresse a été ajoutée à votre compte { $service }
email-create-body = L’adresse e-mail { $new } a été ajoutée à votre compte { $service }.
email-delete-subject = Une adresse a été retirée de votre compte { $service }
email-delete-body = L’adresse e-mail { $deleted } a été retirée de votre compte { $service }.
passkey-create-subject = Une clé d’accès a été ajoutée à votre compte { $service }
passkey-create-body = Une nouvelle clé d’accès permet désormais de se connecter à votre compte { $service }.
mfa-create-subject = Un second facteur a été ajouté à votre compte { $service }
mfa-create-body = Un nouveau second facteur peut désormais confirmer les connexions à votre compte { $service }.
mfa-delete-subject = Un second facteur a été retiré de votre compte { $service }
mfa-delete-body = Un second facteur de votre compte { $service } a été retiré.
notification-advice = Si ce n’était pas vous, connectez-vous sans attendre, vérifiez votre compte et changez vos moyens de connexion.

footer = Message envoyé automatiquement par { $service }.
