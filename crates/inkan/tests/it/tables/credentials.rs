//! Passkeys and passwords (spec 02, section 6.6; spec 03, sections 15.1 and 15.2): every combination of settings, at
//! registration and at sign-in, with and without WebAuthn, by those who do everything and by those who skip what they can.

use serde_json::json;

use super::{
    Method, PASSWORD, UNLIMITED, Walk, address, bare, identify, method_settings, methods, number, register,
    rows, sign_in, start,
};
use crate::support::{Engine, TestApp};

/// Spec 03, 15.1: an address that is verified (`PCᵇ` comes first); the same steps follow a sign-in with a code (spec 02, 6.6).
/// Then 15.2: a user name alone, by those who skip.
///
/// Other than the peer's: a passkey that is required is not waived for a browser without WebAuthn (spec 03, section 20,
/// item 4): either the password is required in its place, or the registration ends; and nobody gets an account that cannot
/// be entered.
const TABLE: &str = "
    passkey       | password      | all of it  | skips        | without: all | skips   | name only     | without
    always/0      | always/0      | PK PW OK   | PK PW OK     | ✗            | ✗       | PKᵇ PW OK     | ✗
    always/0      | always/1      | PK PWˢ OK  | PK PWˢ OK    | ✗            | ✗       | PKᵇ PWˢ OK    | ✗
    always/1      | always/0      | PW PKˢ OK  | PW PKˢ OK    | PW OK        | PW OK   | PWᵇ PKˢ OK    | PWᵇ OK
    always/1      | always/1      | PKˢ PWˢ OK | PKˢ PWᵇˢ OK  | PWˢ OK       | PWˢ OK  | PKᵇˢ PWᵇ OK   | PWᵇ OK
    always/0      | conditional/* | PK OK      | PK OK        | ✗            | ✗       | PKᵇ OK        | ✗
    always/1      | conditional/0 | PKˢ OK     | PKˢ PWᵇ OK   | PW OK        | PW OK   | PKᵇˢ PWᵇ OK   | PWᵇ OK
    always/1      | conditional/1 | PKˢ OK     | PKˢ PWᵇˢ OK  | PWˢ OK       | PWˢ OK  | PKᵇˢ PWᵇ OK   | PWᵇ OK
    always/0      | never/*       | PK OK      | PK OK        | ✗            | ✗       | PKᵇ OK        | ✗
    always/1      | never/*       | PKˢ OK     | PKˢ OK       | OK           | OK      | PKᵇ OK        | PWᵇ OK
    conditional/* | always/0      | PW OK      | PW OK        | PW OK        | PW OK   | PWᵇ OK        | PWᵇ OK
    conditional/0 | always/1      | PWˢ OK     | PWˢ PKᵇ OK   | PW OK        | PW OK   | PWᵇˢ PKᵇ OK   | PWᵇ OK
    conditional/1 | always/1      | PWˢ OK     | PWˢ PKᵇˢ OK  | PWˢ OK       | PWˢ OK  | PWᵇˢ PKᵇ OK   | PWᵇ OK
    conditional/0 | conditional/0 | CH PKᵇ OK  | CH PKᵇ OK    | PW OK        | PW OK   | CHᵇ PKᵇ OK    | PWᵇ OK
    conditional/0 | conditional/1 | CHˢ PKᵇ OK | CHˢ OK       | PWˢ OK       | PWˢ OK  | CHᵇ PKᵇ OK    | PWᵇ OK
    conditional/1 | conditional/0 | CHˢ PKᵇ OK | CHˢ OK       | PW OK        | PW OK   | CHᵇ PKᵇ OK    | PWᵇ OK
    conditional/1 | conditional/1 | CHˢ PKᵇ OK | CHˢ OK       | PWˢ OK       | PWˢ OK  | CHᵇ PKᵇ OK    | PWᵇ OK
    conditional/0 | never/*       | PK OK      | PK OK        | ✗            | ✗       | PKᵇ OK        | ✗
    conditional/1 | never/*       | PKˢ OK     | PKˢ OK       | OK           | OK      | PKᵇ OK        | PWᵇ OK
    never/*       | always/0      | PW OK      | PW OK        | PW OK        | PW OK   | PWᵇ OK        | PWᵇ OK
    never/*       | always/1      | PWˢ OK     | PWˢ OK       | PWˢ OK       | PWˢ OK  | PWᵇ OK        | PWᵇ OK
    never/*       | conditional/0 | PW OK      | PW OK        | PW OK        | PW OK   | PWᵇ OK        | PWᵇ OK
    never/*       | conditional/1 | PWˢ OK     | PWˢ OK       | PWˢ OK       | PWˢ OK  | PWᵇ OK        | PWᵇ OK
    never/*       | never/*       | OK         | OK           | OK           | OK      | PWᵇ OK        | PWᵇ OK
";

/// Spec 02, 6.6: what owners of some credential are asked for, with WebAuthn. Those who have both are asked for nothing.
const OWNERS: &str = "
    passkey     | password    | password only | passkey only
    always      | always      | PK OK         | PW OK
    always      | conditional | PK OK         | OK
    always      | never       | PK OK         | OK
    conditional | always      | OK            | PW OK
    conditional | conditional | OK            | OK
    conditional | never       | OK            | OK
    never       | always      | OK            | PW OK
    never       | conditional | OK            | OK
    never       | never       | OK            | OK
";

/// One of 36.
struct Combination {
    passkey: Method,
    password: Method,
    row: [&'static str; 8],
}

impl Combination {
    async fn check(&self, app: &TestApp) {
        let [_, _, all, skips, without_all, without_skips, name, name_without] = self.row;
        for (webauthn, skipping, expected) in [
            (true, false, all),
            (true, true, skips),
            (false, false, without_all),
            (false, true, without_skips),
        ] {
            let walk = register(app, webauthn, json!({ "email": address() })).await.skipping(skipping);
            let chain = walk.on().await;
            let steps = chain.strip_prefix("PCᵇ ").unwrap_or(&chain);
            assert_eq!(steps, expected, "registration {self}, WebAuthn {webauthn}, skipping {skipping}");
        }
        for (webauthn, expected) in [(true, name), (false, name_without)] {
            let username = json!({ "username": format!("name{}", number()) });
            let chain = register(app, webauthn, username).await.skipping(true).on().await;
            assert_eq!(chain, expected, "user name {self}, WebAuthn {webauthn}");
        }
        if all.contains("CH") {
            let chain = register(app, true, json!({ "email": address() })).await.by_password().on().await;
            assert_eq!(chain, format!("PCᵇ {all}").replace("PK", "PW"), "by password {self}");
        }
        self.at_sign_in(app).await;
        self.owners_at_sign_in(app).await;
        self.in_recovery(app).await;
    }

    /// Somebody with an address and nothing else.
    async fn at_sign_in(&self, app: &TestApp) {
        // A client without WebAuthn is asked again next time for what it cannot do now.
        let without = match self.password {
            ("never", _) => "OK",
            (_, false) => "PW OK",
            (_, true) => "PWˢ OK",
        };
        for (webauthn, skipping, expected) in [
            (true, false, self.row[2]),
            (true, true, self.row[3]),
            (false, false, without),
            (false, true, without),
        ] {
            let user = app.user(&address()).create().await;
            let chain = sign_in(app, &user, webauthn, false).await.skipping(skipping).on().await;
            assert_eq!(chain, expected, "sign-in {self}, WebAuthn {webauthn}, skipping {skipping}");
        }
    }

    async fn owners_at_sign_in(&self, app: &TestApp) {
        let row = rows::<4>(OWNERS).find(|row| (row[0], row[1]) == (self.passkey.0, self.password.0));
        let [_, _, password_only, passkey_only] = row.expect("one row for each");
        let passkey_without = if self.password.0 == "never" { "OK" } else { "PW OK" };
        for (webauthn, password, passkey, expected) in [
            (true, true, false, password_only),
            (true, false, true, passkey_only),
            (true, true, true, "OK"),
            (false, true, false, "OK"),
            (false, false, true, passkey_without),
            (false, true, true, "OK"),
        ] {
            let mut phone = crate::support::Device::phone(number());
            let address = address();
            let mut user = app.user(&address);
            if password {
                user = user.password(PASSWORD);
            }
            if passkey {
                user = user.passkey(&mut phone);
            }
            let user = user.create().await;
            let chain = sign_in(app, &user, webauthn, password).await.on().await;
            let who = format!("WebAuthn {webauthn}, password {password}, passkey {passkey}");
            assert_eq!(bare(&chain), expected, "owner {self}, {who}");
        }
    }

    /// L15: somebody without a password sets one by way of recovery, and is not asked for another one.
    async fn in_recovery(&self, app: &TestApp) {
        let user = app.user(&address()).create().await;
        let chain = recover(app, user.email.as_deref().unwrap()).await.on().await;
        let expected = if self.passkey.0 == "never" { "PC RC OK" } else { "PC RC PK OK" };
        assert_eq!(bare(&chain), expected, "recovery {self}");
    }
}

impl std::fmt::Display for Combination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "passkey {:?}, password {:?}", self.passkey, self.password)
    }
}

/// A sign-in of somebody who forgot the password, at the code.
async fn recover<'a>(app: &'a TestApp, address: &str) -> Walk<'a> {
    let mut flow = start(app, "login", true).await;
    identify(&mut flow, address).await;
    if flow.doc.name() == "login_method_chooser" {
        flow.act("continue_to_password_login", json!({})).await;
    }
    flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
    Walk::new(app, flow, address)
}

/// Addresses and user names, either will do; nothing else is asked for.
const IDENTIFIERS: &str = "
email: { optional: true, acquire_on_login: false }
username: { enabled: true, acquire_on_login: false }
mfa: { enabled: false }
";

/// All combinations with this setting for passkeys: a server for each. The tables say nothing about databases, which take no
/// part in it: every third combination is tried on PostgreSQL too.
async fn combinations(builder: crate::support::AppBuilder, acquire: &str) {
    let combinations = rows::<8>(TABLE).flat_map(|row| {
        let passkeys = methods(row[0]).into_iter();
        passkeys.flat_map(move |passkey| {
            methods(row[1]).into_iter().map(move |password| Combination { passkey, password, row })
        })
    });
    let mine: Vec<_> = combinations.filter(|combination| combination.passkey.0 == acquire).collect();
    assert_eq!(mine.len(), 12, "3 settings of passwords, each method optional or not");
    let every = if builder.engine() == Engine::Sqlite { 1 } else { 3 };
    for combination in mine.iter().step_by(every) {
        let app = builder.clone().config(UNLIMITED).config(IDENTIFIERS);
        let app = app.config(&method_settings("passkey", combination.passkey));
        let app = app.config(&method_settings("password", combination.password)).start().await;
        combination.check(&app).await;
    }
}

each_engine! {
    async fn l11_l15_r03_r04_passkeys_always(app: AppBuilder) {
        combinations(app, "always").await;
    }

    async fn l11_l15_r03_r04_passkeys_if_there_is_no_password(app: AppBuilder) {
        combinations(app, "conditional").await;
    }

    async fn l11_l15_r03_r04_passkeys_never(app: AppBuilder) {
        combinations(app, "never").await;
    }

    /// The last rows of spec 03, 15.2, and what the identifier alone leads to: one of the methods is off, and an address that
    /// is no way in.
    async fn r04_nobody_gets_an_account_without_a_way_in(app: AppBuilder) {
        let table = "
            identifiers | passkey       | password      | skips       | without
            name        | always/1      | off/0         | PKᵇ OK      | flow_discontinuity_error
            name        | conditional/1 | off/0         | PKᵇ OK      | flow_discontinuity_error
            name        | off/0         | always/1      | PWᵇ OK      | PWᵇ OK
            name        | off/0         | conditional/1 | PWᵇ OK      | PWᵇ OK
            name        | off/0         | never/1       | PWᵇ OK      | PWᵇ OK
            no code     | always/1      | off/0         | PCᵇ PK OK   | flow_discontinuity_error
            no code     | always/1      | always/1      | PCᵇ PKˢ PWᵇ OK | PCᵇ PW OK
            no code     | never/1       | never/1       | PCᵇ PW OK   | PCᵇ PW OK
            no code     | conditional/1 | conditional/1 | PCᵇ CH PKᵇ OK | PCᵇ PW OK
            unknown     | always/1      | always/1      | PCᵇ PK PWˢ OK | flow_discontinuity_error
        ";
        for row in rows::<5>(table) {
            let [identifiers, passkey, password, skips, without] = row;
            let settings = match identifiers {
                "name" => "{ email: { enabled: false }, username: { enabled: true, optional: false } }",
                "no code" => "email: { use_for_authentication: false }",
                _ => "email: { use_as_login_identifier: false }",
            };
            let builder = app.clone().config(UNLIMITED).config("mfa: { enabled: false }").config(settings);
            let builder = builder.config(&method_settings("passkey", methods(passkey)[0]));
            let server = builder.config(&method_settings("password", methods(password)[0])).start().await;
            for (webauthn, expected) in [(true, skips), (false, without)] {
                let identifiers = match identifiers {
                    "name" => json!({ "username": format!("name{}", number()) }),
                    _ => json!({ "email": address() }),
                };
                let chain = register(&server, webauthn, identifiers).await.skipping(true).on().await;
                assert_eq!(chain, expected, "{row:?}, WebAuthn {webauthn}");
            }
        }
    }
}
