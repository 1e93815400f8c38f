//! The tables of spec 02, sections 6.2 to 6.8 and 12, and of spec 03, sections 4.5, 6 and 8.1, row by row.

use inkan_base::{OtpSecretId, TrustedDeviceId};
use inkan_flow::FlowError;

use super::*;
use crate::flows::{Capabilities, Data, View, registration::steps_after_identifiers, screens};

/// The rows of a table, without its heading; `-` is an empty cell.
fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    let rows = table.lines().map(str::trim).filter(|line| !line.is_empty()).skip(1);
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_start_matches('-')).collect();
        cells.try_into().unwrap_or_else(|cells| panic!("{cells:?}"))
    })
}

fn acquire(text: &str) -> AcquireOn {
    match text {
        "always" => AcquireOn::Always,
        "conditional" => AcquireOn::Conditional,
        "never" => AcquireOn::Never,
        _ => panic!("{text}"),
    }
}

fn chain(states: &[State]) -> String {
    let names = states.iter().map(|state| match state {
        State::PasscodeConfirmation => "PC",
        State::OnboardingCreatePasskey => "PK",
        State::PasswordCreation => "PW",
        State::CredentialOnboardingChooser => "CH",
        State::Success => "OK",
        other => panic!("{other:?}"),
    });
    names.collect::<Vec<_>>().join(" ")
}

fn config(passkey: AcquireOn, password: AcquireOn) -> Config {
    let mut config = Config::default();
    (config.passkey.acquire_on_login, config.passkey.acquire_on_registration) = (passkey, passkey);
    (config.password.acquire_on_login, config.password.acquire_on_registration) = (password, password);
    config
}

/// Somebody with an address, in a browser with everything.
fn data() -> Data {
    let capabilities =
        Capabilities { webauthn: true, conditional_mediation: true, platform_authenticator: true };
    Data { capabilities, address: Some("ada@example.com".to_owned()), ..Data::default() }
}

fn owner(password: bool, passkey: bool) -> Data {
    Data { owned: Owned { password, passkey, ..Owned::default() }, ..data() }
}

const FLAGS: [bool; 2] = [false, true];

const BOTH_METHODS: &str = "
    passkey     | password    | neither | password only | passkey only | both
    always      | always      | PK PW   | PK            | PW           | -
    always      | conditional | PK      | PK            | -            | -
    always      | never       | PK      | PK            | -            | -
    conditional | always      | PW      | -             | PW           | -
    conditional | conditional | CH      | -             | -            | -
    conditional | never       | PK      | -             | -            | -
    never       | always      | PW      | -             | PW           | -
    never       | conditional | PW      | -             | -            | -
    never       | never       | -       | -             | -            | -
";

/// Passkeys are off, or the device can do none.
const PASSWORDS_ONLY: &str = "
    password    | neither | password only | passkey only | both
    always      | PW      | -             | PW           | -
    conditional | PW      | -             | PW           | -
    never       | -       | -             | -            | -
";

const PASSKEYS_ONLY: &str = "
    passkey     | neither | password only | passkey only | both
    always      | PK      | PK            | -            | -
    conditional | PK      | PK            | -            | -
    never       | -       | -             | -            | -
";

/// The four kinds of users, in the order of the columns.
const USERS: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

fn expected(passkeys: bool, passwords: bool, passkey: &str, password: &str, user: usize) -> &'static str {
    let find = |table: &'static str, acquire: &str| {
        rows::<5>(table).find(|row| row[0] == acquire).map_or("", |row| row[1 + user])
    };
    match (passkeys, passwords) {
        (true, true) => {
            let row = rows::<6>(BOTH_METHODS).find(|row| (row[0], row[1]) == (passkey, password));
            row.unwrap_or_else(|| panic!("no row for {passkey}, {password}"))[2 + user]
        }
        (true, false) => find(PASSKEYS_ONLY, passkey),
        (false, true) => find(PASSWORDS_ONLY, password),
        (false, false) => "",
    }
}

/// Spec 02, 6.6: 36 combinations of settings, 4 kinds of users, with and without WebAuthn, each method on and off, and while a
/// password is being recovered (L15).
#[test]
fn l15_credentials_at_sign_in() {
    const ACQUIRE: [&str; 3] = ["always", "conditional", "never"];
    let mut cases = 0;
    for (passkey, password) in ACQUIRE.iter().flat_map(|passkey| ACQUIRE.map(|password| (*passkey, password)))
    {
        for bits in 0..64_u8 {
            let [passkey_optional, password_optional, webauthn, passkeys, passwords, recovery] =
                std::array::from_fn(|bit| bits >> bit & 1 == 1);
            let mut config = config(acquire(passkey), acquire(password));
            (config.passkey.optional, config.password.optional) = (passkey_optional, password_optional);
            (config.passkey.enabled, config.password.enabled) = (passkeys, passwords);
            for (user, (has_password, has_passkey)) in USERS.into_iter().enumerate() {
                let mut data = owner(has_password, has_passkey);
                (data.capabilities.webauthn, data.recovery_pending) = (webauthn, recovery);
                let password = if recovery { "never" } else { password };
                let mut expected = expected(passkeys && webauthn, passwords, passkey, password, user);
                if expected == "PK PW" && !password_optional && passkey_optional {
                    expected = "PW PK";
                }
                let steps = chain(&credential_steps(&config, FlowKind::Login, &data));
                assert_eq!(steps, expected, "{passkey}, {password}, {bits:06b}, user {user}");
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 9 * 64 * 4);
}

/// Spec 03, 4.5, with what section 15.1 says about a browser without WebAuthn; but a passkey that is required is not waived
/// (section 20, item 4), and `error` is where that ends.
const REGISTRATION: &str = "
    passkey     | /o | password    | /o | WebAuthn    | without
    always      | 0  | always      | 0  | PC PK PW OK | error
    always      | 0  | always      | 1  | PC PK PW OK | error
    always      | 1  | always      | 0  | PC PW PK OK | PC PW OK
    always      | 1  | always      | 1  | PC PK PW OK | PC PW OK
    always      | 0  | conditional | 0  | PC PK OK    | error
    always      | 0  | conditional | 1  | PC PK OK    | error
    always      | 1  | conditional | 0  | PC PK OK    | PC PW OK
    always      | 1  | conditional | 1  | PC PK OK    | PC PW OK
    always      | 0  | never       | 0  | PC PK OK    | error
    always      | 0  | never       | 1  | PC PK OK    | error
    always      | 1  | never       | 0  | PC PK OK    | PC OK
    always      | 1  | never       | 1  | PC PK OK    | PC OK
    conditional | 0  | always      | 0  | PC PW OK    | PC PW OK
    conditional | 0  | always      | 1  | PC PW OK    | PC PW OK
    conditional | 1  | always      | 0  | PC PW OK    | PC PW OK
    conditional | 1  | always      | 1  | PC PW OK    | PC PW OK
    conditional | 0  | conditional | 0  | PC CH OK    | PC PW OK
    conditional | 0  | conditional | 1  | PC CH OK    | PC PW OK
    conditional | 1  | conditional | 0  | PC CH OK    | PC PW OK
    conditional | 1  | conditional | 1  | PC CH OK    | PC PW OK
    conditional | 0  | never       | 0  | PC PK OK    | error
    conditional | 0  | never       | 1  | PC PK OK    | error
    conditional | 1  | never       | 0  | PC PK OK    | PC OK
    conditional | 1  | never       | 1  | PC PK OK    | PC OK
    never       | 0  | always      | 0  | PC PW OK    | PC PW OK
    never       | 0  | always      | 1  | PC PW OK    | PC PW OK
    never       | 1  | always      | 0  | PC PW OK    | PC PW OK
    never       | 1  | always      | 1  | PC PW OK    | PC PW OK
    never       | 0  | conditional | 0  | PC PW OK    | PC PW OK
    never       | 0  | conditional | 1  | PC PW OK    | PC PW OK
    never       | 1  | conditional | 0  | PC PW OK    | PC PW OK
    never       | 1  | conditional | 1  | PC PW OK    | PC PW OK
    never       | 0  | never       | 0  | PC OK       | PC OK
    never       | 0  | never       | 1  | PC OK       | PC OK
    never       | 1  | never       | 0  | PC OK       | PC OK
    never       | 1  | never       | 1  | PC OK       | PC OK
";

fn registration(config: &Config, data: &Data) -> String {
    match steps_after_identifiers(config, data) {
        Ok(steps) => chain(&steps),
        Err(FlowError::PlatformAuthenticatorRequired) => "error".to_owned(),
        Err(other) => other.code().to_owned(),
    }
}

#[test]
fn r04_credentials_at_registration() {
    for row in rows::<6>(REGISTRATION) {
        let [passkey, passkey_optional, password, password_optional, with, without] = row;
        let mut config = config(acquire(passkey), acquire(password));
        (config.passkey.optional, config.password.optional) =
            (passkey_optional == "1", password_optional == "1");
        assert_eq!(registration(&config, &data()), with, "{row:?}");
        let mut data = data();
        data.capabilities.webauthn = false;
        assert_eq!(registration(&config, &data), without, "{row:?}, without WebAuthn");
        config.email.require_verification = false;
        let unverified = without.trim_start_matches("PC ");
        assert_eq!(registration(&config, &data), unverified, "{row:?}, not verified");
    }
}

/// Spec 03, 15.2 and section 20, item 4: somebody with a user name only gets a credential, whatever the settings are.
#[test]
fn r04_a_user_name_alone_is_no_way_in() {
    let table = "
        passkey | password | WebAuthn | without
        never   | never    | PW OK    | PW OK
        always  | never    | PK OK    | PW OK
        off     | never    | PW OK    | PW OK
        never   | off      | PK OK    | flow_discontinuity_error
        always  | off      | PK OK    | flow_discontinuity_error
    ";
    for row in rows::<4>(table) {
        let [passkey, password, with, without] = row;
        let mut config = config(
            if passkey == "off" { AcquireOn::Never } else { acquire(passkey) },
            if password == "off" { AcquireOn::Never } else { acquire(password) },
        );
        (config.passkey.enabled, config.password.enabled) = (passkey != "off", password != "off");
        (config.email.enabled, config.username.enabled) = (false, true);
        let mut data = Data { address: None, username: Some("ada".to_owned()), ..data() };
        assert_eq!(registration(&config, &data), with, "{row:?}");
        data.capabilities.webauthn = false;
        assert_eq!(registration(&config, &data), without, "{row:?}, without WebAuthn");
    }
}

/// A sign-in for which adding a second factor is due: an account with a password, everything switched on.
fn sign_in() -> (Config, Progress) {
    let mut config = Config::default();
    config.mfa.acquire_on_login = true;
    let mut progress = Progress::start(State::LoginPassword, Vec::new());
    progress.data = Data { address: None, ..owner(true, false) };
    (config, progress)
}

type Change = fn(&mut Config, &mut Progress);

/// Spec 02, 6.2, condition by condition.
#[test]
fn l00_adding_a_second_factor() {
    use Enrolment::{Due, Impossible, NotDue};
    let cases: &[(&str, Enrolment, Change)] = &[
        ("a password", Due, |_, _| {}),
        ("1: a password is queued", NotDue, |_, flow| flow.queue = vec![State::PasswordCreation]),
        ("1: a recovery is pending", NotDue, |_, flow| flow.data.recovery_pending = true),
        ("1: something else is queued", Due, |_, flow| flow.queue = vec![State::OnboardingCreatePasskey]),
        ("2: offered before", NotDue, |_, flow| flow.data.mfa_offered = true),
        ("3: an app", NotDue, |_, flow| flow.data.owned.totp = true),
        ("3: a security key", NotDue, |_, flow| flow.data.owned.security_key = true),
        ("4: nothing", NotDue, |_, flow| flow.data.owned.password = false),
        ("4: passwords are off", NotDue, |config, _| config.password.enabled = false),
        ("4: an address", Due, |_, flow| flow.data = data()),
        ("4: an address, codes are off", NotDue, |config, flow| {
            config.email.use_for_authentication = false;
            flow.data = data();
        }),
        ("4: an address, addresses are off", NotDue, |config, flow| {
            config.email.enabled = false;
            flow.data = data();
        }),
        ("4: a passkey", NotDue, |_, flow| flow.data = Data { address: None, ..owner(false, true) }),
        ("4: a passkey, and an address", Due, |_, flow| flow.data = owner(false, true)),
        ("5: mfa is off", NotDue, |config, _| config.mfa.enabled = false),
        ("5: not at sign-in", NotDue, |config, _| config.mfa.acquire_on_login = false),
        ("5: no apps", Due, |config, _| config.mfa.totp.enabled = false),
        ("5: no keys", Due, |config, _| config.mfa.security_keys.enabled = false),
        ("5: neither", NotDue, |config, _| {
            config.mfa.totp.enabled = false;
            config.mfa.security_keys.enabled = false;
        }),
        ("6: no WebAuthn, but apps", Due, |_, flow| flow.data.capabilities = Capabilities::default()),
        ("6: no WebAuthn, no apps", NotDue, |config, flow| {
            config.mfa.totp.enabled = false;
            flow.data.capabilities = Capabilities::default();
        }),
        ("6: no WebAuthn, no apps, required", Impossible, |config, flow| {
            (config.mfa.totp.enabled, config.mfa.optional) = (false, false);
            flow.data.capabilities = Capabilities::default();
        }),
        ("6: no such authenticator, no apps, required", Impossible, |config, flow| {
            (config.mfa.totp.enabled, config.mfa.optional) = (false, false);
            config.mfa.security_keys.authenticator_attachment = Attachment::Platform;
            flow.data.capabilities.platform_authenticator = false;
        }),
        ("required, possible", Due, |config, _| config.mfa.optional = false),
    ];
    for (name, expected, change) in cases {
        let (mut config, mut flow) = sign_in();
        change(&mut config, &mut flow);
        assert_eq!(mfa_enrolment(&config, FlowKind::Login, &flow), *expected, "{name}");
        // Registration has a setting of its own; the rest is the same.
        config.mfa.acquire_on_registration = config.mfa.acquire_on_login;
        config.mfa.acquire_on_login = false;
        assert_eq!(mfa_enrolment(&config, FlowKind::Registration, &flow), *expected, "{name}, registration");
    }
}

/// Spec 03, section 20, item 10.
#[test]
fn r10_owners_of_a_factor_that_was_switched_off_are_asked_for_another() {
    let (mut config, mut flow) = sign_in();
    (config.mfa.acquire_on_login, config.mfa.totp.enabled) = (false, false);
    assert_eq!(mfa_enrolment(&config, FlowKind::Login, &flow), Enrolment::NotDue);
    flow.data.owned.totp = true;
    assert_eq!(mfa_enrolment(&config, FlowKind::Login, &flow), Enrolment::Due);
    flow.data.owned.security_key = true;
    assert_eq!(mfa_enrolment(&config, FlowKind::Login, &flow), Enrolment::NotDue);
}

/// Spec 02, 6.3. `here`: security keys can be used on this device; L13.
#[test]
fn l13_using_a_second_factor() {
    let table = "
        security key | app | here | state
        yes          | yes | yes  | login_security_key
        yes          | -   | yes  | login_security_key
        yes          | yes | -    | login_otp
        yes          | -   | -    | error
        -            | yes | yes  | login_otp
        -            | yes | -    | login_otp
        -            | -   | yes  | -
        -            | -   | -    | -
    ";
    let devices = "
        WebAuthn | platform authenticator | attachment     | here
        yes      | yes                    | platform       | yes
        yes      | -                      | platform       | -
        yes      | yes                    | cross-platform | yes
        yes      | -                      | cross-platform | yes
        yes      | -                      | no_preference  | yes
        -        | yes                    | platform       | -
        -        | yes                    | cross-platform | -
        -        | -                      | no_preference  | -
    ";
    for (row, device) in rows::<4>(table).flat_map(|row| rows::<4>(devices).map(move |device| (row, device)))
    {
        let [key, app, here, state] = row;
        let [webauthn, platform, attachment, usable] = device;
        if here != usable {
            continue;
        }
        let mut config = Config::default();
        config.mfa.security_keys.authenticator_attachment = match attachment {
            "platform" => Attachment::Platform,
            "cross-platform" => Attachment::CrossPlatform,
            _ => Attachment::NoPreference,
        };
        let mut data = owner(true, false);
        (data.owned.security_key, data.owned.totp) = (!key.is_empty(), !app.is_empty());
        data.capabilities.webauthn = !webauthn.is_empty();
        data.capabilities.platform_authenticator = !platform.is_empty();
        assert_eq!(security_keys_here(&config, &data), !here.is_empty(), "{device:?}");
        let expected = match state {
            "login_security_key" => Usage::Ask(State::LoginSecurityKey),
            "login_otp" => Usage::Ask(State::LoginOtp),
            "error" => Usage::Impossible,
            _ => Usage::None,
        };
        assert_eq!(mfa_usage(&config, &data), expected, "{row:?}, {device:?}");
        for method in [LoginMethod::Password, LoginMethod::Passcode, LoginMethod::Passkey] {
            data.login_method = Some(method);
            let expected = if method == LoginMethod::Passkey { Usage::None } else { expected };
            assert_eq!(mfa_usage(&config, &data), expected, "{row:?}, {method:?}");
        }
        data.login_method = None;
        config.mfa.enabled = false;
        assert_eq!(mfa_usage(&config, &data), Usage::None, "{row:?}, mfa is off");
    }
}

/// The actions that a state of a flow offers besides `back`.
fn offered(config: &Config, flow: FlowKind, progress: &Progress) -> Vec<&'static str> {
    let view = View { config, flow, progress };
    let screen = screens(flow).iter().find(|screen| screen.state == progress.state).unwrap();
    let offered = screen.actions.iter().filter(|action| action.name != "back" && (action.offered)(&view));
    offered.map(|action| action.name).collect()
}

/// Spec 03, 8.1. There is always a way on: a device that can do none of it does not get here (section 20, item 17).
#[test]
fn r17_which_second_factors_can_be_added() {
    let [otp, key, skip] = ["continue_to_otp_secret_creation", "continue_to_security_key_creation", "skip"];
    for bits in 0..32_u8 {
        let [totp, keys, webauthn, optional, mfa] = std::array::from_fn(|bit| bits >> bit & 1 == 1);
        let mut config = Config::default();
        (config.mfa.totp.enabled, config.mfa.security_keys.enabled) = (totp, keys);
        (config.mfa.optional, config.mfa.enabled) = (optional, mfa);
        for attachment in [Attachment::Platform, Attachment::CrossPlatform, Attachment::NoPreference] {
            for platform in FLAGS {
                config.mfa.security_keys.authenticator_attachment = attachment;
                let mut progress = Progress::start(State::MfaMethodChooser, Vec::new());
                progress.data = owner(true, false);
                (progress.data.capabilities.webauthn, progress.data.capabilities.platform_authenticator) =
                    (webauthn, platform);
                let supported = platform || attachment != Attachment::Platform;
                let expected =
                    [(totp && mfa, otp), (keys && mfa && webauthn && supported, key), (optional, skip)];
                let expected: Vec<_> =
                    expected.into_iter().filter_map(|(offered, name)| offered.then_some(name)).collect();
                for flow in FlowKind::ALL {
                    let offered = offered(&config, flow, &progress);
                    assert_eq!(offered, expected, "{flow:?} {bits:05b} {attachment:?} {platform}");
                    let due = enrolment(&config, flow, &progress.data) == Enrolment::Due;
                    assert!(!due || !offered.is_empty(), "{flow:?} {bits:05b} {attachment:?}: dead end");
                }
            }
        }
    }
}

/// Spec 02, section 12, for devices and sign-ins of all kinds.
#[test]
fn l24_when_a_device_becomes_a_trusted_one() {
    let table = "
        policy | second factor | consent | granted
        always | totp          | -       | yes
        always | security key  | -       | yes
        always | recovery code | -       | yes
        always | trusted       | -       | yes
        always | settled       | -       | -
        always | none          | -       | -
        always | none          | yes     | -
        prompt | totp          | -       | -
        prompt | totp          | yes     | yes
        prompt | security key  | -       | -
        prompt | security key  | yes     | yes
        prompt | recovery code | yes     | yes
        prompt | trusted       | -       | -
        prompt | trusted       | yes     | -
        prompt | settled       | yes     | -
        prompt | none          | yes     | -
        never  | totp          | -       | -
        never  | totp          | yes     | -
        never  | trusted       | yes     | -
        never  | none          | yes     | -
    ";
    for row in rows::<4>(table) {
        let [policy, factor, consent, granted] = row;
        let mut config = Config::default();
        config.mfa.device_trust_policy = match policy {
            "always" => DeviceTrustPolicy::Always,
            "prompt" => DeviceTrustPolicy::Prompt,
            _ => DeviceTrustPolicy::Never,
        };
        let mut data = owner(true, false);
        data.trust_device = !consent.is_empty();
        data.second_factor = match factor {
            "totp" => Some(SecondProof::Totp(OtpSecretId(uuid::Uuid::nil()))),
            "security key" => Some(SecondProof::SecurityKey("id".to_owned())),
            "recovery code" => Some(SecondProof::RecoveryCode),
            "trusted" => Some(SecondProof::TrustedDevice(TrustedDeviceId(uuid::Uuid::nil()))),
            "settled" => Some(SecondProof::Settled),
            _ => None,
        };
        assert_eq!(grants_trust(&config, &data), !granted.is_empty(), "{row:?}");
        config.mfa.device_trust_duration = std::time::Duration::ZERO;
        assert!(!grants_trust(&config, &data) && !asks_for_trust(&config), "{row:?}, for no time");
        config = Config::default();
        config.mfa.enabled = false;
        assert!(!grants_trust(&config, &data), "{row:?}, mfa is off");
    }
}
