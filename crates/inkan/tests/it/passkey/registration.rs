//! Making a passkey (spec 02 §5.16 to §5.18; spec 03 §6 and §14; spec 05 §8.3 and §8.6): for a new account and at sign-in, by the
//! settings; what is stored, shown, recorded and mailed.

use inkan_store::BackupFlags;
use inkan_test_support::authenticator::{Authenticator, Tweaks};
use serde_json::{Value, json};

use super::{
    GENERATE_CREATION, NOT_MADE, PASSKEYS_ONLY, PASSWORD, UNLIMITED, account, only, records_now, registering,
    signing_in, stored, tick,
};
use crate::support::{Device, Flow};

/// Either a password or a passkey.
const EITHER: &str = "{ email: { require_verification: false, use_for_authentication: false }, \
    password: { acquire_on_registration: conditional }, passkey: { acquire_on_registration: conditional } }";

/// The state and what is offered in it.
fn screen(flow: &Flow<'_>) -> String {
    format!("{} {}", flow.doc.name(), flow.doc.actions().join(" "))
}

async fn set_password(flow: &mut Flow<'_>) {
    flow.act("register_password", json!({ "new_password": PASSWORD })).await;
}

fn amr(flow: &Flow<'_>) -> Value {
    flow.doc.json["payload"]["claims"]["amr"].clone()
}

each_engine! {
    async fn the_default_is_a_password_and_then_a_passkey(app: AppBuilder) {
        let app = app.start().await;
        let mut phone = Device::phone(1);
        let mut flow = registering(&app, "ada@example.com").await;
        set_password(&mut flow).await;
        assert_eq!(screen(&flow), format!("onboarding_create_passkey skip {GENERATE_CREATION}"));
        flow.act(GENERATE_CREATION, json!({})).await;
        assert!(flow.doc.creation_options()["publicKey"]["excludeCredentials"].is_null());
        let made = phone.create(&flow.doc);
        assert!(account(&app, "ada@example.com").await.is_none(), "no account before the end");
        flow.attest(made).await;
        assert_eq!((flow.doc.outline().as_str(), amr(&flow)), ("200 success", json!(["otp", "pwd", "passkey"])));
        assert!(flow.doc.json["payload"]["last_login"].is_null());

        let ada = account(&app, "ada@example.com").await.unwrap();
        let [row] = &stored(&app, ada.user.id).await.credentials[..] else { panic!("one credential") };
        let made = phone.authenticator.credentials().last().unwrap();
        assert_eq!((&row.id, row.user_id, &row.user_handle), (&made.id, ada.user.id, &None));
        assert_eq!((&row.public_key, row.attestation_format.as_str()), (&made.key.cose(), "none"));
        assert_eq!(made.user_handle, ada.user.id.0.as_bytes(), "the handle is the user id");
        assert_eq!(row.backup, Some(BackupFlags { eligible: true, backed_up: true }));
        assert_eq!((row.sign_count, row.mfa_only, row.user_verified), (0, false, true));
        assert_eq!(row.transports, ["internal", "hybrid"]);
        assert_eq!((row.created_at, row.last_used_at), (app.now(), Some(app.now())));

        let records = records_now(&app).await;
        assert_eq!(only(&records), ("user_created", ""));
        assert_eq!(records[0].details.as_ref().unwrap()["passkey"], phone.credential_id());
        assert_eq!(app.mails("ada@example.com").await.len(), 1, "nothing but the code");
        assert_eq!(app.login().in_browser().await.autofill(&mut phone).await.outline(), "200 success");
    }

    async fn a_required_one_cannot_be_skipped(app: AppBuilder) {
        let app = app.config(PASSKEYS_ONLY).start().await;
        let mut flow = registering(&app, "ada@example.com").await;
        assert_eq!(screen(&flow), format!("onboarding_create_passkey back {GENERATE_CREATION}"));
        let mut key = Device::key(1);
        flow.create_passkey(&mut key).await;
        assert_eq!((flow.doc.outline().as_str(), amr(&flow)), ("200 success", json!(["passkey"])));
        let shown = &flow.doc.json["payload"]["user"]["passkeys"][0];
        assert_eq!((&shown["backup_eligible"], &shown["backup_state"]), (&json!(false), &json!(false)));
        assert_eq!(shown["transports"], json!(["usb"]));

        let mut flow = registering(&app, "bob@example.com").await;
        assert_eq!(flow.act("skip", json!({})).await.outline(), "403 error operation_not_permitted_error");
        assert!(account(&app, "bob@example.com").await.is_none());
        // R4: a client that cannot is told so.
        let mut flow = app.registration().await;
        let doc = flow.act("register_login_identifier", json!({ "email": "cem@example.com" })).await;
        assert_eq!(doc.outline(), "401 error platform_authenticator_required");
    }

    async fn an_optional_one_can_be_skipped(app: AppBuilder) {
        let app = app.start().await;
        for back in [false, true] {
            let address = format!("{back}@example.com");
            let mut flow = registering(&app, &address).await;
            set_password(&mut flow).await;
            if back {
                flow.act(GENERATE_CREATION, json!({})).await;
                flow.act("back", json!({})).await;
                assert_eq!(screen(&flow), format!("onboarding_create_passkey skip {GENERATE_CREATION}"));
            }
            assert_eq!(flow.act("skip", json!({})).await.outline(), "200 success");
            let user = account(&app, &address).await.unwrap().user.id;
            assert!(stored(&app, user).await.credentials.is_empty());
        }
    }

    /// Spec 03 §6.1: what was chosen has to be done, but can be chosen anew.
    async fn either_of_the_two_is_chosen(app: AppBuilder) {
        let app = app.config(EITHER).start().await;
        let chooser = "credential_onboarding_chooser back continue_to_passkey_registration continue_to_password_registration";
        let mut flow = registering(&app, "ada@example.com").await;
        assert_eq!(screen(&flow), chooser);
        flow.act("continue_to_passkey_registration", json!({})).await;
        assert_eq!(screen(&flow), format!("onboarding_create_passkey back {GENERATE_CREATION}"));
        flow.act("back", json!({})).await;
        assert_eq!(screen(&flow), chooser);
        flow.act("continue_to_passkey_registration", json!({})).await;
        flow.create_passkey(&mut Device::phone(1)).await;
        assert_eq!((flow.doc.outline().as_str(), amr(&flow)), ("200 success", json!(["passkey"])));

        let mut flow = registering(&app, "bob@example.com").await;
        flow.act("continue_to_password_registration", json!({})).await;
        assert_eq!(screen(&flow), "password_creation back register_password");
        set_password(&mut flow).await;
        assert_eq!((flow.doc.outline().as_str(), amr(&flow)), ("200 success", json!(["pwd"])));
    }

    /// Passkeys only, so the address is the name; with a user name both are shown (spec 05 §8.2).
    async fn names_in_the_options(app: AppBuilder) {
        let app = app
            .config("{ username: { enabled: true, optional: true }, email: { optional: true, require_verification: false } }")
            .config("{ password: { enabled: false }, webauthn: { relying_party: { display_name: Shop } } }")
            .config("webauthn: { timeouts: { registration: 120000, login: 30000 } }")
            .start()
            .await;
        let rows = [
            (json!({ "email": "a@example.com" }), "a@example.com", "a@example.com"),
            (json!({ "email": "b@example.com", "username": "bob" }), "b@example.com", "bob"),
            (json!({ "username": "cem" }), "cem", "cem"),
        ];
        for (identifiers, name, display) in rows {
            let mut flow = app.registration().in_browser().await;
            flow.act("register_login_identifier", identifiers).await;
            flow.act(GENERATE_CREATION, json!({})).await;
            let options = &flow.doc.creation_options()["publicKey"];
            assert_eq!((&options["user"]["name"], &options["user"]["displayName"]), (&json!(name), &json!(display)));
            assert_eq!(options["rp"], json!({ "id": "localhost", "name": "Shop" }));
            assert_eq!(options["timeout"], 120_000);
        }
        let login = app.login().in_browser().await;
        assert_eq!(login.doc.request_options()["publicKey"]["timeout"], 30_000);
    }

    /// Spec 02 §5.18 and spec 09: at sign-in the account gets it at once, its owner a mail, and the record says so.
    async fn at_sign_in(app: AppBuilder) {
        let app = app.start().await;
        let mut phone = Device::phone(2);
        let ada = app.user("ada@example.com").password(PASSWORD).create().await;
        let mut flow = signing_in(&app, "ada@example.com").await;
        assert_eq!(screen(&flow), format!("onboarding_create_passkey skip {GENERATE_CREATION}"));
        tick(&app);
        flow.create_passkey(&mut phone).await;
        assert_eq!(flow.doc.outline(), "200 success");
        assert_eq!(amr(&flow), json!(["pwd"]), "what was made is not what was proven");
        assert_eq!(flow.doc.json["payload"]["user"]["passkeys"][0]["id"], phone.credential_id());
        let after = stored(&app, ada.id).await;
        assert_eq!((after.credentials.len(), after.account.unwrap().user.updated_at), (1, app.now()));
        let records = records_now(&app).await;
        let made = records.iter().find(|record| record.kind == "passkey_created").unwrap();
        assert_eq!(made.actor_user_id, Some(ada.id));
        assert_eq!(made.details.as_ref().unwrap()["passkey"], phone.credential_id());
        let mut kinds: Vec<_> = records.iter().map(|record| record.kind.as_str()).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["login_success", "passkey_created", "security_notification_sent"]);
        assert_eq!(app.mails("ada@example.com").await.len(), 1);

        // Nobody is asked again who has one.
        assert_eq!(signing_in(&app, "ada@example.com").await.doc.outline(), "200 success");
    }

    async fn no_mail_where_none_is_wanted(app: AppBuilder) {
        let app = app.config("security_notifications: { notifications: { passkey_create: { enabled: false } } }").start().await;
        app.user("ada@example.com").password(PASSWORD).create().await;
        let mut flow = signing_in(&app, "ada@example.com").await;
        assert_eq!(flow.create_passkey(&mut Device::phone(1)).await.outline(), "200 success");
        assert!(app.mails("ada@example.com").await.is_empty());
    }

    /// R1: what the account has is excluded; an authenticator that answers all the same is refused.
    async fn what_the_account_has_is_excluded(app: AppBuilder) {
        let app = app.config("{ mfa: { enabled: false }, passkey: { optional: false } }").start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).security_key(&mut key).create().await;
        let mut flow = signing_in(&app, "ada@example.com").await;
        flow.act(GENERATE_CREATION, json!({})).await;
        let excluded = json!([{ "id": key.credential_id(), "transports": ["usb"], "type": "public-key" }]);
        assert_eq!(flow.doc.creation_options()["publicKey"]["excludeCredentials"], excluded);
        assert!(key.authenticator.create(flow.doc.creation_options(), &key.origin).is_none());
        let before = stored(&app, ada.id).await;
        tick(&app);
        // The same seed makes the same credential.
        let refused = flow.attest(Device::key(1).create(&flow.doc)).await;
        assert_eq!(refused.outline(), NOT_MADE);
        assert_eq!(only(&records_now(&app).await), ("webauthn_registration_failed", "credential registered already"));
        assert_eq!(stored(&app, ada.id).await, before);
        assert_eq!(refused.actions(), ["back", GENERATE_CREATION, "webauthn_verify_attestation_response"]);
    }

    /// R25: a credential id that anybody has, whoever asks.
    async fn s056_a_credential_of_somebody_else(app: AppBuilder) {
        let app = app.config(PASSKEYS_ONLY).config(UNLIMITED).start().await;
        let (mut first, mut key) = (Device::phone(7), Device::key(8));
        let ada = app.user("ada@example.com").passkey(&mut first).security_key(&mut key).create().await;
        let before = stored(&app, ada.id).await;
        for (number, theirs) in [Authenticator::new(7).synced(), Authenticator::new(8)].into_iter().enumerate() {
            let address = format!("u{number}@example.com");
            let mut flow = registering(&app, &address).await;
            flow.act(GENERATE_CREATION, json!({})).await;
            let made = Device::new(theirs).create(&flow.doc);
            assert_eq!(flow.attest(made).await.outline(), NOT_MADE);
            assert!(account(&app, &address).await.is_none());
            assert_eq!(stored(&app, ada.id).await, before);
            let other = flow.act(GENERATE_CREATION, json!({})).await;
            let made = Device::phone(20 + number as u64).create(&other);
            assert_eq!(flow.attest(made).await.outline(), "200 success");
        }
        assert_eq!(app.login().in_browser().await.autofill(&mut first).await.outline(), "200 success");
    }

    /// The same when the other one was faster: both had it accepted in their flows.
    async fn s056_the_faster_one_gets_the_credential(app: AppBuilder) {
        let first_passkey =
            "{ passkey: { optional: false }, password: { acquire_on_registration: always, optional: false } }";
        let app = app.config("email: { require_verification: false }").config(first_passkey).start().await;
        let mut flows = Vec::new();
        for address in ["ada@example.com", "bob@example.com"] {
            let mut flow = registering(&app, address).await;
            if flow.doc.name() == "password_creation" {
                set_password(&mut flow).await;
                flow.act(GENERATE_CREATION, json!({})).await;
            } else {
                flow.create_passkey(&mut Device::phone(1)).await;
            }
            flows.push(flow);
        }
        for (flow, expected) in flows.iter_mut().zip(["200 success", "401 registration_init passkey_invalid"]) {
            assert_eq!(flow.doc.name(), "password_creation");
            set_password(flow).await;
            assert_eq!(flow.doc.outline(), expected);
        }
        assert!(account(&app, "bob@example.com").await.is_none());
        // It starts over and can be completed.
        let flow = &mut flows[1];
        flow.act("register_login_identifier", json!({ "email": "bob@example.com" })).await;
        flow.create_passkey(&mut Device::phone(2)).await;
        set_password(flow).await;
        assert_eq!(flow.doc.outline(), "200 success");
    }

    /// Transports come from the client: short words only, also unknown ones, wherever they stand.
    async fn transports_are_cleaned(app: AppBuilder) {
        let app = app.config(PASSKEYS_ONLY).config(UNLIMITED).start().await;
        let many: Vec<String> = (0..40).map(|number| format!("word{number}")).collect();
        let rows = [
            (json!(["usb", "usb", "", "smart-card", "UPPER", "a b", 7, null]), json!(["usb", "smart-card"])),
            (json!(many), json!(many[..8])),
            (json!("usb"), json!([])),
            (json!(null), json!([])),
        ];
        for (number, (sent, kept)) in (1..).zip(rows) {
            let mut flow = registering(&app, &format!("u{number}@example.com")).await;
            flow.act(GENERATE_CREATION, json!({})).await;
            let tweaks = Tweaks { transports: Some(sent.clone()), ..Tweaks::default() };
            let made = Device::key(number).create_with(&flow.doc, &tweaks);
            let done = flow.attest(made).await;
            assert_eq!(done.json["payload"]["user"]["passkeys"][0]["transports"], kept, "{sent}");
        }
    }
}
