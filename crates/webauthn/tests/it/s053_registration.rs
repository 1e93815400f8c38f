use inkan_base::{Rng, SeededRng, Timestamp};
use inkan_test_support::authenticator::{Algorithm, Attestation, Authenticator, Cbor, Tweaks};
use inkan_webauthn::{BackupPolicy, Challenge, Descriptor, Format, Reason, TrustJudgement};
use serde_json::{Value, json};

use super::support::{ORIGIN, Site, assert_early, assert_late, base64url, decode};

pub(crate) fn refused(tweaks: &Tweaks, reason: Reason) {
    assert_early(&Site::new().register_with(&mut Authenticator::new(1), tweaks), reason);
}

#[test]
fn b1_r01_challenges_are_32_random_bytes_and_known_credentials_are_excluded() {
    let rng: &dyn Rng = &SeededRng::new(1);
    assert_ne!(Challenge::draw(rng), Challenge::draw(rng));
    assert_eq!(Challenge::draw(rng).to_text().len(), 43);

    let (site, mut key) = (Site::new(), Authenticator::new(1));
    let credential = site.register(&mut key);
    let exclude = [Descriptor { id: &credential.id, transports: &credential.transports }];
    assert_eq!(key.create(&site.creation_options(&exclude), ORIGIN), None);
}

#[test]
fn b1_r02_r03_an_answer_of_another_kind_is_refused() {
    let site = Site::new();
    let mut key = Authenticator::new(1);
    site.register(&mut key);
    let assertion = key.get(&site.request_options(&[]), ORIGIN).unwrap();
    assert_early(&site.verify_registration(&assertion), Reason::Malformed("attestationObject"));
    let error = json!({ "name": "NotAllowedError", "message": "cancelled" });
    assert_early(&site.verify_registration(&error), Reason::Malformed("type"));
}

#[test]
fn b1_r04_r27_extension_results_are_ignored() {
    let site = Site::new();
    let mut response = Authenticator::new(1).create(&site.creation_options(&[]), ORIGIN).unwrap();
    response["clientExtensionResults"] = json!({ "credProps": { "rk": false }, "unknown": [1, 2] });
    assert!(site.verify_registration(&response).is_ok());

    let extended = |data: &mut Vec<u8>| {
        data[32] |= 0x80;
        data.extend(Cbor::Map(vec![(Cbor::text("credProtect"), Cbor::Int(2))]).encode());
    };
    let tweaks = Tweaks { edit_data: Some(extended), ..Tweaks::default() };
    assert!(site.register_with(&mut Authenticator::new(1), &tweaks).is_ok());
}

#[test]
fn b1_r05_client_data_are_utf8_and_a_byte_order_mark_is_dropped() {
    let honest = |site: &Site| {
        format!(
            r#"{{"type":"webauthn.create","challenge":"{}","origin":"{ORIGIN}"}}"#,
            site.challenge.to_text()
        )
    };
    let site = Site::new();
    let marked = [b"\xef\xbb\xbf".as_slice(), honest(&site).as_bytes()].concat();
    let tweaks = Tweaks { client_data: Some(marked), ..Tweaks::default() };
    assert!(site.register_with(&mut Authenticator::new(1), &tweaks).is_ok());

    let broken = honest(&site).into_bytes().into_iter().chain([0xff]).collect();
    refused(&Tweaks { client_data: Some(broken), ..Tweaks::default() }, Reason::Malformed("client data"));
}

#[test]
fn b1_r06_client_data_are_json() {
    for text in
        ["", "null", "[]", "{", r#"{"type":"webauthn.create"}"#, r#"{"type":1,"challenge":"","origin":""}"#]
    {
        let tweaks = Tweaks { client_data: Some(text.into()), ..Tweaks::default() };
        refused(&tweaks, Reason::Malformed("client data"));
    }
    let twice = r#"{"type":"webauthn.get","type":"webauthn.create","challenge":"","origin":""}"#;
    refused(
        &Tweaks { client_data: Some(twice.into()), ..Tweaks::default() },
        Reason::Malformed("client data"),
    );
    let long = vec![b' '; 9000];
    refused(&Tweaks { client_data: Some(long), ..Tweaks::default() }, Reason::Malformed("client data"));
}

#[test]
fn b1_r07_the_type_is_create() {
    for kind in ["webauthn.get", "payment.get", "webauthn.create ", ""] {
        refused(&Tweaks { kind: Some(kind), ..Tweaks::default() }, Reason::Type);
    }
}

#[test]
fn b1_r08_the_challenge_is_ours() {
    for challenge in ["", "AAAA", "!", &Challenge::from_bytes([8; 32]).to_text()] {
        refused(&Tweaks { challenge: Some(challenge.to_owned()), ..Tweaks::default() }, Reason::Challenge);
    }
}

#[test]
fn b1_r08_a_challenge_expires() {
    let mut site = Site::new();
    site.now = site.expires_at;
    assert_early(&site.register_with(&mut Authenticator::new(1), &Tweaks::default()), Reason::Expired);
    site.now = Timestamp::from_micros(site.expires_at.micros() - 1);
    assert!(site.register_with(&mut Authenticator::new(1), &Tweaks::default()).is_ok());
}

#[test]
fn b1_r10_frames_of_other_sites_are_refused() {
    refused(&Tweaks { cross_origin: Some(true), ..Tweaks::default() }, Reason::CrossOrigin);
}

#[test]
fn b1_r11_a_top_origin_is_refused() {
    let tweaks = Tweaks { top_origin: Some(ORIGIN), ..Tweaks::default() };
    refused(&tweaks, Reason::CrossOrigin);
    refused(&Tweaks { cross_origin: Some(true), ..tweaks }, Reason::CrossOrigin);
}

#[test]
fn b1_r12_the_statement_is_over_the_hash_of_the_client_data() {
    let site = Site::new();
    let mut key = Authenticator::new(1).attestation(Attestation::PackedSelf);
    let mut response = key.create(&site.creation_options(&[]), ORIGIN).unwrap();
    let spaced = format!(
        r#"{{ "type":"webauthn.create","challenge":"{}","origin":"{ORIGIN}"}}"#,
        site.challenge.to_text()
    );
    response["response"]["clientDataJSON"] = base64url(spaced.as_bytes());
    assert_late(&site.verify_registration(&response), Reason::Attestation("the signature does not verify"));
}

#[test]
fn b1_r13_the_attestation_object_is_strict_cbor() {
    let edits: [fn(&mut Vec<u8>); 5] = [
        |object| object.push(0),
        |object| {
            object.pop();
        },
        |object| object[0] = 0xbf,
        |object| object.clear(),
        |object| {
            object.clear();
            object.resize(60_000, 0x81);
        },
    ];
    for edit in edits {
        refused(
            &Tweaks { edit_object: Some(edit), ..Tweaks::default() },
            Reason::Malformed("attestation object"),
        );
    }
    let left_over = |data: &mut Vec<u8>| data.push(0);
    refused(
        &Tweaks { edit_data: Some(left_over), ..Tweaks::default() },
        Reason::Malformed("authenticator data"),
    );
    let short = |data: &mut Vec<u8>| data.truncate(36);
    refused(&Tweaks { edit_data: Some(short), ..Tweaks::default() }, Reason::Malformed("authenticator data"));
    let without_credential = |data: &mut Vec<u8>| {
        data[32] &= !0x40;
        data.truncate(37);
    };
    let tweaks = Tweaks { edit_data: Some(without_credential), ..Tweaks::default() };
    refused(&tweaks, Reason::Malformed("authenticator data"));
}

#[test]
fn b1_r14_the_answer_is_for_this_relying_party() {
    refused(&Tweaks { rp_id: Some("evil.example"), ..Tweaks::default() }, Reason::RpId);
}

#[test]
fn b1_r17_backed_up_without_being_eligible_is_refused() {
    let tweaks = Tweaks { backup_eligible: Some(false), backed_up: Some(true), ..Tweaks::default() };
    refused(&tweaks, Reason::BackupFlags);
}

#[test]
fn b1_r18_r19_a_policy_may_refuse_backup_flags() {
    let outcome = |backup, backup_eligible, backed_up| {
        let tweaks = Tweaks {
            backup_eligible: Some(backup_eligible),
            backed_up: Some(backed_up),
            ..Tweaks::default()
        };
        Site { backup, ..Site::new() }.register_with(&mut Authenticator::new(1), &tweaks)
    };
    assert!(outcome(BackupPolicy::DeviceBound, false, false).is_ok());
    assert_early(&outcome(BackupPolicy::DeviceBound, true, false), Reason::BackupPolicy);
    assert!(outcome(BackupPolicy::BackedUp, true, true).is_ok());
    assert_early(&outcome(BackupPolicy::BackedUp, true, false), Reason::BackupPolicy);
}

#[test]
fn b1_r20_only_offered_algorithms_are_accepted() {
    let offered = [Algorithm::Es256, Algorithm::Ed25519, Algorithm::Es384, Algorithm::Rs256];
    for algorithm in Algorithm::ALL {
        let outcome =
            Site::new().register_with(&mut Authenticator::new(1).algorithm(algorithm), &Tweaks::default());
        match offered.contains(&algorithm) {
            true => assert!(outcome.is_ok(), "{algorithm:?}: {outcome:?}"),
            false => assert_early(&outcome, Reason::Algorithm),
        }
    }
}

#[test]
fn b1_r20_keys_fit_their_algorithm() {
    // The label of ES256, -7, becomes that of ES384; then a coordinate is changed, so that the point is off the curve.
    let other_curve = |data: &mut Vec<u8>| {
        let at = data.windows(4).rposition(|bytes| bytes == [0x03, 0x26, 0x20, 0x01]).unwrap();
        data[at + 3] = 2;
    };
    refused(&Tweaks { edit_data: Some(other_curve), ..Tweaks::default() }, Reason::Malformed("public key"));
    let off_the_curve = |data: &mut Vec<u8>| *data.last_mut().unwrap() ^= 1;
    refused(&Tweaks { edit_data: Some(off_the_curve), ..Tweaks::default() }, Reason::Malformed("public key"));
}

#[test]
fn b1_r24_credential_ids_have_1_to_1023_bytes() {
    for (length, accepted) in [(0, false), (1, true), (191, true), (1023, true), (1024, false)] {
        let id = vec![1; length];
        let response = with_id(&id);
        let outcome = Site::new().verify_registration(&response);
        assert_eq!(outcome.is_ok(), accepted, "{length}: {outcome:?}");
    }
}

#[test]
fn b1_r24_the_outer_id_is_the_attested_one() {
    refused(&Tweaks { id: Some(vec![1; 32]), ..Tweaks::default() }, Reason::Malformed("id"));
    refused(&Tweaks { raw_id: Some(vec![1; 32]), ..Tweaks::default() }, Reason::Malformed("id"));
}

#[test]
fn b1_r26_the_record_holds_what_was_verified() {
    let site = Site::new();
    let aaguid = [3; 16];
    let mut phone = Authenticator::new(1).synced().aaguid(aaguid);
    let credential = site.register(&mut phone);

    assert_eq!(credential.id, phone.credentials()[0].id);
    assert_eq!(credential.public_key, phone.credentials()[0].key.cose());
    assert_eq!((credential.format, credential.trust), (Format::None, TrustJudgement::None));
    assert_eq!((credential.aaguid, credential.counter), (aaguid, 0));
    assert_eq!(credential.transports, ["internal", "hybrid"]);
    assert!(credential.backup_eligible && credential.backed_up && credential.user_verified);
}

#[test]
fn b1_r26_transports_are_few_short_words() {
    let many: Vec<String> = (0..20).map(|i| format!("t{i}")).collect();
    let cases: [(Value, &[&str]); 5] = [
        (json!(["usb", "nfc", "usb", "", "new-kind"]), &["usb", "nfc", "new-kind"]),
        (json!(["<script>", "a".repeat(33), 1, null, "ble"]), &["ble"]),
        (json!(many), &["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"]),
        (json!("usb"), &[]),
        (Value::Null, &[]),
    ];
    for (transports, expected) in cases {
        let tweaks = Tweaks { transports: Some(transports.clone()), ..Tweaks::default() };
        let credential = Site::new().register_with(&mut Authenticator::new(1), &tweaks).unwrap();
        assert_eq!(credential.transports, expected, "{transports}");
    }
}

#[test]
fn d4_objects_strings_and_padding_are_read() {
    let site = Site::new();
    let mut response = Authenticator::new(1).create(&site.creation_options(&[]), ORIGIN).unwrap();
    assert!(site.verify_registration(&Value::String(response.to_string())).is_ok());
    for padded in ["id", "rawId"] {
        response[padded] = format!("{}=", response[padded].as_str().unwrap()).into();
    }
    let transports = response["response"].as_object_mut().unwrap().remove("transports").unwrap();
    response["transports"] = transports;
    response.as_object_mut().unwrap().remove("authenticatorAttachment");
    assert_eq!(site.verify_registration(&response).unwrap().transports, ["usb"]);

    let inputs = json!({ "public-key": 1 });
    assert_eq!(inkan_webauthn::response_input(inputs.as_object().unwrap()), Some(&json!(1)));
    let both = json!({ "public-key": 1, "public_key": 2 });
    assert_eq!(inkan_webauthn::response_input(both.as_object().unwrap()), Some(&json!(2)));
}

#[test]
fn d4_what_cannot_be_read_is_refused() {
    let site = Site::new();
    let honest = Authenticator::new(1).create(&site.creation_options(&[]), ORIGIN).unwrap();
    let nested = format!("\"{}\"", honest.to_string().replace('"', "\\\""));
    for sent in
        [json!(null), json!(1), json!([]), json!(""), json!("{"), json!(nested), json!("[".repeat(100_000))]
    {
        let outcome = site.verify_registration(&sent);
        assert!(matches!(outcome.unwrap_err().reason, Reason::Malformed(_)));
    }
    for (member, wrong) in [
        ("id", json!("")),
        ("id", json!("a+b/")),
        ("id", json!(1)),
        ("type", json!("password")),
        ("response", json!("x")),
    ] {
        let mut response = honest.clone();
        response[member] = wrong;
        let outcome = site.verify_registration(&response);
        assert!(matches!(outcome.unwrap_err().reason, Reason::Malformed(_)), "{member}");
    }
}

/// A response whose credential id is `id`, inside and outside.
fn with_id(id: &[u8]) -> Value {
    let site = Site::new();
    let mut key = Authenticator::new(1);
    let mut response = key.create(&site.creation_options(&[]), ORIGIN).unwrap();
    let object = decode(&response["response"]["attestationObject"]);
    let start = object.windows(37).position(|bytes| bytes[32] == 0x45 && bytes[33..] == [0; 4]).unwrap();
    let old = &object[start..];
    let mut data = old[..37 + 16].to_vec();
    data.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
    data.extend(id);
    data.extend(&old[37 + 16 + 2 + 32..]);
    let object = Cbor::Map(vec![
        (Cbor::text("fmt"), Cbor::text("none")),
        (Cbor::text("attStmt"), Cbor::Map(Vec::new())),
        (Cbor::text("authData"), Cbor::Bytes(data)),
    ]);
    response["response"]["attestationObject"] = base64url(&object.encode());
    response["id"] = base64url(id);
    response["rawId"] = base64url(id);
    response
}
