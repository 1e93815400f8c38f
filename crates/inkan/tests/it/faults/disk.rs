//! No room for another byte (score item 101). The operating system is told that the server's files may not grow, and later
//! that they may again. What `SQLITE_FULL` itself does is tested in the store.

use tokio::process::Command;

use super::place;
use crate::support::{AppBuilder, Engine, run};

async fn limit(pid: u32, size: &str) {
    let (pid, size) = (pid.to_string(), format!("--fsize={size}:"));
    let done = Command::new("prlimit").args(["--pid", &pid, &size]).status().await.unwrap();
    assert!(done.success());
}

async fn full(_: AppBuilder) {
    let (place, _) = place(Engine::Sqlite).await;
    let mut server = place.start().await.unwrap();
    let mut tokens = vec![place.register("first@example.com", "correct horse").await.unwrap()];
    let file = place.file();
    let sizes = [file.clone(), file.with_extension("db-wal")].map(|file| file.metadata().unwrap().len());
    limit(server.pid(), &sizes.iter().max().unwrap().to_string()).await;
    let mut refused = 0;
    for number in 0..30 {
        match place.register(&format!("u{number}@example.com"), "correct horse").await {
            Ok(token) => tokens.push(token),
            Err(failure) => {
                assert!(failure.to_string().contains("answered with 503"), "{failure}");
                refused += 1;
            }
        }
        for token in &tokens {
            assert!(place.is_valid(token).await.unwrap());
        }
        if refused == 3 {
            break;
        }
    }
    assert_eq!(refused, 3);
    assert!(!server.ended());
    for path in ["/health/alive", "/health/ready", "/.well-known/jwks.json"] {
        assert_eq!(place.status(path).await.unwrap(), 200, "{path}");
    }
    limit(server.pid(), "unlimited").await;
    tokens.push(place.register("last@example.com", "correct horse").await.unwrap());
    drop(server);
    let _again = place.start().await.unwrap();
    for token in &tokens {
        assert!(place.is_valid(token).await.unwrap());
    }
}

mod s101_a_full_disk_is_told_and_survived {
    #[test]
    fn sqlite() {
        super::run(super::Engine::Sqlite, super::full);
    }
}
