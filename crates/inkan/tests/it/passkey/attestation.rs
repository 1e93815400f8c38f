//! Registrations that are wrong in one way each (spec 05 §8.6; spec 14, B.1): always the same answer, nothing stored, and never a
//! step forward, whatever is optional (spec 02, L0; spec 03 §20, item 1).

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use inkan_base::{RngExt as _, SeededRng};
use inkan_test_support::authenticator::{Algorithm, Attestation, Authenticator, Cbor, Tweaks};
use serde_json::{Value, json};

use super::{
    GENERATE_CREATION, NOT_MADE, PASSKEYS_ONLY, PASSWORD, UNLIMITED, account, only, records_now, registering,
    signing_in, tick,
};
use crate::support::{AppBuilder, Device, Flow, ORIGIN, TestApp};

const EVIL: &str = "https://evil.example";

/// One mistake.
struct Mistake {
    name: &'static str,
    page: &'static str,
    attestation: Attestation,
    algorithm: Algorithm,
    tweaks: Tweaks,
    /// What the record says.
    reason: &'static str,
    /// The challenge is used up by it.
    used_up: bool,
}

fn early(name: &'static str, reason: &'static str, tweaks: Tweaks) -> Mistake {
    let (attestation, algorithm) = (Attestation::None, Algorithm::Es256);
    Mistake { name, page: ORIGIN, attestation, algorithm, tweaks, reason, used_up: false }
}

fn late(name: &'static str, attestation: Attestation, tweaks: Tweaks) -> Mistake {
    Mistake { attestation, used_up: true, ..early(name, "attestation", tweaks) }
}

fn base() -> Tweaks {
    Tweaks::default()
}

fn client_data(text: &[u8]) -> Tweaks {
    Tweaks { client_data: Some(text.to_vec()), ..base() }
}

fn data(edit: fn(&mut Vec<u8>)) -> Tweaks {
    Tweaks { edit_data: Some(edit), ..base() }
}

fn object(edit: fn(&mut Vec<u8>)) -> Tweaks {
    Tweaks { edit_object: Some(edit), ..base() }
}

/// Checks R5 to R21, each broken once.
fn mistakes() -> Vec<Mistake> {
    ceremony().into_iter().chain(made()).chain(statements()).collect()
}

/// Page, ceremony and flags.
fn ceremony() -> Vec<Mistake> {
    let page = |name, page| Mistake { page, ..early(name, "origin", base()) };
    vec![
        page("R9: another origin", EVIL),
        page("R9: another port", "http://localhost"),
        early("R5: no UTF-8", "malformed", client_data(b"{\"type\":\"\xff\"}")),
        early("R6: no JSON", "malformed", client_data(b"null")),
        early("R7: used, not made", "type", Tweaks { kind: Some("webauthn.get"), ..base() }),
        early("R8: another challenge", "challenge", Tweaks { challenge: Some("A".repeat(43)), ..base() }),
        early("R10: in a foreign frame", "cross_origin", Tweaks { cross_origin: Some(true), ..base() }),
        early("R11: below a foreign page", "cross_origin", Tweaks { top_origin: Some(EVIL), ..base() }),
        early("R14: another party", "rp_id", Tweaks { rp_id: Some("evil.example"), ..base() }),
        early("R15, s127: nobody there", "user_presence", Tweaks { user_present: Some(false), ..base() }),
        early("R16: nobody verified", "user_verification", Tweaks { user_verified: Some(false), ..base() }),
        early(
            "R17: backed up, not eligible",
            "backup_flags",
            Tweaks { backed_up: Some(true), backup_eligible: Some(false), ..base() },
        ),
    ]
}

/// The credential and the data around it.
fn made() -> Vec<Mistake> {
    vec![
        Mistake {
            algorithm: Algorithm::Es512,
            ..early("R20: an algorithm that was not offered", "algorithm", base())
        },
        early("another id outside", "malformed", Tweaks { id: Some(vec![9; 32]), ..base() }),
        early("ids that differ", "malformed", Tweaks { raw_id: Some(vec![9; 32]), ..base() }),
        early("data that are cut off", "malformed", data(|data| data.truncate(36))),
        early("data with an appendix", "malformed", data(|data| data.push(0))),
        early(
            "data without a credential",
            "malformed",
            data(|data| {
                data[32] &= !0x40;
                data.truncate(37);
            }),
        ),
        early(
            "R24: a credential id without end",
            "malformed",
            data(|data| data[53..55].copy_from_slice(&[0xff; 2])),
        ),
        early(
            "a key that is none",
            "malformed",
            data(|data| {
                let at = data.len() - 10;
                data[at..].fill(0xff);
            }),
        ),
    ]
}

/// The attestation statement.
fn statements() -> Vec<Mistake> {
    vec![
        late("R21: an unknown format", Attestation::None, Tweaks { format: Some("magic"), ..base() }),
        late(
            "R21: none, with a statement",
            Attestation::None,
            Tweaks {
                edit_statement: Some(|entries| entries.push((Cbor::text("x"), Cbor::Int(1)))),
                ..base()
            },
        ),
        late(
            "R21: a statement for another format",
            Attestation::PackedSelf,
            Tweaks { format: Some("none"), ..base() },
        ),
        late("R21: a broken statement", Attestation::PackedSelf, Tweaks { break_signature: true, ..base() }),
        late(
            "R21: a maker's broken statement",
            Attestation::Packed,
            Tweaks { break_signature: true, ..base() },
        ),
    ]
}

/// CBOR that wants to do harm (s058, s118).
fn hostile() -> Vec<Mistake> {
    type Edit = (&'static str, fn(&mut Vec<u8>));
    let edits: [Edit; 8] = [
        ("R13: an appendix", |bytes| bytes.push(0)),
        ("R13: cut off", |bytes| bytes.truncate(bytes.len() / 2)),
        ("R13: nothing", Vec::clear),
        ("R13: indefinite length", |bytes| bytes[0] = 0xbf),
        ("R13: an array", |bytes| *bytes = vec![0x80]),
        ("s118: arrays in arrays", |bytes| *bytes = vec![0x81; 40_000]),
        ("s118: maps in maps", |bytes| *bytes = [0xa1, 0x61, 0x61].repeat(13_000)),
        ("s058: a length of 2^64 - 1", |bytes| *bytes = [&[0xbb][..], &[0xff; 8]].concat()),
    ];
    edits.map(|(name, edit)| early(name, "malformed", object(edit))).into()
}

/// Where a credential is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A passkey that a new account must have.
    Registration,
    /// A passkey that a new account can do without.
    Optional,
    /// A passkey, at sign-in.
    Login,
    /// A security key that a new account must have.
    SecurityKey,
}

impl Way {
    fn config(self) -> &'static str {
        match self {
            Self::Registration => "passkey: { user_verification: required }",
            Self::Optional => {
                "{ passkey: { user_verification: required, optional: true }, email: { use_for_authentication: true } }"
            }
            Self::Login => {
                "{ passkey: { user_verification: required, optional: false }, password: { enabled: true } }"
            }
            Self::SecurityKey => {
                "{ passkey: { enabled: false }, password: { enabled: true, optional: false }, \
                 mfa: { acquire_on_registration: true, optional: false, security_keys: { user_verification: required } } }"
            }
        }
    }

    async fn begin(self, app: &TestApp, number: u64) -> Flow<'_> {
        let address = format!("u{number}@example.com");
        let mut flow = match self {
            Self::Login => {
                app.user(&address).password(PASSWORD).create().await;
                signing_in(app, &address).await
            }
            _ => registering(app, &address).await,
        };
        if self == Self::SecurityKey {
            flow.act("register_password", json!({ "new_password": PASSWORD })).await;
            flow.act("continue_to_security_key_creation", json!({})).await;
        }
        flow.act(GENERATE_CREATION, json!({})).await;
        assert_eq!(flow.doc.outline(), "200 onboarding_verify_passkey_attestation", "{self:?}");
        flow
    }

    /// What the database has of the account.
    async fn stored(self, app: &TestApp, number: u64) -> Option<super::Stored> {
        let account = account(app, &format!("u{number}@example.com")).await?;
        Some(super::stored(app, account.user.id).await)
    }
}

async fn refuse_each(app: AppBuilder, way: Way, mistakes: Vec<Mistake>) {
    let app = app.config(PASSKEYS_ONLY).config(way.config()).config(UNLIMITED).start().await;
    for (number, mistake) in (1..).zip(mistakes) {
        let what = format!("{} ({way:?})", mistake.name);
        let authenticator =
            Authenticator::new(number).attestation(mistake.attestation).algorithm(mistake.algorithm);
        let mut device = Device::new(authenticator).on(mistake.page);
        let mut flow = way.begin(&app, number).await;
        let (asked, before) = (flow.doc.clone(), way.stored(&app, number).await);

        tick(&app);
        let refused = flow.attest(device.create_with(&asked, &mistake.tweaks)).await;
        assert_eq!(refused.outline(), NOT_MADE, "{what}");
        assert_eq!(refused.json["payload"], json!({}), "{what}");
        assert!(refused.token().is_none(), "{what}");
        let mut actions = vec!["back", "webauthn_verify_attestation_response"];
        if mistake.used_up {
            actions.insert(1, GENERATE_CREATION);
        }
        assert_eq!(refused.actions(), actions, "{what}");
        assert_eq!(way.stored(&app, number).await, before, "{what}");
        if way == Way::Login {
            let found = records_now(&app).await;
            assert_eq!(only(&found), ("webauthn_registration_failed", mistake.reason), "{what}");
        }

        let mut device = Device::key(1_000 + number);
        let right = flow.attest(device.create(&asked)).await;
        if mistake.used_up {
            assert_eq!(right.outline(), NOT_MADE, "{what}");
            flow.act(GENERATE_CREATION, json!({})).await;
            let right = device.create(&flow.doc);
            assert_eq!(flow.attest(right).await.outline(), "200 success", "{what}");
        } else {
            assert_eq!(right.outline(), "200 success", "{what}");
        }
    }
}

/// Begins the ceremony anew, over `back`.
async fn again(flow: &mut Flow<'_>) -> crate::support::Doc {
    flow.act("back", json!({})).await;
    flow.act(GENERATE_CREATION, json!({})).await
}

each_engine! {
    async fn s053_r01_a_required_passkey(app: AppBuilder) {
        refuse_each(app, Way::Registration, mistakes()).await;
    }

    async fn s053_r01_an_optional_passkey(app: AppBuilder) {
        refuse_each(app, Way::Optional, mistakes()).await;
    }

    async fn s053_l00_at_sign_in(app: AppBuilder) {
        refuse_each(app, Way::Login, mistakes()).await;
    }

    async fn s053_l00_a_required_security_key(app: AppBuilder) {
        refuse_each(app, Way::SecurityKey, mistakes()).await;
    }

    async fn s058_s118_hostile_cbor(app: AppBuilder) {
        refuse_each(app.clone(), Way::Login, hostile()).await;
        refuse_each(app, Way::SecurityKey, hostile()).await;
    }

    /// s058: a byte is changed somewhere; the statement covers all that is said, so nothing of it is accepted.
    async fn s058_damaged_at_random(app: AppBuilder) {
        let app = app.config(PASSKEYS_ONLY).config(UNLIMITED).start().await;
        let mut flow = Way::Registration.begin(&app, 1).await;
        let rng = SeededRng::new(58);
        for number in 0..200 {
            let asked = if number == 0 { flow.doc.clone() } else { again(&mut flow).await };
            let authenticator = Authenticator::new(number).attestation(Attestation::PackedSelf);
            let mut response = Device::new(authenticator).create(&asked);
            let member = if number % 2 == 0 { "attestationObject" } else { "clientDataJSON" };
            let mut bytes = BASE64URL.decode(response["response"][member].as_str().unwrap()).unwrap();
            let [place, change] = rng.bytes::<2>();
            let place = usize::from(place) * bytes.len() / 256;
            bytes[place] ^= change.max(1);
            response["response"][member] = BASE64URL.encode(&bytes).into();
            assert_eq!(flow.attest(response).await.outline(), NOT_MADE, "{number}: {member}[{place}] ^ {change}");
        }
        assert!(account(&app, "u1@example.com").await.is_none());
    }

    /// The client cannot waive presence: what counts is what the server asked for.
    async fn s127_presence_is_not_for_the_client_to_waive(app: AppBuilder) {
        let app = app.config(PASSKEYS_ONLY).config(UNLIMITED).start().await;
        let mut flow = Way::Registration.begin(&app, 1).await;
        let absent = Tweaks { user_present: Some(false), ..base() };
        let mut response = Device::phone(1).create_with(&flow.doc, &absent);
        response["mediation"] = "conditional".into();
        response["clientExtensionResults"] = json!({ "conditionalCreate": true });
        let body = json!({ "public_key": response, "mediation": "conditional", "conditional": true });
        let refused = flow.act("webauthn_verify_attestation_response", body).await;
        assert_eq!(refused.outline(), NOT_MADE);
        assert!(account(&app, "u1@example.com").await.is_none());
    }

    async fn r14_what_cannot_be_read_is_refused(app: AppBuilder) {
        let app = app.config(PASSKEYS_ONLY).config(UNLIMITED).start().await;
        let mut flow = Way::Registration.begin(&app, 1).await;
        let mut device = Device::key(1);
        let right = device.create(&flow.doc);
        let mut responses: Vec<Value> =
            vec![Value::Null, json!(7), json!([]), json!({}), json!("{"), "[".repeat(40_000).into()];
        for path in ["id", "type", "response", "response.clientDataJSON", "response.attestationObject"] {
            for value in [Value::Null, json!(""), json!([]), json!("*"), "A".repeat(40_000).into()] {
                let mut response = right.clone();
                *path.split('.').fold(&mut response, |place, member| &mut place[member]) = value;
                responses.push(response);
            }
        }
        for response in responses {
            let what = format!("{:.200}", response.to_string());
            assert_eq!(flow.attest(response).await.outline(), NOT_MADE, "{what}");
        }
        assert!(account(&app, "u1@example.com").await.is_none());
        // Spec 01, D4: the older name of the input, and a text with the JSON.
        let input = json!({ "public-key": right.to_string() });
        assert_eq!(flow.act("webauthn_verify_attestation_response", input).await.outline(), "200 success");
    }
}
