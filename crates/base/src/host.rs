//! Comparing host names: by equal sequences of labels, never by prefix or suffix of the text. Whatever decides about a host
//! (allowed origins, the admin port's own name, relying-party ids, redirect targets) decides here.

/// Whether both name the same host: the same labels in the same order, ASCII letters in any case. An empty label, so also
/// the dot at the end of `example.com.`, and anything beyond ASCII equal nothing.
#[must_use]
pub fn same_host(a: &str, b: &str) -> bool {
    match (labels(a), labels(b)) {
        (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.eq_ignore_ascii_case(b)),
        _ => false,
    }
}

/// Whether `host` is one that `pattern` stands for. A leftmost label `*` is one or more labels; within any other label `*`
/// is any run of characters and `?` is one. A wildcard never reaches over a dot.
#[must_use]
pub fn host_matches(pattern: &str, host: &str) -> bool {
    let (Some(mut pattern), Some(mut host)) = (labels(pattern), labels(host)) else { return false };
    if pattern.first() == Some(&"*") && pattern.len() > 1 {
        if host.len() < pattern.len() {
            return false;
        }
        host.drain(..=host.len() - pattern.len());
        pattern.remove(0);
    }
    pattern.len() == host.len()
        && pattern.iter().zip(&host).all(|(pattern, label)| label_matches(pattern, label))
}

/// The labels of a name; the address in brackets of `[::1]` is one.
fn labels(host: &str) -> Option<Vec<&str>> {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok().then(|| vec![host]);
    }
    let labels: Vec<&str> = host.split('.').collect();
    let well_formed = |label: &&str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_*?".contains(&byte);
        (1..=63).contains(&label.len()) && label.bytes().all(known)
    };
    labels.iter().all(well_formed).then_some(labels)
}

/// Linear in both: on a mismatch only the last `*` is stretched.
fn label_matches(pattern: &str, label: &str) -> bool {
    let (pattern, label) = (pattern.as_bytes(), label.as_bytes());
    let (mut p, mut l, mut star) = (0, 0, None);
    while l < label.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, l));
                p += 1;
            }
            Some(c) if *c == b'?' || c.eq_ignore_ascii_case(&label[l]) => {
                p += 1;
                l += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                p = at + 1;
                l = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s120_only_equal_label_sequences_are_the_same_host() {
        assert!(same_host("example.com", "EXAMPLE.com"));
        assert!(same_host("[::1]", "[::1]"));
        for other in [
            "badexample.com",
            "example.com.evil",
            "example.com.",
            "a.example.com",
            ".example.com",
            "exämple.com",
            "",
        ] {
            assert!(!same_host("example.com", other), "{other}");
        }
        assert!(!same_host("example.com.", "example.com."));
    }

    #[test]
    fn s120_wildcards_stay_within_labels() {
        for host in ["a.app.example", "a.b.app.example"] {
            assert!(host_matches("*.app.example", host), "{host}");
        }
        for host in ["app.example", "badapp.example", "a.app.example.evil", "a.app.example.", ".app.example"]
        {
            assert!(!host_matches("*.app.example", host), "{host}");
        }
        assert!(host_matches("pr-*.app.example", "pr-17.app.example"));
        assert!(!host_matches("pr-*.app.example", "pr-1.x.app.example"));
        assert!(host_matches("app?.example", "app1.example"));
        assert!(!host_matches("app.example", "app-example"));
    }
}
