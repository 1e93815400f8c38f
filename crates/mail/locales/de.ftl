login-subject = { $code } ist Ihr Anmeldecode
login-body = Melden Sie sich mit diesem Code an:
recovery-subject = { $code } ist Ihr Code zur Wiederherstellung
recovery-body = Mit diesem Code erhalten Sie wieder Zugang zu Ihrem Konto:
email-verification-subject = { $code } bestätigt Ihre E-Mail-Adresse
email-verification-body = Bestätigen Sie Ihre E-Mail-Adresse mit diesem Code:
code-validity = { $minutes ->
    [one] Der Code ist 1 Minute lang gültig.
   *[other] Der Code ist { $minutes } Minuten lang gültig.
}
code-advice = Geben Sie ihn niemandem weiter. Falls Sie keinen Code angefordert haben, können Sie diese Nachricht ignorieren.

email-login-attempted-subject = Anmeldung bei { $service } mit dieser Adresse
email-login-attempted-body = Jemand möchte sich mit dieser E-Mail-Adresse bei { $service } anmelden, sie gehört aber zu keinem Konto. Falls Sie das waren, versuchen Sie es mit der Adresse, mit der Sie sich registriert haben, oder legen Sie ein Konto an.
email-registration-attempted-subject = Sie haben bereits ein Konto bei { $service }
email-registration-attempted-body = Jemand möchte diese E-Mail-Adresse für ein Konto bei { $service } verwenden, sie gehört aber schon zu einem. Falls Sie das waren, melden Sie sich stattdessen damit an.
attempt-advice = Falls Sie es nicht waren, brauchen Sie nichts zu tun.

password-update-subject = Ihr Passwort bei { $service } wurde geändert
password-update-body = Das Passwort Ihres Kontos bei { $service } wurde geändert.
primary-email-update-subject = Ihre Hauptadresse bei { $service } wurde geändert
primary-email-update-body = Die wichtigste E-Mail-Adresse Ihres Kontos bei { $service } wurde von { $old } auf { $new } geändert.
email-create-subject = Ihrem Konto bei { $service } wurde eine Adresse hinzugefügt
email-create-body = Die E-Mail-Adresse { $new } wurde Ihrem Konto bei { $service } hinzugefügt.
email-delete-subject = Aus Ihrem Konto bei { $service } wurde eine Adresse entfernt
email-delete-body = Die E-Mail-Adresse { $deleted } wurde aus Ihrem Konto bei { $service } entfernt.
passkey-create-subject = Ihrem Konto bei { $service } wurde ein Passkey hinzugefügt
passkey-create-body = Mit einem neuen Passkey kann man sich jetzt bei Ihrem Konto bei { $service } anmelden.
mfa-create-subject = Ihrem Konto bei { $service } wurde ein zweiter Faktor hinzugefügt
mfa-create-body = Anmeldungen bei Ihrem Konto bei { $service } können jetzt mit einem neuen zweiten Faktor bestätigt werden.
mfa-delete-subject = Aus Ihrem Konto bei { $service } wurde ein zweiter Faktor entfernt
mfa-delete-body = Ein zweiter Faktor Ihres Kontos bei { $service } wurde entfernt.
notification-advice = Falls Sie das nicht waren, melden Sie sich sofort an, prüfen Sie Ihr Konto und ändern Sie Ihre Anmeldedaten.

footer = { $service } hat diese Nachricht automatisch verschickt.
