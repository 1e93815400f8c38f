//! Required user verification: R16 and A17.

use inkan_config::UserVerification;
use inkan_test_support::authenticator::{Authenticator, Tweaks};
use inkan_webauthn::Reason;

use super::{
    s054_assertion::registered,
    support::{Site, assert_early},
};

#[test]
fn b1_r16_the_user_is_verified_if_that_is_required() {
    let tweaks = Tweaks { user_verified: Some(false), ..Tweaks::default() };
    let site = Site { verification: UserVerification::Required, ..Site::new() };
    assert_early(&site.register_with(&mut Authenticator::new(1), &tweaks), Reason::UserVerification);
    assert!(site.register(&mut Authenticator::new(1)).user_verified);
    assert!(!Site::new().register_with(&mut Authenticator::new(1), &tweaks).unwrap().user_verified);
}

#[test]
fn b2_a17_the_user_is_verified_if_that_is_required() {
    let (mut site, mut key, credential) = registered();
    let tweaks = Tweaks { user_verified: Some(false), ..Tweaks::default() };
    assert!(!site.sign_in_with(&mut key, &credential, &tweaks).unwrap().user_verified);
    site.verification = UserVerification::Required;
    assert_early(&site.sign_in_with(&mut key, &credential, &tweaks), Reason::UserVerification);
    assert!(site.sign_in_with(&mut key, &credential, &Tweaks::default()).is_ok());
}
