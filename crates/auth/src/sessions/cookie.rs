//! The session cookie (spec 05, section 4).

use inkan_config::{Config, SameSite};

/// `Set-Cookie` for a new session. Without `Max-Age` the browser forgets it when it closes.
pub(crate) fn session(config: &Config, token: &str, persistent: bool) -> String {
    let age = persistent.then_some(config.session.lifespan.as_secs());
    build(config, token, age)
}

/// `Set-Cookie` that removes the session cookie, with the attributes of the original.
pub(crate) fn removal(config: &Config) -> String {
    build(config, "", Some(0))
}

/// Attributes in the order of spec 05, section 4.2.
fn build(config: &Config, value: &str, max_age: Option<u64>) -> String {
    let cookie = &config.session.cookie;
    let mut text = format!("{}={value}; Path=/", config.cookie_name());
    let domain = cookie.domain.trim_start_matches('.');
    if !domain.is_empty() {
        text.push_str("; Domain=");
        text.push_str(domain);
    }
    if let Some(age) = max_age {
        text.push_str("; Max-Age=");
        text.push_str(&age.to_string());
    }
    for (on, attribute) in [(cookie.http_only, "; HttpOnly"), (cookie.secure, "; Secure")] {
        if on {
            text.push_str(attribute);
        }
    }
    text.push_str(match cookie.same_site {
        SameSite::Strict => "; SameSite=Strict",
        SameSite::Lax => "; SameSite=Lax",
        SameSite::None => "; SameSite=None",
    });
    text
}
