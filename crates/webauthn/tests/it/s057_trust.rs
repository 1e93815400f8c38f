use std::time::Duration;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use inkan_base::Timestamp;
use inkan_config::WebAuthnAttestation;
use inkan_test_support::authenticator::{Attestation, Authenticator, Intermediate, Leaf, Maker, Tweaks};
use inkan_webauthn::{
    Metadata, MetadataError, NewCredential, Reason, Refusal, Trust, TrustError, TrustFault, TrustJudgement,
};
use serde_json::{Value, json};

use super::support::{Site, assert_late};

const MODEL: [u8; 16] = [5; 16];
const MODEL_TEXT: &str = "05050505-0505-0505-0505-050505050505";
const OTHER_MODEL: &str = "06060606-0606-0606-0606-060606060606";

fn anchors(anchors: &[String], metadata: Option<Metadata>) -> Result<Trust, TrustError> {
    let config = WebAuthnAttestation { trust_anchors: anchors.to_vec(), mds_file: String::new() };
    Trust::from_config(&config, metadata)
}

fn trusting(roots: &[String], metadata: Option<Metadata>) -> Site {
    Site { trust: anchors(roots, metadata).unwrap(), ..Site::new() }
}

fn register(
    site: &Site,
    maker: Maker,
    attestation: Attestation,
    tweaks: &Tweaks,
) -> Result<NewCredential, Refusal> {
    let mut key = Authenticator::new(1).maker(maker).attestation(attestation);
    if attestation != Attestation::FidoU2f {
        key = key.aaguid(MODEL);
    }
    site.register_with(&mut key, tweaks)
}

#[track_caller]
fn refused(outcome: &Result<NewCredential, Refusal>, fault: TrustFault) {
    assert_late(outcome, Reason::Trust(fault));
}

#[test]
fn b1_r23_a_chain_to_a_root_of_the_configuration_is_trusted() {
    let maker = Maker::new(1);
    let site = trusting(&[Maker::new(2).root_pem(), maker.root_pem()], None);
    let attestations = [
        Attestation::Packed,
        Attestation::FidoU2f,
        Attestation::Tpm,
        Attestation::AndroidKey,
        Attestation::Apple,
    ];
    for attestation in attestations {
        let credential = register(&site, maker, attestation, &Tweaks::default()).unwrap();
        assert_eq!(credential.trust, TrustJudgement::Trusted, "{attestation:?}");
    }
    let deep = Maker { intermediate: Intermediate::Authority, ..maker };
    assert!(register(&site, deep, Attestation::Packed, &Tweaks::default()).is_ok());
}

#[test]
fn b1_r23_s057_nothing_but_a_chain_to_a_root_is_trusted() {
    let maker = Maker::new(1);
    let site = trusting(&[maker.root_pem()], None);
    let outcome = |maker: Maker, attestation, tweaks: &Tweaks| register(&site, maker, attestation, tweaks);
    let honest = Tweaks::default();

    refused(&outcome(maker, Attestation::None, &honest), TrustFault::NoCertificate);
    refused(&outcome(maker, Attestation::PackedSelf, &honest), TrustFault::NoCertificate);
    refused(&outcome(Maker::new(2), Attestation::Packed, &honest), TrustFault::Chain);
    let too_deep = Maker { intermediate: Intermediate::TooDeep, ..maker };
    let constrained = trusting(&[too_deep.root_pem()], None);
    refused(&register(&constrained, too_deep, Attestation::Packed, &honest), TrustFault::Chain);
    let no_authority = Maker { intermediate: Intermediate::NoAuthority, ..maker };
    refused(&outcome(no_authority, Attestation::Packed, &honest), TrustFault::Chain);

    let stripped = Tweaks { format: Some("none"), edit_statement: Some(Vec::clear), ..Tweaks::default() };
    refused(&outcome(maker, Attestation::Packed, &stripped), TrustFault::NoCertificate);
    let relabelled = Tweaks { format: Some("none"), ..Tweaks::default() };
    let outcome_relabelled = outcome(maker, Attestation::Packed, &relabelled);
    assert_late(&outcome_relabelled, Reason::Attestation("the statement is not empty"));

    for years in [(2000, 2010), (2100, 2120)] {
        let old: fn(&mut Leaf) = match years.0 {
            2000 => |leaf| leaf.years = (2000, 2010),
            _ => |leaf| leaf.years = (2100, 2120),
        };
        let tweaks = Tweaks { edit_leaf: Some(old), ..Tweaks::default() };
        refused(&outcome(maker, Attestation::Packed, &tweaks), TrustFault::Chain);
        let root = Maker { root_years: years, ..maker };
        let site = trusting(&[root.root_pem()], None);
        refused(&register(&site, root, Attestation::Packed, &honest), TrustFault::Chain);
    }
}

#[test]
fn b1_r23_statements_nobody_asked_for_are_not_judged() {
    let site =
        Site { attestation: inkan_config::Attestation::None, ..trusting(&[Maker::new(1).root_pem()], None) };
    let outcome =
        |attestation| register(&site, Maker::new(2), attestation, &Tweaks::default()).unwrap().trust;
    assert_eq!(outcome(Attestation::None), TrustJudgement::None);
    assert_eq!(outcome(Attestation::PackedSelf), TrustJudgement::SelfAttested);
    assert_eq!(outcome(Attestation::Packed), TrustJudgement::Unjudged);
}

#[test]
fn b1_r23_models_may_be_listed() {
    let maker = Maker::new(1);
    let outcome = |model: &str| {
        let site = trusting(&[maker.root_pem(), model.to_owned()], None);
        register(&site, maker, Attestation::Packed, &Tweaks::default())
    };
    assert!(outcome(MODEL_TEXT).is_ok());
    refused(&outcome(OTHER_MODEL), TrustFault::Model);
}

#[test]
fn s122_anchors_that_cannot_be_used_stop_the_start() {
    let root = Maker::new(1).root_pem();
    let broken = root.replacen("MII", "AAA", 1);
    for (list, error) in [
        (vec![root.clone(), "not a certificate".to_owned()], TrustError::Anchor(1)),
        (vec![broken], TrustError::Anchor(0)),
        (vec![String::new()], TrustError::Anchor(0)),
        (vec![MODEL_TEXT.to_owned()], TrustError::ModelsWithoutRoot),
    ] {
        assert_eq!(anchors(&list, None).unwrap_err(), error);
    }
    assert!(anchors(&[format!("{root}\n{root}")], None).unwrap().demands_certificates());
    assert!(!anchors(&[], None).unwrap().demands_certificates());
    let named = WebAuthnAttestation { trust_anchors: Vec::new(), mds_file: "blob.jwt".to_owned() };
    assert_eq!(Trust::from_config(&named, None).unwrap_err(), TrustError::MetadataMissing);
}

/// The payload of a blob that knows the model of these tests.
fn payload(statuses: &[&str]) -> Value {
    let root = BASE64_STANDARD.encode(Maker::new(1).root());
    let reports: Vec<Value> =
        statuses.iter().map(|status| json!({ "status": status, "effectiveDate": "2020-01-01" })).collect();
    let key = digest(&SHA1_FOR_LEGACY_USE_ONLY, &Maker::new(1).attestation_key().public());
    let key = key.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let statement = json!({ "description": "Test Key", "attestationRootCertificates": [root] });
    json!({
        "no": 1,
        "nextUpdate": "2027-02-01",
        "entries": [
            { "aaguid": MODEL_TEXT, "metadataStatement": statement, "statusReports": reports },
            { "attestationCertificateKeyIdentifiers": [key], "metadataStatement": statement, "statusReports": reports },
            { "aaid": "0001#0001", "statusReports": [] },
        ],
    })
}

fn read(payload: &Value) -> Result<Metadata, MetadataError> {
    let service = Maker::new(7);
    Metadata::read(&service.metadata_blob(payload), Some(&service.root_pem()), Site::new().now)
}

#[test]
fn b1_r22_models_of_the_metadata_are_trusted() {
    let metadata = read(&payload(&["FIDO_CERTIFIED"])).unwrap();
    assert_eq!((metadata.len(), metadata.valid_until()), (2, Timestamp::from_seconds(1_801_526_400)));
    let site = trusting(&[], Some(metadata));
    for attestation in [Attestation::Packed, Attestation::FidoU2f] {
        let credential = register(&site, Maker::new(1), attestation, &Tweaks::default()).unwrap();
        assert_eq!(credential.trust, TrustJudgement::Trusted);
    }
    refused(&register(&site, Maker::new(2), Attestation::Packed, &Tweaks::default()), TrustFault::Chain);
    refused(&register(&site, Maker::new(2), Attestation::FidoU2f, &Tweaks::default()), TrustFault::Model);
    let mut unknown =
        Authenticator::new(1).maker(Maker::new(1)).aaguid([6; 16]).attestation(Attestation::Packed);
    refused(&site.register_with(&mut unknown, &Tweaks::default()), TrustFault::Model);
    refused(
        &register(&site, Maker::new(1), Attestation::None, &Tweaks::default()),
        TrustFault::NoCertificate,
    );
}

#[test]
fn b1_r22_s057_broken_models_are_refused() {
    for status in [
        "REVOKED",
        "USER_VERIFICATION_BYPASS",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
    ] {
        let metadata = read(&payload(&["FIDO_CERTIFIED", status, "UPDATE_AVAILABLE"])).unwrap();
        let site = trusting(&[Maker::new(1).root_pem()], Some(metadata));
        for attestation in [Attestation::Packed, Attestation::FidoU2f] {
            refused(
                &register(&site, Maker::new(1), attestation, &Tweaks::default()),
                TrustFault::Compromised,
            );
        }
    }
}

#[test]
fn b1_r22_metadata_are_fresh() {
    let mut old = payload(&[]);
    old["nextUpdate"] = "2027-01-14".into();
    assert_eq!(read(&old).unwrap_err(), MetadataError::Outdated(Timestamp::from_seconds(1_799_971_200)));

    let mut site = trusting(&[], Some(read(&payload(&[])).unwrap()));
    site.now = Timestamp::from_seconds(1_801_526_400);
    site.expires_at = site.now + Duration::from_mins(5);
    refused(&register(&site, Maker::new(1), Attestation::Packed, &Tweaks::default()), TrustFault::Outdated);
}

#[test]
fn b1_r22_metadata_are_authentic() {
    let service = Maker::new(7);
    let (blob, root, now) = (service.metadata_blob(&payload(&[])), service.root_pem(), Site::new().now);
    let read = |blob: &str, root: Option<&str>| Metadata::read(blob, root, now).unwrap_err();

    assert_eq!(read(&blob, None), MetadataError::Signer, "not FIDO's root");
    assert_eq!(read(&blob, Some(&Maker::new(8).root_pem())), MetadataError::Signer);
    assert_eq!(read(&blob, Some("no certificate")), MetadataError::Root);
    let other = service.metadata_blob(&json!({ "nextUpdate": "2099-01-01", "entries": [] }));
    let mixed = [&blob[..blob.rfind('.').unwrap()], &other[other.rfind('.').unwrap()..]].concat();
    assert_eq!(read(&mixed, Some(&root)), MetadataError::Signature);
    for text in ["", "a.b.c", "..", "{}", &"[".repeat(100_000)] {
        assert!(matches!(read(text, Some(&root)), MetadataError::Unreadable(_)), "{text:.9}");
    }
    let unsigned = format!("{}.{}.", "eyJhbGciOiJub25lIn0", "e30");
    assert_eq!(read(&unsigned, Some(&root)), MetadataError::Signer);
    let empty = service.metadata_blob(&json!({}));
    assert!(matches!(read(&empty, Some(&root)), MetadataError::Unreadable(_)));
    let undated = service.metadata_blob(&json!({ "nextUpdate": "soon", "entries": [] }));
    assert!(matches!(read(&undated, Some(&root)), MetadataError::Unreadable(_)));
}
