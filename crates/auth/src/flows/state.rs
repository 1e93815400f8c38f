//! The states of all flows and what a flow remembers.

use std::fmt;

use inkan_base::{PasscodeId, Timestamp, UserId};
use inkan_flow::{FlowData, StateName};
use inkan_mail::MailKind;
use serde::{Deserialize, Serialize};

/// The flows, one per endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// `POST /login`, spec 02.
    Login,
    /// `POST /registration`, spec 03.
    Registration,
}

impl FlowKind {
    /// All flows.
    pub const ALL: [Self; 2] = [Self::Login, Self::Registration];

    /// The last part of the endpoint's path.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Registration => "registration",
        }
    }
}

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident = $wire:literal;)*) => {
        /// The states of all flows. Each but `success` and `error` is one file in `flows/states`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum State {
            $($(#[$doc])* #[serde(rename = $wire)] $name,)*
        }

        impl StateName for State {
            fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }
        }
    };
}

states! {
    /// The client tells what it can do.
    Preflight = "preflight";
    /// Who wants to sign in.
    LoginInit = "login_init";
    /// How to sign in.
    LoginMethodChooser = "login_method_chooser";
    /// The password.
    LoginPassword = "login_password";
    /// A new password after a recovery.
    LoginPasswordRecovery = "login_password_recovery";
    /// The code from the mail.
    PasscodeConfirmation = "passcode_confirmation";
    /// Who wants to register.
    RegistrationInit = "registration_init";
    /// A first password.
    PasswordCreation = "password_creation";
    /// An address for an account without one.
    OnboardingEmail = "onboarding_email";
    /// A user name for an account without one.
    OnboardingUsername = "onboarding_username";
    /// Done: there is a session.
    Success = "success";
    /// Dead end.
    Error = "error";
}

/// What the client says it can do (spec 03, section 3). Claims, not facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// WebAuthn works.
    pub webauthn: bool,
    /// Passkeys can be offered in the form.
    pub conditional_mediation: bool,
    /// There is a built-in authenticator.
    pub platform_authenticator: bool,
}

/// How somebody signed in; `login_method` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginMethod {
    /// A code that was sent by mail.
    Passcode,
    /// A password.
    Password,
}

impl LoginMethod {
    /// All ways, in their order.
    pub const ALL: [Self; 2] = [Self::Passcode, Self::Password];

    /// The value in `last_login` and in audit records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passcode => "passcode",
            Self::Password => "password",
        }
    }

    /// The value of the `amr` claim (spec 05, section 2.4).
    #[must_use]
    pub const fn amr(self) -> &'static str {
        match self {
            Self::Passcode => "otp",
            Self::Password => "pwd",
        }
    }
}

/// What a flow remembers (spec 02, section 2).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Data {
    /// What the client can do.
    #[serde(skip_serializing_if = "is_default")]
    pub capabilities: Capabilities,
    /// The user wants to stay signed in.
    #[serde(skip_serializing_if = "is_default")]
    pub remember_me: bool,
    /// The identifier as typed, normalised.
    #[serde(skip_serializing_if = "is_default")]
    pub identifier: Option<String>,
    /// Where codes go: the address typed, or the primary address of the account.
    #[serde(skip_serializing_if = "is_default")]
    pub address: Option<String>,
    /// The user name typed (login) or chosen (registration).
    #[serde(skip_serializing_if = "is_default")]
    pub username: Option<String>,
    /// The account that was identified (login) or that will be created (registration).
    #[serde(skip_serializing_if = "is_default")]
    pub user: Option<UserId>,
    /// How the user signs in; set when the way is chosen, proven by `proof`.
    #[serde(skip_serializing_if = "is_default")]
    pub login_method: Option<LoginMethod>,
    /// The first factor was proven for `user`.
    #[serde(skip_serializing_if = "is_default")]
    pub proof: Option<Proof>,
    /// What the code is for.
    #[serde(skip_serializing_if = "is_default")]
    pub passcode_kind: Option<MailKind>,
    /// The code that was sent last and where to. Survives `back`.
    #[serde(skip_serializing_if = "is_default")]
    pub passcode: Option<SentPasscode>,
    /// The address was proven in this flow.
    #[serde(skip_serializing_if = "is_default")]
    pub email_verified: bool,
    /// A forgotten password is to be replaced.
    #[serde(skip_serializing_if = "is_default")]
    pub recovery_pending: bool,
    /// An address that is to be added to the account once it is proven.
    #[serde(skip_serializing_if = "is_default")]
    pub new_address: Option<String>,
    /// The account has a password (read at identification, or set in this flow).
    #[serde(skip_serializing_if = "is_default")]
    pub has_password: bool,
    /// Hash of the password that the new account gets (registration).
    #[serde(skip_serializing_if = "is_default")]
    pub password_hash: Option<String>,
}

/// Without values: addresses and hashes do not belong in logs.
impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What was proven, and on what it rests: worth nothing once that has changed (spec 02, L2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// When the account's password was set, if it had one. Another one ends the proof, unless this flow set it.
    pub password_set_at: Option<Timestamp>,
    /// The mailbox that was proven. It must still belong to the account.
    pub address: Option<String>,
}

/// A code that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentPasscode {
    /// The stored code.
    pub id: PasscodeId,
    /// Where it was sent.
    pub address: String,
    /// What it is for. A code for one purpose is not accepted for another.
    pub kind: MailKind,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl FlowData for Data {
    fn keep_sticky(&mut self, abandoned: &Self) {
        self.passcode.clone_from(&abandoned.passcode);
    }
}

/// Where a flow stands.
pub type Progress = inkan_flow::Progress<State, Data>;
