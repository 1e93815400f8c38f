//! The error catalogues of the Flow API (spec 01, section 8).

/// What can be wrong with a flow or a request on it: the `error` member of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowError {
    /// An input was rejected, or the request could not be read.
    FormDataInvalid,
    /// No valid session where one is needed.
    Unauthorized,
    /// The one-time code was entered wrong too often.
    PasscodeMaxAttemptsReached,
    /// A passkey or security key, or its registration, was refused.
    PasskeyInvalid,
    /// A security key that is only a second factor was used as a passkey.
    CredentialMfaOnly,
    /// A second factor is required and this device can do none of those that are left.
    PlatformAuthenticatorRequired,
    /// The flow, the action or the token does not fit; nothing was changed.
    OperationNotPermitted,
    /// The endpoint is switched off.
    Forbidden,
    /// The flow is over its life time.
    FlowExpired,
    /// Too many attempts.
    RateLimitExceeded,
    /// The flow cannot go on from here.
    FlowDiscontinuity,
    /// The request body is larger than accepted.
    PayloadTooLarge,
    /// The headers are more or larger than accepted.
    HeadersTooLarge,
    /// The request took too long to arrive.
    RequestTimeout,
    /// The server is too busy or a part it needs is away; try again soon.
    Unavailable,
    /// A bug or a broken environment.
    Technical,
}

impl FlowError {
    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FormDataInvalid | Self::PayloadTooLarge | Self::HeadersTooLarge | Self::RequestTimeout => {
                "form_data_invalid_error"
            }
            Self::Unauthorized => "unauthorized",
            Self::PasscodeMaxAttemptsReached => "passcode_max_attempts_reached",
            Self::PasskeyInvalid => "passkey_invalid",
            Self::CredentialMfaOnly => "webauthn_credential_invalid_mfa_only",
            Self::PlatformAuthenticatorRequired => "platform_authenticator_required",
            Self::OperationNotPermitted => "operation_not_permitted_error",
            Self::Forbidden => "forbidden",
            Self::FlowExpired => "flow_expired_error",
            Self::RateLimitExceeded => "rate_limit_exceeded",
            Self::FlowDiscontinuity => "flow_discontinuity_error",
            Self::Unavailable | Self::Technical => "technical_error",
        }
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::FormDataInvalid => 400,
            Self::Unauthorized
            | Self::PasscodeMaxAttemptsReached
            | Self::PasskeyInvalid
            | Self::CredentialMfaOnly
            | Self::PlatformAuthenticatorRequired => 401,
            Self::OperationNotPermitted | Self::Forbidden => 403,
            Self::RequestTimeout => 408,
            Self::FlowExpired => 410,
            Self::PayloadTooLarge => 413,
            Self::RateLimitExceeded => 429,
            Self::HeadersTooLarge => 431,
            Self::FlowDiscontinuity | Self::Technical => 500,
            Self::Unavailable => 503,
        }
    }

    /// A text for developers; clients go by the code.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::FormDataInvalid => "The submitted data is not valid.",
            Self::Unauthorized => "There is no valid session.",
            Self::PasscodeMaxAttemptsReached => "The passcode was entered wrong too many times.",
            Self::PasskeyInvalid => "The passkey is not valid.",
            Self::CredentialMfaOnly => {
                "This security key is a second factor only and cannot be used to sign in."
            }
            Self::PlatformAuthenticatorRequired => "This device needs a built-in authenticator.",
            Self::OperationNotPermitted => "The flow is not permitted.",
            Self::Forbidden => "This endpoint is not available.",
            Self::FlowExpired => "The flow has expired.",
            Self::RateLimitExceeded => "The rate limit has been exceeded.",
            Self::FlowDiscontinuity => "The flow cannot be continued.",
            Self::PayloadTooLarge => "The request is too large.",
            Self::HeadersTooLarge => "The headers of the request are too large.",
            Self::RequestTimeout => "The request took too long to arrive.",
            Self::Unavailable => "The server is busy. Please try again in a moment.",
            Self::Technical => "Something went wrong.",
        }
    }
}

/// What can be wrong with one input: the `error` member of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The code on the wire.
    pub code: &'static str,
    /// A text for developers.
    pub message: String,
    /// Why, where that helps.
    pub cause: Option<String>,
}

impl InputError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), cause: None }
    }

    /// The same error with a reason.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// A required value is missing or empty.
    #[must_use]
    pub fn missing() -> Self {
        Self::new("value_missing_error", "A value is required.")
    }

    /// Shorter than `min_length`.
    #[must_use]
    pub fn too_short() -> Self {
        Self::new("value_too_short_error", "The value is too short.")
    }

    /// Longer than `max_length`.
    #[must_use]
    pub fn too_long() -> Self {
        Self::new("value_too_long_error", "The value is too long.")
    }

    /// Malformed, not allowed, or wrong.
    #[must_use]
    pub fn invalid() -> Self {
        Self::new("value_invalid_error", "The value is not valid.")
    }

    /// Not one of the values on offer.
    #[must_use]
    pub fn not_allowed(allowed: &[&str]) -> Self {
        Self::new("value_invalid_error", format!("The value must be one of: {}.", allowed.join(", ")))
    }

    /// The address belongs to an account already.
    #[must_use]
    pub fn email_exists() -> Self {
        Self::new("email_already_exists", "The email address already exists.")
    }

    /// The user name belongs to an account already.
    #[must_use]
    pub fn username_exists() -> Self {
        Self::new("username_already_exists", "The username already exists.")
    }

    /// The user name has characters that are not allowed.
    #[must_use]
    pub fn invalid_username() -> Self {
        Self::new("invalid_username_error", "A username has letters, digits and underscores only.")
    }

    /// No account has the address (only where existence may be revealed).
    #[must_use]
    pub fn unknown_email() -> Self {
        Self::new("unknown_email_error", "The email address is not known.")
    }

    /// No account has the user name.
    #[must_use]
    pub fn unknown_username() -> Self {
        Self::new("unknown_username_error", "The username is not known.")
    }

    /// The one-time code is wrong, used or expired.
    #[must_use]
    pub fn passcode_invalid() -> Self {
        Self::new("passcode_invalid", "The passcode is not valid.")
    }

    /// The one-time password was right, but it, or a later one, was used before (spec 00, decision 21).
    #[must_use]
    pub fn code_used() -> Self {
        Self::new("passcode_invalid", "The code was already used. Please wait for the next one.")
    }
}
