//! What each action asks of the database: at most two round trips to PostgreSQL if it only reads, four if it writes.

mod factors;

use serde_json::{Value, json};

use crate::support::{AppBuilder, Device, Engine, Flow, TestApp, TestUser, secret_of};

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
    /// Whether the browser has all of WebAuthn.
    browser: bool,
    /// Each action with what is typed, where it leads and its round trips. `N` is a number that nobody had; words in capitals
    /// stand for what a mail, an authenticator app or an authenticator says, see [`Person::says`].
    steps: &'static [(&'static str, &'static str, &'static str, u64)],
}

const WAYS: &[Way] = &[
    Way {
        config: "{}",
        flow: "login",
        browser: false,
        steps: &[
            (LOGIN, "ada@example.com", "login_method_chooser", 2),
            (TO_PASSWORD, "", "login_password", 1),
            ("password_login", "wrong horse", "login_password", 2),
            ("back", "", "login_method_chooser", 1),
            (TO_PASSWORD, "", "login_password", 1),
            ("password_login", "correct horse", "success", 2),
        ],
    },
    Way {
        config: "{}",
        flow: "login",
        browser: false,
        steps: &[
            (LOGIN, "ada@example.com", "login_method_chooser", 2),
            (TO_CODE, "", "passcode_confirmation", 2),
            ("verify_passcode", "x00000", "passcode_confirmation", 2),
            ("resend_passcode", "", "passcode_confirmation", 2),
            ("back", "", "login_method_chooser", 1),
            (TO_CODE, "", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "success", 2),
        ],
    },
    Way {
        config: "{}",
        flow: "login",
        browser: false,
        steps: &[
            (LOGIN, "nobody@example.com", "login_method_chooser", 2),
            (TO_CODE, "", "passcode_confirmation", 2),
        ],
    },
    Way {
        config: "{}",
        flow: "login",
        browser: false,
        steps: &[
            (LOGIN, "unprovenN@example.com", "login_method_chooser", 2),
            (TO_PASSWORD, "", "login_password", 1),
            (TO_RECOVERY, "", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "login_password_recovery", 2),
            ("password_recovery", "correct horse", "success", 3),
        ],
    },
    Way {
        config: "password: { enabled: false }",
        flow: "login",
        browser: false,
        steps: &[
            (LOGIN, "ada@example.com", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "success", 2),
        ],
    },
    Way {
        config: NEW_PASSWORDS,
        flow: "login",
        browser: false,
        steps: &[
            (LOGIN, "mailN@example.com", "login_method_chooser", 2),
            (TO_CODE, "", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "password_creation", 2),
            ("register_password", "correct horse", "success", 3),
        ],
    },
    Way {
        config: NAMES,
        flow: "login",
        browser: false,
        steps: &[
            (LOGIN, "nameN", "login_password", 2),
            ("password_login", "correct horse", "onboarding_email", 2),
            ("email_address_set", "new-N@example.com", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "success", 3),
        ],
    },
    Way {
        config: UNVERIFIED,
        flow: "login",
        browser: false,
        steps: &[
            (LOGIN, "nameN", "login_password", 2),
            ("password_login", "correct horse", "onboarding_email", 2),
            ("email_address_set", "new-N@example.com", "success", 3),
        ],
    },
    Way {
        config: "{ username: { enabled: true, acquire_on_login: true }, password: { enabled: false } }",
        flow: "login",
        browser: false,
        steps: &[
            (LOGIN, "mailN@example.com", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "onboarding_username", 2),
            ("username_create", "new_name_N", "success", 3),
        ],
    },
    Way {
        config: "{}",
        flow: "registration",
        browser: false,
        steps: &[
            (REGISTER, "new-N@example.com", "passcode_confirmation", 2),
            ("verify_passcode", "x00000", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "password_creation", 2),
            ("register_password", "correct horse", "success", 2),
        ],
    },
    Way {
        config: "password: { enabled: false }",
        flow: "registration",
        browser: false,
        steps: &[
            (REGISTER, "new-N@example.com", "passcode_confirmation", 2),
            ("verify_passcode", "CODE", "success", 3),
        ],
    },
    Way {
        config: "{ email: { require_verification: false }, password: { enabled: false } }",
        flow: "registration",
        browser: false,
        steps: &[(REGISTER, "new-N@example.com", "success", 3)],
    },
];

fn round_trips(app: &TestApp) -> u64 {
    let usage = app.domain().store.usage();
    usage.reads.round_trips + usage.writes.round_trips
}

/// Whoever goes a way: accounts with a number of their own, and what they sign in with.
struct Person {
    number: usize,
    totp: TestUser,
    phone: Device,
    key: Device,
    /// Makes credentials.
    new: Device,
    /// The address that was typed last.
    address: String,
}

impl Person {
    async fn new(app: &TestApp, number: usize) -> Self {
        let seed = 10 * u64::try_from(number).unwrap();
        let (mut phone, mut key) = (Device::phone(seed), Device::key(seed + 1));
        app.user(&format!("mail{number}@example.com")).create().await;
        let unproven = app.user(&format!("unproven{number}@example.com")).verified(false);
        unproven.password("correct horse").create().await;
        app.user("").username(&format!("name{number}")).password("correct horse").create().await;
        app.user(&format!("passkey{number}@example.com")).passkey(&mut phone).create().await;
        let with_key = app.user(&format!("key{number}@example.com")).password("correct horse");
        with_key.security_key(&mut key).create().await;
        let with_app = app.user(&format!("totp{number}@example.com")).password("correct horse");
        let totp = with_app.totp().recovery_codes().create().await;
        Self { number, totp, phone, key, new: Device::key(seed + 2), address: String::new() }
    }

    /// What is typed, or answered by a device.
    async fn says(&mut self, app: &TestApp, flow: &Flow<'_>, typed: &str) -> Value {
        let text = match typed {
            "CODE" => app.code(&self.address).await,
            "TOTP" => self.totp.totp_code(app.now()),
            "RECOVERY" => self.totp.recovery_codes[0].clone(),
            "SHOWN" => secret_of(&flow.doc.json).password_at(app.now()),
            "PASSKEY" => return self.phone.get(&flow.doc),
            "KEY" => return self.key.get(&flow.doc),
            "NEW" => return self.new.create(&flow.doc),
            other => other.replace('N', &self.number.to_string()),
        };
        if text.contains('@') {
            self.address.clone_from(&text);
        }
        text.into()
    }
}

/// Goes a way once, with users that have numbers of their own; the state and the round trips of each step.
async fn go(app: &TestApp, way: &Way, number: usize) -> Vec<(String, u64)> {
    let mut person = Person::new(app, number).await;
    let start = if way.flow == "login" { app.login() } else { app.registration() };
    let mut flow = if way.browser { start.in_browser().await } else { start.await };
    let mut seen = Vec::new();
    for (action, typed, ..) in way.steps {
        let said = person.says(app, &flow, typed).await;
        let input = input(&flow, action, &said);
        let before = round_trips(app);
        let doc = flow.act(action, input).await;
        seen.push((doc.name().to_owned(), round_trips(app) - before));
        app.deliver().await; // one mail at a time, so that the newest is the last one
    }
    seen
}

/// The value in all inputs of the action.
fn input(flow: &Flow<'_>, action: &str, value: &Value) -> Value {
    let inputs = flow.doc.json["actions"][action]["inputs"].as_object();
    inputs
        .into_iter()
        .flatten()
        .map(|(name, _)| (name.clone(), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// On SQLite there are none.
fn expected(app: &TestApp, round_trips: u64) -> u64 {
    if app.engine == Engine::Postgres { round_trips } else { 0 }
}

/// What a way asks of the database, if that is not what is written here.
async fn difference(app: AppBuilder, way: &Way) -> Option<String> {
    let app = app.config(BASE).config(way.config).start().await;
    app.user("ada@example.com").password("correct horse").create().await;
    // the first time statements are prepared
    go(&app, way, 1).await;
    let seen = go(&app, way, 2).await;
    let wanted: Vec<_> =
        way.steps.iter().map(|(_, _, state, count)| ((*state).to_owned(), expected(&app, *count))).collect();
    assert!(wanted.iter().all(|(_, count)| *count <= WRITING));
    (seen != wanted).then(|| format!("{} with {}: {seen:?} in place of {wanted:?}", way.flow, way.config))
}

each_engine! {
    async fn actions_of_flows(app: AppBuilder) {
        let mut differences = Vec::new();
        for way in WAYS.iter().chain(factors::WAYS) {
            differences.extend(difference(app.clone(), way).await);
        }
        assert!(differences.is_empty(), "{}", differences.join("\n"));
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
        assert!((value("inkan_flow_statements_total") - 4.0).abs() < 0.1, "reads the account, writes the flow");
        let least = if app.engine == Engine::Postgres { 4.0 } else { 0.0 };
        assert!(value("inkan_flow_round_trips_total") >= least);
    }
}
