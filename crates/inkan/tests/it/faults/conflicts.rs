//! Transactions that lose against others: run once more, then a clean 503; nothing happens twice (score item 104).

use std::time::Duration;

use serde_json::json;

use super::{UNLIMITED, connect, number, on_postgres};

/// Fails the next inserts into a table; a sequence counts them, because it is not rolled back.
const FAILING: &str = "
    CREATE SEQUENCE failures MINVALUE 0 START 0;
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('failures') < TG_ARGV[1]::bigint THEN RAISE EXCEPTION 'injected' USING ERRCODE = TG_ARGV[0]; END IF;
        RETURN NEW;
    END $$;";

/// Connections to this database that wait for a lock.
const WAITING: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";

on_postgres! {
    async fn s104_lost_transactions_are_run_once_more(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        app.expect_errors();
        let database = connect(&app.database_url()).await;
        database.batch_execute(FAILING).await.unwrap();
        for (number_of, (code, failures)) in
            [("40001", 0), ("40001", 1), ("40P01", 1), ("40001", 2), ("40P01", 2)].into_iter().enumerate()
        {
            let case = format!("{failures} times {code}");
            let email = format!("u{number_of}@example.com");
            app.user(&email).password("correct horse").create().await;
            let mut flow = app.login().await;
            flow.act("continue_with_login_identifier", json!({ "email": email })).await;
            flow.act("continue_to_password_login", json!({})).await;
            database
                .batch_execute(&format!(
                    "ALTER SEQUENCE failures RESTART; CREATE TRIGGER fail BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION fail('{code}', {failures})"
                ))
                .await
                .unwrap();
            let mut done = flow.act("password_login", json!({ "password": "correct horse" })).await;
            if failures > 1 {
                assert_eq!(done.reply.status, 503, "{case}: {}", done.outline());
                assert!(!done.reply.header("retry-after").is_empty(), "{case}");
                assert_eq!(number(&database, "SELECT count(*) FROM sessions").await, 0, "{case}");
                assert_eq!(number(&database, "SELECT count(*) FROM audit_records WHERE type = 'login_success'").await, 0, "{case}");
                done = flow.act("password_login", json!({ "password": "correct horse" })).await;
            }
            assert_eq!(done.outline(), "200 success", "{case}");
            assert_eq!(number(&database, "SELECT count(*) FROM sessions").await, 1, "{case}");
            assert_eq!(number(&database, "SELECT count(*) FROM audit_records WHERE type = 'login_success'").await, 1, "{case}");
            database.batch_execute("DROP TRIGGER fail ON sessions; DELETE FROM sessions; DELETE FROM audit_records").await.unwrap();
        }
    }

    /// A real deadlock: another transaction holds the flow and then wants the account, the login holds the account and wants
    /// the flow. The login is the victim.
    async fn s104_a_deadlock_is_survived(app: AppBuilder) {
        let app = app.config(UNLIMITED).start().await;
        app.user("ada@example.com").password("correct horse").create().await;
        let mut flow = app.login().await;
        flow.act("continue_with_login_identifier", json!({ "email": "ada@example.com" })).await;
        flow.act("continue_to_password_login", json!({})).await;
        let (watch, mut other) = (connect(&app.database_url()).await, connect(&app.database_url()).await);
        other.batch_execute("SET deadlock_timeout = '1min'").await.unwrap();
        let held = other.transaction().await.unwrap();
        held.batch_execute("SELECT FROM flows FOR UPDATE").await.unwrap();
        let login = async { flow.act("password_login", json!({ "password": "correct horse" })).await };
        let waiting = async |expected| {
            while number(&watch, WAITING).await < expected {
                tokio::task::yield_now().await;
            }
        };
        let deadlock = async {
            waiting(1).await;
            let ((), wanted) = tokio::join!(waiting(2), held.batch_execute("SELECT FROM users FOR UPDATE"));
            wanted.unwrap();
            held.rollback().await.unwrap();
        };
        let both = async { tokio::join!(login, deadlock) };
        let (done, ()) = tokio::time::timeout(Duration::from_secs(20), both).await.expect("they wait for each other");
        // on a busy machine the wait for the lock may end before the deadlock is seen
        let done = if done.reply.status == 503 {
            flow.act("password_login", json!({ "password": "correct horse" })).await
        } else {
            done
        };
        assert_eq!(done.outline(), "200 success");
        assert_eq!(number(&watch, "SELECT count(*) FROM sessions").await, 1);
    }
}
