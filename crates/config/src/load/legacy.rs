//! Keys of older generations: where their values go, and which have no effect. Spec 10 §8.

/// A key that has another name now.
pub(crate) struct Alias {
    /// The older path.
    pub(crate) old: &'static str,
    /// The paths that take its value.
    pub(crate) new: &'static [&'static str],
    /// The older key counts only while this path is not set.
    pub(crate) unless: Option<&'static str>,
}

const fn alias(old: &'static str, new: &'static [&'static str]) -> Alias {
    Alias { old, new, unless: None }
}

/// In order of precedence: where two older keys have one target, the first wins.
pub(crate) const ALIASES: &[Alias] = &[
    alias("server.public.cors", &["cors"]),
    alias("smtp", &["email_delivery.smtp"]),
    Alias { old: "passcode.smtp", new: &["email_delivery.smtp"], unless: Some("email_delivery.smtp.host") },
    alias("passcode.email.from_address", &["email_delivery.from_address"]),
    alias("passcode.email.from_name", &["email_delivery.from_name"]),
    alias("passcode.ttl", &["email.passcode_ttl"]),
    alias("passwords", &["password"]),
    alias("password.min_password_length", &["password.min_length"]),
    alias("emails.require_verification", &["email.require_verification"]),
    alias("emails.max_num_of_addresses", &["email.limit"]),
    alias("webauthn.timeout", &["webauthn.timeouts.login", "webauthn.timeouts.registration"]),
    alias("webauthn.user_verification", &["passkey.user_verification"]),
    alias("thirdparty", &["third_party"]),
];

/// Keys of older generations that have no effect, and why.
pub(crate) const IGNORED: &[(&str, &str)] = &[
    ("default_email_delivery", "it had no effect in any generation; use email_delivery"),
    ("server.admin.cors", "the admin API is not for browsers and sends no CORS headers"),
    ("webauthn.relying_party.icon", "browsers no longer use it"),
    ("convert_legacy_config", "older keys are always understood"),
];

/// Whether an older key lies below this path, so that the path must be a section.
pub(crate) fn is_above_older_key(path: &str) -> bool {
    let below = |old: &str| old.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    ALIASES.iter().any(|alias| below(alias.old)) || IGNORED.iter().any(|(old, _)| below(old))
}
