//! From headers to the facts that use cases need.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use inkan_auth::{App, Context};
use inkan_base::{Rng, RngExt as _, TenantId};
use inkan_mail::Language;

/// Most tokens that are looked at, of headers and of cookies each (spec 05 §5.1).
const MAX_TOKENS: usize = 20;
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the request is called in logs and answers: the client's name for it if that is harmless, else 32 random letters.
pub(crate) fn request_id(headers: &HeaderMap, rng: &dyn Rng) -> HeaderValue {
    let harmless =
        |id: &&HeaderValue| (1..=128).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic);
    if let Some(id) = headers.get(REQUEST_ID).filter(harmless) {
        return id.clone();
    }
    let mut letters = [0; 32];
    for (word, letters) in rng.bytes::<24>().as_chunks::<8>().0.iter().zip(letters.chunks_mut(11)) {
        // 64 bits are good for eleven letters.
        let mut rest = u64::from_le_bytes(*word);
        for letter in letters {
            *letter = LETTERS[(rest % 52) as usize];
            rest /= 52;
        }
    }
    HeaderValue::from_bytes(&letters).unwrap_or(HeaderValue::from_static("none")) // letters always are a value
}

/// The context of a request.
pub(crate) fn of(app: &App, client: IpAddr, request_id: String, headers: &HeaderMap) -> Context {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let x_language = text(HeaderName::from_static("x-language"));
    let agent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let mut cx = Context::new(TenantId::DEFAULT, app.clock.now(), client)
        .with_user_agent(agent.as_deref().unwrap_or_default());
    cx.request_id = request_id;
    cx.language = Language::negotiate(x_language, text(header::ACCEPT_LANGUAGE));
    cx.tokens = tokens(headers, app.config.cookie_name()).map(str::to_owned).collect();
    let device = cookies(headers, &app.config.mfa.device_trust_cookie_name).next();
    device.unwrap_or_default().clone_into(&mut cx.device_cookie);
    cx
}

/// The session tokens, in the order in which they are tried (spec 05 §5.1).
pub(crate) fn tokens<'a>(headers: &'a HeaderMap, cookie: &'a str) -> impl Iterator<Item = &'a str> {
    bearer_tokens(headers).chain(cookies(headers, cookie))
}

/// The words after `Bearer`, in any case (spec 05 §5.1).
fn bearer_tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| value.to_str().ok());
    let tokens = values.filter_map(|value| {
        let (scheme, token) = value.split_at_checked(6)?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    tokens.filter(|token| !token.is_empty()).take(MAX_TOKENS)
}

fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let values =
        pairs.filter(move |(key, _)| key.trim() == name).map(|(_, value)| value.trim().trim_matches('"'));
    values.filter(|value| !value.is_empty()).take(MAX_TOKENS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use inkan_base::SeededRng;

    fn headers(lines: &[(HeaderName, &'static [u8])]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(name.clone(), HeaderValue::from_bytes(value).unwrap());
        }
        map
    }

    #[test]
    fn w20_only_harmless_request_ids_are_taken_over() {
        let rng = SeededRng::new(1);
        let taken = |id: &'static [u8]| request_id(&headers(&[(REQUEST_ID, id)]), &rng);
        assert_eq!(taken(b"abc-123"), "abc-123");
        for id in [&b""[..], b"a b", b"a\tb", b"\xff", &[b'x'; 129]] {
            let own = taken(id);
            assert!(own.len() == 32 && own.as_bytes().iter().all(u8::is_ascii_alphabetic), "{own:?}");
        }
    }

    #[test]
    fn request_ids_differ() {
        let rng = SeededRng::new(1);
        let all: std::collections::HashSet<_> =
            (0..200).map(|_| request_id(&HeaderMap::new(), &rng)).collect();
        assert_eq!(all.len(), 200);
    }

    #[test]
    fn s124_tokens_of_odd_headers() {
        let map = headers(&[
            (header::AUTHORIZATION, b"bEaReR   one"),
            (header::AUTHORIZATION, b"Basic xyz"),
            (header::AUTHORIZATION, b"\xff\xfe"),
            (header::AUTHORIZATION, b"Bear"),
            (header::AUTHORIZATION, b"Bearer "),
            (header::COOKIE, b"a=b; hanko=two;hanko=\"three\"; =; ;;hankox=no; xhanko=no"),
            (header::COOKIE, b"\xff=\xfe"),
            (header::COOKIE, b"hanko=four"),
        ]);
        assert_eq!(bearer_tokens(&map).collect::<Vec<_>>(), ["one"]);
        assert_eq!(cookies(&map, "hanko").collect::<Vec<_>>(), ["two", "three", "four"]);
    }

    #[test]
    fn at_most_twenty_tokens() {
        let map = headers(&vec![(header::COOKIE, &b"hanko=x;"[..]); 50]);
        assert_eq!(cookies(&map, "hanko").count(), MAX_TOKENS);
    }
}
