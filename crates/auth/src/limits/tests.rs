use inkan_base::{TenantId, Timestamp};

use super::*;

fn cx(client: [u8; 4], seconds: i64) -> Context {
    Context::new(TenantId::DEFAULT, Timestamp::from_seconds(1_000_000 + seconds), client.into())
}

#[test]
fn a_window_starts_with_the_first_use_and_refills_at_its_end() {
    let limits = Limits::new(&Config::default());
    let take = |at| limits.take(&cx([1, 1, 1, 1], at), Operation::Password, "a@b.cd");
    for at in 0..5 {
        assert_eq!(take(at * 10), Ok(()));
    }
    assert_eq!(take(41), Err(Refused { retry_after: 19 }));
    assert_eq!(take(59), Err(Refused { retry_after: 1 }));
    assert_eq!(take(60), Ok(()));
    assert_eq!(take(125), Ok(()));
    assert_eq!(limits.take(&cx([1, 1, 1, 2], 59), Operation::Password, "a@b.cd"), Ok(()));
}

#[test]
fn a_clock_that_is_set_back_does_not_lock_anybody_out() {
    let limits = Limits::new(&Config::default());
    let take = |at| limits.take(&cx([1, 1, 1, 1], at), Operation::SendPasscode, "a@b.cd");
    for _ in 0..3 {
        assert_eq!(take(100_000), Ok(()));
    }
    assert!(take(100_000).is_err());
    assert_eq!(take(0), Ok(()));
}

#[test]
fn s026_one_address_gets_only_so_many_mails_whoever_asks() {
    let limits = Limits::new(&Config::default());
    let send =
        |n: u8| limits.take(&cx([1, 1, n, 1], 0), Operation::SendPasscode, "victim@example.com").is_ok();
    assert_eq!((0..=255).filter(|n| send(*n)).count(), MAILS_PER_RECIPIENT as usize);
    assert_eq!(limits.take(&cx([1, 1, 1, 1], 1), Operation::SendPasscode, "other@example.com"), Ok(()));
}

#[test]
fn s033_stuffing_is_noticed_and_known_clients_get_in() {
    let limits = Limits::new(&Config::default());
    let user = UserId(uuid::Uuid::from_u128(7));
    limits.guess_succeeded(&cx([9, 9, 9, 9], 0), user);
    let mut hashed = 0;
    for n in 0..10_000_u32 {
        let [_, _, high, low] = n.to_be_bytes();
        let cx = cx([10, 0, high % 2, low], 1);
        let name = format!("user{n}@example.com");
        if limits.admit_guess(&cx, &name, false).is_ok() {
            hashed += 1;
            limits.guess_failed(&cx, &name);
        }
    }
    assert!(hashed < 100, "{hashed}");
    assert!(limits.is_known(&cx([9, 9, 9, 9], 2), user));
    assert!(!limits.is_known(&cx([9, 9, 9, 8], 2), user));
    assert_eq!(limits.admit_guess(&cx([9, 9, 9, 9], 2), "owner@example.com", true), Ok(()));
    assert_eq!(limits.admit_guess(&cx([1, 2, 3, 4], 302), "later@example.com", false), Ok(()));
}

#[test]
fn memory_is_bounded() {
    let windows = window::Windows::default();
    for n in 0..400_000 {
        let _ = windows.take(TenantId::DEFAULT, &[&n.to_string()], 1, MINUTE, Timestamp::from_seconds(1));
    }
    assert!(windows.len() <= 16 * 16_384);
}

#[test]
fn an_ipv6_network_is_one_client() {
    let key = |text: &str| {
        Context::new(TenantId::DEFAULT, Timestamp::default(), text.parse().unwrap()).client_key()
    };
    assert_eq!(key("2001:db8:1:2:3::1"), key("2001:db8:1:2:ffff::9"));
    assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    assert_eq!(key("::ffff:1.2.3.4"), "1.2.3.4");
}
