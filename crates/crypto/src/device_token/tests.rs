use inkan_base::SeededRng;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

fn token(seed: u64) -> DeviceToken {
    DeviceToken::generate(&SeededRng::new(seed))
}

/// A cookie in which users 1 to `count` trusted the device one after the other.
fn trusted(count: u128, max_users: usize) -> DeviceCookie {
    let mut cookie = DeviceCookie::default();
    for number in 1..=count {
        cookie.trust(user(number), token(u64::try_from(number).unwrap()), max_users);
    }
    cookie
}

#[test]
fn token_has_88_characters_and_is_stored_hashed() {
    let token = token(1);
    assert_eq!((token.as_str().len(), token.as_str().ends_with("==")), (88, true));
    assert_eq!(URL_SAFE.decode(token.as_str()).unwrap().len(), 64);
    assert_ne!(token, self::token(2));
    assert_eq!(token.hash(), sha256(token.as_str().as_bytes()));
}

#[test]
fn cookie_lists_the_newest_user_first_and_replaces_his_entry() {
    let mut cookie = trusted(2, 20);
    let both = format!("{}:{}|{}:{}", user(2), token(2).as_str(), user(1), token(1).as_str());
    assert_eq!(cookie.to_string(), both);
    assert_eq!(DeviceCookie::parse(&both), cookie);
    cookie.trust(user(1), token(9), 20);
    let again = format!("{}:{}|{}:{}", user(1), token(9).as_str(), user(2), token(2).as_str());
    assert_eq!(cookie.to_string(), again);
    assert_eq!(cookie.token_of(user(1)), Some(&token(9)));
    assert_eq!(cookie.token_of(user(3)), None);
}

#[test]
fn oldest_users_go_when_there_are_too_many() {
    let cookie = trusted(25, 20);
    assert_eq!(cookie.entries.len(), 20);
    assert_eq!((cookie.token_of(user(5)), cookie.token_of(user(6))), (None, Some(&token(6))));
    assert_eq!(trusted(3, 0).entries, trusted(3, 1).entries, "the newest one always stays");
}

#[test]
fn cookie_never_grows_beyond_what_a_browser_keeps() {
    let cookie = trusted(500, 1_000);
    assert_eq!(cookie.entries.len(), 30);
    assert_eq!(cookie.entries[0].0, user(500));
    let line =
        format!("hanko-device-token={cookie}; Path=/; Max-Age=315360000; HttpOnly; Secure; SameSite=None");
    assert!(line.len() < 4_096, "{}", line.len());
}

#[test]
fn single_token_of_the_older_form_is_read_and_dropped_by_the_first_change() {
    let mut cookie = DeviceCookie::parse(token(1).as_str());
    assert_eq!(cookie.token_of(user(1)), Some(&token(1)));
    assert_eq!(cookie.token_of(user(2)), Some(&token(1)), "whose it is, the row tells");
    assert_eq!(cookie.to_string(), token(1).as_str());
    cookie.trust(user(2), token(2), 20);
    assert_eq!(cookie.to_string(), format!("{}:{}", user(2), token(2).as_str()));
    assert_eq!(cookie.token_of(user(1)), None);
}

#[test]
fn malformed_entries_are_skipped() {
    let good = format!("{}:{}", user(1), token(1).as_str());
    let id = user(2);
    for bad in [
        String::new(),
        "no separator".to_owned(),
        ":".to_owned(),
        format!("{id}:"),
        format!("{}:{}", "nobody", token(2).as_str()),
        format!("{}:{}", id.0.simple(), token(2).as_str()),
        format!("{id}:{}:{}", token(2).as_str(), token(2).as_str()),
        format!("{id}:{}", "a; Domain=example.com"),
        format!("{id}:{}", "a".repeat(129)),
        format!("{id}:é"),
    ] {
        for value in [format!("{bad}|{good}"), format!("{good}|{bad}")] {
            let cookie = DeviceCookie::parse(&value);
            assert_eq!(cookie.entries, [(user(1), token(1))], "{value}");
        }
    }
    for nothing in ["", "|", ":", "a b", "é", &"a".repeat(129)] {
        assert!(DeviceCookie::parse(nothing).is_empty(), "{nothing}");
    }
    let twice = format!("{good}|{}:{}", user(1), token(2).as_str());
    assert_eq!(DeviceCookie::parse(&twice).entries, [(user(1), token(1))]);
}

#[test]
fn forgotten_user_is_gone_and_others_stay() {
    let mut cookie = trusted(2, 20);
    cookie.forget(user(2));
    assert_eq!(cookie.to_string(), format!("{}:{}", user(1), token(1).as_str()));
    cookie.forget(user(1));
    assert!(cookie.is_empty());
    assert_eq!(cookie.to_string(), "");
}

#[test]
fn s025_debug_shows_no_token() {
    let cookie = trusted(1, 20);
    assert!(!format!("{cookie:?} {:?}", DeviceCookie::parse(token(1).as_str())).contains(token(1).as_str()));
}

proptest! {
    #[test]
    fn any_cookie_is_read_and_what_is_read_may_stand_in_a_cookie(value in "[ -~é|:=]{0,400}", max in 0..50_usize) {
        let mut cookie = DeviceCookie::parse(&value);
        let plain = |text: &str| text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_=:|".contains(&c));
        prop_assert!(plain(&cookie.to_string()));
        prop_assert_eq!(&DeviceCookie::parse(&cookie.to_string()), &cookie);
        cookie.trust(user(1), token(1), max);
        prop_assert_eq!(cookie.token_of(user(1)), Some(&token(1)));
        prop_assert_eq!(&DeviceCookie::parse(&cookie.to_string()), &cookie);
    }
}
