use inkan_base::{OsRng, SeededRng};
use proptest::prelude::*;

use super::*;
use crate::code::sha256;

fn pool() -> PasswordPool {
    PasswordPool::new(PasswordPolicy::cheap()).unwrap()
}

fn bcrypt_of(password: &str) -> String {
    bcrypt::hash_with_salt(password, 4, [3; 16]).unwrap().to_string()
}

async fn matches(pool: &PasswordPool, password: &str, hash: &str) -> bool {
    pool.verify(password, Some(hash)).await.unwrap().matches
}

#[tokio::test]
async fn hash_is_argon2id_of_the_policy_and_verifies() {
    let pool = pool();
    let hash = pool.hash(&SeededRng::new(1), "correct horse").await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
    assert_eq!(
        pool.verify("correct horse", Some(&hash)).await,
        Ok(Verified { matches: true, rehash: false })
    );
    assert_eq!(pool.verify("correct horsf", Some(&hash)).await, Ok(Verified::default()));
    assert_ne!(hash, pool.hash(&SeededRng::new(2), "correct horse").await.unwrap());
}

#[tokio::test]
async fn default_policy_is_that_of_owasp() {
    let pool = PasswordPool::new(PasswordPolicy { threads: 1, ..PasswordPolicy::default() }).unwrap();
    let hash = pool.hash(&OsRng, "correct horse").await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(matches(&pool, "correct horse", &hash).await);
}

/// From the reference implementation (its test suite: version 19, 2 passes, 256 KiB and 64 MiB, one lane).
#[tokio::test]
async fn hashes_of_the_reference_implementation_verify() {
    let pool = pool();
    let vectors = [
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ];
    for hash in vectors {
        assert!(matches(&pool, "password", hash).await, "{hash}");
        assert!(!matches(&pool, "passworD", hash).await, "{hash}");
    }
}

#[tokio::test]
async fn s028_nothing_is_cut_off() {
    let pool = pool();
    let long = "x".repeat(72);
    let hash = pool.hash(&OsRng, &format!("{long}a")).await.unwrap();
    for other in [format!("{long}b"), long.clone(), format!("{long}a\0")] {
        assert!(!matches(&pool, &other, &hash).await);
    }
    assert!(matches(&pool, &format!("{long}a"), &hash).await);
    let hash = pool.hash(&OsRng, "a\0b").await.unwrap();
    assert!(!matches(&pool, "a\0c", &hash).await && !matches(&pool, "a", &hash).await);
}

#[tokio::test]
async fn s028_l21_imported_bcrypt_matches_only_what_it_looks_at() {
    let pool = pool();
    let long = "x".repeat(72);
    let hash = bcrypt_of(&long);
    assert!(matches(&pool, &long, &hash).await);
    assert!(!matches(&pool, &format!("{long}a"), &hash).await);
    assert!(!matches(&pool, "a\0", &bcrypt_of("a")).await);
    assert!(!matches(&pool, "a\0b", &bcrypt_of("a\0b")).await);
}

#[tokio::test]
async fn s029_passwords_are_taken_byte_for_byte() {
    let pool = pool();
    for password in ["p\u{e4}ssw\u{f6}rd", "🔑 emoji 🐎 ", &"lang ".repeat(30), " leading and trailing "]
    {
        let hash = pool.hash(&OsRng, password).await.unwrap();
        assert!(matches(&pool, password, &hash).await);
        assert!(!matches(&pool, password.trim(), &hash).await || password.trim() == password);
    }
    let composed = pool.hash(&OsRng, "p\u{e4}ss").await.unwrap();
    assert!(!matches(&pool, "pa\u{308}ss", &composed).await);
}

#[tokio::test]
async fn s031_over_long_input_costs_no_work() {
    let pool = pool();
    let hash = pool.hash(&OsRng, &"x".repeat(MAX_PASSWORD)).await.unwrap();
    let (before, megabyte) = (pool.work_done(), "x".repeat(1024 * 1024));
    assert_eq!(pool.hash(&OsRng, &megabyte).await, Err(HashError::TooLong));
    assert_eq!(pool.verify(&megabyte, Some(&hash)).await, Ok(Verified::default()));
    assert_eq!(pool.verify(&"x".repeat(MAX_PASSWORD + 1), None).await, Ok(Verified::default()));
    assert_eq!(pool.work_done(), before);
}

#[tokio::test]
async fn s032_old_kinds_and_weaker_parameters_are_rehashed() {
    let (weak, pool) =
        (pool(), PasswordPool::new(PasswordPolicy { memory_kib: 16, ..PasswordPolicy::cheap() }).unwrap());
    let old = weak.hash(&OsRng, "secret words").await.unwrap();
    let bcrypt = bcrypt_of("secret words");
    let kinds = ["2a", "2b", "2y"].map(|kind| bcrypt.replacen("2b", kind, 1));
    for hash in kinds.iter().chain([&old]) {
        assert_eq!(
            pool.verify("secret words", Some(hash)).await,
            Ok(Verified { matches: true, rehash: true }),
            "{hash}"
        );
        assert_eq!(pool.verify("other words", Some(hash)).await, Ok(Verified::default()));
    }
    let new = pool.hash(&OsRng, "secret words").await.unwrap();
    assert_eq!(weak.verify("secret words", Some(&new)).await, Ok(Verified { matches: true, rehash: false }));
}

#[tokio::test]
async fn s036_l01_unknown_accounts_cost_the_same_work() {
    let pool = pool();
    let hash = pool.hash(&OsRng, "secret words").await.unwrap();
    let garbage = "$2b$04$short";
    for stored in [None, Some(hash.as_str()), Some(garbage), Some(""), Some("$fbscrypt$v=1,n=14,r=8,p=1$x$y")]
    {
        let before = pool.work_done();
        let verified = pool.verify("wrong words", stored).await.unwrap();
        assert_eq!((verified, pool.work_done() - before), (Verified::default(), 1), "{stored:?}");
    }
}

#[tokio::test]
async fn s036_l01_unknown_accounts_are_as_slow_as_imported_ones() {
    let decoys = Decoys { bcrypt: 300, all: 1000, cost: 4 };
    let hashes: Vec<_> = (0..1000_u32).filter_map(|n| decoys.hash_for(&sha256(&n.to_be_bytes()))).collect();
    assert!((240..360).contains(&hashes.len()), "{}", hashes.len());
    assert!(
        hashes.iter().all(|hash| hash.starts_with("$2b$04$") && hash.parse::<bcrypt::HashParts>().is_ok())
    );
    assert_eq!(pool().verify("password", Some(&hashes[0])).await, Ok(Verified::default()));
    assert_eq!(Decoys::default().hash_for(&[0; 32]), None);
    let (none, all) = (Decoys { bcrypt: 0, ..decoys }, Decoys { bcrypt: 1000, ..decoys });
    assert_eq!((none.hash_for(&[0; 32]), all.hash_for(&[255; 32]).is_some()), (None, true));
}

#[tokio::test]
async fn hashes_that_cost_too_much_never_match() {
    let pool = pool();
    for hash in [
        "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=8,t=4000000000,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$nf65",
        &bcrypt_of("password").replacen("$04$", "$31$", 1),
    ] {
        assert_eq!(pool.verify("password", Some(hash)).await, Ok(Verified::default()), "{hash}");
    }
}

#[test]
fn impossible_policies_are_refused() {
    let cheap = PasswordPolicy::cheap();
    for policy in [
        PasswordPolicy { memory_kib: 1, ..cheap },
        PasswordPolicy { iterations: 0, ..cheap },
        PasswordPolicy { parallelism: 0, ..cheap },
        PasswordPolicy { memory_kib: u32::MAX, ..cheap },
        PasswordPolicy { threads: 0, ..cheap },
    ] {
        assert_eq!(PasswordPool::new(policy).unwrap_err(), HashError::Policy, "{policy:?}");
    }
}

/// A queue without threads, so that nothing leaves it.
fn stalled(limit: usize) -> PasswordPool {
    let shared = Shared {
        queue: Mutex::default(),
        limit,
        ready: Condvar::new(),
        work: AtomicU64::new(0),
        refused: AtomicU64::new(0),
    };
    PasswordPool { shared: Arc::new(shared) }
}

#[tokio::test]
async fn s031_full_queue_is_busy_and_the_abandoned_make_room() {
    let pool = stalled(2);
    let mut first = Box::pin(pool.verify("a", None));
    let mut second = Box::pin(pool.verify("b", None));
    assert!(futures_poll(&mut first).is_pending() && futures_poll(&mut second).is_pending());
    assert_eq!(pool.verify("c", None).await, Err(HashError::Busy));
    drop(first);
    let mut third = Box::pin(pool.verify("d", None));
    assert!(futures_poll(&mut third).is_pending());
    assert_eq!(pool.shared.queue().jobs.len(), 2);
}

#[tokio::test]
async fn abandoned_work_is_skipped() {
    let pool = stalled(8);
    let mut gone = Box::pin(pool.verify("a", None));
    let mut waiting = Box::pin(pool.verify("b", None));
    assert!(futures_poll(&mut gone).is_pending() && futures_poll(&mut waiting).is_pending());
    drop(gone);
    let (shared, hasher) = (Arc::clone(&pool.shared), Hasher::new(&PasswordPolicy::cheap()).unwrap());
    let worker = thread::spawn(move || shared.work_until_closed(hasher));
    assert_eq!(waiting.await, Ok(Verified::default()));
    assert_eq!(pool.work_done(), 1);
    drop(pool);
    worker.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_all_get_their_own_answer() {
    let pool = Arc::new(pool());
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move {
                let hash = pool.hash(&OsRng, &format!("password {n}")).await.unwrap();
                (
                    matches(&pool, &format!("password {n}"), &hash).await,
                    matches(&pool, "password", &hash).await,
                )
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), (true, false));
    }
    assert_eq!(pool.work_done(), 600);
}

fn futures_poll<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}

proptest! {
    #[test]
    fn any_stored_text_is_compared_without_panic(
        stored in prop_oneof![".{0,80}", r"\$2[aby]\$0[0-9]\$[./A-Za-z0-9é]{50,54}", r"\$argon2id\$v=[0-9]{2}\$m=[0-9]{1,3},t=[0-9],p=[0-9]\$[A-Za-z0-9+/]{11,22}\$[A-Za-z0-9+/]{20,44}"],
        password in ".{0,80}",
    ) {
        let mut hasher = Hasher::new(&PasswordPolicy::cheap()).unwrap();
        prop_assert_eq!(hasher.verify(password.as_bytes(), Some(&stored)), Ok(Verified::default()));
    }
}
