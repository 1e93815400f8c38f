//! Assertions that are wrong in one way each (spec 05 §8.7; spec 14, B.2): always the same answer, nothing stored, a record with the
//! reason; and a challenge that stays good for a second try unless the signature was reached (spec 00, decision 28).

use inkan_test_support::authenticator::Tweaks;
use serde_json::{Value, json};

use super::{GENERATE, NOT_SIGNED_IN, UNLIMITED, only, records_now, stored, tick};
use crate::support::{AppBuilder, Device, Doc, Flow, ORIGIN, TestApp};

const EVIL: &str = "https://evil.example";

/// One mistake.
struct Mistake {
    name: &'static str,
    page: &'static str,
    tweaks: Tweaks,
    /// What the record says.
    reason: &'static str,
    /// The challenge is used up by it.
    used_up: bool,
}

fn early(name: &'static str, reason: &'static str, tweaks: Tweaks) -> Mistake {
    Mistake { name, page: ORIGIN, tweaks, reason, used_up: false }
}

fn late(name: &'static str, reason: &'static str, tweaks: Tweaks) -> Mistake {
    Mistake { used_up: true, ..early(name, reason, tweaks) }
}

fn base() -> Tweaks {
    Tweaks::default()
}

fn client_data(text: &[u8]) -> Tweaks {
    Tweaks { client_data: Some(text.to_vec()), ..base() }
}

fn edit(edit: fn(&mut Vec<u8>)) -> Tweaks {
    Tweaks { edit_data: Some(edit), ..base() }
}

/// Checks A5 to A23, each broken once.
fn mistakes() -> Vec<Mistake> {
    let page = |name, page| Mistake { page, ..early(name, "origin", base()) };
    vec![
        page("A12: another origin", EVIL),
        page("A12: another port", "http://localhost:8889"),
        page("A12: https", "https://localhost:8888"),
        page("A12: a subdomain", "http://app.localhost:8888"),
        page("A12: an app", "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        early("A5: credential ids that differ", "malformed", Tweaks { raw_id: Some(vec![1]), ..base() }),
        early("A6: no user handle", "user_handle", Tweaks { user_handle: Some(None), ..base() }),
        late(
            "A6: a foreign handle",
            "user_handle",
            Tweaks { user_handle: Some(Some(vec![7; 16])), ..base() },
        ),
        early("A8: no UTF-8", "malformed", client_data(b"{\"type\":\"\xff\"}")),
        early("A9: no JSON", "malformed", client_data(b"{\"type\":")),
        early("A9: no object", "malformed", client_data(b"[]")),
        early("A10: made, not used", "type", Tweaks { kind: Some("webauthn.create"), ..base() }),
        early("A11: another challenge", "challenge", Tweaks { challenge: Some("A".repeat(43)), ..base() }),
        early("A11: no challenge", "challenge", Tweaks { challenge: Some(String::new()), ..base() }),
        early("A13: in a foreign frame", "cross_origin", Tweaks { cross_origin: Some(true), ..base() }),
        early("A14: below a foreign page", "cross_origin", Tweaks { top_origin: Some(EVIL), ..base() }),
        early("A15: another party", "rp_id", Tweaks { rp_id: Some("evil.example"), ..base() }),
        early("A16: nobody there", "user_presence", Tweaks { user_present: Some(false), ..base() }),
        early("A17: nobody verified", "user_verification", Tweaks { user_verified: Some(false), ..base() }),
        early("A18: backed up, not eligible", "backup_flags", Tweaks { backed_up: Some(true), ..base() }),
        late(
            "A19: eligible all at once",
            "backup_eligibility",
            Tweaks { backup_eligible: Some(true), ..base() },
        ),
        early("data that are cut off", "malformed", edit(|data| data.truncate(36))),
        early("data with an appendix", "malformed", edit(|data| data.push(0))),
        early("A24: extensions that are none", "malformed", edit(|data| data[32] |= 0x80)),
        early(
            "s118: extensions without end",
            "malformed",
            edit(|data| {
                data[32] |= 0x80;
                data.extend([0x81].repeat(8_000));
            }),
        ),
        late("A22: a broken signature", "signature", Tweaks { break_signature: true, ..base() }),
        late("A28: an unknown credential", "unknown_credential", Tweaks { id: Some(vec![9; 32]), ..base() }),
    ]
}

/// How the ceremony is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Button,
    Autofill,
}

impl Way {
    async fn begin(self, app: &TestApp) -> Flow<'_> {
        let mut flow = app.login().in_browser().await;
        if self == Self::Button {
            flow.act(GENERATE, json!({})).await;
        }
        flow
    }

    fn refused(self) -> &'static str {
        match self {
            Self::Button => NOT_SIGNED_IN,
            Self::Autofill => "401 login_init passkey_invalid",
        }
    }

    /// Whether the document after a refusal is as it should be: a ceremony that starts by itself must not be started again.
    fn assert_after(self, asked: &Doc, refused: &Doc, used_up: bool, what: &str) {
        assert_eq!(refused.outline(), self.refused(), "{what}");
        assert!(refused.token().is_none(), "{what}");
        match self {
            Self::Button => {
                assert_eq!(refused.json["payload"], json!({}), "{what}");
                let mut actions = vec!["back", "webauthn_verify_assertion_response"];
                if used_up {
                    actions.insert(1, GENERATE);
                }
                assert_eq!(refused.actions(), actions, "{what}");
            }
            Self::Autofill => {
                let same = refused.request_options() == asked.request_options();
                assert_eq!(same, !used_up, "{what}");
            }
        }
    }
}

async fn refuse_each(app: AppBuilder, way: Way) {
    let app = app.config("passkey: { user_verification: required }").config(UNLIMITED).start().await;
    for (number, mistake) in (1..).zip(mistakes()) {
        let what = format!("{} ({way:?})", mistake.name);
        let mut device = Device::key(number);
        let ada = app.user(&format!("u{number}@example.com")).passkey(&mut device).create().await;
        let mut flow = way.begin(&app).await;
        let (asked, before) = (flow.doc.clone(), stored(&app, ada.id).await);

        tick(&app);
        mistake.page.clone_into(&mut device.origin);
        let refused = flow.assert(device.get_with(&asked, &mistake.tweaks)).await;
        way.assert_after(&asked, &refused, mistake.used_up, &what);
        assert_eq!(stored(&app, ada.id).await, before, "{what}");
        assert_eq!(only(&records_now(&app).await), ("login_failure", mistake.reason), "{what}");

        ORIGIN.clone_into(&mut device.origin);
        let right = flow.assert(device.get(&asked)).await;
        if mistake.used_up {
            assert_eq!(right.outline(), way.refused(), "{what}");
            if way == Way::Button {
                flow.act(GENERATE, json!({})).await;
            }
            assert_eq!(flow.autofill(&mut device).await.outline(), "200 success", "{what}");
        } else {
            assert_eq!(right.outline(), "200 success", "{what}");
        }
    }
}

each_engine! {
    async fn s054_s060_s061_by_button(app: AppBuilder) {
        refuse_each(app, Way::Button).await;
    }

    async fn s054_s060_s061_by_autofill(app: AppBuilder) {
        refuse_each(app, Way::Autofill).await;
    }

    /// L12: what is no assertion at all is refused like any other; nothing is a server error.
    async fn l12_what_cannot_be_read_is_refused(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let mut device = Device::key(1);
        let ada = app.user("ada@example.com").passkey(&mut device).create().await;
        let mut flow = app.login().in_browser().await;
        flow.act(GENERATE, json!({})).await;
        let (asked, before) = (flow.doc.clone(), stored(&app, ada.id).await);
        let right = device.get(&asked);
        for (name, response) in unreadable(&right) {
            assert_eq!(flow.assert(response).await.outline(), NOT_SIGNED_IN, "{name}");
        }
        let too_long = flow.assert("[".repeat(100_000).into()).await;
        assert_eq!(too_long.outline(), "413 error form_data_invalid_error");
        assert_eq!(stored(&app, ada.id).await, before);
        // Spec 01, D4: a text with the JSON is as good.
        assert_eq!(flow.assert(right.to_string().into()).await.outline(), "200 success");
    }

    /// L12: the action is there without options, too; it answers as for a wrong assertion. It is not there without passkeys.
    async fn l12_without_options_nothing_is_accepted(app: AppBuilder) {
        let app_with = app.clone().start().await;
        let mut device = Device::phone(1);
        app_with.user("ada@example.com").passkey(&mut device).create().await;
        let mut other = app_with.login().in_browser().await;
        other.act(GENERATE, json!({})).await;
        let mut flow = app_with.login().with_webauthn().await;
        assert!(!flow.doc.has_options());
        let doc = flow.assert(device.get(&other.doc)).await;
        assert_eq!(doc.outline(), "401 login_init passkey_invalid");
        assert_eq!(only(&records_now(&app_with).await), ("login_failure", "no ceremony"));

        let app = app.config("passkey: { enabled: false }").start().await;
        for webauthn in [true, false] {
            let start = app.login();
            let mut flow = if webauthn { start.in_browser().await } else { start.await };
            assert_eq!(flow.doc.actions(), ["continue_with_login_identifier"]);
            assert!(!flow.doc.has_options());
            let doc = flow.assert(json!({})).await;
            assert_eq!(doc.outline(), "403 error operation_not_permitted_error");
        }
    }
}

/// Members and whole responses of all kinds that nobody should send.
fn unreadable(right: &Value) -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> = vec![
        ("null".into(), Value::Null),
        ("a number".into(), json!(7)),
        ("an array".into(), json!([right])),
        ("a text".into(), json!("{")),
        ("a text with an array".into(), json!("[]")),
        ("a text with deep JSON".into(), "[".repeat(40_000).into()),
        ("an empty object".into(), json!({})),
    ];
    for path in [
        "id",
        "rawId",
        "type",
        "response",
        "response.clientDataJSON",
        "response.authenticatorData",
        "response.signature",
    ] {
        for value in
            [Value::Null, json!(""), json!(1), json!({}), json!("+/="), json!("A"), "A".repeat(40_000).into()]
        {
            let missing = path == "rawId" && value.is_null(); // it may be
            let wrong = path == "response.signature" && value == ""; // as any other one that does not fit
            if missing || wrong {
                continue;
            }
            let mut response = right.clone();
            let place = path.split('.').fold(&mut response, |place, member| &mut place[member]);
            *place = value.clone();
            all.push((format!("{path} = {:.20}", value.to_string()), response));
        }
    }
    all
}
