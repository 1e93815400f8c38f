//! What can be skipped follows from what the account has, not from what happened before (spec 02, section 6.8; spec 03, section
//! 6.6). The walks of the other tables make mistakes in every state too.

use serde_json::{Value, json};

use super::{PASSWORD, UNLIMITED, Walk, address, names, note, number, register, rows, sign_in};
use crate::support::AppBuilder;

/// User names only, passwords that are optional.
const NAMES: &str = "
email: { enabled: false }
username: { enabled: true, optional: false }
mfa: { enabled: false }
password: { optional: true }
";

impl Walk<'_> {
    /// Refused, and nothing changes about what is on offer.
    async fn is_refused(&mut self, action: &str, input: Value) {
        let before = (note(&self.flow.doc), names(&self.flow.doc));
        let refused = self.flow.act(action, input.clone()).await;
        assert!(refused.status >= 400, "{action} {input}: {}", refused.outline());
        assert_eq!((note(&self.flow.doc), names(&self.flow.doc)), before, "{action} {input}");
    }

    async fn goes_to(&mut self, action: &str, expected: &str) {
        self.flow.act(action, json!({})).await;
        assert_eq!(note(&self.flow.doc), expected, "{action}");
    }
}

fn a_name() -> Value {
    json!({ "username": format!("name{}", number()) })
}

async fn server(app: &AppBuilder, settings: &str) -> crate::support::TestApp {
    app.clone().config(UNLIMITED).config(NAMES).config(settings).start().await
}

each_engine! {
    async fn l11_r03_a_mistake_makes_nothing_optional(app: AppBuilder) {
        let app = server(&app, "passkey: { enabled: false }").await;
        let mut walk = register(&app, false, a_name()).await;
        assert_eq!(note(&walk.flow.doc), "PWᵇ");
        for wrong in [json!({}), json!({ "new_password": "" }), json!({ "new_password": "short" })] {
            walk.is_refused("register_password", wrong).await;
            walk.is_refused("skip", json!({})).await;
        }
        assert_eq!(walk.on().await, "PWᵇ OK");
    }

    async fn l11_what_was_chosen_cannot_be_skipped_by_going_in_circles(app: AppBuilder) {
        let settings = "
email: { enabled: true, acquire_on_registration: false }
passkey: { acquire_on_registration: conditional }
password: { acquire_on_registration: conditional }
";
        let app = server(&app, settings).await;
        let mut walk = register(&app, true, a_name()).await;
        assert_eq!(note(&walk.flow.doc), "CHᵇ");
        for _ in 0..2 {
            walk.goes_to("continue_to_password_registration", "PWᵇ").await;
            walk.is_refused("register_password", json!({ "new_password": "short" })).await;
            walk.is_refused("skip", json!({})).await;
            walk.goes_to("back", "CHᵇ").await;
            walk.is_refused("skip", json!({})).await;
            walk.goes_to("continue_to_passkey_registration", "PKᵇ").await;
            walk.err().await;
            walk.is_refused("skip", json!({})).await;
            walk.goes_to("back", "CHᵇ").await;
        }
        assert_eq!(walk.on().await, "CHᵇ PKᵇ OK");
    }

    /// Spec 03, 6.3 and 6.4: the step that comes in place of what was skipped cannot be skipped, there and back.
    async fn r03_one_of_two_has_to_be_done(app: AppBuilder) {
        let settings = "
passkey: { acquire_on_registration: always }
password: { acquire_on_registration: conditional }
";
        let app = server(&app, settings).await;
        let mut walk = register(&app, true, a_name()).await;
        assert_eq!(note(&walk.flow.doc), "PKᵇˢ");
        walk.goes_to("skip", "PWᵇ").await;
        walk.is_refused("register_password", json!({ "new_password": "short" })).await;
        walk.is_refused("skip", json!({})).await;
        walk.goes_to("back", "PKᵇˢ").await;
        walk.err().await;
        walk.goes_to("skip", "PWᵇ").await;
        assert_eq!(walk.on().await, "PWᵇ OK");
    }

    /// Spec 02, 6.8: an address that is asked for codes but cannot be typed is no way in by itself.
    async fn l11_at_sign_in_a_way_in_is_kept(app: AppBuilder) {
        let table = "
            passkey     | password    | has      | chain
            always      | never       | -        | PK OK
            always      | never       | password | PKˢ OK
            always      | always      | -        | PKˢ PWᵇ OK
            conditional | always      | -        | PWˢ PKᵇ OK
            conditional | conditional | -        | CH PKᵇ OK
            never       | conditional | -        | PW OK
        ";
        for row in rows::<4>(table) {
            let [passkey, password, has, chain] = row;
            let settings = format!(
                "
email: {{ use_as_login_identifier: false }}
username: {{ enabled: true }}
mfa: {{ enabled: false }}
passkey: {{ acquire_on_login: {passkey} }}
password: {{ acquire_on_login: {password}, optional: true }}
"
            );
            let app = app.clone().config(UNLIMITED).config(&settings).start().await;
            let user = app.user(&address()).username(&format!("name{}", number()));
            let user = match has {
                "password" => user.password(PASSWORD).create().await,
                _ => user.create().await,
            };
            let walk = sign_in(&app, &user, true, has == "password").await;
            assert_eq!(walk.skipping(true).on().await, chain, "{row:?}");
        }
    }
}
