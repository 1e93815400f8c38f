//! Adding a second factor at registration (spec 03, section 15.3, and sections 8.1 and 11.1).

use serde_json::json;

use super::{UNLIMITED, address, method_settings, methods, number, register, rows};
use crate::support::{AppBuilder, Engine, TestApp};

/// Offered; then required, by those who skip what they can. Those who do everything see the same without `ˢ` at `MC`.
const TABLE: &str = "
    passkey       | password      | all of it                       | skips                     | skips, required
    always/1      | always/0      | PCᵇ PW MCˢ OTPᵇ PKˢ OK          | PCᵇ PW MCˢ PKᵇˢ OK        | PCᵇ PW MC OTPᵇ PKˢ OK
    always/1      | always/1      | PCᵇ PKˢ PWˢ MCˢ OTPᵇ OK         | PCᵇ PKˢ PWᵇˢ MCᵇˢ OK      | PCᵇ PKˢ PWᵇˢ MCᵇ OTPᵇ OK
    always/0      | always/1      | PCᵇ PK PWˢ MCˢ OTPᵇ OK          | PCᵇ PK PWˢ MCᵇˢ OK        | PCᵇ PK PWˢ MCᵇ OTPᵇ OK
    always/1      | conditional/0 | PCᵇ MCˢ OTPᵇ PKˢ OK             | PCᵇ MCˢ PKᵇˢ PWᵇ OK       | PCᵇ MC OTPᵇ PKˢ PWᵇ OK
    conditional/1 | always/1      | PCᵇ PWˢ MCˢ OTPᵇ OK             | PCᵇ PWˢ PKᵇˢ MCᵇˢ OK      | PCᵇ PWˢ PKᵇˢ MCᵇ OTPᵇ OK
    conditional/1 | conditional/1 | PCᵇ MCˢ OTPᵇ CHˢ PKᵇ OK         | PCᵇ MCˢ CHᵇˢ OK           | PCᵇ MC OTPᵇ CHˢ OK
    always/1      | never/1       | PCᵇ MCˢ OTPᵇ PKˢ OK             | PCᵇ MCˢ PKᵇˢ OK           | PCᵇ MC OTPᵇ PKˢ OK
    never/1       | always/0      | PCᵇ PW MCˢ OTPᵇ OK              | PCᵇ PW MCˢ OK             | PCᵇ PW MC OTPᵇ OK
    never/1       | never/1       | PCᵇ MCˢ OTPᵇ OK                 | PCᵇ MCˢ OK                | PCᵇ MC OTPᵇ OK
";

const OFFERED: &str = "mfa: { acquire_on_registration: true }";
const REQUIRED: &str = "mfa: { acquire_on_registration: true, optional: false }";

/// What it is about; passkeys and passwords, second factors, other settings; WebAuthn; everything done.
type Variant = (&'static str, [&'static str; 2], &'static str, &'static str, bool, &'static str);

async fn serve(app: &AppBuilder, mfa: &str, passkey: &'static str, password: &'static str) -> TestApp {
    let app =
        app.clone().config(UNLIMITED).config(mfa).config(&method_settings("passkey", methods(passkey)[0]));
    app.config(&method_settings("password", methods(password)[0])).start().await
}

/// A registration with an address, to the end.
async fn chain(app: &TestApp, webauthn: bool, skipping: bool) -> String {
    register(app, webauthn, json!({ "email": address() })).await.skipping(skipping).on().await
}

each_engine! {
    /// On PostgreSQL every third row: the database has no part in the order of the steps.
    async fn l11_r03_adding_a_second_factor_at_registration(app: AppBuilder) {
        let every = if app.engine() == Engine::Sqlite { 1 } else { 3 };
        for row in rows::<5>(TABLE).step_by(every) {
            let [passkey, password, all, skips, required] = row;
            let server = serve(&app, OFFERED, passkey, password).await;
            assert_eq!(chain(&server, true, false).await, all, "{row:?}");
            assert_eq!(chain(&server, true, true).await, skips, "{row:?}, skipping");
            let walk = register(&server, true, json!({ "email": address() })).await.by_security_key();
            assert_eq!(walk.on().await, all.replace("OTP", "KEY"), "{row:?}, security key");

            let server = serve(&app, REQUIRED, passkey, password).await;
            assert_eq!(chain(&server, true, false).await, all.replace("MCˢ", "MC"), "{row:?}, required");
            assert_eq!(chain(&server, true, true).await, required, "{row:?}, required, skipping");
        }
    }

    /// The variants below the table; the peer's account without a way in, and its dead end, are none here (section 20, items 2, 4
    /// and 17).
    async fn r02_r04_r17_variants_of_adding_a_second_factor(app: AppBuilder) {
        const DEFAULTS: [&str; 2] = ["always/1", "always/0"];
        const NO_CODE: &str = "email: { use_for_authentication: false }";
        const UNVERIFIED: &str = "email: { require_verification: false }";
        const KEYS_ONLY: &str = "mfa: { totp: { enabled: false } }";
        const BUILT_IN: &str =
            "mfa: { totp: { enabled: false }, security_keys: { authenticator_attachment: platform } }";
        const OFF: [&str; 2] = ["always/1", "off/0"];
        let table: &[Variant] = &[
            ("not verified", DEFAULTS, OFFERED, UNVERIFIED, true, "PWᵇ MCˢ OTPᵇ PKˢ OK"),
            ("nothing else", ["never/1", "never/1"], OFFERED, UNVERIFIED, true, "MCᵇˢ OTPᵇ OK"),
            ("no codes, no passwords", OFF, OFFERED, NO_CODE, true, "PCᵇ PK OK"),
            ("no codes", DEFAULTS, OFFERED, NO_CODE, true, "PCᵇ PW MCˢ OTPᵇ PKˢ OK"),
            ("no WebAuthn", DEFAULTS, OFFERED, "{}", false, "PCᵇ PW MCˢ OTPᵇ OK"),
            ("no WebAuthn, required", DEFAULTS, REQUIRED, "{}", false, "PCᵇ PW MC OTPᵇ OK"),
            ("nothing to do, offered", DEFAULTS, OFFERED, KEYS_ONLY, false, "PCᵇ PW OK"),
            ("nothing to do, required", DEFAULTS, REQUIRED, KEYS_ONLY, false, "PCᵇ PW ✗"),
            ("not built in, offered", DEFAULTS, OFFERED, BUILT_IN, false, "PCᵇ PW OK"),
            ("not built in, required", DEFAULTS, REQUIRED, BUILT_IN, false, "PCᵇ PW ✗"),
            ("off", DEFAULTS, OFFERED, "mfa: { enabled: false }", true, "PCᵇ PW PKˢ OK"),
            (
                "neither",
                DEFAULTS,
                OFFERED,
                "mfa: { totp: { enabled: false }, security_keys: { enabled: false } }",
                true,
                "PCᵇ PW PKˢ OK",
            ),
        ];
        for (name, [passkey, password], mfa, more, webauthn, expected) in table {
            let server = serve(&app.clone().config(more), mfa, passkey, password).await;
            assert_eq!(chain(&server, *webauthn, false).await, *expected, "{name}");
        }
        let names = "{ email: { enabled: false }, username: { enabled: true, optional: false } }";
        let server = serve(&app.clone().config(names), OFFERED, "always/1", "off/0").await;
        let walk = register(&server, true, json!({ "username": format!("name{}", number()) })).await;
        assert_eq!(walk.on().await, "PKᵇ OK", "a user name, no passwords");
    }

    /// Spec 03, 8.1: the chooser is there also when there is nothing to choose (section 20, item 22).
    async fn r22_the_chooser_offers_what_is_on(app: AppBuilder) {
        let table = "
            apps | keys | WebAuthn | offered
            yes  | yes  | yes      | continue_to_otp_secret_creation continue_to_security_key_creation skip
            yes  | yes  | -        | continue_to_otp_secret_creation skip
            yes  | -    | yes      | continue_to_otp_secret_creation skip
            -    | yes  | yes      | continue_to_security_key_creation skip
        ";
        for row in rows::<4>(table) {
            let [apps, keys, webauthn, offered] = row;
            let settings = format!(
                "mfa: {{ totp: {{ enabled: {} }}, security_keys: {{ enabled: {} }} }}",
                !apps.is_empty(),
                !keys.is_empty()
            );
            let server = serve(&app.clone().config(&settings), OFFERED, "never/1", "always/0").await;
            let mut walk = register(&server, !webauthn.is_empty(), json!({ "email": address() })).await;
            walk.step().await;
            walk.step().await;
            assert_eq!(walk.flow.doc.outline(), "200 mfa_method_chooser", "{row:?}");
            assert_eq!(walk.flow.doc.actions().join(" "), offered, "{row:?}");
        }
    }
}
