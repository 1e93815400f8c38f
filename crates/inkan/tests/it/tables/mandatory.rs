//! What is required cannot be got around (spec 02, section 19, check 7; L0; spec 03, section 20, items 1, 2 and 4).

use serde_json::json;

use super::{PASSWORD, UNLIMITED, Walk, address, note, register, sign_in};
use crate::support::{TestApp, TestUser};
use inkan_test_support::authenticator::Tweaks;

const PASSKEY: &str = "{ passkey: { optional: false }, mfa: { enabled: false } }";
const KEY: &str = "
passkey: { enabled: false }
mfa: { optional: false, acquire_on_registration: true, acquire_on_login: true, totp: { enabled: false } }
";

impl Walk<'_> {
    /// Steps until there is something for an authenticator to make.
    async fn until_creation(mut self) -> Self {
        while !self.flow.doc.actions().contains(&"webauthn_generate_creation_options") {
            self.step().await;
        }
        self
    }

    /// Answers with all kinds of nonsense; nothing gets on.
    async fn after_nonsense(mut self, app: &TestApp) -> Self {
        let (before, accounts) = (note(&self.flow.doc), count_accounts(app).await);
        let other = Tweaks { challenge: Some("A".repeat(43)), ..Tweaks::default() };
        let unsigned = Tweaks { user_present: Some(false), ..Tweaks::default() };
        for mistakes in [other, unsigned] {
            let options = self.flow.act("webauthn_generate_creation_options", json!({})).await;
            let response = self.phone.create_with(&options, &mistakes);
            self.is_turned_down(response).await;
        }
        for nonsense in [json!({}), json!("nonsense"), json!({ "id": "AA", "rawId": "AA" })] {
            self.flow.act("webauthn_generate_creation_options", json!({})).await;
            self.is_turned_down(nonsense).await;
        }
        for action in ["skip", "continue", "webauthn_verify_attestation_response"] {
            let refused = self.flow.act(action, json!({})).await;
            assert!(refused.status == 403, "{action}: {}", refused.outline());
        }
        assert_eq!(note(&self.flow.doc), before);
        assert_eq!(count_accounts(app).await, accounts, "no account by mistakes");
        self
    }

    /// The answer is refused where it is, and there is a way back.
    async fn is_turned_down(&mut self, response: serde_json::Value) {
        let refused = self.flow.attest(response).await;
        assert_eq!(refused.outline(), "401 onboarding_verify_passkey_attestation passkey_invalid");
        assert_eq!((refused.token(), refused.header("set-cookie")), (None, String::new()));
        self.flow.act("back", json!({})).await;
    }
}

/// How many accounts were registered.
async fn count_accounts(app: &TestApp) -> usize {
    app.audit().await.iter().filter(|record| record.kind == "user_created").count()
}

async fn with_password(app: &TestApp) -> TestUser {
    app.user(&address()).password(PASSWORD).create().await
}

each_engine! {
    async fn l00_r01_a_required_passkey_has_to_be_made(app: AppBuilder) {
        let app = app.config(UNLIMITED).config(PASSKEY).start().await;
        let walk = register(&app, true, json!({ "email": address() })).await.until_creation().await;
        let chain = walk.after_nonsense(&app).await.skipping(true).on().await;
        assert_eq!(chain, "PK PW OK");

        let user = with_password(&app).await;
        let walk = sign_in(&app, &user, true, true).await.until_creation().await;
        assert_eq!(walk.after_nonsense(&app).await.skipping(true).on().await, "PK OK");
    }

    async fn l00_r01_a_required_security_key_has_to_be_made(app: AppBuilder) {
        let app = app.config(UNLIMITED).config(KEY).start().await;
        let walk = register(&app, true, json!({ "email": address() })).await.by_security_key();
        let walk = walk.until_creation().await;
        assert_eq!(walk.after_nonsense(&app).await.by_security_key().on().await, "KEYᵇ OK");

        let user = with_password(&app).await;
        let walk = sign_in(&app, &user, true, true).await.by_security_key().until_creation().await;
        assert_eq!(walk.after_nonsense(&app).await.on().await, "KEYᵇ OK");
    }

    async fn l00_r02_r04_a_device_that_cannot_do_what_is_required_does_not_get_in(app: AppBuilder) {
        let server = app.clone().config(UNLIMITED).config(PASSKEY).start().await;
        let chain = register(&server, false, json!({ "email": address() })).await.on().await;
        assert_eq!((chain.as_str(), count_accounts(&server).await), ("✗", 0), "a passkey at registration");
        // At sign-in somebody who has a way in is asked again next time (spec 02, L8).
        let user = with_password(&server).await;
        assert_eq!(sign_in(&server, &user, false, true).await.on().await, "OK");
        assert_eq!(sign_in(&server, &user, true, true).await.on().await, "PK OK");

        let server = app.config(UNLIMITED).config(KEY).start().await;
        let chain = register(&server, false, json!({ "email": address() })).await.on().await;
        assert_eq!((chain.as_str(), count_accounts(&server).await), ("PCᵇ PW ✗", 0), "a key at registration");
        let user = with_password(&server).await;
        assert_eq!(sign_in(&server, &user, false, true).await.on().await, "✗", "a key at sign-in");
    }
}
