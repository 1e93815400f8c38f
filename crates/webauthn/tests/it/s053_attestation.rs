use inkan_test_support::authenticator::{
    Algorithm, Attestation, Authenticator, Cbor, Entries, Key, Leaf, Maker, Tweaks,
};
use inkan_webauthn::{Format, NewCredential, Reason, Refusal, TrustJudgement};

use super::support::{Site, assert_late};

type Case<T> = (fn(&mut T), &'static str);

const MODEL: [u8; 16] = [5; 16];

fn register(attestation: Attestation, tweaks: &Tweaks) -> Result<NewCredential, Refusal> {
    Site::new().register_with(&mut Authenticator::new(1).aaguid(MODEL).attestation(attestation), tweaks)
}

fn refused(attestation: Attestation, tweaks: &Tweaks, fault: &'static str) {
    assert_late(&register(attestation, tweaks), Reason::Attestation(fault));
}

#[test]
fn b1_r21_unknown_formats_are_refused() {
    for format in ["android-safetynet", "compound", "Packed", ""] {
        refused(Attestation::None, &Tweaks { format: Some(format), ..Tweaks::default() }, "unknown format");
    }
}

#[test]
fn b1_r21_none_has_an_empty_statement() {
    let filled = |statement: &mut Entries| statement.push((Cbor::text("sig"), Cbor::Bytes(Vec::new())));
    let tweaks = Tweaks { edit_statement: Some(filled), ..Tweaks::default() };
    refused(Attestation::None, &tweaks, "the statement is not empty");
}

#[test]
fn b1_r21_packed_by_itself() {
    let credential = register(Attestation::PackedSelf, &Tweaks::default()).unwrap();
    assert_eq!((credential.format, credential.trust), (Format::Packed, TrustJudgement::SelfAttested));
    let broken = Tweaks { break_signature: true, ..Tweaks::default() };
    refused(Attestation::PackedSelf, &broken, "the signature does not verify");
    let other_algorithm = |statement: &mut Entries| statement[0].1 = Cbor::Int(-257);
    let tweaks = Tweaks { edit_statement: Some(other_algorithm), ..Tweaks::default() };
    refused(Attestation::PackedSelf, &tweaks, "the signature does not verify");
    let unknown = |statement: &mut Entries| statement[0].1 = Cbor::Int(-65_535);
    let tweaks = Tweaks { edit_statement: Some(unknown), ..Tweaks::default() };
    refused(Attestation::PackedSelf, &tweaks, "unknown algorithm");
    let ecdaa = |statement: &mut Entries| statement.push((Cbor::text("ecdaaKeyId"), Cbor::Bytes(vec![1])));
    let tweaks = Tweaks { edit_statement: Some(ecdaa), ..Tweaks::default() };
    refused(Attestation::PackedSelf, &tweaks, "ECDAA is not supported");
    let empty = |statement: &mut Entries| statement.clear();
    let tweaks = Tweaks { edit_statement: Some(empty), ..Tweaks::default() };
    refused(Attestation::PackedSelf, &tweaks, "a member is missing");
}

#[test]
fn b1_r21_packed_with_a_certificate() {
    let credential = register(Attestation::Packed, &Tweaks::default()).unwrap();
    assert_eq!((credential.format, credential.trust), (Format::Packed, TrustJudgement::Unjudged));
    let broken = Tweaks { break_signature: true, ..Tweaks::default() };
    refused(Attestation::Packed, &broken, "the signature does not verify");
    let edits: [Case<Entries>; 3] = [
        (|statement| statement[2].1 = Cbor::Array(Vec::new()), "x5c is empty or too long"),
        (|statement| statement[2].1 = Cbor::Array(vec![Cbor::Int(1)]), "x5c is not bytes"),
        (
            |statement| statement[2].1 = Cbor::Array(vec![Cbor::Bytes(vec![0x30])]),
            "the certificate cannot be read",
        ),
    ];
    for (edit, fault) in edits {
        refused(Attestation::Packed, &Tweaks { edit_statement: Some(edit), ..Tweaks::default() }, fault);
    }
}

#[test]
fn b1_r21_packed_certificates_are_those_of_authenticators() {
    let edits: [fn(&mut Leaf); 5] = [
        |leaf| leaf.no_authority = false,
        |leaf| leaf.subject[2].1 = "Something Else".to_owned(),
        |leaf| {
            leaf.subject.remove(0);
        },
        |leaf| {
            leaf.subject.remove(1);
        },
        |leaf| leaf.subject.clear(),
    ];
    for edit in edits {
        refused(Attestation::Packed, &certificate(edit), "the certificate is not one of an authenticator");
    }
    let other_model: fn(&mut Leaf) = |leaf| leaf.extensions[0].1[2] ^= 1;
    let critical: fn(&mut Leaf) = |leaf| leaf.extensions[0].2 = true;
    for edit in [other_model, critical] {
        refused(Attestation::Packed, &certificate(edit), "the certificate is for another model");
    }
    assert!(register(Attestation::Packed, &certificate(|leaf| leaf.extensions.clear())).is_ok());
}

#[test]
fn b1_r21_fido_u2f() {
    let register = |key: Authenticator, tweaks: &Tweaks| {
        Site::new().register_with(&mut key.attestation(Attestation::FidoU2f), tweaks)
    };
    let credential = register(Authenticator::new(1), &Tweaks::default()).unwrap();
    assert_eq!((credential.format, credential.trust), (Format::FidoU2f, TrustJudgement::Unjudged));

    let fault =
        |outcome: &Result<NewCredential, Refusal>, fault| assert_late(outcome, Reason::Attestation(fault));
    let broken = Tweaks { break_signature: true, ..Tweaks::default() };
    fault(&register(Authenticator::new(1), &broken), "the signature does not verify");
    fault(&register(Authenticator::new(1).aaguid(MODEL), &Tweaks::default()), "the model is named");
    let ed25519 = Authenticator::new(1).algorithm(Algorithm::Ed25519);
    fault(&register(ed25519, &Tweaks::default()), "the key is not one of P-256");
    let twice = statement(|statement| {
        if let Cbor::Array(certificates) = &mut statement[1].1 {
            certificates.extend(certificates.clone());
        }
    });
    fault(&register(Authenticator::new(1), &twice), "there is more than one certificate");
}

#[test]
fn b1_r21_android_key() {
    let credential = register(Attestation::AndroidKey, &Tweaks::default()).unwrap();
    assert_eq!((credential.format, credential.trust), (Format::AndroidKey, TrustJudgement::Unjudged));

    let broken = Tweaks { break_signature: true, ..Tweaks::default() };
    refused(Attestation::AndroidKey, &broken, "the signature does not verify");
    let algorithm = statement(|statement| statement[0].1 = Cbor::Int(-257));
    refused(Attestation::AndroidKey, &algorithm, "the signature does not verify");
    let bare = certificate(|leaf| leaf.extensions.clear());
    refused(Attestation::AndroidKey, &bare, "the key is not described");
    let short = certificate(|leaf| leaf.extensions[0].1.truncate(9));
    refused(Attestation::AndroidKey, &short, "the description of the key cannot be read");
    // 5 fields before the challenge: its first byte stands after its tag 04 20.
    let challenge = certificate(|leaf| flip_after(&mut leaf.extensions[0].1, &[0x04, 0x20]));
    refused(Attestation::AndroidKey, &challenge, "the certificate is for another ceremony");
    let foreign = statement(|statement| statement[2] = other_certificate());
    refused(Attestation::AndroidKey, &foreign, "the certificate is for another key");

    let fault = "the key is not one that was made here, for signing, for one application";
    // [702] origin: 0 (generated) becomes 1; SET { 2 } of [1] purpose becomes SET { 3 }.
    let imported =
        certificate(|leaf| flip_after(&mut leaf.extensions[0].1, &[0xbf, 0x85, 0x3e, 0x03, 0x02, 0x01]));
    refused(Attestation::AndroidKey, &imported, fault);
    let purpose = certificate(|leaf| flip_after(&mut leaf.extensions[0].1, &[0x31, 0x03, 0x02, 0x01]));
    refused(Attestation::AndroidKey, &purpose, fault);
    // [702] becomes [600] allApplications.
    let shared =
        certificate(|leaf| replace(&mut leaf.extensions[0].1, &[0xbf, 0x85, 0x3e], &[0xbf, 0x84, 0x58]));
    refused(Attestation::AndroidKey, &shared, fault);
}

#[test]
fn b1_r21_apple() {
    let credential = register(Attestation::Apple, &Tweaks::default()).unwrap();
    assert_eq!((credential.format, credential.trust), (Format::Apple, TrustJudgement::Unjudged));

    let nonce = certificate(|leaf| flip_after(&mut leaf.extensions[0].1, &[0x04, 0x20]));
    refused(Attestation::Apple, &nonce, "the certificate is for another ceremony");
    let bare = certificate(|leaf| leaf.extensions.clear());
    refused(Attestation::Apple, &bare, "the certificate is for another ceremony");
    let foreign = statement(|statement| statement[0] = other_certificate());
    refused(Attestation::Apple, &foreign, "the certificate is for another ceremony");
}

#[test]
fn b1_r21_tpm() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Rs256] {
        let mut key = Authenticator::new(1).algorithm(algorithm).attestation(Attestation::Tpm);
        let credential = Site::new().register(&mut key);
        assert_eq!((credential.format, credential.trust), (Format::Tpm, TrustJudgement::Unjudged));
    }
    let broken = Tweaks { break_signature: true, ..Tweaks::default() };
    refused(Attestation::Tpm, &broken, "the signature does not verify");

    let statements: [Case<Entries>; 6] = [
        (|statement| statement[0].1 = Cbor::text("1.2"), "it is not version 2.0"),
        (|statement| statement[1].1 = Cbor::Int(-8), "unknown algorithm"),
        (
            |statement| statement[3].1 = Cbor::Bytes(vec![0; 8]),
            "the certificate of the module cannot be read",
        ),
        (|statement| statement[4].1 = Cbor::Bytes(vec![0; 8]), "the public area cannot be read"),
        (|statement| flip_area(statement, 4), "the module certified another key"),
        (|statement| flip_area(statement, 60), "the public area is of another key"),
    ];
    for (edit, fault) in statements {
        refused(Attestation::Tpm, &Tweaks { edit_statement: Some(edit), ..Tweaks::default() }, fault);
    }
    let infos: [Case<Vec<u8>>; 5] = [
        (|info| info[0] = 0, "the certificate of the module cannot be read"),
        (|info| info[5] = 0x18, "the certificate of the module cannot be read"),
        (|info| info.push(0), "the certificate of the module cannot be read"),
        (|info| info[6 + 8 + 2] ^= 1, "the module certified another ceremony"),
        (|info| info[6 + 8 + 34 + 25 + 2 + 2] ^= 1, "the module certified another key"),
    ];
    for (edit, fault) in infos {
        refused(Attestation::Tpm, &Tweaks { edit_info: Some(edit), ..Tweaks::default() }, fault);
    }
    let leaves: [fn(&mut Leaf); 4] = [
        |leaf| leaf.no_authority = false,
        |leaf| leaf.subject = Leaf::plain().subject,
        |leaf| {
            leaf.extensions.remove(0);
        },
        |leaf| {
            leaf.extensions.remove(1);
        },
    ];
    for edit in leaves {
        refused(Attestation::Tpm, &certificate(edit), "the certificate is not one of a module");
    }
}

fn certificate(edit: fn(&mut Leaf)) -> Tweaks {
    Tweaks { edit_leaf: Some(edit), ..Tweaks::default() }
}

fn statement(edit: fn(&mut Entries)) -> Tweaks {
    Tweaks { edit_statement: Some(edit), ..Tweaks::default() }
}

/// `x5c` with a certificate of another authenticator.
fn other_certificate() -> (Cbor, Cbor) {
    let (maker, key) = (Maker::new(9), Key::derive(Algorithm::Es256, &[9; 32]));
    let leaf = Leaf { years: (2020, 2030), ..Leaf::plain() };
    let certificates = maker.certify(&leaf, &key).into_iter().map(Cbor::Bytes);
    (Cbor::text("x5c"), Cbor::Array(certificates.collect()))
}

fn flip_area(statement: &mut Entries, at: usize) {
    if let Cbor::Bytes(area) = &mut statement[4].1 {
        area[at] ^= 1;
    }
}

fn position(bytes: &[u8], pattern: &[u8]) -> usize {
    bytes.windows(pattern.len()).position(|window| window == pattern).unwrap()
}

/// Changes the byte after the first occurrence of a pattern.
fn flip_after(bytes: &mut [u8], pattern: &[u8]) {
    let at = position(bytes, pattern) + pattern.len();
    bytes[at] ^= 1;
}

fn replace(bytes: &mut [u8], pattern: &[u8], by: &[u8]) {
    let at = position(bytes, pattern);
    bytes[at..at + by.len()].copy_from_slice(by);
}
