# The texts of all mails. Values: $service, $code, $minutes, $new, $old, $deleted.
# In the bodies of login, recovery and email-verification nothing may stand that contains six digits; so no $service there.

login-subject = { $code } is your sign-in code
login-body = Use this code to sign in:
recovery-subject = { $code } is your recovery code
recovery-body = Use this code to get back into your account:
email-verification-subject = { $code } confirms your e-mail address
email-verification-body = Use this code to confirm your e-mail address:
code-validity = { $minutes ->
    [one] The code is valid for 1 minute.
   *[other] The code is valid for { $minutes } minutes.
}
code-advice = Do not pass it on to anybody. If you did not ask for a code, you can ignore this message.

email-login-attempted-subject = Sign-in to { $service } with this address
email-login-attempted-body = Somebody wants to sign in to { $service } with this e-mail address, but it belongs to no account. If it was you, try the address you registered with, or create an account.
email-registration-attempted-subject = You already have an account at { $service }
email-registration-attempted-body = Somebody wants to use this e-mail address for an account at { $service }, but it already belongs to one. If it was you, sign in with it instead.
attempt-advice = If it was not you, there is nothing you need to do.

password-update-subject = Your { $service } password was changed
password-update-body = The password of your { $service } account was changed.
primary-email-update-subject = Your main address at { $service } was changed
primary-email-update-body = The main e-mail address of your { $service } account was changed from { $old } to { $new }.
email-create-subject = An address was added to your { $service } account
email-create-body = The e-mail address { $new } was added to your { $service } account.
email-delete-subject = An address was removed from your { $service } account
email-delete-body = The e-mail address { $deleted } was removed from your { $service } account.
passkey-create-subject = A passkey was added to your { $service } account
passkey-create-body = A new passkey can now be used to sign in to your { $service } account.
mfa-create-subject = A second factor was added to your { $service } account
mfa-create-body = Signing in to your { $service } account can now be confirmed with a new second factor.
mfa-delete-subject = A second factor was removed from your { $service } account
mfa-delete-body = A second factor of your { $service } account was removed.
notification-advice = If this was not you, sign in at once, check your account and change what you sign in with.

footer = { $service } sent this message automatically.
