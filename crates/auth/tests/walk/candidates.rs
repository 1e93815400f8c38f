//! What is submitted to the actions on offer: the right thing, wrong things, nothing, other types, more than asked for; and
//! whether the specification accepts it.

use inkan_auth::FlowKind;
use serde_json::{Value, json};

use crate::{proofs, rules::Rules, run::Run};

/// One thing to submit.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) label: &'static str,
    pub(crate) data: Value,
    pub(crate) accepted: bool,
}

/// All names of actions, and one that is none.
pub(crate) const ACTIONS: [&str; 35] = [
    "register_client_capabilities",
    "continue_with_login_identifier",
    "remember_me",
    "continue_to_password_login",
    "continue_to_passcode_confirmation",
    "password_login",
    "continue_to_passcode_confirmation_recovery",
    "password_recovery",
    "verify_passcode",
    "resend_passcode",
    "register_login_identifier",
    "register_password",
    "skip",
    "back",
    "username_create",
    "username_set",
    "email_address_set",
    "webauthn_generate_request_options",
    "webauthn_verify_assertion_response",
    "webauthn_generate_creation_options",
    "webauthn_verify_attestation_response",
    "continue_to_login_otp",
    "continue_to_login_security_key",
    "otp_code_validate",
    "recovery_code",
    "continue_to_otp_secret_creation",
    "continue_to_security_key_creation",
    "otp_code_verify",
    "continue_to_passkey_registration",
    "continue_to_password_registration",
    "trust_device",
    "thirdparty_oauth",
    "exchange_token",
    "continue_to_passkey",
    "no_such_action",
];

const WEBAUTHN: &str = "webauthn_available";
const CONDITIONAL: &str = "webauthn_conditional_mediation_available";
const PLATFORM: &str = "webauthn_platform_authenticator_available";

fn yes(label: &'static str, data: Value) -> Candidate {
    Candidate { label, data, accepted: true }
}

fn no(label: &'static str, data: Value) -> Candidate {
    Candidate { label, data, accepted: false }
}

/// What to submit to an action, always in the same order.
pub(crate) async fn candidates(run: &Run<'_>, action: &str) -> Vec<Candidate> {
    made(run, action, None).await
}

/// The candidate of this name.
pub(crate) async fn candidate(run: &Run<'_>, action: &str, label: &str) -> Option<Candidate> {
    made(run, action, Some(label)).await.into_iter().find(|candidate| candidate.label == label)
}

async fn made(run: &Run<'_>, action: &str, only: Option<&str>) -> Vec<Candidate> {
    match action {
        "register_client_capabilities" => vec![
            yes("true", json!({ WEBAUTHN: true, CONDITIONAL: true, PLATFORM: true })),
            yes("conditional", json!({ WEBAUTHN: true, CONDITIONAL: true })),
            yes("webauthn", json!({ WEBAUTHN: true })),
            yes("nothing", json!({})),
            yes("other types", json!({ WEBAUTHN: [1], CONDITIONAL: {} })),
        ],
        "webauthn_verify_assertion_response" => proofs::assertion(run, only),
        "webauthn_verify_attestation_response" => proofs::attestation(run, only),
        "otp_code_validate" => proofs::one_time_password(run),
        "otp_code_verify" => proofs::first_password(run),
        "recovery_code" => proofs::recovery_code(run),
        "remember_me" => vec![
            yes("true", json!({ "remember_me": true })),
            yes("false", json!({ "remember_me": false })),
            yes("nothing", json!({})),
        ],
        "continue_with_login_identifier" => identify(run),
        "password_login" => password(run),
        "verify_passcode" => code(run).await,
        "password_recovery" | "register_password" => new_password(run),
        "register_login_identifier" => register(run),
        "username_create" | "username_set" => username(run),
        "email_address_set" => address(run),
        // No inputs: what is sent all the same does not matter.
        _ if run.person.number.is_multiple_of(2) => {
            vec![yes("plain", json!({ "state": "success", "user_id": [1] }))]
        }
        _ => vec![yes("plain", json!({}))],
    }
}

/// Nothing, empty, other types; never accepted where something is needed.
pub(crate) fn unusable(input: &str) -> Vec<Candidate> {
    vec![
        no("nothing", json!({})),
        no("other member", json!({ "other": "x@walk.example" })),
        no("null", json!({ input: null })),
        no("empty", json!({ input: "" })),
        no("list", json!({ input: ["a"] })),
        no("object", json!({ input: { "a": 1 } })),
        no("boolean", json!({ input: false })),
    ]
}

fn identify(run: &Run<'_>) -> Vec<Candidate> {
    let rules = Rules(run.world.config());
    let action = "continue_with_login_identifier";
    let input = ["identifier", "email", "username"].into_iter().find(|name| run.doc.asks(action, name));
    let input = input.unwrap_or("none");
    let person = &run.person;
    let mut all = Vec::new();
    let known = person.user.is_some();
    if input != "username" && person.has.address {
        let accepted = known || !rules.0.privacy.show_account_existence_hints;
        let shouted = format!("  {} ", person.address.to_uppercase());
        all.push(Candidate { label: "mail", data: json!({ input: person.address }), accepted });
        all.push(Candidate { label: "mail, shouted", data: json!({ input: shouted, "x": 1 }), accepted });
    }
    if input != "email" {
        let accepted = known && person.has.name;
        all.push(Candidate { label: "name", data: json!({ input: person.name }), accepted });
    }
    all.extend(unusable(input).into_iter().filter(|candidate| candidate.label != "boolean"));
    all.push(no("blank", json!({ input: " \u{3000}" })));
    all.push(no("long", json!({ input: "x".repeat(300) })));
    all.push(no("half an address", json!({ input: "someone@nowhere" })));
    all
}

fn password(run: &Run<'_>) -> Vec<Candidate> {
    let person = &run.person;
    let right = &person.password;
    let mut all = Vec::new();
    if person.user.is_some() && person.has.password {
        all.push(yes("right", json!({ "password": right })));
        all.push(no("right in a list", json!({ "password": [right] })));
    }
    all.extend(unusable("password"));
    all.extend([
        no("wrong", json!({ "password": "Wrong-Secret-1" })),
        no("other person's", json!({ "password": run.other.password })),
        no("more than right", json!({ "password": format!("{right}x") })),
        no("in other case", json!({ "password": right.to_uppercase() })),
        no("with a space", json!({ "password": format!("{right} ") })),
        no("long", json!({ "password": "x".repeat(2000) })),
    ]);
    all
}

async fn code(run: &Run<'_>) -> Vec<Candidate> {
    let codes = run.world.codes(&run.target()).await;
    let right = codes.first().cloned().flatten();
    let wrong = wrong_code(right.as_deref());
    let mut all = Vec::new();
    if let Some(right) = &right {
        all.push(yes("right", json!({ "code": right })));
    }
    all.extend(unusable("code"));
    all.push(no("number", json!({ "code": wrong.parse::<u32>().unwrap_or_default() })));
    all.push(no("wrong", json!({ "code": wrong })));
    all.push(no("short", json!({ "code": "12345" })));
    all.push(no("long", json!({ "code": "1".repeat(500) })));
    // By now three wrong ones were entered.
    all.push(no("fourth", json!({ "code": wrong })));
    if let Some(right) = &right {
        all.push(no("right, too late", json!({ "code": right })));
    }
    all
}

/// Six digits that are not the code.
pub(crate) fn wrong_code(right: Option<&str>) -> String {
    let last = right.and_then(|right| right.chars().last()).and_then(|digit| digit.to_digit(10)).unwrap_or(0);
    format!("{}{}", right.map_or("12345", |right| &right[..5]), (last + 1) % 10)
}

fn new_password(run: &Run<'_>) -> Vec<Candidate> {
    let mut all = vec![yes("good", json!({ "new_password": run.new_password(), "password": "x" }))];
    all.extend(unusable("new_password"));
    all.extend([
        no("number", json!({ "new_password": 1_234_567_890 })),
        no("short", json!({ "new_password": "aB3$567" })),
        no("four letters of two bytes", json!({ "new_password": "\u{fc}".repeat(4) })),
        no("long", json!({ "new_password": "aB3$".repeat(19) })),
        no("common", json!({ "new_password": "Password1" })),
    ]);
    all
}

fn username(run: &Run<'_>) -> Vec<Candidate> {
    let mut all = vec![yes("free", json!({ "username": run.person.name }))];
    all.extend(unusable("username").into_iter().filter(|candidate| candidate.label != "boolean"));
    all.extend([
        no("taken", json!({ "username": run.other.name })),
        no("taken, in capitals", json!({ "username": run.other.name.to_uppercase() })),
        no("with a space", json!({ "username": "two words" })),
        no("not ASCII", json!({ "username": "\u{fc}ber_uns" })),
        no("short", json!({ "username": "ab" })),
        no("long", json!({ "username": "a".repeat(33) })),
    ]);
    all
}

fn address(run: &Run<'_>) -> Vec<Candidate> {
    let verified = run.world.config().email.require_verification;
    let mut all = vec![
        yes("free", json!({ "email": run.addition() })),
        Candidate { label: "taken", data: json!({ "email": run.other.address }), accepted: verified },
    ];
    all.extend(unusable("email"));
    all.extend(bad_addresses());
    all
}

fn bad_addresses() -> [Candidate; 4] {
    [
        no("no address", json!({ "email": "nobody" })),
        no("two dots", json!({ "email": "a..b@walk.example" })),
        no("two lines", json!({ "email": "a@walk.example\r\nBcc: b@walk.example" })),
        no("long", json!({ "email": format!("{}@walk.example", "a".repeat(120)) })),
    ]
}

fn register(run: &Run<'_>) -> Vec<Candidate> {
    debug_assert_eq!(run.situation.flow, FlowKind::Registration);
    let rules = Rules(run.world.config());
    let (mail, name) = (&run.person.address, &run.person.name);
    let open = !run.situation.exists || rules.hides_taken_addresses();
    let given = |label, data: Value, mail: bool, name: bool| {
        let seen = mail && rules.asks_for_mail();
        Candidate { label, data, accepted: rules.accepts(mail, name) && (open || !seen) }
    };
    let mut all = vec![
        given("mail", json!({ "email": mail }), true, false),
        given("name", json!({ "username": name }), false, true),
        given("both", json!({ "email": mail, "username": name, "password": "x" }), true, true),
    ];
    // In all of these one of the identifiers that were asked for is missing or wrong.
    all.extend([
        no("nothing", json!({})),
        no("null", json!({ "email": null, "username": null })),
        no("empty", json!({ "email": "", "username": "" })),
        no("blank", json!({ "email": "  ", "username": "\t" })),
        no("list", json!({ "email": ["a"], "username": ["a"] })),
        no("object", json!({ "email": {}, "username": {} })),
    ]);
    if rules.asks_for_name() {
        for bad in username(run).into_iter().filter(|bad| bad.data["username"].is_string()).skip(2) {
            all.push(no(bad.label, json!({ "email": run.addition(), "username": bad.data["username"] })));
        }
    }
    if rules.asks_for_mail() {
        for bad in bad_addresses() {
            all.push(no(bad.label, json!({ "email": bad.data["email"], "username": name })));
        }
    }
    all
}
