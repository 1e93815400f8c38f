login-subject = { $code } to Twój kod logowania
login-body = Użyj tego kodu, aby się zalogować:
recovery-subject = { $code } to Twój kod odzyskiwania
recovery-body = Użyj tego kodu, aby odzyskać dostęp do konta:
email-verification-subject = { $code } potwierdza Twój adres e-mail
email-verification-body = Użyj tego kodu, aby potwierdzić swój adres e-mail:
code-validity = { $minutes ->
    [one] Kod jest ważny przez 1 minutę.
    [few] Kod jest ważny przez { $minutes } minuty.
    [many] Kod jest ważny przez { $minutes } minut.
   *[other] Kod jest ważny przez { $minutes } minuty.
}
code-advice = Nikomu go nie przekazuj. Jeśli to nie Ty prosisz o kod, możesz zignorować tę wiadomość.

email-login-attempted-subject = Logowanie do { $service } z użyciem tego adresu
email-login-attempted-body = Ktoś chce się zalogować do { $service } z użyciem tego adresu e-mail, ale nie należy on do żadnego konta. Jeśli to Ty, użyj adresu podanego przy rejestracji albo załóż konto.
email-registration-attempted-subject = Masz już konto w { $service }
email-registration-attempted-body = Ktoś chce użyć tego adresu e-mail do konta w { $service }, ale należy on już do istniejącego konta. Jeśli to Ty, po prostu zaloguj się tym adresem.
attempt-advice = Jeśli to nie Ty, nie musisz nic robić.

password-update-subject = Twoje hasło w { $service } zostało zmienione
password-update-body = Hasło do Twojego konta w { $service } zostało zmienione.
primary-email-update-subject = Twój główny adres w { $service } został zmieniony
primary-email-update-body = Główny adres e-mail Twojego konta w { $service } zmieniono z { $old } na { $new }.
email-create-subject = Do Twojego konta w { $service } dodano adres
email-create-body = Do Twojego konta w { $service } dodano adres e-mail { $new }.
email-delete-subject = Z Twojego konta w { $service } usunięto adres
email-delete-body = Z Twojego konta w { $service } usunięto adres e-mail { $deleted }.
passkey-create-subject = Do Twojego konta w { $service } dodano klucz dostępu
passkey-create-body = Do Twojego konta w { $service } można się teraz zalogować nowym kluczem dostępu.
mfa-create-subject = Do Twojego konta w { $service } dodano drugi składnik
mfa-create-body = Logowanie do Twojego konta w { $service } można teraz potwierdzać nowym drugim składnikiem.
mfa-delete-subject = Z Twojego konta w { $service } usunięto drugi składnik
mfa-delete-body = Usunięto drugi składnik logowania do Twojego konta w { $service }.
notification-advice = Jeśli to nie Ty, zaloguj się od razu, sprawdź swoje konto i zmień dane logowania.

footer = Wiadomość wysłana automatycznie przez { $service }.
