//! The compact form: `base64url(header).base64url(claims).base64url(signature)`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use inkan_base::Timestamp;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use super::{KeyError, MAX_TOKEN, SigningKey, TokenError};

pub(super) fn sign(key: &SigningKey, claims: &Map<String, Value>) -> Result<String, KeyError> {
    let header = json(&IssuedHeader { alg: key.private.algorithm().name(), kid: &key.kid, typ: "JWT" });
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(json(&SortedMap(claims)), &mut token);
    let signature = key.private.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// The claims of a token with a right signature, whatever its times.
pub(super) fn verify<'a>(
    token: &str,
    find: impl FnOnce(&str) -> Option<&'a SigningKey>,
) -> Result<Map<String, Value>, TokenError> {
    if token.len() > MAX_TOKEN {
        return Err(TokenError::TooLong);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, claims) = message.split_once('.').ok_or(TokenError::Malformed)?;
    if claims.contains('.') {
        return Err(TokenError::Malformed);
    }
    let header: PresentedHeader = parse(header)?;
    let key = find(&header.kid).ok_or(TokenError::UnknownKey)?;
    if header.alg != key.private.algorithm().name() {
        return Err(TokenError::WrongAlgorithm);
    }
    // RFC 7515, section 4.1.11: extensions that must be understood are not understood here.
    if header.crit.is_some() {
        return Err(TokenError::Malformed);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Malformed)?;
    key.public.verify_sig(message.as_bytes(), &signature).map_err(|_| TokenError::WrongSignature)?;
    parse(claims)
}

pub(super) fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), TokenError> {
    let time = |name| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(Timestamp::from_seconds).map(Some).ok_or(TokenError::Malformed),
    };
    let (expires, not_before, issued) = (time("exp")?, time("nbf")?, time("iat")?);
    if expires.is_none_or(|expires| expires <= now) {
        return Err(TokenError::Expired);
    }
    if not_before.into_iter().chain(issued).any(|begin| begin > now) {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}

/// Text of a value that always has one: only strings, numbers and maps with string keys.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn parse<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)
}

/// Members in this order (spec 05, section 2.1).
#[derive(Serialize)]
struct IssuedHeader<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'static str,
}

#[derive(Deserialize)]
struct PresentedHeader {
    alg: String,
    kid: String,
    crit: Option<Value>,
}

/// Serialises in alphabetical order even if another crate of the build makes `serde_json` keep the order of insertion.
struct SortedMap<'a>(&'a Map<String, Value>);

impl Serialize for SortedMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members: Vec<_> = self.0.iter().collect();
        members.sort_unstable_by_key(|(name, _)| name.as_str());
        let mut map = serializer.serialize_map(Some(members.len()))?;
        for (name, value) in members {
            map.serialize_entry(name, &Sorted(value))?;
        }
        map.end()
    }
}

struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => SortedMap(map).serialize(serializer),
            Value::Array(list) => serializer.collect_seq(list.iter().map(Sorted)),
            scalar => scalar.serialize(serializer),
        }
    }
}
