//! Presence may be missing in a conditional create only: R15.

use inkan_test_support::authenticator::{Authenticator, Tweaks};
use inkan_webauthn::Reason;

use super::{s053_registration::refused, support::Site};

#[test]
fn b1_r15_presence_may_be_missing_only_if_the_server_asked_for_that() {
    let tweaks = Tweaks { user_present: Some(false), ..Tweaks::default() };
    refused(&tweaks, Reason::UserPresence);
    let site = Site { conditional: true, ..Site::new() };
    assert!(site.register_with(&mut Authenticator::new(1), &tweaks).is_ok());
    assert!(site.register_with(&mut Authenticator::new(1), &Tweaks::default()).is_ok());
}
