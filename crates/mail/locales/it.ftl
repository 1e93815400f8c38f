login-subject = { $code } è il tuo codice di accesso
login-body = Usa questo codice per accedere:
recovery-subject = { $code } è il tuo codice di recupero
recovery-body = Usa questo codice per rientrare nel tuo account:
email-verification-subject = { $code } conferma il tuo indirizzo e-mail
email-verification-body = Usa questo codice per confermare il tuo indirizzo e-mail:
code-validity = { $minutes ->
    [one] Il codice vale 1 minuto.
   *[other] Il codice vale { $minutes } minuti.
}
code-advice = Non comunicarlo a nessuno. Se non hai chiesto un codice, puoi ignorare questo messaggio.

email-login-attempted-subject = Accesso a { $service } con questo indirizzo
email-login-attempted-body = Qualcuno vuole accedere a { $service } con questo indirizzo e-mail, che però non appartiene ad alcun account. Se sei stato tu, prova con l’indirizzo usato per registrarti oppure crea un account.
email-registration-attempted-subject = Hai già un account su { $service }
email-registration-attempted-body = Qualcuno vuole usare questo indirizzo e-mail per un account su { $service }, ma appartiene già a un account. Se sei stato tu, usalo invece per accedere.
attempt-advice = Se non sei stato tu, non devi fare nulla.

password-update-subject = La tua password di { $service } è stata cambiata
password-update-body = La password del tuo account { $service } è stata cambiata.
primary-email-update-subject = Il tuo indirizzo principale su { $service } è stato cambiato
primary-email-update-body = L’indirizzo e-mail principale del tuo account { $service } è stato cambiato da { $old } a { $new }.
email-create-subject = Un indirizzo è stato aggiunto al tuo account { $service }
email-create-body = L’indirizzo e-mail { $new } è stato aggiunto al tuo account { $service }.
email-delete-subject = Un indirizzo è stato rimosso dal tuo account { $service }
email-delete-body = L’indirizzo e-mail { $deleted } è stato rimosso dal tuo account { $service }.
passkey-create-subject = Una passkey è stata aggiunta al tuo account { $service }
passkey-create-body = Ora è possibile accedere al tuo account { $service } con una nuova passkey.
mfa-create-subject = Un secondo fattore è stato aggiunto al tuo account { $service }
mfa-create-body = Gli accessi al tuo account { $service } ora si possono confermare con un nuovo secondo fattore.
mfa-delete-subject = Un secondo fattore è stato rimosso dal tuo account { $service }
mfa-delete-body = Un secondo fattore del tuo account { $service } è stato rimosso.
notification-advice = Se non sei stato tu, accedi subito, controlla il tuo account e cambia le tue credenziali.

footer = Messaggio inviato automaticamente da { $service }.
