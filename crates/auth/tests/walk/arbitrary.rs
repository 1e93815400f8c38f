//! Arbitrary requests: any bytes as query, content type and body, and any JSON to any action in any order, on running flows.
//! Nothing may panic or answer 5xx, and every answer is a well-formed document.

use inkan_auth::{FlowKind, FlowRequest};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use serde_json::{Map, Value, json};

use crate::{
    candidates::ACTIONS,
    matrix::Matrix,
    rules::{Rules, had},
    run::{Run, SITUATIONS},
    wire::Doc,
    world::World,
};

const CASES: u32 = 1500;

/// One request.
#[derive(Clone, Debug)]
enum Request {
    /// Anything at all.
    Raw { query: String, content_type: Option<String>, body: Vec<u8> },
    /// An action of the flow, with its token or another one, and any input.
    Act { action: usize, token: Token, data: Value },
    /// The next step, so that the requests reach all states.
    GoOn,
}

#[derive(Clone, Debug)]
enum Token {
    Current,
    Other(Value),
}

#[test]
fn arbitrary_documents_actions_and_orders_never_5xx() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let settings = Matrix::new().settings;
    // User names and optional passwords: the longest flows.
    let setting = settings.iter().find(|setting| {
        setting.name.contains("retention=prompt") && setting.name.contains("username.enabled")
    });
    let world = runtime.block_on(World::new(setting.unwrap_or(&settings[0]).config.clone(), 1));
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let cases = (0..SITUATIONS.len(), vec(request(), 1..10));
    let result = runner.run(&cases, |(situation, requests)| {
        runtime.block_on(play(&world, situation, &requests)).map_err(TestCaseError::fail)
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

async fn play(world: &World, situation: usize, requests: &[Request]) -> Result<(), String> {
    let mut run = Run::start(world, SITUATIONS[situation]).await?;
    let flow = run.situation.flow;
    for request in requests {
        let doc = match request {
            Request::GoOn => {
                go_on(&mut run).await?;
                continue;
            }
            Request::Raw { query, content_type, body } => {
                raw(&run, flow, query, content_type.as_deref(), body).await?
            }
            Request::Act { action, token, data } => {
                let token = match token {
                    Token::Current => json!(run.doc.token()),
                    Token::Other(token) => token.clone(),
                };
                let query = format!("action={}@{}", ACTIONS[*action], run.id);
                let body = json!({ "csrf_token": token, "input_data": data }).to_string();
                raw(&run, flow, &query, Some("application/json"), body.as_bytes()).await?
            }
        };
        if doc.status >= 500 && doc.error() != "flow_discontinuity_error" {
            return Err(format!("{request:?}: {}", doc.body));
        }
        let first = run.knows(&["code proven", "password proven", "passkey proven"]);
        let asked = flow == FlowKind::Login
            && Rules(world.config()).asks_second_factor(had(&run), &run.facts)
            && !run.knows(&["app proven", "security key proven", "recovery code proven"]);
        if doc.session.is_some() && (!first || asked) {
            return Err(format!("{request:?} gave a session: {}", doc.body));
        }
        if !doc.is_detached() && doc.flow_id().is_none_or(|id| id == run.id) {
            run.take_over("", "", doc);
        }
    }
    Ok(())
}

/// Takes the first accepted candidate of one of the actions on offer.
async fn go_on(run: &mut Run<'_>) -> Result<(), String> {
    let actions: Vec<String> = run.doc.actions().into_iter().map(str::to_owned).collect();
    for action in
        actions.iter().filter(|action| !["back", "remember_me", "resend_passcode"].contains(&action.as_str()))
    {
        let all = crate::candidates::candidates(run, action).await;
        if let Some(right) = all.iter().find(|candidate| candidate.accepted) {
            return run.act(action, right.label, &right.data).await;
        }
    }
    Ok(())
}

async fn raw(
    run: &Run<'_>,
    flow: FlowKind,
    query: &str,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<Doc, String> {
    let cx = run.world.cx_of(&run.person);
    let request = FlowRequest { cx: &cx, flow, query, content_type, body };
    Doc::read(flow, &run.world.app.flow(request).await)
}

fn request() -> impl Strategy<Value = Request> {
    let content_type =
        prop_oneof![Just(Some("application/json".to_owned())), Just(None), "\\PC{0,30}".prop_map(Some),];
    let query = prop_oneof![
        "\\PC{0,60}",
        "action=[%@&=;+a-z0-9-]{0,60}",
        "(action|Action|a)=[a-z_]{1,20}(%40|@)[0-9a-f-]{0,40}",
    ];
    let body =
        prop_oneof![vec(any::<u8>(), 0..200), json_value().prop_map(|value| value.to_string().into_bytes()),];
    let raw = (query, content_type, body).prop_map(|(query, content_type, body)| Request::Raw {
        query,
        content_type,
        body,
    });
    let token = prop_oneof![4 => Just(Token::Current), 1 => json_value().prop_map(Token::Other)];
    let act = (0..ACTIONS.len(), token, inputs()).prop_map(|(action, token, data)| Request::Act {
        action,
        token,
        data,
    });
    prop_oneof![2 => raw, 4 => act, 3 => Just(Request::GoOn)]
}

/// Inputs of the names that there are, with any values; sometimes no object at all.
fn inputs() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("email"),
        Just("username"),
        Just("identifier"),
        Just("password"),
        Just("new_password"),
        Just("code"),
        Just("remember_me"),
        Just("webauthn_available"),
        Just("otp_code"),
        Just("recovery_code"),
        Just("assertion_response"),
        Just("public_key"),
        Just("constructor"),
    ];
    let members = vec((name, json_value()), 0..4)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        .prop_map(|members: Map<String, Value>| Value::Object(members));
    prop_oneof![6 => members, 1 => json_value()]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::String),
        "[a-z]{1,8}@[a-z]{1,8}\\.[a-z]{2,4}".prop_map(Value::String),
        "[0-9]{6}".prop_map(Value::String),
        "\\PC{0,400}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec(("\\PC{0,12}", inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
