login-subject = { $code } is je inlogcode
login-body = Log in met deze code:
recovery-subject = { $code } is je herstelcode
recovery-body = Met deze code krijg je weer toegang tot je account:
email-verification-subject = { $code } bevestigt je e-mailadres
email-verification-body = Bevestig je e-mailadres met deze code:
code-validity = { $minutes ->
    [one] De code is 1 minuut geldig.
   *[other] De code is { $minutes } minuten geldig.
}
code-advice = Geef hem aan niemand door. Heb je geen code aangevraagd, dan kun je dit bericht negeren.

email-login-attempted-subject = Inloggen bij { $service } met dit adres
email-login-attempted-body = Iemand wil met dit e-mailadres inloggen bij { $service }, maar het hoort bij geen enkel account. Was jij dit, probeer dan het adres waarmee je je hebt geregistreerd of maak een account aan.
email-registration-attempted-subject = Je hebt al een account bij { $service }
email-registration-attempted-body = Iemand wil dit e-mailadres gebruiken voor een account bij { $service }, maar het hoort al bij een account. Was jij dit, log er dan gewoon mee in.
attempt-advice = Was jij dit niet, dan hoef je niets te doen.

password-update-subject = Je wachtwoord bij { $service } is gewijzigd
password-update-body = Het wachtwoord van je account bij { $service } is gewijzigd.
primary-email-update-subject = Je hoofdadres bij { $service } is gewijzigd
primary-email-update-body = Het belangrijkste e-mailadres van je account bij { $service } is gewijzigd van { $old } in { $new }.
email-create-subject = Er is een adres toegevoegd aan je account bij { $service }
email-create-body = Het e-mailadres { $new } is toegevoegd aan je account bij { $service }.
email-delete-subject = Er is een adres verwijderd uit je account bij { $service }
email-delete-body = Het e-mailadres { $deleted } is verwijderd uit je account bij { $service }.
passkey-create-subject = Er is een passkey toegevoegd aan je account bij { $service }
passkey-create-body = Met een nieuwe passkey kan nu worden ingelogd op je account bij { $service }.
mfa-create-subject = Er is een tweede factor toegevoegd aan je account bij { $service }
mfa-create-body = Inloggen op je account bij { $service } kan nu met een nieuwe tweede factor worden bevestigd.
mfa-delete-subject = Er is een tweede factor verwijderd uit je account bij { $service }
mfa-delete-body = Een tweede factor van je account bij { $service } is verwijderd.
notification-advice = Was jij dit niet, log dan meteen in, controleer je account en wijzig je inloggegevens.

footer = { $service } heeft dit bericht automatisch verstuurd.
