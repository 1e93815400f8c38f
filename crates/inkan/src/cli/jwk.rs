//! `inkan jwk create`: a new RSA private key as a JSON Web Key (RFC 7517, RFC 7518 §6.3). Nothing is stored.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Subcommand;
use inkan_crypto::{Algorithm, PrivateKey};
use serde_json::{Map, Value};

use super::Failure;

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a new RS256 private key as one JSON line.
    Create,
}

pub(super) fn create() -> Result<(), Failure> {
    let pkcs8 = PrivateKey::generate(Algorithm::RS256)?.to_pkcs8()?;
    super::print(Value::Object(jwk(&pkcs8).ok_or("the new key cannot be read")?))?;
    Ok(())
}

/// PKCS #8 (RFC 5208): version, algorithm, octet string with an `RSAPrivateKey` (RFC 8017 A.1.2): version and eight numbers.
fn jwk(pkcs8: &[u8]) -> Option<Map<String, Value>> {
    const NUMBERS: [&str; 8] = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
    let (mut outer, _) = der(0x30, pkcs8)?;
    for tag in [0x02, 0x30] {
        (_, outer) = der(tag, outer)?;
    }
    let (key, _) = der(0x04, outer)?;
    let (key, _) = der(0x30, key)?;
    let (_, mut rest) = der(0x02, key)?;
    let mut members = Map::from_iter(
        [("kty", "RSA"), ("kid", "key1"), ("use", "sig"), ("alg", "RS256")]
            .map(|(k, v)| (k.to_owned(), v.into())),
    );
    for name in NUMBERS {
        let (number, after) = der(0x02, rest)?;
        let unsigned = number.strip_prefix(&[0]).unwrap_or(number);
        members.insert(name.to_owned(), URL_SAFE_NO_PAD.encode(unsigned).into());
        rest = after;
    }
    Some(members)
}

/// One DER element with this tag: its content and what follows.
fn der(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = bytes.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (length, rest) =
            rest.split_at_checked(usize::from(first & 0x7f)).filter(|(l, _)| l.len() <= 4)?;
        (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_has_all_numbers() {
        let pkcs8 = PrivateKey::generate(Algorithm::RS256).unwrap().to_pkcs8().unwrap();
        let key = jwk(&pkcs8).unwrap();
        assert_eq!(key["e"], "AQAB");
        let n = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
        assert_eq!(n.len(), 256);
        assert_eq!(key.len(), 12);
    }
}
