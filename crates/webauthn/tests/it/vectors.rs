//! Test vectors of WebAuthn level 3, section 16 (<https://www.w3.org/TR/webauthn-3/#sctn-test-vectors>). Their relying party is
//! `example.org`.

use inkan_webauthn::{Challenge, NewCredential, RelyingParty, StoredCredential};
use serde_json::{Value, json};

use super::support::{HANDLE, Site, base64url};

const VECTORS: &str = include_str!("../data/w3c-vectors.json");

fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The site at the moment of one of the two ceremonies.
fn site(ceremony: &Value) -> Site {
    Site {
        party: RelyingParty::new("example.org", "W3C", &["https://example.org".to_owned()]).unwrap(),
        challenge: Challenge::from_bytes(hex(&ceremony["challenge"]).try_into().unwrap()),
        ..Site::new()
    }
}

fn register(ceremony: &Value, id: &[u8]) -> NewCredential {
    let response = json!({
        "id": base64url(id),
        "type": "public-key",
        "response": {
            "clientDataJSON": base64url(&hex(&ceremony["clientDataJSON"])),
            "attestationObject": base64url(&hex(&ceremony["attestationObject"])),
        },
    });
    site(ceremony).verify_registration(&response).unwrap()
}

#[test]
fn the_vectors_of_the_standard_are_accepted() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    for vector in vectors {
        let object = hex(&vector["registration"]["attestationObject"]);
        // All credential ids have 32 bytes and stand behind the model and their length.
        let start = object.windows(8).position(|bytes| bytes == b"authData").unwrap() + 8 + 2 + 37 + 16;
        assert_eq!(object[start..start + 2], [0, 32]);
        let id = &object[start + 2..start + 34];
        let credential = register(&vector["registration"], id);
        let format = vector["name"].as_str().unwrap().split(['.', '-']).next().unwrap();
        assert_eq!(credential.format.as_str(), format);

        let ceremony = &vector["authentication"];
        let response = json!({
            "id": base64url(id),
            "type": "public-key",
            "response": {
                "clientDataJSON": base64url(&hex(&ceremony["clientDataJSON"])),
                "authenticatorData": base64url(&hex(&ceremony["authenticatorData"])),
                "signature": base64url(&hex(&ceremony["signature"])),
                "userHandle": base64url(HANDLE),
            },
        });
        let stored = StoredCredential {
            id,
            user_handle: HANDLE,
            public_key: &credential.public_key,
            counter: credential.counter,
            backup_eligible: credential.backup_eligible,
            flags_known: true,
        };
        let verified = site(ceremony).verify_assertion(&response, Some(&stored));
        assert!(verified.is_ok(), "{}: {verified:?}", vector["name"]);
    }
}
