//! The states of all flows and what a flow remembers.

use std::fmt;

use inkan_base::{OtpSecretId, PasscodeId, Timestamp, TrustedDeviceId, UserId};
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
    /// A passkey, or a security key as second factor.
    LoginPasskey = "login_passkey";
    /// The second factor: a security key.
    LoginSecurityKey = "login_security_key";
    /// The second factor: a one-time password of an app.
    LoginOtp = "login_otp";
    /// Which second factor to add.
    MfaMethodChooser = "mfa_method_chooser";
    /// A second factor: an authenticator app.
    MfaOtpSecretCreation = "mfa_otp_secret_creation";
    /// A second factor: a security key.
    MfaSecurityKeyCreation = "mfa_security_key_creation";
    /// A passkey or a password.
    CredentialOnboardingChooser = "credential_onboarding_chooser";
    /// A first passkey.
    OnboardingCreatePasskey = "onboarding_create_passkey";
    /// The authenticator's answer to the creation of a passkey or security key.
    OnboardingVerifyPasskeyAttestation = "onboarding_verify_passkey_attestation";
    /// Whether to ask for a second factor on this device again.
    DeviceTrust = "device_trust";
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
    /// A passkey.
    Passkey,
}

impl LoginMethod {
    /// All ways, in their order.
    pub const ALL: [Self; 3] = [Self::Passcode, Self::Password, Self::Passkey];

    /// The value in `last_login` and in audit records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passcode => "passcode",
            Self::Password => "password",
            Self::Passkey => "passkey",
        }
    }

    /// The value of the `amr` claim (spec 05, section 2.4).
    #[must_use]
    pub const fn amr(self) -> &'static str {
        match self {
            Self::Passcode => "otp",
            Self::Password => "pwd",
            Self::Passkey => "passkey",
        }
    }
}

/// A second factor; `mfa_method` on the wire, and the value of the `amr` claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MfaMethod {
    /// A one-time password of an authenticator app.
    Totp,
    /// A security key, or a passkey in its place.
    SecurityKey,
    /// A code that was handed out when the second factor was set up.
    RecoveryCode,
}

impl MfaMethod {
    /// All methods.
    pub const ALL: [Self; 3] = [Self::Totp, Self::SecurityKey, Self::RecoveryCode];

    /// The value in `last_login`, in audit records and in `amr`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::SecurityKey => "security_key",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

/// The credentials that an account has, or will have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Owned {
    /// A password.
    pub password: bool,
    /// A passkey.
    pub passkey: bool,
    /// A security key.
    pub security_key: bool,
    /// An authenticator app.
    pub totp: bool,
    /// Recovery codes that are left.
    pub recovery_codes: bool,
}

/// What the answer of an authenticator is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Signing in with a passkey of anybody.
    SignIn,
    /// Signing in with a passkey of the user who was identified.
    SignInAs,
    /// The second factor.
    SecondFactor,
    /// A new passkey.
    NewPasskey,
    /// A new security key.
    NewSecurityKey,
}

impl Purpose {
    /// The name under which the challenge is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignInAs => "sign_in_as",
            Self::SecondFactor => "second_factor",
            Self::NewPasskey => "new_passkey",
            Self::NewSecurityKey => "new_security_key",
        }
    }

    /// A security key is made or used, not a passkey.
    #[must_use]
    pub const fn is_security_key(self) -> bool {
        matches!(self, Self::SecondFactor | Self::NewSecurityKey)
    }
}

/// A challenge that was shown. It can be used up once (spec 00, decision 28): those that somebody asked for are stored besides, one in the
/// form is used up with the version of the flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceremony {
    /// What it is for.
    pub purpose: Purpose,
    /// The random bytes, which identify it.
    pub challenge: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
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
    /// What the account has (read at identification and when the first factor was proven, or set in this flow).
    #[serde(skip_serializing_if = "is_default")]
    pub owned: Owned,
    /// The challenge for passkeys in the form of `login_init`.
    #[serde(skip_serializing_if = "is_default")]
    pub autofill: Option<Ceremony>,
    /// The challenge of the ceremony that is going on.
    #[serde(skip_serializing_if = "is_default")]
    pub ceremony: Option<Ceremony>,
    /// What the ceremony is for, also after its challenge was used up.
    #[serde(skip_serializing_if = "is_default")]
    pub passkey_purpose: Option<Purpose>,
    /// The second factor that was proven, or why none is needed.
    #[serde(skip_serializing_if = "is_default")]
    pub second_factor: Option<SecondProof>,
    /// Adding a second factor was offered; it is not offered twice.
    #[serde(skip_serializing_if = "is_default")]
    pub mfa_offered: bool,
    /// The credential that is being added was chosen, so that it cannot be skipped.
    #[serde(skip_serializing_if = "is_default")]
    pub credential_chosen: bool,
    /// The secret of an authenticator app that is being set up. Survives `back`, so that what was scanned stays right.
    #[serde(skip_serializing_if = "is_default")]
    pub totp_setup: Option<[u8; 20]>,
    /// This device is to be remembered.
    #[serde(skip_serializing_if = "is_default")]
    pub trust_device: bool,
    /// What the new account gets (registration).
    #[serde(skip_serializing_if = "is_default")]
    pub new: NewCredentials,
}

/// Without values: addresses and hashes do not belong in logs.
impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What was proven, and on what it rests: worth nothing once that has changed (spec 02, L2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// When the account's password was set, if it had one. Another one ends the proof, unless this flow set it.
    pub password_set_at: Option<Timestamp>,
    /// The mailbox that was proven. It must still belong to the account.
    #[serde(default, skip_serializing_if = "is_default")]
    pub address: Option<String>,
    /// The passkey that was used, base64url. It must still belong to the account.
    #[serde(default, skip_serializing_if = "is_default")]
    pub credential: Option<String>,
}

/// Why no further factor is asked for. Worth nothing once what it rests on is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondProof {
    /// A code of the app with this secret.
    Totp(OtpSecretId),
    /// The security key with this credential id, base64url.
    SecurityKey(String),
    /// A recovery code, which is used up.
    RecoveryCode,
    /// The device was remembered.
    TrustedDevice(TrustedDeviceId),
    /// Settled in this flow: the account got its first second factor here, or this flow itself revoked the trusted device.
    Settled,
}

impl SecondProof {
    /// The factor that was used in this flow.
    #[must_use]
    pub const fn method(&self) -> Option<MfaMethod> {
        match self {
            Self::Totp(_) => Some(MfaMethod::Totp),
            Self::SecurityKey(_) => Some(MfaMethod::SecurityKey),
            Self::RecoveryCode => Some(MfaMethod::RecoveryCode),
            Self::TrustedDevice(_) | Self::Settled => None,
        }
    }
}

/// The credentials of an account that does not exist yet (spec 03, section 18.1).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewCredentials {
    /// Hash of the password.
    #[serde(skip_serializing_if = "is_default")]
    pub password_hash: Option<String>,
    /// Passkeys and security keys.
    #[serde(skip_serializing_if = "is_default")]
    pub webauthn: Vec<NewWebAuthn>,
    /// Secret of the authenticator app, and the step of the code that proved it.
    #[serde(skip_serializing_if = "is_default")]
    pub totp: Option<([u8; 20], i64)>,
    /// Digests of the recovery codes that were shown.
    #[serde(skip_serializing_if = "is_default")]
    pub recovery_codes: Vec<String>,
}

/// A passkey or security key that was created but not yet stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewWebAuthn {
    /// Its id.
    pub id: Vec<u8>,
    /// Only a second factor.
    pub mfa_only: bool,
    /// The public key, COSE.
    pub public_key: Vec<u8>,
    /// Format of the attestation statement.
    pub attestation_format: String,
    /// Model of the authenticator.
    pub aaguid: [u8; 16],
    /// Signature counter.
    pub counter: u32,
    /// How the authenticator is reached.
    pub transports: Vec<String>,
    /// It may be copied to other devices.
    pub backup_eligible: bool,
    /// It is copied to other devices.
    pub backed_up: bool,
    /// The authenticator verified its user.
    pub user_verified: bool,
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

impl Data {
    /// A challenge was used up: no ceremony with it goes on.
    pub(crate) fn forget_ceremony(&mut self, challenge: &[u8; 32]) {
        for ceremony in [&mut self.autofill, &mut self.ceremony] {
            if ceremony.as_ref().is_some_and(|ceremony| &ceremony.challenge == challenge) {
                *ceremony = None;
            }
        }
    }
}

impl FlowData for Data {
    fn keep_sticky(&mut self, abandoned: &Self) {
        self.passcode.clone_from(&abandoned.passcode);
        self.totp_setup = abandoned.totp_setup;
    }
}

/// Where a flow stands.
pub type Progress = inkan_flow::Progress<State, Data>;
