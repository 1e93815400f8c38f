//! What clients send may be anything: the committed corpus, random bytes, and mutations of honest responses go through every
//! reader. Nothing may panic; a hostile depth costs nothing.

use std::{fs, path::Path, sync::LazyLock};

use inkan_test_support::authenticator::{Algorithm, Attestation, Authenticator};
use inkan_webauthn::fuzz;
use proptest::prelude::*;

use super::support::{ORIGIN, Site, decode};

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 4] = [
    ("attestation", fuzz::attestation),
    ("client_data", fuzz::client_data),
    ("cbor", fuzz::cbor),
    ("assertion", fuzz::assertion),
];

fn run(bytes: &[u8]) {
    for (_, target) in TARGETS {
        target(bytes);
    }
}

/// One honest attestation object for each kind of statement and key.
static OBJECTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let statements = [
        (Attestation::None, Algorithm::Es256),
        (Attestation::None, Algorithm::Ed25519),
        (Attestation::PackedSelf, Algorithm::Es384),
        (Attestation::PackedSelf, Algorithm::Rs256),
        (Attestation::Packed, Algorithm::Es256),
        (Attestation::FidoU2f, Algorithm::Es256),
        (Attestation::AndroidKey, Algorithm::Es256),
        (Attestation::Apple, Algorithm::Es256),
        (Attestation::Tpm, Algorithm::Es256),
        (Attestation::Tpm, Algorithm::Rs256),
    ];
    let object = |(attestation, algorithm)| {
        let mut key = Authenticator::new(1).attestation(attestation).algorithm(algorithm);
        let response = key.create(&Site::new().creation_options(&[]), ORIGIN).unwrap();
        decode(&response["response"]["attestationObject"])
    };
    statements.into_iter().map(object).collect()
});

#[test]
fn s058_the_corpus_is_replayed() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in TARGETS {
        let files: Vec<_> = fs::read_dir(corpus.join(name)).unwrap().collect();
        assert!(files.len() >= 3, "{name}");
        for file in files {
            target(&fs::read(file.unwrap().path()).unwrap());
        }
    }
}

#[test]
fn s118_hostile_nesting_is_refused_at_once() {
    let deep = |byte: u8| vec![byte; 100_000];
    for bytes in [deep(0x81), deep(0xa1), deep(b'['), deep(b'{'), deep(0x9f), deep(0xd8)] {
        run(&bytes);
    }
    let member = [br#"{"type":"webauthn.get","x":"#.to_vec(), deep(b'[')].concat();
    run(&member);
}

#[test]
fn s058_honest_objects_cut_anywhere_are_refused() {
    for object in OBJECTS.iter() {
        for length in 0..object.len() {
            fuzz::attestation(&object[..length]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s058_random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        run(&bytes);
    }

    #[test]
    fn s058_changed_objects_never_panic(
        which in 0..10_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut object = OBJECTS[which].clone();
        for (at, byte) in changes {
            let at = at.index(object.len());
            object[at] = byte;
        }
        run(&object);
    }
}
