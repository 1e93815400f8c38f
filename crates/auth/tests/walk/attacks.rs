//! Single attacks on flows and faults of clients, each with its number in spec 14, spec 01 (section 26) or spec 02 (section 20).

use std::time::Duration;

use inkan_auth::FlowKind;
use inkan_config::Config;
use serde_json::{Value, json};

use crate::{
    run::{FREE, Run, SITUATIONS, Situation, UNKNOWN},
    wire::Doc,
    world::World,
};

/// An account with address, user name and password.
const ALL: Situation = SITUATIONS[7];
const DAY: Duration = Duration::from_hours(24);
const ALMOST_A_DAY: Duration = Duration::from_secs(24 * 3600 - 1);
/// How long an answer can be had again (spec 00, decision 22), and a little more.
const NO_REPEAT: Duration = Duration::from_secs(11);

async fn world(settings: &str) -> World {
    let base = "jwt: { algorithm: EdDSA }
audit_log: { console_output: { enabled: false } }
passkey: { acquire_on_registration: never, acquire_on_login: never }
mfa: { acquire_on_registration: false }
";
    World::new(Config::from_yaml(&format!("{base}{settings}")).unwrap(), 7).await
}

/// The steps to a sign-in with a password.
const TO_PASSWORD: [(&str, &str); 3] = [
    ("register_client_capabilities", "true"),
    ("continue_with_login_identifier", "mail"),
    ("continue_to_password_login", "plain"),
];

async fn at_password(world: &World, situation: Situation) -> Run<'_> {
    let mut run = Run::start(world, situation).await.unwrap();
    for (action, label) in TO_PASSWORD {
        run.choose(action, label).await.unwrap();
    }
    assert_eq!(run.doc.state(), "login_password");
    run
}

fn assert_refused(doc: &Doc) {
    assert_eq!((doc.status, doc.error()), (403, "operation_not_permitted_error"), "{}", doc.body);
    assert!(doc.is_detached(), "{}", doc.body);
}

#[tokio::test]
async fn s002_empty_or_missing_fields() {
    let world = world("").await;
    let mut run = at_password(&world, ALL).await;
    let inputs = [
        json!({}),
        Value::Null,
        json!({ "password": null }),
        json!({ "password": "" }),
        json!({ "password": [] }),
        json!({ "password": { "$ne": "" } }),
        json!({ "password": true }),
        json!({ "password": 0 }),
        json!({ "Password": run.person.password, "proven": true, "state": "success" }),
    ];
    for data in inputs {
        run.act("password_login", "bad", &data).await.unwrap();
        assert_eq!((run.doc.status, run.doc.state()), (400, "login_password"), "{data}");
        assert_eq!(
            run.doc.body["actions"]["password_login"]["inputs"]["password"]["error"]["code"],
            "value_missing_error",
            "{data}"
        );
        assert_eq!(run.doc.outline(), run.entry.outline());
    }
    run.choose("password_login", "right").await.unwrap();
    assert_eq!(run.doc.state(), "success");
}

#[tokio::test]
async fn s002_bodies_of_other_shapes_change_nothing() {
    let world = world("").await;
    let mut run = at_password(&world, ALL).await;
    let token = run.doc.token().to_owned();
    let query = format!("action=password_login%40{}", run.id);
    let cx = world.cx(run.person.number);
    let bad = [
        json!([]),
        json!("x"),
        json!({ "csrf_token": [token] }),
        json!({ "csrf_token": token, "input_data": [] }),
    ];
    for body in bad {
        let answer = world.send(&cx, FlowKind::Login, &query, &body).await;
        let doc = Doc::read(FlowKind::Login, &answer).unwrap();
        assert_eq!((doc.status, doc.error()), (400, "form_data_invalid_error"), "{body}");
        assert!(doc.is_detached());
    }
    for body in [Value::Null, json!({}), json!({ "input_data": { "password": run.person.password } })] {
        let answer = world.send(&cx, FlowKind::Login, &query, &body).await;
        assert_refused(&Doc::read(FlowKind::Login, &answer).unwrap());
    }
    run.choose("password_login", "right").await.unwrap();
    assert_eq!(run.doc.state(), "success");
}

#[tokio::test]
async fn s003_old_state_replayed() {
    let world = world("").await;
    let mut run = Run::start(&world, ALL).await.unwrap();
    let mut old: Vec<(String, String)> = Vec::new();
    let steps = TO_PASSWORD.into_iter().chain([("password_login", "wrong"), ("password_login", "right")]);
    for (action, label) in steps {
        old.push((action.to_owned(), run.doc.token().to_owned()));
        run.choose(action, label).await.unwrap();
        world.clock.advance(NO_REPEAT);
        for (action, token) in &old {
            let right = json!({ "password": run.person.password, "email": run.person.address });
            let doc = run.post(FlowKind::Login, action, token, &right).await.unwrap();
            assert_refused(&doc);
        }
    }
    assert_eq!(run.doc.state(), "success");
}

/// The same request again gets the same answer for a few seconds and runs nothing twice (spec 00, decision 22).
#[tokio::test]
async fn s003_an_identical_repeat_runs_nothing_twice() {
    let world = world("").await;
    let mut run = at_password(&world, ALL).await;
    let token = run.doc.token().to_owned();
    let right = json!({ "password": run.person.password });
    run.act("password_login", "right", &right).await.unwrap();
    let session = run.doc.session.clone();
    let again = run.post(FlowKind::Login, "password_login", &token, &right).await.unwrap();
    assert_eq!((again.body, again.session), (run.doc.body.clone(), session));
    let other = json!({ "password": run.person.password, "x": 1 });
    assert_refused(&run.post(FlowKind::Login, "password_login", &token, &other).await.unwrap());
    world.clock.advance(NO_REPEAT);
    assert_refused(&run.post(FlowKind::Login, "password_login", &token, &right).await.unwrap());
}

#[tokio::test]
async fn s007_expired_flow() {
    let world = world("").await;
    for steps in [0, 1, 3] {
        for label in ["right", "wrong token"] {
            let mut run = Run::start(&world, ALL).await.unwrap();
            let mut next = "register_client_capabilities";
            for (action, label) in &TO_PASSWORD[..steps] {
                run.choose(action, label).await.unwrap();
                next = "back";
            }
            world.clock.advance(DAY + Duration::from_secs(1));
            let token = if label == "right" { run.doc.token() } else { "x" };
            let doc = run.post(FlowKind::Login, next, token, &json!({})).await.unwrap();
            if label == "right" || steps > 1 {
                assert_eq!((doc.status, doc.error()), (410, "flow_expired_error"), "{steps} {label}");
                assert!(doc.is_detached());
            } else {
                assert_refused(&doc);
            }
            // The way to restart: a new flow, which knows nothing of the old one.
            let new = Run::start(&world, ALL).await.unwrap();
            assert_eq!(new.doc.state(), "preflight");
        }
    }
}

#[tokio::test]
async fn s007_a_flow_lives_for_a_day() {
    let world = world("").await;
    let mut run = at_password(&world, ALL).await;
    world.clock.advance(ALMOST_A_DAY);
    run.choose("password_login", "right").await.unwrap();
    assert_eq!(run.doc.state(), "success");
}

/// A flow of one endpoint does not exist on the other, and is not harmed by the attempt.
#[tokio::test]
async fn w04_a_flow_belongs_to_its_endpoint() {
    let world = world("").await;
    for (situation, there) in [(ALL, FlowKind::Registration), (FREE, FlowKind::Login)] {
        let mut run = Run::start(&world, situation).await.unwrap();
        for (action, label) in [("register_client_capabilities", "true"), ("", "")] {
            for name in run.doc.actions() {
                let doc = run.post(there, name, run.doc.token(), &json!({})).await.unwrap();
                assert_refused(&doc);
            }
            if !action.is_empty() {
                run.choose(action, label).await.unwrap();
            }
        }
        let unknown = Run {
            id: "01a3185c-5000-7f32-b2db-78fc7fdff8c8".into(),
            ..Run::start(&world, situation).await.unwrap()
        };
        assert_refused(&unknown.post(there, "back", run.doc.token(), &json!({})).await.unwrap());
    }
}

/// An unknown flow and a flow of somebody else without its token look the same.
#[tokio::test]
async fn w04_unknown_flows_and_foreign_flows_look_the_same() {
    let world = world("").await;
    let run = at_password(&world, ALL).await;
    let other = Run::start(&world, UNKNOWN).await.unwrap();
    let foreign = run.post(FlowKind::Login, "back", other.doc.token(), &json!({})).await.unwrap();
    let unknown = Run { id: "01a3185c-5000-7f32-b2db-78fc7fdff8c8".into(), ..other };
    let missing = unknown.post(FlowKind::Login, "back", run.doc.token(), &json!({})).await.unwrap();
    assert_refused(&foreign);
    assert_eq!(foreign.body, missing.body);
}

/// Rejections do not count as steps: `back` leads where it led before.
#[tokio::test]
async fn w06_rejections_leave_the_way_back_as_it_was() {
    let world = world("").await;
    let mut run = at_password(&world, ALL).await;
    for label in ["nothing", "wrong", "long"] {
        run.choose("password_login", label).await.unwrap();
        assert_eq!(run.doc.outline(), run.entry.outline());
    }
    for expected in ["login_method_chooser", "login_init"] {
        let (before, _) = run.stack.last().cloned().unwrap();
        run.choose("back", "plain").await.unwrap();
        assert_eq!(run.doc.state(), expected);
        assert_eq!(run.doc.without_token(), before.without_token());
    }
}

/// An account with a user name only needs a password; a rejected one does not make `skip` appear.
#[tokio::test]
async fn l11_skip_does_not_appear_after_a_rejection() {
    let world = world(
        "email: { acquire_on_registration: false }\nusername: { enabled: true }\npassword: { optional: true }\n",
    )
    .await;
    let mut run = Run::start(&world, FREE).await.unwrap();
    run.choose("register_client_capabilities", "true").await.unwrap();
    run.choose("register_login_identifier", "name").await.unwrap();
    assert_eq!(run.doc.state(), "password_creation");
    for label in ["nothing", "short", "common", "empty"] {
        run.choose("register_password", label).await.unwrap();
        assert_eq!(run.doc.status, 400);
        assert!(!run.doc.offers("skip"), "{}", run.doc.body);
        assert_refused(&run.post(FlowKind::Registration, "skip", run.doc.token(), &json!({})).await.unwrap());
    }
    run.choose("register_password", "good").await.unwrap();
    assert_eq!(run.doc.state(), "success");
}
