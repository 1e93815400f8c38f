use inkan_base::{TenantId, Timestamp};

use super::*;

fn cx(client: [u8; 4], seconds: i64) -> Context {
    Context::new(TenantId::DEFAULT, Timestamp::from_seconds(1_000_000 + seconds), client.into())
}

fn limits() -> Limits {
    Limits::new(&Config::default())
}

const OWNER: UserId = UserId(uuid::Uuid::from_u128(7));

#[test]
fn a_window_starts_with_the_first_use_and_refills_at_its_end() {
    let limits = limits();
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
fn s109_a_clock_that_is_set_back_does_not_lock_anybody_out() {
    let limits = limits();
    let take = |at| limits.take(&cx([1, 1, 1, 1], at), Operation::SendPasscode, "a@b.cd");
    for _ in 0..3 {
        assert_eq!(take(100_000), Ok(()));
    }
    assert!(take(100_000).is_err());
    assert_eq!(take(0), Ok(()));
}

#[test]
fn s026_one_address_gets_only_so_many_mails_whoever_asks() {
    let limits = limits();
    let send = |n: u8| limits.take_mail(&cx([1, 1, n, 1], 0), "victim@example.com", Some(OWNER)).is_ok();
    assert_eq!((0..=255).filter(|n| send(*n)).count(), MAILS_PER_RECIPIENT as usize);
    assert_eq!(limits.take_mail(&cx([1, 1, 1, 1], 1), "other@example.com", None), Ok(()));
}

#[test]
fn s013_codes_for_an_address_are_counted_before_they_are_compared() {
    let limits = limits();
    let guess = |n: u8| limits.take_code(&cx([1, 1, n, 1], 0), "victim@example.com", Some(OWNER)).is_ok();
    assert_eq!((0..=255).filter(|n| guess(*n)).count(), WRONG_CODES_PER_ADDRESS as usize);
    limits.give_back_code(&cx([1, 1, 0, 1], 0), "victim@example.com", Some(OWNER));
    assert!(guess(0) && !guess(1));
}

#[test]
fn s034_a_client_that_signed_in_before_has_its_own_budgets() {
    let limits = limits();
    let home = cx([9, 9, 9, 9], 0);
    limits.signed_in(&home, OWNER);
    for n in 0..=255 {
        let _ = limits.take_guess(&cx([1, 1, n, 1], 0), "owner", Some(OWNER));
        let _ = limits.take_code(&cx([1, 1, n, 1], 0), "owner@example.com", Some(OWNER));
        let _ = limits.take_mail(&cx([1, 1, n, 1], 0), "owner@example.com", Some(OWNER));
    }
    assert!(limits.take_guess(&cx([1, 2, 3, 4], 0), "owner", Some(OWNER)).is_err());
    assert_eq!(limits.take_guess(&home, "owner", Some(OWNER)), Ok(()));
    assert_eq!(limits.take_code(&home, "owner@example.com", Some(OWNER)), Ok(()));
    assert_eq!(limits.take_mail(&home, "owner@example.com", Some(OWNER)), Ok(()));
}

#[test]
fn s033_stuffing_is_noticed_and_known_clients_get_in() {
    let limits = limits();
    let home = cx([9, 9, 9, 9], 0);
    limits.signed_in(&home, OWNER);
    let hashed = (0..10_000_u32).filter(|n| {
        let [_, _, high, low] = (n / 20).to_be_bytes();
        limits.take_guess(&cx([10, 0, high, low], 1), &format!("user{n}@example.com"), None).is_ok()
    });
    let hashed = hashed.count();
    assert!(hashed < 100, "{hashed}");
    assert_eq!(limits.take_guess(&cx([9, 9, 9, 9], 2), "owner", Some(OWNER)), Ok(()));
    assert_eq!(limits.take_guess(&cx([1, 2, 3, 4], 302), "later@example.com", None), Ok(()));
}

#[test]
fn one_client_alone_stops_only_itself() {
    let limits = limits();
    let tried = (0..10_000)
        .filter(|n| limits.take_guess(&cx([6, 6, 6, 6], 0), &format!("u{n}"), None).is_ok())
        .count();
    assert_eq!(tried, WRONG_PASSWORDS_PER_CLIENT as usize);
    assert_eq!(limits.take_guess(&cx([1, 2, 3, 4], 0), "somebody", None), Ok(()));
}

#[test]
fn memory_is_bounded() {
    let windows = Windows::default();
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
