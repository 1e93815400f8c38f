//! Sign-ins with a passkey, and with a second factor.

use std::sync::{Arc, Mutex, PoisonError};

use inkan_base::{Clock as _, SystemClock};
use inkan_crypto::TotpSecret;
use inkan_test_support::authenticator::Authenticator;
use serde_json::{Value, json};

use crate::{Failure, flow::Flow, http::Connection, seed, smtp::Sink};

/// An origin that the server accepts by default.
const ORIGIN: &str = "http://localhost:8888";
/// People who sign in with passkeys; more than connections at the same time.
const PEOPLE: usize = 640;
/// What a browser with passkeys says about itself.
const BROWSER: [&str; 3] = [
    "webauthn_available",
    "webauthn_conditional_mediation_available",
    "webauthn_platform_authenticator_available",
];

/// Authenticators with a passkey each.
#[derive(Clone)]
pub(crate) struct Passkeys(Arc<Vec<Mutex<Authenticator>>>);

fn capabilities() -> Value {
    BROWSER
        .into_iter()
        .map(|name| (name.to_owned(), Value::Bool(true)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

impl Passkeys {
    /// Registers everybody.
    pub(crate) async fn register(connection: &mut Connection, sink: &Sink) -> Result<Self, Failure> {
        let mut people = Vec::with_capacity(PEOPLE);
        for number in 0..PEOPLE {
            let mut authenticator = Authenticator::new(u64::try_from(number)?).synced();
            let email = format!("passkey{number}@bench.example");
            let mut flow = Flow::start_as(connection, "registration", &capabilities()).await?;
            flow.act("register_login_identifier", &json!({ "email": email })).await?;
            flow.act("verify_passcode", &json!({ "code": sink.code(&email).await? })).await?;
            while !flow.offers("webauthn_generate_creation_options") {
                flow.act("skip", &json!({})).await?;
            }
            flow.act("webauthn_generate_creation_options", &json!({})).await?;
            let options = &flow.payload()["creation_options"];
            let made = authenticator.create(options, ORIGIN).ok_or("the passkey is excluded")?;
            flow.act("webauthn_verify_attestation_response", &json!({ "public_key": made })).await?;
            flow.finish().await?;
            people.push(Mutex::new(authenticator));
        }
        Ok(Self(Arc::new(people)))
    }

    /// Signs in as the browser does when a passkey is chosen in the form: the options come with `login_init`.
    pub(crate) async fn sign_in(&self, connection: &mut Connection, number: usize) -> Result<(), Failure> {
        let mut flow = Flow::start_as(connection, "login", &capabilities()).await?;
        let options = &flow.payload()["request_options"];
        let answer = {
            let authenticator = &self.0[number % self.0.len()];
            let mut authenticator = authenticator.lock().unwrap_or_else(PoisonError::into_inner);
            authenticator.get(options, ORIGIN).ok_or("there is no passkey")?
        };
        flow.act("webauthn_verify_assertion_response", &json!({ "assertion_response": answer })).await?;
        flow.finish().await
    }
}

/// Signs in with a code sent by mail and then with a code of an authenticator app.
pub(crate) async fn totp_login(
    connection: &mut Connection,
    number: usize,
    sink: &Sink,
) -> Result<(), Failure> {
    let number = number % seed::TOTP_USERS;
    let email = seed::totp_address(number);
    let mut flow = Flow::start(connection, "login").await?;
    flow.act("continue_with_login_identifier", &json!({ "email": email })).await?;
    if flow.offers("continue_to_passcode_confirmation") {
        flow.act("continue_to_passcode_confirmation", &json!({})).await?;
    }
    flow.act("verify_passcode", &json!({ "code": sink.code(&email).await? })).await?;
    let secret: TotpSecret = seed::totp_secret(number);
    let code = secret.password_at(SystemClock.now());
    flow.act("otp_code_validate", &json!({ "otp_code": code })).await?;
    flow.finish().await
}
