//! Between `login_otp` and `login_security_key` (spec 02 §5.9, §5.10 and §6.3).

use serde_json::json;

use super::{PASSWORD, Plain as _, after_password, enter, first_factor, methods, recover};
use crate::support::Device;

const GENERATE: &str = "webauthn_generate_request_options";

each_engine! {
    async fn either_factor_will_do(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut key = Device::key(1);
        let ada = app.user("ada@example.com").password(PASSWORD).totp().security_key(&mut key).create().await;
        let mut flow = after_password(&app, &ada).await;
        assert_eq!(flow.doc.outline(), "200 login_security_key");
        assert_eq!(flow.doc.actions(), ["continue_to_login_otp", GENERATE]);
        // To and fro, from within the ceremony, too; there is no way back before the password.
        for _ in 0..40 {
            assert_eq!(flow.act("continue_to_login_otp", json!({})).await.outline(), "200 login_otp");
            assert_eq!(flow.doc.actions(), ["continue_to_login_security_key", "otp_code_validate"]);
            assert_eq!(flow.act("continue_to_login_security_key", json!({})).await.outline(), "200 login_security_key");
            assert_eq!(flow.act(GENERATE, json!({})).await.outline(), "200 login_passkey");
            assert_eq!(flow.act("back", json!({})).await.outline(), "200 login_security_key");
            assert_eq!(flow.send("back", &json!({ "csrf_token": flow.doc.csrf() })).await.status, 403);
        }
        flow.act("continue_to_login_otp", json!({})).await;
        assert_eq!(enter(&mut flow, ada.totp_code(app.now())).await.outline(), "200 device_trust");
        assert_eq!(flow.doc.actions(), ["skip", "trust_device"], "no way back over the second factor");
        assert_eq!(methods(&flow.act("skip", json!({})).await).1, "totp");

        let mut flow = after_password(&app, &ada).await;
        flow.act("continue_to_login_otp", json!({})).await;
        flow.act("continue_to_login_security_key", json!({})).await;
        assert_eq!(flow.use_passkey(&mut key).await.outline(), "200 device_trust");
        assert_eq!(methods(&flow.act("skip", json!({})).await).1, "security_key");
    }

    /// Spec 02 L23, spec 03 item 23: only to owners of a security key, and where the client can use one (L13).
    async fn l23_r23_l13_a_key_is_offered_to_its_owners(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut numbers = 0..;
        for (attachment, webauthn, owns_key, owns_passkey, state, actions) in [
            ("any", true, true, false, "login_security_key", vec!["continue_to_login_otp", GENERATE]),
            ("any", true, false, true, "login_otp", vec!["otp_code_validate"]),
            ("any", true, false, false, "login_otp", vec!["otp_code_validate"]),
            ("any", false, true, false, "login_otp", vec!["otp_code_validate"]),
        ] {
            let row = format!("{attachment}, webauthn {webauthn}, key {owns_key}, passkey {owns_passkey}");
            let number = numbers.next().unwrap();
            let (mut key, mut phone) = (Device::key(10 + number), Device::phone(20 + number));
            let address = format!("ada{number}@example.com");
            let mut user = app.user(&address).password(PASSWORD).totp();
            if owns_key {
                user = user.security_key(&mut key);
            }
            if owns_passkey {
                user = user.passkey(&mut phone);
            }
            let ada = user.create().await;
            let start = app.login();
            let mut flow = if webauthn { start.with_webauthn().await } else { start.await };
            let doc = first_factor(&mut flow, &ada).await;
            assert_eq!((doc.name(), doc.actions()), (state, actions), "{row}");
        }
    }

    /// The actions that are not offered are refused, recovery codes included.
    async fn what_is_not_offered_is_refused(app: AppBuilder) {
        let app = app.plain().start().await;
        let mut phone = Device::phone(1);
        let ada = app.user("ada@example.com").password(PASSWORD).totp().passkey(&mut phone).create().await;
        let mut flow = after_password(&app, &ada).await;
        for action in ["continue_to_login_security_key", GENERATE, "recovery_code", "back", "skip", "trust_device"] {
            let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "recovery_code": "00000-00000" } });
            let doc = flow.send(action, &body).await;
            assert_eq!((doc.status, doc.error()), (403, "operation_not_permitted_error"), "{action}");
        }
        assert_eq!(recover(&mut flow, "00000-00000").await.status, 403);
    }
}
