//! The counters of assertions: A23.

use inkan_test_support::authenticator::{Authenticator, Tweaks};
use inkan_webauthn::{Reason, StoredCredential};

use super::{
    s054_assertion::registered,
    support::{Site, assert_late, stored},
};

#[test]
fn b2_a23_a_counter_grows_as_soon_as_it_counts() {
    let (site, mut key, credential) = registered();
    let mut outcome = |stored_counter, received| {
        let stored = StoredCredential { counter: stored_counter, ..stored(&credential) };
        site.sign_in_as(&mut key, &stored, &Tweaks { counter: Some(received), ..Tweaks::default() })
    };
    for (before, received) in [(0, 0), (0, 1), (1, 2), (5, 4_294_967_295)] {
        assert_eq!(outcome(before, received).unwrap().counter, received, "{before} {received}");
    }
    for (before, received) in [(1, 1), (5, 4), (5, 0)] {
        assert_late(&outcome(before, received), Reason::Counter);
    }
}

#[test]
fn b2_a23_a_backed_up_credential_is_not_blocked_by_its_counter() {
    let (site, mut phone) = (Site::new(), Authenticator::new(1).synced());
    let credential = site.register(&mut phone);
    let counted = StoredCredential { counter: 5, ..stored(&credential) };
    let tweaks = Tweaks { counter: Some(3), ..Tweaks::default() };
    let verified = site.sign_in_as(&mut phone, &counted, &tweaks).unwrap();
    assert_eq!((verified.counter, verified.clone_suspected), (5, true));
}
