//! What the relying party accepts (spec 05 §8.1, §8.6 to §8.10; spec 14, s059, s060 and s120): algorithms, origins, counters, imported
//! credentials, attestation preferences and names of models.

use inkan_base::TenantId;
use inkan_store::{BackupFlags, StoreError, WebauthnCredential};
use inkan_test_support::authenticator::{Algorithm, Attestation, Authenticator, Tweaks};
use serde_json::json;
use uuid::Uuid;

use super::{
    GENERATE_CREATION, NOT_MADE, PASSKEYS_ONLY, PASSWORD, UNLIMITED, only, records_now, registering, stored,
    tick,
};
use crate::support::{Device, TestApp, TestUser};

const APP: &str = "android:apk-key-hash:k8PKbCpsnrmBlYTxsGfjZXvyLCXcXbSBHXQgNQUgRWA";
const SHOP: &str = "{ webauthn: { relying_party: { id: example.com, origins: [https://example.com, \
    'https://app.example.com:8443', 'android:apk-key-hash:k8PKbCpsnrmBlYTxsGfjZXvyLCXcXbSBHXQgNQUgRWA'] } } }";

/// The outline after a passkey was used in the form.
async fn sign_in(app: &TestApp, device: &mut Device, tweaks: &Tweaks) -> String {
    let mut flow = app.login().in_browser().await;
    let answer = device.get_with(&flow.doc, tweaks);
    flow.assert(answer).await.outline()
}

/// An account with a passkey that looks in the database as `change` says.
async fn with_credential(
    app: &TestApp,
    number: u64,
    device: &mut Device,
    change: impl FnOnce(&mut WebauthnCredential),
) -> TestUser {
    let address = format!("u{number}@example.com");
    let user = app.user(&address).password(PASSWORD).passkey(device).create().await;
    let mut credential = app.credentials(user.id).await.remove(0);
    let gone: Result<bool, StoreError> = app
        .domain()
        .store
        .write(TenantId::DEFAULT, async |tx| tx.webauthn_credentials().delete(user.id, &credential.id).await)
        .await;
    assert!(gone.unwrap());
    change(&mut credential);
    app.add_credential(&credential).await;
    user
}

const REFUSED: &str = "401 login_init passkey_invalid";

each_engine! {
    /// Spec 05 §8.3: what is offered can be made and used.
    async fn offered_algorithms(app: AppBuilder) {
        let app = app.config(PASSKEYS_ONLY).config(UNLIMITED).start().await;
        let offered = [Algorithm::Es256, Algorithm::Ed25519, Algorithm::Es384, Algorithm::Rs256];
        for (number, algorithm) in (1..).zip(Algorithm::ALL) {
            let mut device = Device::new(Authenticator::new(number).algorithm(algorithm));
            let mut flow = registering(&app, &format!("u{number}@example.com")).await;
            let made = flow.create_passkey(&mut device).await;
            if offered.contains(&algorithm) {
                assert_eq!(made.outline(), "200 success", "{algorithm:?}");
                assert_eq!(sign_in(&app, &mut device, &Tweaks::default()).await, "200 success", "{algorithm:?}");
            } else {
                assert_eq!(made.outline(), NOT_MADE, "{algorithm:?}");
            }
        }
    }

    /// Imported credentials sign in with every algorithm of the peer's list.
    async fn imported_algorithms(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        for (number, algorithm) in (1..).zip(Algorithm::ALL) {
            let mut device = Device::new(Authenticator::new(number).algorithm(algorithm));
            app.user(&format!("u{number}@example.com")).passkey(&mut device).create().await;
            let broken = Tweaks { break_signature: true, ..Tweaks::default() };
            assert_eq!(sign_in(&app, &mut device, &broken).await, REFUSED, "{algorithm:?}");
            assert_eq!(sign_in(&app, &mut device, &Tweaks::default()).await, "200 success", "{algorithm:?}");
        }
    }

    /// Spec 05 §8.7, item 11: the first assertion tells the flags; from then on eligibility stays as it is (A19).
    async fn imported_flags_come_from_the_first_assertion(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        for (number, synced) in [(1, true), (2, false)] {
            let mut device = if synced { Device::phone(number) } else { Device::key(number) };
            let user = with_credential(&app, number, &mut device, |credential| {
                credential.backup = None;
                credential.user_verified = false;
            })
            .await;
            let shown = super::signing_in(&app, &format!("u{number}@example.com")).await.doc.json;
            assert_eq!(shown["payload"]["user"]["passkeys"][0]["backup_eligible"], false, "not known yet");
            let wrong = Tweaks { break_signature: true, ..Tweaks::default() };
            assert_eq!(sign_in(&app, &mut device, &wrong).await, REFUSED);
            assert_eq!(stored(&app, user.id).await.credentials[0].backup, None, "only from what is verified");
            assert_eq!(sign_in(&app, &mut device, &Tweaks::default()).await, "200 success");
            let row = stored(&app, user.id).await.credentials.remove(0);
            assert_eq!(row.backup, Some(BackupFlags { eligible: synced, backed_up: synced }));
            assert!(row.user_verified);
            tick(&app);
            let other = Tweaks { backup_eligible: Some(!synced), backed_up: Some(false), ..Tweaks::default() };
            assert_eq!(sign_in(&app, &mut device, &other).await, REFUSED);
            assert_eq!(only(&records_now(&app).await), ("login_failure", "backup_eligibility"));
            assert_eq!(sign_in(&app, &mut device, &Tweaks::default()).await, "200 success");
        }
    }

    /// Spec 05 §8.2: what was imported may have a handle of its own, and then only that is right.
    async fn imported_user_handles(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let mut device = Device::key(1);
        let user = with_credential(&app, 1, &mut device, |row| row.user_handle = Some(b"customer-17".to_vec())).await;
        assert_eq!(sign_in(&app, &mut device, &Tweaks::default()).await, REFUSED, "the user id is not the handle");
        let handle = Tweaks { user_handle: Some(Some(b"customer-17".to_vec())), ..Tweaks::default() };
        assert_eq!(sign_in(&app, &mut device, &handle).await, "200 success");
        assert_eq!(stored(&app, user.id).await.credentials[0].user_handle.as_deref(), Some(&b"customer-17"[..]));
    }

    /// A foreign handle is refused even if its owner exists.
    async fn the_handle_of_another_user(app: AppBuilder) {
        let app = app.start().await;
        let (mut phone, mut other) = (Device::phone(1), Device::phone(2));
        let ada = app.user("ada@example.com").passkey(&mut phone).create().await;
        let bob = app.user("bob@example.com").passkey(&mut other).create().await;
        let before = (stored(&app, ada.id).await, stored(&app, bob.id).await);
        let foreign = Tweaks { user_handle: Some(Some(bob.id.0.as_bytes().to_vec())), ..Tweaks::default() };
        assert_eq!(sign_in(&app, &mut phone, &foreign).await, REFUSED);
        assert_eq!((stored(&app, ada.id).await, stored(&app, bob.id).await), before);
    }

    /// A23: 0 and 0, growing; equal and back are signals, which do not lock out the owner of a backed-up passkey.
    async fn s059_counters(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        let rows = [(0, 0, true), (0, 1, true), (1, 2, true), (7, 4_294_967_295, true), (1, 1, false), (5, 4, false), (5, 0, false)];
        for (number, (before, received, fine)) in (1..).zip(rows) {
            for synced in [false, true] {
                let (number, what) = (number * 2 + u64::from(synced), format!("{before} {received} {synced}"));
                let mut device = if synced { Device::phone(number) } else { Device::key(number) };
                let user = with_credential(&app, number, &mut device, |row| row.sign_count = before).await;
                let earlier = stored(&app, user.id).await;
                tick(&app);
                let tweaks = Tweaks { counter: Some(received), ..Tweaks::default() };
                let outline = sign_in(&app, &mut device, &tweaks).await;
                let later = stored(&app, user.id).await;
                assert_eq!(outline, if fine || synced { "200 success" } else { REFUSED }, "{what}");
                if fine {
                    assert_eq!(later.credentials[0].sign_count, i64::from(received), "{what}");
                } else {
                    assert_eq!(later.credentials, earlier.credentials, "{what}");
                }
                if !fine && !synced {
                    assert_eq!(later, earlier, "{what}");
                    assert_eq!(only(&records_now(&app).await), ("login_failure", "counter"), "{what}");
                }
            }
        }
        let warned = app.log.text().lines().filter(|line| line.contains("did not grow")).count();
        assert_eq!(warned, 3, "backed-up passkeys with a counter that did not grow are told");
    }

    /// R9, A12: several web origins and an app, and nothing that only looks like them.
    async fn s060_s120_origins(app: AppBuilder) {
        let app = app.config(SHOP).config(PASSKEYS_ONLY).config(UNLIMITED).start().await;
        let rows = [
            ("https://example.com", true),
            ("HTTPS://EXAMPLE.COM:443", true),
            ("https://app.example.com:8443", true),
            (APP, true),
            ("http://example.com", false),
            ("https://app.example.com", false),
            ("https://www.example.com", false),
            ("https://badexample.com", false),
            ("https://example.com.evil", false),
            ("https://example.com.", false),
            ("https://example.com@evil.example", false),
            ("https://example.com/", false),
            ("https://exаmple.com", false),
            ("android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false),
            ("android:apk-key-hash:", false),
            ("ios:bundle-id:com.example", false),
            ("null", false),
            ("", false),
        ];
        let mut phone = Device::phone(1_000).on("https://example.com");
        let mut flow = registering(&app, "ada@example.com").await;
        assert_eq!(flow.create_passkey(&mut phone).await.outline(), "200 success");
        for (number, (origin, accepted)) in (1..).zip(rows) {
            origin.clone_into(&mut phone.origin);
            let outline = sign_in(&app, &mut phone, &Tweaks::default()).await;
            assert_eq!(outline, if accepted { "200 success" } else { REFUSED }, "{origin}");
            let mut flow = registering(&app, &format!("u{number}@example.com")).await;
            let made = flow.create_passkey(&mut Device::phone(number).on(origin)).await;
            assert_eq!(made.outline(), if accepted { "200 success" } else { NOT_MADE }, "{origin}");
        }
    }

    /// R21: passkeys and security keys have a preference of their own.
    async fn r21_attestation_preferences(app: AppBuilder) {
        for (passkey, key) in [("none", "direct"), ("indirect", "none"), ("direct", "indirect")] {
            let app = app
                .clone()
                .config("{ email: { require_verification: false }, mfa: { acquire_on_registration: true } }")
                .config(&format!("passkey: {{ attestation_preference: {passkey} }}"))
                .config(&format!("mfa: {{ security_keys: {{ attestation_preference: {key}, user_verification: required }} }}"))
                .config("webauthn: { timeouts: { registration: 90000 } }")
                .start()
                .await;
            let mut flow = registering(&app, "ada@example.com").await;
            flow.act("register_password", json!({ "new_password": PASSWORD })).await;
            flow.act("continue_to_security_key_creation", json!({})).await;
            let asked = flow.act(GENERATE_CREATION, json!({})).await;
            let options = &asked.creation_options()["publicKey"];
            assert_eq!((&options["attestation"], &options["timeout"]), (&json!(key), &json!(90_000)));
            assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
            let maker = Authenticator::new(1).attestation(Attestation::Packed);
            let made = flow.attest(Device::new(maker).create(&asked)).await;
            assert_eq!(made.outline(), "200 onboarding_create_passkey");
            let asked = flow.act(GENERATE_CREATION, json!({})).await;
            assert_eq!(asked.creation_options()["publicKey"]["attestation"], passkey);
            let self_made = Authenticator::new(2).attestation(Attestation::PackedSelf);
            let done = flow.attest(Device::new(self_made).create(&asked)).await;
            assert_eq!(done.outline(), "200 success");
            for kind in ["passkeys", "security_keys"] {
                assert_eq!(done.json["payload"]["user"][kind][0]["attestation_type"], "packed");
            }
        }
    }

    /// R21: `discouraged` does not change the time-out, and no verification is asked for or demanded.
    async fn r21_user_verification(app: AppBuilder) {
        for wish in ["required", "preferred", "discouraged"] {
            let config = format!("passkey: {{ user_verification: {wish}, optional: false }}");
            let app = app.clone().config(PASSKEYS_ONLY).config(&config).config(UNLIMITED).start().await;
            let mut flow = registering(&app, "ada@example.com").await;
            let asked = flow.act(GENERATE_CREATION, json!({})).await;
            let options = &asked.creation_options()["publicKey"];
            assert_eq!((&options["authenticatorSelection"]["userVerification"], &options["timeout"]), (&json!(wish), &json!(600_000)));
            let mut key = Device::key(1);
            let unverified = Tweaks { user_verified: Some(false), ..Tweaks::default() };
            let made = flow.attest(key.create_with(&asked, &unverified)).await;
            assert_eq!(made.status == 200, wish != "required", "{wish}");
            if wish == "required" {
                flow.attest(key.create(&asked)).await;
            }
            let user = super::account(&app, "ada@example.com").await.unwrap().user.id;
            let verified = async || stored(&app, user).await.credentials.pop().unwrap().user_verified;
            assert_eq!(verified().await, wish == "required");
            let login = app.login().in_browser().await;
            assert_eq!(login.doc.request_options()["publicKey"]["userVerification"], wish);
            let outline = sign_in(&app, &mut key, &unverified).await;
            assert_eq!(outline == "200 success", wish != "required", "{wish}");
            // A25: one factor alone does not make a credential one that verifies its user.
            assert_eq!(sign_in(&app, &mut key, &Tweaks::default()).await, "200 success");
            assert_eq!(verified().await, wish == "required", "{wish}");
        }
    }

    /// Spec 05 §8.10.
    async fn names_of_models(app: AppBuilder) {
        let app = app.config(PASSKEYS_ONLY).config(UNLIMITED).start().await;
        let rows = [
            ("fbfc3007-154e-4ecc-8c0b-6e020557d7bd", json!("iCloud Keychain")),
            ("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", json!("Google Password Manager")),
            ("00000000-0000-0000-0000-000000000000", json!(null)),
            ("12345678-1234-1234-1234-123456789abc", json!(null)),
        ];
        for (number, (model, name)) in (1..).zip(rows) {
            let aaguid = Uuid::parse_str(model).unwrap().into_bytes();
            let mut device = Device::new(Authenticator::new(number).synced().aaguid(aaguid));
            let mut flow = registering(&app, &format!("u{number}@example.com")).await;
            let done = flow.create_passkey(&mut device).await;
            let shown = &done.json["payload"]["user"]["passkeys"][0];
            assert_eq!((&shown["aaguid"], &shown["name"]), (&json!(model), &name));
            let me = app.get("/me").cookie(&done.token().unwrap()).await.json();
            assert_eq!(&me["passkeys"][0], shown);
        }
    }
}
