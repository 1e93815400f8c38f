use inkan_base::SeededRng;
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use super::*;

const OLD: &str = "the secret of last year";
const NEW: &str = "the secret of this year";

fn keyring(secrets: &[&str]) -> Keyring {
    Keyring::new(secrets).unwrap()
}

fn place() -> Context<'static> {
    Context { table: "signing_keys", tenant: TenantId::DEFAULT, row: "17", column: "private_key" }
}

#[test]
fn secrets_must_be_there_and_long_enough() {
    assert_eq!(Keyring::new::<&str>(&[]).unwrap_err(), KeyringError::Empty);
    assert_eq!(Keyring::new(&[NEW, "fifteen bytes.."]).unwrap_err(), KeyringError::TooShort(2));
    assert!(Keyring::new(&["sixteen bytes..."]).is_ok());
}

#[test]
fn s083_sealed_value_shows_nothing_and_needs_its_secret() {
    let sealed = keyring(&[NEW]).seal(place(), b"totp seed", &SeededRng::new(1)).unwrap();
    assert!(!sealed.windows(9).any(|window| window == b"totp seed"));
    assert_eq!(keyring(&[OLD]).open(place(), &sealed).unwrap_err(), SealError::UnknownKey);
    assert_eq!(*keyring(&[NEW]).open(place(), &sealed).unwrap(), b"totp seed");
}

#[test]
fn older_secret_still_opens_and_asks_for_resealing() {
    let sealed = keyring(&[OLD]).seal(place(), b"x", &SeededRng::new(1)).unwrap();
    let rotated = keyring(&[NEW, OLD]);
    assert_eq!(*rotated.open(place(), &sealed).unwrap(), b"x");
    assert!(rotated.needs_resealing(&sealed));
    let again = rotated.seal(place(), b"x", &SeededRng::new(2)).unwrap();
    assert!(!rotated.needs_resealing(&again));
    assert!(rotated.needs_resealing(b"garbage"));
}

#[test]
fn value_opens_only_in_its_place() {
    let keyring = keyring(&[NEW]);
    let sealed = keyring.seal(place(), b"x", &SeededRng::new(1)).unwrap();
    let elsewhere = [
        Context { table: "totp", ..place() },
        Context { tenant: TenantId(Uuid::from_u128(2)), ..place() },
        Context { row: "18", ..place() },
        Context { column: "public_key", ..place() },
    ];
    for context in elsewhere {
        assert_eq!(keyring.open(context, &sealed).unwrap_err(), SealError::Rejected, "{context:?}");
    }
}

#[test]
fn same_value_sealed_twice_looks_different() {
    let (keyring, rng) = (keyring(&[NEW]), SeededRng::new(1));
    assert_ne!(keyring.seal(place(), b"x", &rng).unwrap(), keyring.seal(place(), b"x", &rng).unwrap());
}

#[test]
fn fingerprint_tells_secrets_apart() {
    let rotated = keyring(&[NEW, OLD]);
    assert_eq!(rotated.fingerprint(), keyring(&[NEW]).fingerprint());
    assert_eq!(rotated.fingerprint().len(), 32);
    assert!(rotated.knows(&keyring(&[OLD]).fingerprint()));
    assert!(!keyring(&[NEW]).knows(&keyring(&[OLD]).fingerprint()));
    assert!(!rotated.knows(""));
}

#[test]
fn mac_is_bound_to_purpose_parts_and_secret() {
    let keyring = keyring(&[NEW, OLD]);
    let mac = keyring.mac("csrf", &[b"ab", b"c"]);
    assert!(keyring.verify_mac("csrf", &[b"ab", b"c"], &mac));
    assert!(!keyring.verify_mac("state", &[b"ab", b"c"], &mac));
    assert!(!keyring.verify_mac("csrf", &[b"a", b"bc"], &mac));
    assert!(!keyring.verify_mac("csrf", &[b"ab", b"c"], &mac[..31]));
    let older = Keyring::new(&[OLD]).unwrap().mac("csrf", &[b"ab", b"c"]);
    assert_ne!(older, mac);
    assert!(keyring.verify_mac("csrf", &[b"ab", b"c"], &older));
    assert!(keyring.macs("csrf", &[b"ab", b"c"]).eq([mac, older]));
}

#[test]
fn s025_debug_shows_no_secret() {
    assert_eq!(format!("{:?}", keyring(&[NEW, OLD])), "Keyring { keys: 2, .. }");
}

proptest! {
    #[test]
    fn open_undoes_seal(plaintext in vec(any::<u8>(), 0..300), seed: u64, row in ".{0,40}") {
        let keyring = keyring(&[NEW]);
        let context = Context { row: &row, ..place() };
        let sealed = keyring.seal(context, &plaintext, &SeededRng::new(seed)).unwrap();
        prop_assert_eq!(&*keyring.open(context, &sealed).unwrap(), &plaintext);
    }

    #[test]
    fn changed_value_does_not_open(plaintext in vec(any::<u8>(), 0..60), at: prop::sample::Index, bit in 0..8_u8) {
        let keyring = keyring(&[NEW]);
        let mut sealed = keyring.seal(place(), &plaintext, &SeededRng::new(1)).unwrap();
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(keyring.open(place(), &sealed).is_err());
    }

    #[test]
    fn any_bytes_are_refused(garbage in vec(any::<u8>(), 0..200)) {
        let keyring = keyring(&[NEW, OLD]);
        prop_assert!(keyring.open(place(), &garbage).is_err());
        let mut framed = vec![VERSION];
        framed.extend_from_slice(keyring.first.id());
        framed.extend_from_slice(&garbage);
        prop_assert!(keyring.open(place(), &framed).is_err());
        prop_assert!(!keyring.verify_mac("csrf", &[], &garbage));
    }
}
