use inkan_test_support::authenticator::{Authenticator, Tweaks};
use inkan_webauthn::{BackupPolicy, Challenge, NewCredential, Reason, StoredCredential, parse_assertion};
use serde_json::{Value, json};

use super::support::{HANDLE, ORIGIN, Site, assert_early, assert_late, base64url, decode, stored};

/// A site, a key that never leaves its device, and its credential.
pub(crate) fn registered() -> (Site, Authenticator, NewCredential) {
    let (site, mut key) = (Site::new(), Authenticator::new(1));
    let credential = site.register(&mut key);
    (site, key, credential)
}

pub(crate) fn refused(tweaks: &Tweaks, reason: Reason) {
    let (site, mut key, credential) = registered();
    assert_early(&site.sign_in_with(&mut key, &credential, tweaks), reason);
}

#[test]
fn b2_a01_a02_an_honest_sign_in_succeeds() {
    let (site, mut key, credential) = registered();
    let verified = site.sign_in_with(&mut key, &credential, &Tweaks::default()).unwrap();
    assert_eq!(verified.counter, 1);
    assert!(
        verified.user_verified
            && !verified.backup_eligible
            && !verified.backed_up
            && !verified.clone_suspected
    );
}

#[test]
fn b2_a03_a07_what_is_no_assertion_is_refused() {
    let (site, mut key, _) = registered();
    let honest = key.get(&site.request_options(&[]), ORIGIN).unwrap();
    let registration = Authenticator::new(2).create(&site.creation_options(&[]), ORIGIN).unwrap();
    assert_early(&parse_assertion(&registration), Reason::Malformed("authenticatorData"));
    for member in ["clientDataJSON", "authenticatorData", "signature"] {
        for wrong in [Value::Null, json!(1), json!("!")] {
            let mut response = honest.clone();
            response["response"][member] = wrong;
            assert_early(&parse_assertion(&response), Reason::Malformed(member));
        }
    }
    let long = json!("A".repeat(4000));
    for (member, part) in [("signature", "signature"), ("userHandle", "userHandle")] {
        let mut response = honest.clone();
        response["response"][member] = long.clone();
        assert_early(&parse_assertion(&response), Reason::Malformed(part));
    }
    assert!(parse_assertion(&Value::String(honest.to_string())).is_ok());
}

#[test]
fn b2_a04_a24_extension_results_are_ignored() {
    let (site, mut key, credential) = registered();
    let mut response = key.get(&site.request_options(&[]), ORIGIN).unwrap();
    response["clientExtensionResults"] = json!({ "appid": true });
    assert!(site.verify_assertion(&response, Some(&stored(&credential))).is_ok());
}

#[test]
fn b2_a05_the_credential_is_one_of_those_asked_for() {
    let (mut site, mut key, credential) = registered();
    let response = key.get(&site.request_options(&[]), ORIGIN).unwrap();
    site.allow = Some(vec![vec![1; 32]]);
    assert_early(&site.verify_assertion(&response, Some(&stored(&credential))), Reason::NotAllowed);
    site.allow = Some(vec![vec![1; 32], credential.id.clone()]);
    assert!(site.verify_assertion(&response, Some(&stored(&credential))).is_ok());
}

#[test]
fn b2_a06_nameless_the_user_handle_must_be_there() {
    for handle in [None, Some(Vec::new())] {
        refused(&Tweaks { user_handle: Some(handle), ..Tweaks::default() }, Reason::UserHandle);
    }
}

#[test]
fn b2_a06_named_the_user_handle_may_be_missing() {
    let (mut site, mut key, credential) = registered();
    site.allow = Some(vec![credential.id.clone()]);
    for handle in [None, Some(Vec::new()), Some(HANDLE.to_vec())] {
        let tweaks = Tweaks { user_handle: Some(handle), ..Tweaks::default() };
        let stored = StoredCredential { counter: 0, ..stored(&credential) };
        assert!(site.sign_in_as(&mut key, &stored, &tweaks).is_ok());
    }
}

#[test]
fn b2_a06_another_users_handle_is_refused() {
    let foreign = Tweaks { user_handle: Some(Some(vec![9; 16])), ..Tweaks::default() };
    let (mut site, mut key, credential) = registered();
    assert_late(&site.sign_in_with(&mut key, &credential, &foreign), Reason::UserHandle);
    site.allow = Some(vec![credential.id.clone()]);
    assert_late(&site.sign_in_with(&mut key, &credential, &foreign), Reason::UserHandle);
}

#[test]
fn b2_a06_the_stored_credential_is_the_one_that_answers() {
    let (site, mut key, credential) = registered();
    let other = StoredCredential { id: &[1; 32], ..stored(&credential) };
    assert_late(&site.sign_in_as(&mut key, &other, &Tweaks::default()), Reason::UnknownCredential);
    refused(&Tweaks { raw_id: Some(vec![1; 32]), ..Tweaks::default() }, Reason::Malformed("id"));
}

#[test]
fn b2_a08_a09_client_data_are_utf8_and_json() {
    for bytes in [b"\xff".as_slice(), b"", b"{", b"[]"] {
        refused(
            &Tweaks { client_data: Some(bytes.into()), ..Tweaks::default() },
            Reason::Malformed("client data"),
        );
    }
    let odd = |status: &str| {
        format!(
            r#"{{"type":"webauthn.get","challenge":"{}","origin":"{ORIGIN}","tokenBinding":{{"status":"{status}"}}}}"#,
            Site::new().challenge.to_text()
        )
    };
    let tweaks = Tweaks { client_data: Some(odd("odd").into()), ..Tweaks::default() };
    refused(&tweaks, Reason::Malformed("client data"));
    let (site, mut key, credential) = registered();
    let tweaks = Tweaks { client_data: Some(odd("not-supported").into()), ..Tweaks::default() };
    assert!(site.sign_in_with(&mut key, &credential, &tweaks).is_ok());
}

#[test]
fn b2_a10_the_type_is_get() {
    refused(&Tweaks { kind: Some("webauthn.create"), ..Tweaks::default() }, Reason::Type);
}

#[test]
fn b2_a11_the_challenge_is_ours_and_not_expired() {
    let other = Challenge::from_bytes([8; 32]).to_text();
    refused(&Tweaks { challenge: Some(other), ..Tweaks::default() }, Reason::Challenge);
    let (mut site, mut key, credential) = registered();
    site.now = site.expires_at;
    assert_early(&site.sign_in_with(&mut key, &credential, &Tweaks::default()), Reason::Expired);
}

#[test]
fn b2_a13_a14_frames_of_other_sites_are_refused() {
    refused(&Tweaks { cross_origin: Some(true), ..Tweaks::default() }, Reason::CrossOrigin);
    refused(&Tweaks { top_origin: Some(ORIGIN), ..Tweaks::default() }, Reason::CrossOrigin);
}

#[test]
fn b2_a15_the_answer_is_for_this_relying_party() {
    refused(&Tweaks { rp_id: Some("evil.example"), ..Tweaks::default() }, Reason::RpId);
}

#[test]
fn b2_a16_presence_is_always_needed() {
    refused(&Tweaks { user_present: Some(false), ..Tweaks::default() }, Reason::UserPresence);
}

#[test]
fn b2_a18_backed_up_without_being_eligible_is_refused() {
    refused(&Tweaks { backed_up: Some(true), ..Tweaks::default() }, Reason::BackupFlags);
}

#[test]
fn b2_a19_backup_eligibility_never_changes() {
    let (site, mut key, credential) = registered();
    let gained = Tweaks { backup_eligible: Some(true), ..Tweaks::default() };
    assert_late(&site.sign_in_with(&mut key, &credential, &gained), Reason::BackupEligibility);
    let (site, mut phone) = (Site::new(), Authenticator::new(1).synced());
    let credential = site.register(&mut phone);
    let lost = Tweaks { backup_eligible: Some(false), backed_up: Some(false), ..Tweaks::default() };
    assert_late(&site.sign_in_with(&mut phone, &credential, &lost), Reason::BackupEligibility);
    let not_now = Tweaks { backed_up: Some(false), ..Tweaks::default() };
    assert!(!site.sign_in_with(&mut phone, &credential, &not_now).unwrap().backed_up);
}

#[test]
fn b2_a19_imported_credentials_show_their_flags_first() {
    let (site, mut phone) = (Site::new(), Authenticator::new(1).synced());
    let credential = site.register(&mut phone);
    let imported = StoredCredential { backup_eligible: false, flags_known: false, ..stored(&credential) };
    let verified = site.sign_in_as(&mut phone, &imported, &Tweaks::default()).unwrap();
    assert!(verified.backup_eligible && verified.backed_up);
}

#[test]
fn b2_a20_a_policy_may_refuse_backup_flags() {
    let (mut site, mut key, credential) = registered();
    site.backup = BackupPolicy::BackedUp;
    assert_early(&site.sign_in_with(&mut key, &credential, &Tweaks::default()), Reason::BackupPolicy);
    site.backup = BackupPolicy::DeviceBound;
    assert!(site.sign_in_with(&mut key, &credential, &Tweaks::default()).is_ok());
}

#[test]
fn b2_a21_a22_the_signature_covers_both_data() {
    let (site, mut key, credential) = registered();
    let broken = Tweaks { break_signature: true, ..Tweaks::default() };
    assert_late(&site.sign_in_with(&mut key, &credential, &broken), Reason::Signature);

    let mut response = key.get(&site.request_options(&[]), ORIGIN).unwrap();
    let client_data = json!({ "type": "webauthn.get", "challenge": site.challenge.to_text(), "origin": ORIGIN, "extra": 1 });
    response["response"]["clientDataJSON"] = base64url(client_data.to_string().as_bytes());
    assert_late(&site.verify_assertion(&response, Some(&stored(&credential))), Reason::Signature);

    let mut response = key.get(&site.request_options(&[]), ORIGIN).unwrap();
    let mut data = decode(&response["response"]["authenticatorData"]);
    data[36] += 1;
    response["response"]["authenticatorData"] = base64url(&data);
    assert_late(&site.verify_assertion(&response, Some(&stored(&credential))), Reason::Signature);
}

#[test]
fn b2_a22_another_key_does_not_verify() {
    let (site, mut key, credential) = registered();
    let other = site.register(&mut Authenticator::new(2));
    let swapped = StoredCredential { public_key: &other.public_key, ..stored(&credential) };
    assert_late(&site.sign_in_as(&mut key, &swapped, &Tweaks::default()), Reason::Signature);
    let unreadable = StoredCredential { public_key: &[0xa0], ..stored(&credential) };
    assert_late(&site.sign_in_as(&mut key, &unreadable, &Tweaks::default()), Reason::Signature);
}

#[test]
fn b2_a28_an_unknown_credential_is_refused_after_the_same_work() {
    let (site, mut key, credential) = registered();
    let response = key.get(&site.request_options(&[]), ORIGIN).unwrap();
    assert_late(&site.verify_assertion(&response, None), Reason::UnknownCredential);
    // What is refused before the signature is refused alike, whether the credential exists or not.
    let response = key.get_with(
        &site.request_options(&[]),
        ORIGIN,
        &Tweaks { user_present: Some(false), ..Tweaks::default() },
    );
    let response = response.unwrap();
    assert_early(&site.verify_assertion(&response, None), Reason::UserPresence);
    assert_early(&site.verify_assertion(&response, Some(&stored(&credential))), Reason::UserPresence);
}
