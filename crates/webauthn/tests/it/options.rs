use inkan_config::{Attachment, UserVerification};
use inkan_webauthn::{CredentialKind, Descriptor, effective_timeout};
use serde_json::json;
use std::time::Duration;

use super::support::Site;

#[test]
fn passkeys_are_asked_for_as_specified() {
    let options = Site::new().creation_options(&[]);
    assert_eq!(
        options,
        json!({ "publicKey": {
            "attestation": "direct",
            "authenticatorSelection": {
                "requireResidentKey": true, "residentKey": "required", "userVerification": "preferred"
            },
            "challenge": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
            "pubKeyCredParams": [
                { "alg": -7, "type": "public-key" },
                { "alg": -8, "type": "public-key" },
                { "alg": -35, "type": "public-key" },
                { "alg": -257, "type": "public-key" },
            ],
            "rp": { "id": "example.com", "name": "Example" },
            "timeout": 600_000,
            "user": { "displayName": "ada", "id": "MDEyMzQ1Njc4OWFiY2RlZg", "name": "ada@example.com" },
        }})
    );
}

#[test]
fn security_keys_are_asked_for_as_specified() {
    let site = Site {
        kind: CredentialKind::SecurityKey(Attachment::CrossPlatform),
        verification: UserVerification::Discouraged,
        ..Site::new()
    };
    let transports = ["usb".to_owned()];
    let known =
        [Descriptor { id: &[1, 2, 3], transports: &transports }, Descriptor { id: &[4], transports: &[] }];
    let options = &site.creation_options(&known)["publicKey"];
    assert_eq!(
        options["authenticatorSelection"],
        json!({
            "authenticatorAttachment": "cross-platform",
            "requireResidentKey": false,
            "residentKey": "discouraged",
            "userVerification": "discouraged",
        })
    );
    assert_eq!(options["timeout"], 600_000);
    assert_eq!(
        options["excludeCredentials"],
        json!([
            { "id": "AQID", "transports": ["usb"], "type": "public-key" },
            { "id": "BA", "type": "public-key" },
        ])
    );
    let anywhere = Site { kind: CredentialKind::SecurityKey(Attachment::NoPreference), ..Site::new() };
    assert_eq!(
        anywhere.creation_options(&[])["publicKey"]["authenticatorSelection"].get("authenticatorAttachment"),
        None
    );
}

#[test]
fn b2_a01_sign_ins_without_a_name_allow_anyone() {
    let options = Site::new().request_options(&[]);
    assert_eq!(
        options,
        json!({ "publicKey": {
            "challenge": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
            "rpId": "example.com",
            "timeout": 600_000,
            "userVerification": "preferred",
        }})
    );
    let options = Site::new().request_options(&[Descriptor { id: &[4], transports: &[] }]);
    assert_eq!(options["publicKey"]["allowCredentials"], json!([{ "id": "BA", "type": "public-key" }]));
}

#[test]
fn a_timeout_of_zero_is_five_minutes() {
    assert_eq!(effective_timeout(Duration::ZERO), Duration::from_mins(5));
    assert_eq!(effective_timeout(Duration::from_secs(1)), Duration::from_secs(1));
}
