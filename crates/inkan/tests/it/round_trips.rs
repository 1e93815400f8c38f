//! What each action asks of the database: at most two round trips to PostgreSQL if it only reads, four if it writes.

use serde_json::{Value, json};

use crate::support::{AppBuilder, Engine, Flow, TestApp};

/// Of an action that writes; every step of a flow does.
const WRITING: u64 = 4;
/// Of a request that only reads.
const READING: u64 = 2;

const LOGIN: &str = "continue_with_login_identifier";
const TO_PASSWORD: &str = "continue_to_password_login";
const TO_CODE: &str = "continue_to_passcode_confirmation";
const TO_RECOVERY: &str = "continue_to_passcode_confirmation_recovery";
const REGISTER: &str = "register_login_identifier";

/// One connection, and nothing that depends on what happened before.
const BASE: &str = "{ database: { pool: 1 }, rate_limiter: { enabled: false } }";
const NAMES: &str = "username: { enabled: true }";
const UNVERIFIED: &str = "{ username: { enabled: true }, email: { require_verification: false } }";
const NEW_PASSWORDS: &str = "password: { acquire_on_login: always }";

/// A way through a flow.
struct Way {
    config: &'static str,
    flow: &'static str,
    /// Each action with what is typed, where it leads and its round trips. `CODE` is the code of the last mail, `N` a number
    /// that nobody had.
    steps: &'static [(&'static str, &'static str, &'static str, u64)],
}

const WAYS: &[Way] = &[
    Way {
        config: "{}",
        flow: "login",
        steps: &[
            (LOGIN, "ada@example.com", "login_method_chooser", 3),
            (TO_PASSWORD, "", "login_password", 2),
            ("password_login", "wrong horse", "login_password", 3),
            ("back", "", "login_method_chooser", 2),
            (TO_PASSWORD, "", "login_password", 2),
            ("password_login", "correct horse", "success", 4),
        ],
    },
    Way {
        config: "{}",
        flow: "login",
        steps: &[
            (LOGIN, "ada@example.com", "login_method_chooser", 3),
            (TO_CODE, "", "passcode_confirmation", 3),
            ("verify_passcode", "x00000", "passcode_confirmation", 3),
            ("resend_passcode", "", "passcode_confirmation", 3),
            ("back", "", "login_method_chooser", 2),
            (TO_CODE, "", "passcode_confirmation", 3),
            ("verify_passcode", "CODE", "success", 3),
        ],
    },
    Way {
        config: "{}",
        flow: "login",
        steps: &[
            (LOGIN, "nobody@example.com", "login_method_chooser", 3),
            (TO_CODE, "", "passcode_confirmation", 3),
        ],
    },
    Way {
        config: "{}",
        flow: "login",
        steps: &[
            (LOGIN, "unprovenN@example.com", "login_method_chooser", 3),
            (TO_PASSWORD, "", "login_password", 2),
            (TO_RECOVERY, "", "passcode_confirmation", 3),
            ("verify_passcode", "CODE", "login_password_recovery", 3),
            ("password_recovery", "correct horse", "success", 4),
        ],
    },
    Way {
        config: "password: { enabled: false }",
        flow: "login",
        steps: &[
            (LOGIN, "ada@example.com", "passcode_confirmation", 3),
            ("verify_passcode", "CODE", "success", 3),
        ],
    },
    Way {
        config: NEW_PASSWORDS,
        flow: "login",
        steps: &[
            (LOGIN, "mailN@example.com", "login_method_chooser", 3),
            (TO_CODE, "", "passcode_confirmation", 3),
            ("verify_passcode", "CODE", "password_creation", 3),
            ("register_password", "correct horse", "success", 4),
        ],
    },
    Way {
        config: NAMES,
        flow: "login",
        steps: &[
            (LOGIN, "nameN", "login_password", 3),
            ("password_login", "correct horse", "onboarding_email", 4),
            ("email_address_set", "new-N@example.com", "passcode_confirmation", 3),
            ("verify_passcode", "CODE", "success", 4),
        ],
    },
    Way {
        config: UNVERIFIED,
        flow: "login",
        steps: &[
            (LOGIN, "nameN", "login_password", 3),
            ("password_login", "correct horse", "onboarding_email", 4),
            ("email_address_set", "new-N@example.com", "success", 4),
        ],
    },
    Way {
        config: "{ username: { enabled: true, acquire_on_login: true }, password: { enabled: false } }",
        flow: "login",
        steps: &[
            (LOGIN, "mailN@example.com", "passcode_confirmation", 3),
            ("verify_passcode", "CODE", "onboarding_username", 3),
            ("username_create", "new_name_N", "success", 4),
        ],
    },
    Way {
        config: "{}",
        flow: "registration",
        steps: &[
            (REGISTER, "new-N@example.com", "passcode_confirmation", 3),
            ("verify_passcode", "x00000", "passcode_confirmation", 3),
            ("verify_passcode", "CODE", "password_creation", 3),
            ("register_password", "correct horse", "success", 3),
        ],
    },
    Way {
        config: "password: { enabled: false }",
        flow: "registration",
        steps: &[
            (REGISTER, "new-N@example.com", "passcode_confirmation", 3),
            ("verify_passcode", "CODE", "success", 4),
        ],
    },
    Way {
        config: "{ email: { require_verification: false }, password: { enabled: false } }",
        flow: "registration",
        steps: &[(REGISTER, "new-N@example.com", "success", 4)],
    },
];

fn round_trips(app: &TestApp) -> u64 {
    let usage = app.domain().store.usage();
    usage.reads.round_trips + usage.writes.round_trips
}

/// Goes a way once, with users that have numbers of their own; the state and the round trips of each step.
async fn go(app: &TestApp, way: &Way, number: usize) -> Vec<(String, u64)> {
    app.user(&format!("mail{number}@example.com")).create().await;
    app.user(&format!("unproven{number}@example.com"))
        .verified(false)
        .password("correct horse")
        .create()
        .await;
    app.user("").username(&format!("name{number}")).password("correct horse").create().await;
    let mut flow: Flow<'_> = match way.flow {
        "login" => app.login().await,
        _ => app.registration().await,
    };
    let mut address = String::new();
    let mut seen = Vec::new();
    for (action, typed, ..) in way.steps {
        let typed = match *typed {
            "CODE" => app.code(&address).await,
            other => other.replace('N', &number.to_string()),
        };
        if typed.contains('@') {
            address.clone_from(&typed);
        }
        let input = input(&flow, action, &typed);
        let before = round_trips(app);
        let doc = flow.act(action, input).await;
        seen.push((doc.name().to_owned(), round_trips(app) - before));
        app.deliver().await; // one mail at a time, so that the newest is the last one
    }
    seen
}

/// The text in all inputs of the action.
fn input(flow: &Flow<'_>, action: &str, typed: &str) -> Value {
    let inputs = flow.doc.json["actions"][action]["inputs"].as_object();
    inputs
        .into_iter()
        .flatten()
        .map(|(name, _)| (name.clone(), json!(typed)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// On SQLite there are none.
fn expected(app: &TestApp, round_trips: u64) -> u64 {
    if app.engine == Engine::Postgres { round_trips } else { 0 }
}

async fn assert_way(app: AppBuilder, way: &Way) {
    let app = app.config(BASE).config(way.config).start().await;
    app.user("ada@example.com").password("correct horse").create().await;
    // the first time statements are prepared
    go(&app, way, 1).await;
    let seen = go(&app, way, 2).await;
    let wanted: Vec<_> =
        way.steps.iter().map(|(_, _, state, count)| ((*state).to_owned(), expected(&app, *count))).collect();
    assert_eq!(seen, wanted, "{} with {}", way.flow, way.config);
    assert!(wanted.iter().all(|(_, count)| *count <= WRITING));
}

each_engine! {
    async fn actions_of_flows(app: AppBuilder) {
        for way in WAYS {
            assert_way(app.clone(), way).await;
        }
    }

    async fn requests_with_a_session(app: AppBuilder) {
        let app = app.config(BASE).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        for round in ["preparing", "counted"] {
            let token = app.token(&ada).await;
            app.token(&ada).await;
            for (path, limit) in [("/sessions/validate", 1), ("/me", 1), ("/sessions/validate", 0), ("/login", 0), ("/registration", 0)] {
                let before = round_trips(&app);
                match path {
                    "/login" | "/registration" => app.post(path).cookie(&token).await,
                    _ => app.get(path).cookie(&token).await,
                };
                let count = round_trips(&app) - before;
                assert!(round == "preparing" || count <= expected(&app, limit.min(READING)), "{path}: {count}");
            }
            let before = round_trips(&app);
            assert_eq!(app.post("/logout").cookie(&token).await.status, 204);
            assert!(round == "preparing" || round_trips(&app) - before == expected(&app, 2));
        }
    }

    /// Per action, for whoever watches the server.
    async fn they_are_metrics(app: AppBuilder) {
        let app = app.config(BASE).start().await;
        for _ in 0..2 {
            app.login().await.act(LOGIN, json!({ "email": "nobody@example.com" })).await;
        }
        let page = app.admin("/metrics").await.text();
        let labels = "{flow=\"login\",state=\"login_init\",action=\"continue_with_login_identifier\",outcome=\"ok\"}";
        let value = |name: &str| -> f64 {
            let line = page.lines().find_map(|line| line.strip_prefix(&format!("{name}{labels} ")));
            line.unwrap_or_else(|| panic!("no {name}{labels} in\n{page}")).parse().unwrap()
        };
        assert!((value("inkan_flow_statements_total") - 6.0).abs() < 0.1, "reads the flow and the account, writes the flow");
        let least = if app.engine == Engine::Postgres { 6.0 } else { 0.0 };
        assert!(value("inkan_flow_round_trips_total") >= least);
    }
}
