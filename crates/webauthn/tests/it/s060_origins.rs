//! Where a ceremony may run: R9 and A12.

use inkan_test_support::authenticator::Authenticator;
use inkan_webauthn::Reason;

use super::{
    s054_assertion::registered,
    support::{Site, assert_early, stored},
};

#[test]
fn b1_r09_the_origin_is_listed() {
    let site = Site::new();
    for origin in [
        "https://evil.example",
        "http://example.com",
        "https://example.com:444",
        "https://a.example.com",
        "null",
    ] {
        let response = Authenticator::new(1).create(&site.creation_options(&[]), origin).unwrap();
        assert_early(&site.verify_registration(&response), Reason::Origin);
    }
}

#[test]
fn b2_a12_the_origin_is_listed() {
    let (site, mut key, credential) = registered();
    for origin in
        ["https://evil.example", "https://a.example.com", "https://example.com.evil", "HTTP://example.com"]
    {
        let response = key.get(&site.request_options(&[]), origin).unwrap();
        assert_early(&site.verify_assertion(&response, Some(&stored(&credential))), Reason::Origin);
    }
}
