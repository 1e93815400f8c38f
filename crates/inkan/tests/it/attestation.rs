//! Which authenticators are trusted: `webauthn.attestation`, over HTTP. The rules themselves are tested in the crate `webauthn`.

use std::{fs, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use inkan_test_support::{
    TempDir,
    authenticator::{Attestation, Authenticator, Maker},
    temporary_directory,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Device, Doc, TestApp};

/// Nothing but a passkey is asked for.
const PASSKEYS: &str = "{email: {require_verification: false}, password: {enabled: false}}";

const IN: &str = "200 success";
const OUT: &str = "401 onboarding_verify_passkey_attestation passkey_invalid";

const MODEL: [u8; 16] = [5; 16];
const REVOKED: [u8; 16] = [6; 16];
const UNKNOWN: [u8; 16] = [7; 16];

/// The maker whose authenticators are trusted, one that nobody knows, and whoever signs the metadata.
const TRUSTED: u64 = 1;
const STRANGER: u64 = 2;
const SERVICE: u64 = 3;

/// Who an authenticator is: its maker, its statement, its model.
type Origin = (u64, Attestation, [u8; 16]);

fn device(seed: u64, (maker, attestation, model): Origin) -> Device {
    let key = Authenticator::new(seed).maker(Maker::new(maker)).attestation(attestation);
    Device::new(key.aaguid(model))
}

fn text(model: [u8; 16]) -> String {
    Uuid::from_bytes(model).to_string()
}

/// `webauthn.attestation`
fn trust(settings: &Value) -> String {
    json!({ "webauthn": { "attestation": settings } }).to_string()
}

/// `mds_file` with two models of the trusted maker, one of them broken.
fn metadata(directory: &TempDir, next_update: &str) -> String {
    let root = BASE64.encode(Maker::new(TRUSTED).root());
    let entry = |model, status: &str| {
        json!({
            "aaguid": text(model),
            "metadataStatement": { "attestationRootCertificates": [root] },
            "statusReports": [{ "status": status }],
        })
    };
    let payload = json!({
        "nextUpdate": next_update,
        "entries": [entry(MODEL, "FIDO_CERTIFIED"), entry(REVOKED, "REVOKED")],
    });
    let path = directory.path().join("blob.jwt");
    fs::write(&path, Maker::new(SERVICE).metadata_blob(&payload)).unwrap();
    path.display().to_string()
}

/// Registers an account with a passkey of this device.
async fn register(app: &TestApp, address: &str, device: &mut Device) -> Doc {
    let mut flow = app.registration().in_browser().await;
    flow.act("register_login_identifier", json!({ "email": address })).await;
    flow.create_passkey(device).await
}

async fn check(app: &TestApp, rows: &[(&str, Origin, &str)]) {
    for (seed, (row, origin, expected)) in (10..).zip(rows) {
        let address = format!("user-{seed}@example.com");
        let doc = register(app, &address, &mut device(seed, *origin)).await;
        assert_eq!(doc.outline(), *expected, "{row}");
    }
    let signed_in = rows.iter().filter(|(_, _, expected)| *expected == IN).count();
    let created = app.audit().await.iter().filter(|record| record.kind == "user_created").count();
    assert_eq!(created, signed_in, "nothing is stored of those that were refused");
}

each_engine! {
    async fn s057_a_root_of_the_configuration_decides_whom_to_trust(app: AppBuilder) {
        let anchors = json!({ "trust_anchors": [Maker::new(TRUSTED).root_pem()] });
        let app = app.config(PASSKEYS).config(&trust(&anchors)).start().await;
        check(&app, &[
            ("its maker's", (TRUSTED, Attestation::Packed, MODEL), IN),
            ("an older key of its maker", (TRUSTED, Attestation::FidoU2f, [0; 16]), IN),
            ("somebody else's", (STRANGER, Attestation::Packed, MODEL), OUT),
            ("one that vouches for itself", (TRUSTED, Attestation::PackedSelf, MODEL), OUT),
            ("one without a statement", (TRUSTED, Attestation::None, MODEL), OUT),
        ]).await;
    }

    async fn s057_models_may_be_listed(app: AppBuilder) {
        let anchors = json!({ "trust_anchors": [Maker::new(TRUSTED).root_pem(), text(MODEL)] });
        let app = app.config(PASSKEYS).config(&trust(&anchors)).start().await;
        check(&app, &[
            ("the listed model", (TRUSTED, Attestation::Packed, MODEL), IN),
            ("another model", (TRUSTED, Attestation::Packed, UNKNOWN), OUT),
            ("somebody else's of that name", (STRANGER, Attestation::Packed, MODEL), OUT),
        ]).await;
    }

    async fn s057_revoked_models_are_refused(app: AppBuilder) {
        let directory = temporary_directory();
        let file = json!({ "mds_file": metadata(&directory, "2027-02-01") });
        let app = app.metadata_root(Maker::new(SERVICE).root_pem()).config(PASSKEYS).config(&trust(&file));
        let app = app.start().await;
        check(&app, &[
            ("a model in order", (TRUSTED, Attestation::Packed, MODEL), IN),
            ("a revoked one", (TRUSTED, Attestation::Packed, REVOKED), OUT),
            ("one that is not listed", (TRUSTED, Attestation::Packed, UNKNOWN), OUT),
            ("one under a false name", (STRANGER, Attestation::Packed, MODEL), OUT),
            ("one without a statement", (TRUSTED, Attestation::None, MODEL), OUT),
        ]).await;
    }

    async fn without_anybody_to_trust_statements_are_verified_but_not_judged(app: AppBuilder) {
        let app = app.config(PASSKEYS).start().await;
        check(&app, &[
            ("a stranger", (STRANGER, Attestation::Packed, MODEL), IN),
            ("one that vouches for itself", (STRANGER, Attestation::PackedSelf, MODEL), IN),
            ("one without a statement", (STRANGER, Attestation::None, [0; 16]), IN),
        ]).await;
    }

    async fn s057_security_keys_are_judged_alike(app: AppBuilder) {
        let anchors = json!({ "trust_anchors": [Maker::new(TRUSTED).root_pem()] });
        let app = app.config("mfa: { acquire_on_login: true }").config(&trust(&anchors)).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        let mut flow = app.login().in_browser().await;
        flow.act("continue_with_login_identifier", json!({ "email": ada.email })).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("password_login", json!({ "password": ada.password })).await;
        flow.act("continue_to_security_key_creation", json!({})).await;

        let refused = flow.create_passkey(&mut device(1, (STRANGER, Attestation::Packed, MODEL))).await;
        assert_eq!(refused.error(), "passkey_invalid");
        assert!(app.credentials(ada.id).await.is_empty());
        let accepted = flow.create_passkey(&mut device(2, (TRUSTED, Attestation::Packed, MODEL))).await;
        assert_eq!((accepted.status, accepted.error()), (200, ""));
        assert_eq!(app.credentials(ada.id).await.len(), 1);
    }

    async fn outdated_metadata_are_told_and_trust_nobody_new(app: AppBuilder) {
        let directory = temporary_directory();
        let file = json!({ "mds_file": metadata(&directory, "2026-11-23") });
        let app = app.metadata_root(Maker::new(SERVICE).root_pem()).config(PASSKEYS).config(&trust(&file));
        let app = app.start().await;
        let mut phone = device(1, (TRUSTED, Attestation::Packed, MODEL));
        assert_eq!(register(&app, "ada@example.com", &mut phone).await.outline(), IN);
        assert!(app.log.text().contains("the metadata end soon"));

        app.clock.advance(Duration::from_hours(7 * 24));
        let app = app.stop().await.start().await;
        app.expect_errors();
        let errors = app.log.errors();
        assert!(errors[0].contains("webauthn.attestation.mds_file: the metadata are out of date"), "{errors:?}");
        let mut other = device(2, (TRUSTED, Attestation::Packed, MODEL));
        assert_eq!(register(&app, "bob@example.com", &mut other).await.outline(), OUT);
        let mut flow = app.login().in_browser().await;
        assert_eq!(flow.use_passkey(&mut phone).await.name(), "success");
    }

    async fn s122_trust_that_cannot_be_used_stops_the_start(app: AppBuilder) {
        let directory = temporary_directory();
        let blob = metadata(&directory, "2027-02-01");
        let root = Maker::new(TRUSTED).root_pem();
        for (settings, message) in [
            (json!({ "mds_file": "/nowhere/blob.jwt" }), "mds_file: /nowhere/blob.jwt: No such file"),
            (json!({ "mds_file": blob }), "the root of the FIDO metadata service"),
            (json!({ "mds_file": directory.path() }), "mds_file: "),
            (json!({ "trust_anchors": [root, "-----BEGIN NONSENSE-----"] }), "trust_anchors[1] is neither"),
            (json!({ "trust_anchors": [text(MODEL)] }), "trust_anchors lists models (AAGUID) but no root"),
        ] {
            let Err(error) = app.clone().config(&trust(&settings)).try_start().await else {
                panic!("started with {settings}");
            };
            let error = error.to_string();
            assert!(error.contains("webauthn.attestation.") && error.contains(message), "{error}");
        }
    }

    async fn related_origins_are_published(app: AppBuilder) {
        let origins = ["https://a.example", "http://localhost:3000", "https://b.example:8443"];
        let app = app.config(&json!({ "webauthn": { "relying_party": { "origins": origins } } }).to_string());
        let app = app.start().await;
        let reply = app.get("/.well-known/webauthn").await;
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("cache-control"), "max-age=600");
        assert_eq!(reply.json(), json!({ "origins": ["https://a.example", "https://b.example:8443"] }));
    }
}
