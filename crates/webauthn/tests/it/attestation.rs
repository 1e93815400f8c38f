use inkan_test_support::authenticator::{Attestation, Authenticator, Cbor, Entries, Leaf, Tweaks};
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
    let edited = |edit: fn(&mut Leaf)| {
        let mut leaf = Leaf::packed(&MODEL);
        edit(&mut leaf);
        Attestation::PackedWith(leaf)
    };
    assert!(register(edited(|_| ()), &Tweaks::default()).is_ok());
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
        refused(edited(edit), &Tweaks::default(), "the certificate is not one of an authenticator");
    }
    let other_model: fn(&mut Leaf) = |leaf| leaf.extensions[0].1[2] ^= 1;
    let critical: fn(&mut Leaf) = |leaf| leaf.extensions[0].2 = true;
    for edit in [other_model, critical] {
        refused(edited(edit), &Tweaks::default(), "the certificate is for another model");
    }
    assert!(register(edited(|leaf| leaf.extensions.clear()), &Tweaks::default()).is_ok());
}
