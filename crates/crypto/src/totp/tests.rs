use inkan_base::SeededRng;
use proptest::prelude::*;

use super::*;

/// The secret of RFC 6238, appendix B, and of RFC 4226, appendix D.
fn secret() -> TotpSecret {
    TotpSecret::from_bytes(b"12345678901234567890").unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn code_of_step(step: i64) -> TotpCode {
    TotpCode::parse(&secret().password_at(at(step * PERIOD))).unwrap()
}

const ACCEPTED: fn(i64) -> TotpVerdict = |step| TotpVerdict::Accepted { step };
const STEP: i64 = 37_037_036;
const NOW: Timestamp = Timestamp::from_seconds(STEP * PERIOD + 12);

#[test]
fn passwords_are_those_of_rfc_6238_and_rfc_4226() {
    // RFC 6238, appendix B (SHA-1); it shows eight digits, of which these are the last six.
    let by_time = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];
    for (seconds, password) in by_time {
        assert_eq!(secret().password_at(at(seconds)), password);
        let code = TotpCode::parse(password).unwrap();
        assert_eq!(secret().verify(&code, at(seconds), None), ACCEPTED(seconds / 30), "{seconds}");
    }
    // RFC 4226, appendix D.
    let by_step =
        ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    for (step, password) in (0..).zip(by_step) {
        assert_eq!(secret().password_at(at(step * 30)), password);
        assert_eq!(secret().password_at(at(step * 30 + 29)), password);
    }
}

#[test]
fn s020_one_step_of_drift_is_forgiven_and_no_more() {
    for drift in -1..=1 {
        let verdict = secret().verify(&code_of_step(STEP + drift), NOW, None);
        assert_eq!(verdict, ACCEPTED(STEP + drift), "{drift}");
    }
    for drift in [-100, -3, -2, 2, 3, 100] {
        let verdict = secret().verify(&code_of_step(STEP + drift), NOW, None);
        assert_eq!(verdict, TotpVerdict::Wrong, "{drift}");
    }
}

#[test]
fn s019_password_is_accepted_once_and_earlier_ones_never_after_it() {
    for last in -1..=1 {
        for drift in -1..=1 {
            let verdict = secret().verify(&code_of_step(STEP + drift), NOW, Some(STEP + last));
            let expected = if drift > last { ACCEPTED(STEP + drift) } else { TotpVerdict::Replayed };
            assert_eq!(verdict, expected, "step {drift} after {last}");
        }
    }
    // Whoever has the old password of another moment gets no other answer than whoever guesses.
    assert_eq!(secret().verify(&code_of_step(STEP - 5), NOW, Some(STEP)), TotpVerdict::Wrong);
}

#[test]
fn s109_clock_that_jumps_brings_no_password_back_and_accepts_none_early() {
    let used = Some(STEP);
    for back in [30, 3_600, 86_400, STEP * PERIOD, i64::MAX / 2] {
        let now = NOW.seconds() - back;
        let then = TotpCode::parse(&secret().password_at(at(now))).unwrap();
        assert!(!matches!(secret().verify(&then, at(now), used), TotpVerdict::Accepted { .. }), "{back}");
        assert!(
            !matches!(secret().verify(&code_of_step(STEP), at(now), used), TotpVerdict::Accepted { .. }),
            "{back}"
        );
    }
    for forward in [3_600, 86_400] {
        let early = TotpCode::parse(&secret().password_at(at(NOW.seconds() + forward))).unwrap();
        assert_eq!(secret().verify(&early, NOW, used), TotpVerdict::Wrong, "{forward}");
    }
    for extreme in [i64::MIN, i64::MAX] {
        assert_eq!(
            secret().verify(&code_of_step(STEP), Timestamp::from_micros(extreme), used),
            TotpVerdict::Wrong
        );
    }
}

#[test]
fn password_of_another_secret_is_wrong() {
    let other = TotpSecret::generate(&SeededRng::new(1));
    let code = TotpCode::parse(&other.password_at(NOW)).unwrap();
    assert_eq!(secret().verify(&code, NOW, None), TotpVerdict::Wrong);
}

#[test]
fn blanks_do_not_matter_and_everything_else_does() {
    let plain = TotpCode::parse("123456").unwrap();
    for typed in ["123 456", " 123456\n", "12 34 56", "123\u{a0}456", "1\t2 3 4\u{202f}5 6"] {
        assert_eq!(TotpCode::parse(typed), Some(plain.clone()), "{typed:?}");
    }
    for typed in
        ["", " ", "12345", "1234567", "123 456 7", "+12345", "-12345", "12345a", "１２３４５６", "123-456"]
    {
        assert_eq!(TotpCode::parse(typed), None, "{typed:?}");
    }
    assert_eq!(TotpCode::parse(&"1".repeat(1 << 20)), None);
}

#[test]
fn secret_is_20_bytes_and_32_characters() {
    assert_eq!(*secret().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert_eq!(*TotpSecret::from_bytes(&[0xff; 20]).unwrap().base32(), "7".repeat(32));
    assert_eq!((TotpSecret::from_bytes(&[0; 19]), TotpSecret::from_bytes(&[0; 21])), (None, None));
    let (a, b) = (TotpSecret::generate(&SeededRng::new(1)), TotpSecret::generate(&SeededRng::new(2)));
    assert_ne!(a, b);
}

#[test]
fn address_is_escaped_and_its_parameters_are_sorted() {
    assert_eq!(
        *secret().provisioning_uri("Spec Svc", "alice@example.test"),
        "otpauth://totp/Spec%20Svc:alice@example.test?algorithm=SHA1&digits=6&issuer=Spec%20Svc&period=30\
         &secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    );
    let hostile = secret().provisioning_uri("A&B: 100% Über?#/+", "a=b&secret=AAAA");
    assert!(hostile.starts_with(
        "otpauth://totp/A%26B%3A%20100%25%20%C3%9Cber%3F%23%2F%2B:a%3Db%26secret%3DAAAA?algorithm=SHA1&digits=6&\
         issuer=A%26B%3A%20100%25%20%C3%9Cber%3F%23%2F%2B&period=30&secret=GEZ"
    ));
    assert_eq!(escaped("印鑑印鑑", 20), "%E5%8D%B0%E9%91%91", "no half characters");
    let longest = secret().provisioning_uri(&"印".repeat(1000), &"印".repeat(1000));
    assert!((1_300..1_600).contains(&longest.len()), "{}", longest.len());
}

#[test]
fn s025_debug_shows_neither_secret_nor_password() {
    let shown = format!("{:?} {:?}", secret(), TotpCode::parse("123456"));
    assert_eq!(shown, "TotpSecret(..) Some(TotpCode(..))");
}

proptest! {
    #[test]
    fn anything_typed_is_read_or_refused(typed in any::<String>()) {
        if let Some(code) = TotpCode::parse(&typed) {
            prop_assert!(code.0.len() == 6 && code.0.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }

    #[test]
    fn accepted_step_is_near_now_and_later_than_the_last(
        seed: u64, now in 0..20_000_000_000_i64, drift in -2..=2_i64, last in -3..=3_i64,
    ) {
        let secret = TotpSecret::generate(&SeededRng::new(seed));
        let code = TotpCode::parse(&secret.password_at(at(now + drift * PERIOD))).unwrap();
        let last = now / PERIOD + last;
        if let TotpVerdict::Accepted { step } = secret.verify(&code, at(now), Some(last)) {
            prop_assert!((step - now / PERIOD).abs() <= 1 && step > last);
            prop_assert_eq!(secret.verify(&code, at(now), Some(step)), TotpVerdict::Replayed);
        }
    }
}
