//! The first start, cut in half; two at once; a database of a newer version (score item 106).

use std::time::Duration;

use super::{connect, on_postgres, place};

each_engine! {
    /// Killed later and later; each start goes on where the last one was cut.
    async fn s106_a_killed_migration_is_done_again(app: AppBuilder) {
        let (place, _database) = place(app.engine()).await;
        for milliseconds in [5, 12, 20, 30, 45, 60, 90, 130] {
            let starting = place.spawn().unwrap();
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            drop(starting);
        }
        let _server = place.start().await.unwrap_or_else(|failure| panic!("{failure}"));
        let token = place.register("ada@example.com", "correct horse").await.unwrap();
        assert!(place.is_valid(&token).await.unwrap());
    }
}

on_postgres! {
    async fn s106_two_servers_start_at_once(app: AppBuilder) {
        let secret = "a-secret-for-tests-only-0123456789";
        let (one, database) = place(app.engine()).await;
        let url = inkan_bench::place::as_url(&database.as_ref().unwrap().url());
        let other = inkan_bench::place::Place::new(super::program(), Some(&url)).unwrap();
        let (one, other) = (one.set("SECRET_KEYS", secret), other.set("SECRET_KEYS", secret).set("JWT_ALGORITHM", "ES256"));
        let (first, second) = tokio::join!(one.start(), other.start());
        let _servers = (first.unwrap(), second.unwrap());
        let token = one.register("ada@example.com", "correct horse").await.unwrap();
        assert!(other.is_valid(&token).await.unwrap());
    }

    async fn s106_a_newer_database_is_refused(app: AppBuilder) {
        let app = app.start().await;
        let database = connect(&app.database_url()).await;
        let app = app.stop().await;
        let newer = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (999, 'later', '2027-01-01T00:00:00Z', '1')";
        database.batch_execute(newer).await.unwrap();
        let error = app.clone().try_start().await.err().expect("it is refused").to_string();
        assert!(error.contains("newer version") && error.contains("V999__later"), "{error}");
        database.batch_execute("DELETE FROM refinery_schema_history WHERE version = 999").await.unwrap();
        assert_eq!(app.start().await.get("/health/ready").await.status, 200);
    }
}
