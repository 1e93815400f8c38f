use std::time::Duration;

use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode, jwk::JwkSet};
use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::*;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};

const NOW: Timestamp = Timestamp::from_seconds(1_795_323_600);
const ALL: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

fn keys(algorithms: &[Algorithm]) -> SigningKeys {
    let generate =
        |(n, algorithm): (usize, &Algorithm)| (format!("key-{n}"), PrivateKey::generate(*algorithm).unwrap());
    SigningKeys::new(algorithms.iter().enumerate().map(generate).collect()).unwrap()
}

fn map(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("an object") };
    map
}

fn claims() -> Map<String, Value> {
    map(json!({ "sub": "ada", "iat": NOW.seconds(), "exp": NOW.seconds() + 3600, "aud": ["localhost"] }))
}

fn part(token: &str, index: usize) -> String {
    String::from_utf8(B64.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

/// The token with another header, the signature left as it is.
fn with_header(token: &str, header: &Value) -> String {
    let rest = token.split_once('.').unwrap().1;
    format!("{}.{rest}", B64.encode(header.to_string()))
}

#[test]
fn header_and_claims_stand_in_the_specified_order() {
    let keys = keys(&[Algorithm::RS256]);
    let claims = map(
        json!({ "sub": "ada", "exp": 2, "email": { "is_verified": true, "address": "a@b" }, "aud": ["x"] }),
    );
    let token = keys.sign(&claims).unwrap();
    assert_eq!(part(&token, 0), r#"{"alg":"RS256","kid":"key-0","typ":"JWT"}"#);
    assert_eq!(
        part(&token, 1),
        r#"{"aud":["x"],"email":{"address":"a@b","is_verified":true},"exp":2,"sub":"ada"}"#
    );
}

#[test]
fn key_set_has_the_specified_members() {
    let jwks = keys(&ALL).jwks().to_owned();
    let members: Vec<String> = jwks
        .trim_start_matches(r#"{"keys":[{"#)
        .trim_end_matches("}]}")
        .split("},{")
        .map(|key| {
            let names = key.split(',').map(|member| member.split(':').next().unwrap().trim_matches('"'));
            names.collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(members, ["alg e kid kty n use", "alg crv kid kty use x y", "alg crv kid kty use x"]);
    assert!(
        jwks.starts_with(r#"{"keys":[{"alg":"RS256","e":"AQAB","kid":"key-0","kty":"RSA","n":""#),
        "{jwks}"
    );
}

#[test]
fn tokens_verify_here_and_by_an_independent_reader_of_the_key_set() {
    for algorithm in ALL {
        let keys = keys(&[algorithm]);
        let token = keys.sign(&claims()).unwrap();
        assert_eq!(keys.verify(&token, NOW).unwrap(), claims());
        let set: JwkSet = serde_json::from_str(keys.jwks()).unwrap();
        let public = DecodingKey::from_jwk(set.find("key-0").unwrap()).unwrap();
        let mut validation = Validation::new(algorithm.name().parse().unwrap());
        validation.set_audience(&["localhost"]);
        validation.validate_exp = false;
        let read = decode::<Map<String, Value>>(&token, &public, &validation).unwrap();
        assert_eq!(read.claims, claims());
    }
}

#[test]
fn tokens_of_an_independent_writer_verify() {
    let private = PrivateKey::generate(Algorithm::EdDSA).unwrap();
    let encoding = EncodingKey::from_ed_der(&private.to_pkcs8().unwrap());
    let keys = SigningKeys::new(vec![("k".into(), private)]).unwrap();
    let header = Header { kid: Some("k".into()), ..Header::new(jsonwebtoken::Algorithm::EdDSA) };
    let token = encode(&header, &claims(), &encoding).unwrap();
    assert_eq!(keys.verify(&token, NOW), Ok(claims()));
}

#[test]
fn pkcs8_keeps_the_key() {
    for algorithm in ALL {
        let key = PrivateKey::generate(algorithm).unwrap();
        let copy = PrivateKey::from_pkcs8(algorithm, &key.to_pkcs8().unwrap()).unwrap();
        let [keys, copies] = [key, copy].map(|key| SigningKeys::new(vec![("k".into(), key)]).unwrap());
        assert_eq!(keys.jwks(), copies.jwks());
        assert!(keys.verify(&copies.sign(&claims()).unwrap(), NOW).is_ok());
    }
}

#[test]
fn s122_broken_keys_are_refused() {
    let ec = PrivateKey::generate(Algorithm::ES256).unwrap().to_pkcs8().unwrap();
    assert!(PrivateKey::from_pkcs8(Algorithm::RS256, &ec).is_err());
    assert!(PrivateKey::from_pkcs8(Algorithm::EdDSA, &ec).is_err());
    assert!(PrivateKey::from_pkcs8(Algorithm::ES256, &ec[..ec.len() - 1]).is_err());
    assert!(PrivateKey::from_pkcs8(Algorithm::ES256, b"").is_err());
    assert_eq!(SigningKeys::new(vec![]).unwrap_err(), KeyError::Empty);
    let twice = || ("k".to_owned(), PrivateKey::generate(Algorithm::EdDSA).unwrap());
    assert_eq!(SigningKeys::new(vec![twice(), twice()]).unwrap_err(), KeyError::Duplicate("k".into()));
}

#[test]
fn s082_rotation_keeps_old_tokens_until_the_old_key_goes() {
    let old = PrivateKey::generate(Algorithm::RS256).unwrap();
    let new = PrivateKey::generate(Algorithm::ES256).unwrap();
    let copy = |key: &PrivateKey| PrivateKey::from_pkcs8(key.algorithm(), &key.to_pkcs8().unwrap()).unwrap();
    let before = SigningKeys::new(vec![("old".into(), copy(&old))]).unwrap();
    let overlap = SigningKeys::new(vec![("old".into(), old), ("new".into(), copy(&new))]).unwrap();
    let after = SigningKeys::new(vec![("new".into(), new)]).unwrap();
    let (old_token, new_token) = (before.sign(&claims()).unwrap(), overlap.sign(&claims()).unwrap());
    assert_eq!(overlap.kid(), "new");
    assert!(overlap.verify(&old_token, NOW).is_ok() && overlap.verify(&new_token, NOW).is_ok());
    assert!(after.verify(&new_token, NOW).is_ok());
    assert_eq!(after.verify(&old_token, NOW), Err(TokenError::UnknownKey));
}

#[test]
fn algorithm_of_the_header_must_be_that_of_the_key() {
    let keys = keys(&[Algorithm::RS256]);
    let token = keys.sign(&claims()).unwrap();
    for alg in ["none", "None", "HS256", "RS384", "PS256", "ES256", ""] {
        let forged = with_header(&token, &json!({ "alg": alg, "kid": "key-0", "typ": "JWT" }));
        assert_eq!(keys.verify(&forged, NOW), Err(TokenError::WrongAlgorithm), "{alg}");
    }
    let critical =
        with_header(&token, &json!({ "alg": "RS256", "kid": "key-0", "crit": ["b64"], "b64": false }));
    assert_eq!(keys.verify(&critical, NOW), Err(TokenError::Malformed));
    let public = EncodingKey::from_secret(keys.jwks().as_bytes());
    let header = Header { kid: Some("key-0".into()), ..Header::new(jsonwebtoken::Algorithm::HS256) };
    let confused = encode(&header, &claims(), &public).unwrap();
    assert_eq!(keys.verify(&confused, NOW), Err(TokenError::WrongAlgorithm));
}

#[test]
fn forged_and_malformed_tokens_are_refused() {
    let keys = keys(&ALL);
    let token = keys.sign(&claims()).unwrap();
    let [header, body, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let admin = B64.encode(json!({ "sub": "admin", "exp": NOW.seconds() + 60 }).to_string());
    let other = keys.sign(&map(json!({ "exp": NOW.seconds() + 60 }))).unwrap();
    let other = other.rsplit_once('.').unwrap().1;
    let unsigned = with_header(&token, &json!({ "alg": "EdDSA", "kid": "somebody's" }));
    for (forged, error) in [
        (format!("{header}.{admin}.{signature}"), TokenError::WrongSignature),
        (format!("{header}.{body}.{other}"), TokenError::WrongSignature),
        (format!("{header}.{body}."), TokenError::WrongSignature),
        (format!("{header}.{body}"), TokenError::Malformed),
        (format!("{token}.{signature}"), TokenError::Malformed),
        (format!("{token}="), TokenError::Malformed),
        (format!(" {token}"), TokenError::Malformed),
        (String::new(), TokenError::Malformed),
        ("..".into(), TokenError::Malformed),
        (unsigned, TokenError::UnknownKey),
        (with_header(&token, &json!({ "alg": "EdDSA" })), TokenError::Malformed),
        ("x".repeat(MAX_TOKEN + 1), TokenError::TooLong),
    ] {
        assert_eq!(keys.verify(&forged, NOW), Err(error), "{forged}");
    }
}

#[test]
fn times_are_checked_without_leeway() {
    let keys = keys(&[Algorithm::EdDSA]);
    let (now, verify) =
        (NOW.seconds(), |claims, at| keys.verify(&keys.sign(&map(claims)).unwrap(), at).map(|_| ()));
    assert_eq!(verify(json!({ "exp": now + 1 }), NOW), Ok(()));
    assert_eq!(verify(json!({ "exp": now + 1 }), NOW + Duration::from_micros(999_999)), Ok(()));
    assert_eq!(verify(json!({ "exp": now + 1 }), NOW + Duration::from_secs(1)), Err(TokenError::Expired));
    assert_eq!(verify(json!({ "exp": now }), NOW), Err(TokenError::Expired));
    assert_eq!(verify(json!({ "sub": "x" }), NOW), Err(TokenError::Expired));
    assert_eq!(verify(json!({ "exp": now + 9, "iat": now, "nbf": now }), NOW), Ok(()));
    assert_eq!(verify(json!({ "exp": now + 9, "iat": now + 1 }), NOW), Err(TokenError::NotYetValid));
    assert_eq!(verify(json!({ "exp": now + 9, "nbf": now + 1 }), NOW), Err(TokenError::NotYetValid));
    for bad in [json!("tomorrow"), json!(null), json!(1e300), json!(u64::MAX), json!([now])] {
        assert_eq!(verify(json!({ "exp": bad }), NOW), Err(TokenError::Malformed));
    }
}

#[test]
fn s025_debug_shows_no_key() {
    let keys = keys(&[Algorithm::EdDSA]);
    assert_eq!(
        format!("{keys:?} {:?}", PrivateKey::generate(Algorithm::EdDSA).unwrap()),
        r#"[("key-0", EdDSA)] PrivateKey(EdDSA)"#
    );
}

proptest! {
    #[test]
    fn any_text_is_refused_without_panic(text in ".{0,200}", header in vec(any::<u8>(), 0..60), at: prop::sample::Index) {
        let keys = keys(&[Algorithm::EdDSA]);
        prop_assert!(keys.verify(&text, NOW).is_err());
        let framed = [B64.encode(&header), B64.encode(&text), B64.encode(&header)].join(".");
        prop_assert!(keys.verify(&framed, NOW).is_err());
        let mut changed = keys.sign(&claims()).unwrap().into_bytes();
        let at = at.index(changed.len());
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        prop_assert!(keys.verify(std::str::from_utf8(&changed).unwrap(), NOW).is_err());
        prop_assert!(PrivateKey::from_pkcs8(Algorithm::ES256, &header).is_err());
    }
}
