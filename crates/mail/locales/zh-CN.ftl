login-subject = { $code } 是您的登录验证码
login-body = 请使用此验证码登录：
recovery-subject = { $code } 是您的恢复验证码
recovery-body = 请使用此验证码恢复您的账户：
email-verification-subject = { $code } 用于确认您的邮箱地址
email-verification-body = 请使用此验证码确认您的邮箱地址：
code-validity = 验证码在 { $minutes } 分钟内有效。
code-advice = 请勿将其告诉任何人。如果您没有索取验证码，可以忽略此邮件。

email-login-attempted-subject = 有人用此地址登录 { $service }
email-login-attempted-body = 有人想用此邮箱地址登录 { $service }，但它不属于任何账户。如果是您本人，请改用注册时的地址，或者新建一个账户。
email-registration-attempted-subject = 您在 { $service } 已有账户
email-registration-attempted-body = 有人想把此邮箱地址用于 { $service } 的账户，但它已属于一个现有账户。如果是您本人，请直接用它登录。
attempt-advice = 如果不是您本人，则无需任何操作。

password-update-subject = 您的 { $service } 密码已更改
password-update-body = 您的 { $service } 账户的密码已更改。
primary-email-update-subject = 您在 { $service } 的主要地址已更改
primary-email-update-body = 您的 { $service } 账户的主要邮箱地址已从 { $old } 改为 { $new }。
email-create-subject = 您的 { $service } 账户添加了地址
email-create-body = 邮箱地址 { $new } 已添加到您的 { $service } 账户。
email-delete-subject = 您的 { $service } 账户移除了地址
email-delete-body = 邮箱地址 { $deleted } 已从您的 { $service } 账户移除。
passkey-create-subject = 您的 { $service } 账户添加了通行密钥
passkey-create-body = 现在可以用新的通行密钥登录您的 { $service } 账户。
mfa-create-subject = 您的 { $service } 账户添加了第二重验证
mfa-create-body = 现在可以用新的第二重验证来确认登录您的 { $service } 账户。
mfa-delete-subject = 您的 { $service } 账户移除了第二重验证
mfa-delete-body = 您的 { $service } 账户的一个第二重验证已移除。
notification-advice = 如果不是您本人操作，请立即登录，检查您的账户并更换登录凭据。

footer = 此邮件由 { $service } 自动发送。
