use inkan_test_support::authenticator::{Algorithm, Attestation, Authenticator, Key, Tweaks};
use inkan_webauthn::{Reason, StoredCredential};

use super::support::{HANDLE, ORIGIN, Site, assert_late};

#[test]
fn credentials_of_all_algorithms_sign_in() {
    for algorithm in Algorithm::ALL {
        let site = Site::new();
        let mut key = Authenticator::new(1).algorithm(algorithm);
        key.create(&site.creation_options(&[]), ORIGIN).unwrap();
        let (id, public_key) = (key.credentials()[0].id.clone(), key.credentials()[0].key.cose());
        let stored = StoredCredential {
            id: &id,
            user_handle: HANDLE,
            public_key: &public_key,
            counter: 0,
            backup_eligible: false,
            flags_known: false,
        };
        let honest = site.sign_in_as(&mut key, &stored, &Tweaks::default());
        assert!(honest.is_ok(), "{algorithm:?}: {honest:?}");
        let broken = Tweaks { break_signature: true, ..Tweaks::default() };
        assert_late(&site.sign_in_as(&mut key, &stored, &broken), Reason::Signature);
    }
}

#[test]
fn offered_algorithms_register_and_vouch_for_themselves() {
    for algorithm in [Algorithm::Es256, Algorithm::Ed25519, Algorithm::Es384, Algorithm::Rs256] {
        let site = Site::new();
        let mut key = Authenticator::new(1).algorithm(algorithm).attestation(Attestation::PackedSelf);
        let credential = site.register(&mut key);
        assert_eq!(credential.algorithm.number(), algorithm.number());
        assert_eq!(credential.public_key, key.credentials()[0].key.cose());
        assert!(site.sign_in_with(&mut key, &credential, &Tweaks::default()).is_ok());
    }
}

#[test]
fn the_authenticator_repeats_itself() {
    for algorithm in Algorithm::ALL {
        assert_eq!(Key::derive(algorithm, &[1; 32]).cose(), Key::derive(algorithm, &[1; 32]).cose());
    }
    assert_ne!(
        Key::derive(Algorithm::Es256, &[1; 32]).cose(),
        Key::derive(Algorithm::Es256, &[2; 32]).cose()
    );
    let make = |seed| {
        let mut key = Authenticator::new(seed);
        key.create(&Site::new().creation_options(&[]), ORIGIN).unwrap()
    };
    assert_eq!(make(1), make(1));
    assert_ne!(make(1)["id"], make(2)["id"]);
}
