//! What options tell a stranger (spec 14, s035 and s037; spec 02, L9 and L22).

use inkan_test_support::authenticator::Authenticator;
use serde_json::{Value, json};

use super::{GENERATE, NOT_SIGNED_IN, PASSWORD, Tweaks, UNLIMITED, identify, only, records_now, tick};
use crate::support::{Device, Doc, TestApp};

const ONLY_SHOW: &str = "privacy: { only_show_actual_login_methods: true }";

/// A document without what is random, and its length and headers.
fn shape(doc: &Doc) -> Value {
    let mut json = doc.json.clone();
    json["csrf_token"] = "…".into();
    for action in json["actions"].as_object_mut().unwrap().values_mut() {
        action["href"] = "…".into();
    }
    let options = &mut json["payload"]["request_options"]["publicKey"];
    if options.is_object() {
        options["challenge"] = "…".into();
        for entry in options["allowCredentials"].as_array_mut().into_iter().flatten() {
            assert_eq!(entry["id"].as_str().unwrap().len(), 43, "32 bytes");
            entry["id"] = "…".into();
        }
    }
    let headers: Vec<_> = doc.headers.keys().map(ToString::to_string).collect();
    json!({ "document": json, "length": doc.body.len(), "headers": headers })
}

/// Every document on the way of somebody who types an address and presses the button; and the statements it took.
async fn walk(app: &TestApp, address: &str) -> (Vec<Value>, Value) {
    let mut flow = app.login().in_browser().await;
    identify(&mut flow, address).await;
    let before = statements(app);
    let mut seen = vec![shape(&flow.doc)];
    let asked = flow.act(GENERATE, json!({})).await;
    seen.push(json!(statements(app) - before));
    seen.push(shape(&asked));
    let mut stranger = Device::new(Authenticator::new(99).synced());
    let mine = json!({ "publicKey": { "rp": { "id": "localhost" }, "user": { "id": "AAAA" }, "challenge": "", "authenticatorSelection": {} } });
    stranger.authenticator.create(&mine, &stranger.origin.clone()).unwrap();
    let mut options = asked.request_options().clone();
    options["publicKey"]["allowCredentials"] = json!([]);
    let forged =
        stranger.authenticator.get_with(&options, &stranger.origin.clone(), &Tweaks::default()).unwrap();
    tick(app);
    let before = statements(app);
    let refused = flow.assert(forged).await;
    assert_eq!(refused.outline(), NOT_SIGNED_IN);
    assert_eq!(only(&records_now(app).await).0, "login_failure");
    seen.push(json!(statements(app) - before));
    seen.push(shape(&refused));
    (seen, asked.request_options()["publicKey"]["allowCredentials"].clone())
}

fn statements(app: &TestApp) -> u64 {
    let usage = app.domain().store.usage();
    usage.reads.statements + usage.writes.statements
}

each_engine! {
    async fn s035_s037_options_tell_nothing(app: AppBuilder) {
        for config in ["{}", ONLY_SHOW] {
            let app = app.clone().config(config).config(UNLIMITED).start().await;
            let mut phone = Device::phone(1);
            app.user("complete@example.com").password(PASSWORD).passkey(&mut phone).create().await;
            walk(&app, "nobody@example.com").await; // the first time statements are prepared
            let (unknown, first) = walk(&app, "somebody@example.com").await;
            let (known, real) = walk(&app, "complete@example.com").await;
            assert_eq!(known, unknown, "{config}");
            let (_, again) = walk(&app, "somebody@example.com").await;
            let (_, other) = walk(&app, "anybody@example.com").await;
            assert_eq!(first, again, "{config}: asked twice");
            if config == ONLY_SHOW {
                assert_eq!(real[0]["id"], phone.credential_id());
                assert_ne!(first, other, "decoys differ as credentials do");
            } else {
                assert!(first.is_null() && real.is_null() && other.is_null());
            }
        }
    }

    /// Decoys belong to this server: they cannot be computed or recognised elsewhere.
    async fn s037_decoys_depend_on_the_secret(app: AppBuilder) {
        let mut seen = Vec::new();
        for secret in ["one-secret-for-tests-0123456789", "two-secrets-for-tests-0123456789"] {
            let app = app.clone().config(ONLY_SHOW).config(&format!("secret_keys: [{secret}]")).start().await;
            seen.push(walk(&app, "somebody@example.com").await.1);
        }
        assert_ne!(seen[0], seen[1]);
    }
}
