//! In which order a sign-in asks for things (spec 03, section 15.4), and the sequences of spec 02, section 17.13, as far as
//! nobody else takes part in them.

use http::Method;
use serde_json::{Value, json};

use super::{PASSWORD, UNLIMITED, Walk, address, identify, number, sign_in, start};
use crate::support::{AppBuilder, Device, Doc, TestApp, TestUser};

/// User names and addresses, asked for at sign-in.
const DETAILS: &str = "
username: { enabled: true, optional: true, acquire_on_login: true }
email: { optional: true, acquire_on_login: true }
";

async fn server(app: &AppBuilder, settings: &str) -> TestApp {
    app.clone().config(UNLIMITED).config(settings).start().await
}

/// A sign-in with a password from a device with this cookie.
async fn sign_in_on<'a>(app: &'a TestApp, user: &TestUser, cookie: &str) -> Walk<'a> {
    let address = user.email.as_deref().unwrap();
    let mut flow = start(app, "login", true).await;
    identify(&mut flow, address).await;
    flow.act("continue_to_password_login", json!({})).await;
    let body = json!({ "csrf_token": flow.doc.csrf(), "input_data": { "password": user.password } });
    let call = app.call(Method::POST, &flow.href("password_login")).header("cookie", cookie);
    flow.doc = Doc::new(call.json(&body).await);
    Walk::new(app, flow, address).owner(user)
}

fn amr(doc: &Doc) -> &Value {
    &doc.json["payload"]["claims"]["amr"]
}

each_engine! {
    /// 15.4: what an account can be asked for at the most comes in this order.
    async fn the_order_of_a_sign_in(app: AppBuilder) {
        let settings = "{ passkey: { acquire_on_login: always }, password: { acquire_on_login: always } }";
        let app = app.config(UNLIMITED).config(DETAILS).config(settings);
        let asking = app.clone().config("mfa: { acquire_on_login: true, optional: false }").start().await;
        let user = asking.user(&address()).create().await;
        let chain = sign_in(&asking, &user, true, false).await.on().await;
        assert_eq!(chain, "MC OTPᵇ UNˢ PW PKˢ OK", "an address only");
        let user = asking.user("").username(&format!("name{}", number())).password(PASSWORD).create().await;
        let chain = sign_in(&asking, &user, true, true).await.on().await;
        assert_eq!(chain, "MC OTPᵇ EMˢ PCᵇ PKˢ OK", "a user name and a password");

        let app = app.config("email: { require_verification: false }").start().await;
        let user = app.user("").username(&format!("name{}", number())).password(PASSWORD).totp().create().await;
        let chain = sign_in(&app, &user, true, true).await.on().await;
        assert_eq!(chain, "otp EMˢ PKˢ DTˢ OK", "an app");
    }

    /// 15.4: the captured rows.
    async fn required_second_factors_come_before_the_details(app: AppBuilder) {
        let settings = "
passkey: { enabled: false }
mfa: { acquire_on_login: true, optional: false }
";
        let app = server(&app.config(DETAILS), settings).await;
        let user = app.user(&address()).password(PASSWORD).create().await;
        assert_eq!(sign_in(&app, &user, true, true).await.on().await, "MC OTPᵇ UNˢ OK");
        let user = app.user("").username(&format!("name{}", number())).password(PASSWORD).create().await;
        assert_eq!(sign_in(&app, &user, true, true).await.on().await, "MC OTPᵇ EMˢ PCᵇ OK");
    }

    /// 17.13, 1: the defaults, a user with a password, a code chosen.
    async fn sequence_1(app: AppBuilder) {
        let app = app.start().await;
        let user = app.user(&address()).password(PASSWORD).create().await;
        let walk = sign_in(&app, &user, true, false).await;
        assert_eq!(walk.flow.doc.actions(), ["skip", "webauthn_generate_creation_options"]);
        let (chain, doc) = walk.skipping(true).through().await;
        assert_eq!((chain.as_str(), amr(&doc)), ("PKˢ OK", &json!(["otp"])));
    }

    /// 17.13, 2: a passkey in the form.
    async fn sequence_2(app: AppBuilder) {
        let app = app.start().await;
        let mut phone = Device::phone(1);
        app.user(&address()).passkey(&mut phone).create().await;
        let mut flow = start(&app, "login", true).await;
        let done = flow.autofill(&mut phone).await;
        assert_eq!((done.outline().as_str(), amr(&done)), ("200 success", &json!(["passkey"])));
    }

    /// 17.13, 3: recovery, an app, user names.
    async fn sequence_3(app: AppBuilder) {
        let app = server(&app, "username: { enabled: true }").await;
        let mut phone = Device::phone(1);
        let user = app.user(&address()).password(PASSWORD).passkey(&mut phone).totp().create().await;
        let mut flow = start(&app, "login", true).await;
        identify(&mut flow, user.email.as_deref().unwrap()).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        let walk = Walk::new(&app, flow, user.email.as_deref().unwrap()).owner(&user).skipping(true);
        let (chain, doc) = walk.through().await;
        assert_eq!((chain.as_str(), amr(&doc)), ("PCᵇ otp RC UNˢ DTᵇˢ OK", &json!(["pwd", "totp"])));
    }

    /// 17.13, 4: recovery, then an app is asked for.
    async fn sequence_4(app: AppBuilder) {
        let app = server(&app, "mfa: { acquire_on_login: true }").await;
        let user = app.user(&address()).password(PASSWORD).create().await;
        let mut flow = start(&app, "login", true).await;
        identify(&mut flow, user.email.as_deref().unwrap()).await;
        flow.act("continue_to_password_login", json!({})).await;
        flow.act("continue_to_passcode_confirmation_recovery", json!({})).await;
        let walk = Walk::new(&app, flow, user.email.as_deref().unwrap());
        let (chain, doc) = walk.through().await;
        assert_eq!((chain.as_str(), amr(&doc)), ("PCᵇ RC MCˢ OTPᵇ PKˢ OK", &json!(["pwd"])));
    }

    /// 17.13, 5: a password, an app is added.
    async fn sequence_5(app: AppBuilder) {
        let app = server(&app, "mfa: { acquire_on_login: true }").await;
        let user = app.user(&address()).password(PASSWORD).create().await;
        let (chain, doc) = sign_in(&app, &user, true, true).await.through().await;
        assert_eq!((chain.as_str(), amr(&doc)), ("MCˢ OTPᵇ PKˢ OK", &json!(["pwd"])));
    }

    /// 17.13, 6: a user name only, an address is required.
    async fn sequence_6(app: AppBuilder) {
        let app = server(&app, "{ username: { enabled: true }, passkey: { enabled: false } }").await;
        let user = app.user("").username("ada").password(PASSWORD).create().await;
        let (chain, doc) = sign_in(&app, &user, true, true).await.through().await;
        assert_eq!(chain, "EM PCᵇ OK");
        let email = &doc.json["payload"]["user"]["emails"][0];
        assert_eq!((&email["is_verified"], &email["is_primary"]), (&json!(true), &json!(true)));
    }

    /// 17.13, 7: a passkey of somebody without a name.
    async fn sequence_7(app: AppBuilder) {
        let app = server(&app.config(DETAILS), "password: { acquire_on_login: always }").await;
        let mut phone = Device::phone(1);
        app.user("").passkey(&mut phone).create().await;
        let mut flow = start(&app, "login", true).await;
        flow.use_passkey(&mut phone).await;
        let (chain, doc) = Walk::new(&app, flow, "").through().await;
        assert_eq!((chain.as_str(), amr(&doc)), ("UNˢ EMˢ PCᵇ PW OK", &json!(["passkey"])));
    }

    /// 17.13, 8: a trusted device.
    async fn sequence_8(app: AppBuilder) {
        let app = server(&app, "passkey: { enabled: false }").await;
        let user = app.user(&address()).password(PASSWORD).totp().create().await;
        let (chain, doc) = sign_in(&app, &user, true, true).await.through().await;
        assert_eq!((chain.as_str(), amr(&doc)), ("otp DTˢ OK", &json!(["pwd", "totp"])));
        let cookies = doc.header("set-cookie");
        let (_, cookie) = cookies.split_once("hanko-device-token=").expect("the cookie of the device");
        let cookie = format!("hanko-device-token={}", cookie.split(';').next().unwrap());
        let (chain, doc) = sign_in_on(&app, &user, &cookie).await.through().await;
        assert_eq!((chain.as_str(), amr(&doc)), ("OK", &json!(["pwd"])));
    }

    /// 17.13, 9: a passkey, no password, no codes.
    async fn sequence_9(app: AppBuilder) {
        let settings = "
username: { enabled: true }
email: { optional: true, acquire_on_login: false, use_for_authentication: false }
password: { acquire_on_login: always }
mfa: { acquire_on_login: true }
";
        let app = server(&app, settings).await;
        let mut phone = Device::phone(1);
        app.user("").passkey(&mut phone).create().await;
        let mut flow = start(&app, "login", true).await;
        flow.use_passkey(&mut phone).await;
        let chain = Walk::new(&app, flow, "").on().await;
        assert_eq!(chain, "UNˢ PW MCˢ OTPᵇ OK");
    }
}
