//! FIDO's metadata (Metadata Service 3.0): which models exist, which roots vouch for them, which of them are broken. A blob is a
//! JWS (RFC 7515) with the certificates of its signer.
//!
//! Checked: the signature; that the signer's certificate leads to FIDO's root and names the metadata service, or leads to the
//! root that was given; that the blob is not past its next update.

use std::{collections::HashMap, time::Duration};

use aws_lc_rs::{
    digest::{SHA1_FOR_LEGACY_USE_ONLY, digest},
    signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use inkan_base::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::{certificates, chain};
use crate::{certificate::Certificate, input::BASE64URL};

/// `GlobalSign Root CA - R3`, which the FIDO Alliance names as the root of its service.
const FIDO_ROOT: &str = include_str!("fido-root.pem");
const FIDO_SERVICE: &str = "mds.fidoalliance.org";
/// Several times the size of the whole list.
const MAX_LENGTH: usize = 64 * 1024 * 1024;

/// Reports that disqualify a model, also if later ones sound better: the devices that were sold stay as they are.
const COMPROMISED: [&str; 5] = [
    "REVOKED",
    "USER_VERIFICATION_BYPASS",
    "ATTESTATION_KEY_COMPROMISE",
    "USER_KEY_REMOTE_COMPROMISE",
    "USER_KEY_PHYSICAL_COMPROMISE",
];

/// The metadata of all models.
#[derive(Clone, Debug)]
pub struct Metadata {
    models: HashMap<[u8; 16], Model>,
    /// Models of the time before FIDO2, by the hash of the key in their certificate.
    keys: HashMap<Vec<u8>, Model>,
    valid_until: Timestamp,
}

/// What counts of an entry.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) roots: Vec<Vec<u8>>,
    pub(super) compromised: bool,
}

/// Metadata that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The file is no metadata blob.
    #[error("the metadata file cannot be read: {0}")]
    Unreadable(&'static str),
    /// The root that was given is no certificate.
    #[error("the root for the metadata is not a certificate (PEM)")]
    Root,
    /// The signer is not the metadata service.
    #[error(
        "the metadata are not signed by a certificate that leads to the root of the FIDO metadata service"
    )]
    Signer,
    /// The signature does not verify.
    #[error("the signature of the metadata does not verify")]
    Signature,
    /// The blob is too old.
    #[error("the metadata are out of date since {0}; download the current file")]
    Outdated(Timestamp),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    x5c: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    next_update: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    aaguid: Option<String>,
    #[serde(default)]
    attestation_certificate_key_identifiers: Vec<String>,
    metadata_statement: Option<Statement>,
    #[serde(default)]
    status_reports: Vec<Report>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(default)]
    attestation_root_certificates: Vec<String>,
}

#[derive(Deserialize)]
struct Report {
    status: String,
}

impl Metadata {
    /// Reads and verifies a blob. `root` (PEM) replaces FIDO's root, for a metadata service of one's own.
    ///
    /// # Errors
    /// The blob is none, is not authentic, or is out of date at `now`.
    pub fn read(blob: &str, root: Option<&str>, now: Timestamp) -> Result<Self, MetadataError> {
        const NOT_A_BLOB: MetadataError = MetadataError::Unreadable("it is not a signed blob (JWS)");
        let blob = blob.trim();
        if blob.len() > MAX_LENGTH {
            return Err(MetadataError::Unreadable("it is too long"));
        }
        let (signed, signature) = blob.rsplit_once('.').ok_or(NOT_A_BLOB)?;
        let (header, payload) = signed.split_once('.').ok_or(NOT_A_BLOB)?;
        let decode = |text: &str| BASE64URL.decode(text).map_err(|_| NOT_A_BLOB);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| NOT_A_BLOB)?;
        verify(&header, root, signed.as_bytes(), &decode(signature)?, now)?;
        let payload: Payload = serde_json::from_slice(&decode(payload)?)
            .map_err(|_| MetadataError::Unreadable("its payload is not as specified"))?;
        let metadata = Self::from_payload(payload)?;
        if metadata.is_outdated(now) {
            Err(MetadataError::Outdated(metadata.valid_until))
        } else {
            Ok(metadata)
        }
    }

    /// From when on nothing is believed any more: the day after the announced update.
    #[must_use]
    pub const fn valid_until(&self) -> Timestamp {
        self.valid_until
    }

    /// How many models it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.models.len() + self.keys.len()
    }

    /// Whether it knows no model.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn is_outdated(&self, now: Timestamp) -> bool {
        now >= self.valid_until
    }

    /// The model of an authenticator, by its id or by the key in its certificate.
    pub(super) fn model(&self, aaguid: &[u8; 16], leaf: &[u8]) -> Option<&Model> {
        if *aaguid != [0; 16] {
            return self.models.get(aaguid);
        }
        let leaf = Certificate::read(leaf).ok()?;
        self.keys.get(digest(&SHA1_FOR_LEGACY_USE_ONLY, leaf.key_bits()).as_ref())
    }

    fn from_payload(payload: Payload) -> Result<Self, MetadataError> {
        let valid_until = end_of(&payload.next_update)
            .ok_or(MetadataError::Unreadable("the date of its next update is none"))?;
        let (mut models, mut keys) = (HashMap::new(), HashMap::new());
        for entry in payload.entries {
            let model = Model::from_entry(&entry);
            if let Some(aaguid) = entry.aaguid.and_then(|aaguid| Uuid::try_parse(&aaguid).ok()) {
                models.insert(aaguid.into_bytes(), model.clone());
            }
            for key in entry.attestation_certificate_key_identifiers {
                if let Some(key) = hex(&key) {
                    keys.insert(key, model.clone());
                }
            }
        }
        Ok(Self { models, keys, valid_until })
    }
}

impl Model {
    fn from_entry(entry: &Entry) -> Self {
        let roots =
            entry.metadata_statement.iter().flat_map(|statement| &statement.attestation_root_certificates);
        // Some makers break the lines.
        let plain = |root: &String| root.split_ascii_whitespace().collect::<String>();
        Self {
            roots: roots.filter_map(|root| BASE64_STANDARD.decode(plain(root)).ok()).collect(),
            compromised: entry
                .status_reports
                .iter()
                .any(|report| COMPROMISED.contains(&report.status.as_str())),
        }
    }
}

fn verify(
    header: &Header,
    root: Option<&str>,
    signed: &[u8],
    signature: &[u8],
    now: Timestamp,
) -> Result<(), MetadataError> {
    let roots = certificates(root.unwrap_or(FIDO_ROOT)).ok_or(MetadataError::Root)?;
    let signers: Vec<Vec<u8>> = header
        .x5c
        .iter()
        .take(8)
        .map(|certificate| BASE64_STANDARD.decode(certificate))
        .collect::<Result<_, _>>()
        .map_err(|_| MetadataError::Signer)?;
    let signers: Vec<&[u8]> = signers.iter().map(Vec::as_slice).collect();
    let roots: Vec<&[u8]> = roots.iter().map(Vec::as_slice).collect();
    let leaf = signers.first().and_then(|leaf| Certificate::read(leaf).ok()).ok_or(MetadataError::Signer)?;
    // FIDO's root is one of the public web: only the name tells its metadata service from everybody else.
    let named = root.is_some() || leaf.dns_names().contains(&FIDO_SERVICE);
    if !named || !chain::leads_to(&signers, &roots, now) {
        return Err(MetadataError::Signer);
    }
    let algorithm: &'static dyn VerificationAlgorithm = match header.alg.as_str() {
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        "ES256" => &ECDSA_P256_SHA256_FIXED,
        _ => return Err(MetadataError::Signature),
    };
    if leaf.verifies(algorithm, signed, signature) { Ok(()) } else { Err(MetadataError::Signature) }
}

/// The end of a day, `2026-11-25`.
fn end_of(day: &str) -> Option<Timestamp> {
    let day: jiff::civil::Date = day.parse().ok()?;
    let start = jiff::tz::Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()?.as_second();
    Some(Timestamp::from_seconds(start) + Duration::from_hours(24))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
