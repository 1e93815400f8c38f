//! The session rows of a sign-in (section 13, steps 4 and 5).

use std::time::Duration;

use super::{sessions, with_password};

each_engine! {
    async fn the_oldest_sessions_make_room(app: AppBuilder) {
        for (config, limit) in [("session: { limit: 1 }", 1), ("session: { limit: 2 }", 2), ("{}", 5)] {
            let app = app.clone().config(config).config(super::UNLIMITED).start().await;
            let ada = app.user("ada@example.com").password("correct horse").create().await;
            let bob = app.user("bob@example.com").password("correct horse").create().await;
            let of_bob = app.token(&bob).await;
            let mut tokens = Vec::new();
            for _ in 0..limit + 2 {
                app.clock.advance(Duration::from_secs(1));
                tokens.push(app.token(&ada).await);
            }
            assert_eq!(sessions(&app, &ada).await.len(), limit, "{config}");
            for (n, token) in tokens.iter().enumerate() {
                let status = if n < 2 { 401 } else { 200 };
                assert_eq!(app.get("/me").cookie(token).await.status, status, "{config}, session {n}");
            }
            assert_eq!(app.get("/me").cookie(&of_bob).await.status, 200, "{config}");
        }
    }

    async fn s048_parallel_sign_ins_keep_the_limit(app: AppBuilder) {
        let app = app.config("session: { limit: 2 }").config(super::UNLIMITED).start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        futures_util::future::join_all((0..10).map(|_| with_password(&app, &ada))).await;
        assert_eq!(sessions(&app, &ada).await.len(), 2);
    }

    async fn address_and_browser_are_stored_if_wanted(app: AppBuilder) {
        for wanted in [true, false] {
            let config = format!("session: {{ acquire_ip_address: {wanted}, acquire_user_agent: {wanted} }}");
            let app = app.clone().config(&config).start().await;
            let ada = app.user("ada@example.com").password("correct horse").create().await;
            let mut flow = super::at_password(&app, "ada@example.com").await;
            let input = serde_json::json!({ "password": "correct horse" });
            super::act_with(&app, &mut flow, "password_login", input, ("user-agent", "a browser/1")).await;
            let session = sessions(&app, &ada).await.remove(0);
            assert_eq!(session.ip_address, wanted.then(|| "203.0.113.1".to_owned()));
            assert_eq!(session.user_agent, wanted.then(|| "a browser/1".to_owned()));
            assert_eq!((session.created_at, session.expires_at), (app.now(), app.now() + Duration::from_hours(12)));
        }
    }

    async fn expired_sessions_do_not_count(app: AppBuilder) {
        let app = app.config("session: { limit: 2 }").start().await;
        let ada = app.user("ada@example.com").password("correct horse").create().await;
        app.token(&ada).await;
        app.token(&ada).await;
        app.clock.advance(Duration::from_hours(13));
        let (one, two) = (app.token(&ada).await, app.token(&ada).await);
        for token in [one, two] {
            assert_eq!(app.get("/me").cookie(&token).await.status, 200);
        }
    }
}

/// `session.limit: 0` is refused at the start.
#[test]
fn l27_a_limit_of_nothing_is_refused() {
    let limit = |limit: i32| inkan_config::Config::from_yaml(&format!("session: {{ limit: {limit} }}"));
    assert!(limit(0).is_err() && limit(-1).is_err() && limit(1).is_ok());
}
