//! Addresses and other foreign strings: which can be delivered to, how they look in logs, how they fit on one line.

use lettre::Address;

/// The longest address that fits into an SMTP path (RFC 5321 §4.5.3.1.3).
const MAX_ADDRESS: usize = 254;
/// The longest foreign string (service name, address) in a mail, in characters.
const MAX_LINE: usize = 300;

/// Whether a mail can be addressed to `address` at all. `a..b@example.com` cannot.
#[must_use]
pub fn is_deliverable(address: &str) -> bool {
    parse(address).is_some()
}

/// `address` in the form used in the envelope, the domain in ASCII (`bücher.example` → `xn--bcher-kva.example`).
pub(crate) fn parse(address: &str) -> Option<Address> {
    if address.len() > MAX_ADDRESS || address.chars().any(|c| is_break(c) || is_direction(c)) {
        return None;
    }
    let parsed: Address = address.parse().ok()?;
    if parsed.domain().is_ascii() {
        return Some(parsed);
    }
    let domain = idna::domain_to_ascii(parsed.domain()).ok()?;
    Address::new(parsed.user(), domain).ok()
}

/// `address` for logs and audit records (spec 09 §B.3): `maskme.please@example.com` → `mas**********@example.com`.
#[must_use]
pub fn masked(address: &str) -> String {
    let (name, domain) =
        address.rsplit_once('@').map_or((address, None), |(name, domain)| (name, Some(domain)));
    let length = name.chars().count();
    let kept = match length {
        0 => 0,
        1..=6 => 1,
        _ => 3,
    };
    let mut masked: String = name.chars().take(kept).collect();
    masked.extend(std::iter::repeat_n('*', length.max(6) - kept));
    if let Some(domain) = domain {
        masked.push('@');
        masked.push_str(domain);
    }
    masked
}

/// `text` as it may stand in a header or a sentence: one line, no controls, no change of writing direction, bounded.
pub(crate) fn single_line(text: &str) -> String {
    let neutral: String = text
        .chars()
        .filter(|c| !is_direction(*c))
        .take(MAX_LINE)
        .map(|c| if is_break(c) { ' ' } else { c })
        .collect();
    neutral.trim().to_owned()
}

/// Controls (CR, LF, NEL, NUL…) and the Unicode line and paragraph separators.
fn is_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Characters that reorder what follows and could make an address look like another.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_as_specified() {
        assert_eq!(masked("ab@example.com"), "a*****@example.com");
        assert_eq!(masked("maskme.please@example.com"), "mas**********@example.com");
        assert_eq!(masked("@example.com"), "******@example.com");
        assert_eq!(masked("sixsix@x"), "s*****@x");
        assert_eq!(masked("sevenxx@x"), "sev****@x");
        assert_eq!(masked("ÄÖ@x"), "Ä*****@x");
        assert_eq!(masked("no address"), "no *******");
    }

    #[test]
    fn s027_what_cannot_be_delivered_is_refused() {
        for good in ["ada@example.com", "a+b@example.com", "ada@bücher.example", "jörg@example.com"] {
            assert!(is_deliverable(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@b.c",
            "a..b@example.com",
            ".a@example.com",
            "a b@example.com",
            "a@b c.example",
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com,b@example.com",
            "<a@example.com>",
            "a@exam\nple.com",
            "\"a\r\nb\"@example.com",
            "a\u{2028}b@example.com",
            "a\u{85}b@example.com",
            "a\u{202e}b@example.com",
        ] {
            assert!(!is_deliverable(bad), "{bad:?}");
        }
        assert!(!is_deliverable(&format!("{}@example.com", "a".repeat(300))));
        assert_eq!(parse("ada@bücher.example").unwrap().to_string(), "ada@xn--bcher-kva.example");
    }
}
