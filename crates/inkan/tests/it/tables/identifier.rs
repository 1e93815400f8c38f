//! Where an identifier leads (spec 02, section 5.2.2): every cell of the table, with and without WebAuthn.

use super::{PASSWORD, UNLIMITED, identify, rows, start};
use crate::support::{Device, Doc, TestApp};

/// `CH` is `login_method_chooser`, `PW` `login_password`, `PC` `passcode_confirmation`, `PK` `login_passkey`, `D` the error
/// `flow_discontinuity_error`, `ue` and `uu` an unknown address or user name. The settings are:
///
/// 1. none; 2. hints; 3. no passwords; 4. no codes; 5. only the methods that the user has; 6. the same with hints; 7. the same
///    without passkeys.
///
/// Other than the peer's: an unknown address looks like one of an account that has every method (5 and 7, L9).
const TABLE: &str = "
    user                | 1  | 2  | 3  | 4  | 5  | 6  | 7
    address             | CH | CH | PC | PW | PC | PC | PC
    address password    | CH | CH | PC | PW | CH | CH | CH
    address passkey     | CH | CH | PC | PW | CH | CH | PC
    address key         | CH | CH | PC | PW | PC | PC | PC
    address password passkey | CH | CH | PC | PW | CH | CH | CH
    name password       | PW | PW | D  | PW | PW | PW | PW
    name address        | CH | CH | PC | PW | PC | PC | PC
    name address password | CH | CH | PC | PW | CH | CH | CH
    name passkey        | PW | PW | D  | PW | PK | PK | D
    name                | PW | PW | D  | PW | D  | D  | D
    unknown address     | CH | ue | PC | PW | CH | ue | CH
    unknown name        | uu | uu | uu | uu | uu | uu | uu
";

const SETTINGS: [&str; 7] = [
    "{}",
    "privacy: { show_account_existence_hints: true }",
    "password: { enabled: false }",
    "email: { use_for_authentication: false }",
    "privacy: { only_show_actual_login_methods: true }",
    "privacy: { only_show_actual_login_methods: true, show_account_existence_hints: true }",
    "{ privacy: { only_show_actual_login_methods: true }, passkey: { enabled: false } }",
];

/// Creates the user of a row and tells how it is named.
async fn user(app: &TestApp, row: usize, facts: &'static str) -> String {
    let has = |fact| facts.split(' ').any(|word| word == fact);
    let (address, name) = (format!("row{row}@example.com"), format!("row{row}"));
    let (mut phone, mut key) = (Device::phone(2 * row as u64), Device::key(2 * row as u64 + 1));
    if !has("unknown") {
        let mut user = app.user(if has("address") { &address } else { "" });
        if has("name") {
            user = user.username(&name);
        }
        if has("password") {
            user = user.password(PASSWORD);
        }
        if has("passkey") {
            user = user.passkey(&mut phone);
        }
        if has("key") {
            user = user.security_key(&mut key);
        }
        user.create().await;
    }
    if has("name") { name } else { address }
}

fn note(doc: &Doc) -> &'static str {
    match doc.outline().as_str() {
        "200 login_method_chooser" => "CH",
        "200 login_password" => "PW",
        "200 passcode_confirmation" => "PC",
        "200 login_passkey" => "PK",
        "500 error flow_discontinuity_error" => "D",
        "401 error platform_authenticator_required" => "✗",
        "400 login_init form_data_invalid_error identifier=unknown_email_error" => "ue",
        "400 login_init form_data_invalid_error identifier=unknown_username_error" => "uu",
        other => panic!("{other}"),
    }
}

/// The actions besides those of WebAuthn.
fn others(doc: &Doc) -> Vec<&str> {
    doc.actions().into_iter().filter(|name| !name.starts_with("webauthn_")).collect()
}

each_engine! {
    /// Codes go to the address of a user who is known by name, also where addresses are off.
    async fn addresses_that_are_off(app: AppBuilder) {
        let settings = "{ email: { enabled: false }, username: { enabled: true } }";
        for (more, expected) in [("{}", "CH"), (SETTINGS[2], "PC")] {
            let app = app.clone().config(UNLIMITED).config(settings).config(more).start().await;
            let name = user(&app, 0, "name address").await;
            let doc = identify(&mut start(&app, "login", false).await, &name).await;
            assert_eq!(note(&doc), expected, "{more}");
        }
    }

    async fn l09_l13_where_an_identifier_leads(app: AppBuilder) {
        for (column, settings) in SETTINGS.iter().enumerate() {
            let builder = app.clone().config(UNLIMITED).config("username: { enabled: true }");
            let server = builder.config(settings).start().await;
            for (number, row) in rows::<8>(TABLE).enumerate() {
                let (facts, expected) = (row[0], row[1 + column]);
                let at = format!("{facts}: {settings}");
                let identifier = user(&server, number, facts).await;
                let with = identify(&mut start(&server, "login", true).await, &identifier).await;
                assert_eq!(note(&with), expected, "{at}");
                let without = identify(&mut start(&server, "login", false).await, &identifier).await;
                if expected == "PK" {
                    // L13: a device that can do no passkeys is told so.
                    assert_eq!(note(&without), "✗", "{at}, without WebAuthn");
                    let allowed = with.request_options()["publicKey"]["allowCredentials"].as_array();
                    assert_eq!(allowed.map(Vec::len), Some(1), "{at}");
                    continue;
                }
                assert_eq!(note(&without), expected, "{at}, without WebAuthn");
                assert_eq!(others(&with), others(&without), "{at}");
                assert_eq!(without.actions(), others(&without), "{at}");
                let recovery = without.actions().contains(&"continue_to_passcode_confirmation_recovery");
                assert_eq!(recovery, expected == "PW" && facts.contains("address"), "{at}: recovery");
            }
        }
    }
}
