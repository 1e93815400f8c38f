//! Whom to trust: roots and models of the configuration (`webauthn.attestation`), and FIDO's metadata. Spec 14, items 57 and R22,
//! R23.

mod chain;
mod metadata;

use std::sync::Arc;

use inkan_base::Timestamp;
use inkan_config::Attestation;
use uuid::Uuid;
use x509_parser::pem::Pem;

pub use metadata::{Metadata, MetadataError};

use crate::{attestation::Voucher, certificate::Certificate, refusal::TrustFault};

/// What an attestation is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustJudgement {
    /// There is no statement, or none was asked for.
    None,
    /// The credential vouches for itself.
    SelfAttested,
    /// A certificate vouches for it, and nothing tells whether to believe that.
    Unjudged,
    /// A certificate vouches for it that leads to a trusted root.
    Trusted,
}

/// Whom to trust. Without anything in it statements are verified but not judged.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    roots: Vec<Vec<u8>>,
    models: Vec<[u8; 16]>,
    metadata: Option<Arc<Metadata>>,
}

/// A trust anchor that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Neither a certificate nor a model id; its place in the list.
    #[error("webauthn.attestation.trust_anchors[{0}] is neither a certificate (PEM) nor a model id (AAGUID)")]
    Anchor(usize),
    /// Models are only believed from a certificate.
    #[error(
        "webauthn.attestation.trust_anchors lists models (AAGUID) but no root: a model is only believed if a certificate \
         says so; add the maker's root certificate or set mds_file"
    )]
    ModelsWithoutRoot,
    /// The configuration names a file with metadata, but they were not handed over.
    #[error("webauthn.attestation.mds_file is set, but its metadata were not read")]
    MetadataMissing,
}

impl Trust {
    /// The trust of the configuration, with the metadata of `mds_file` if it names one.
    ///
    /// # Errors
    /// An anchor cannot be used, or the metadata are missing.
    pub fn from_config(
        config: &inkan_config::WebAuthnAttestation,
        metadata: Option<Metadata>,
    ) -> Result<Self, TrustError> {
        if metadata.is_none() && !config.mds_file.trim().is_empty() {
            return Err(TrustError::MetadataMissing);
        }
        let mut trust = Self { metadata: metadata.map(Arc::new), ..Self::default() };
        for (i, anchor) in config.trust_anchors.iter().enumerate() {
            if let Ok(model) = Uuid::try_parse(anchor.trim()) {
                trust.models.push(model.into_bytes());
            } else {
                trust.roots.extend(certificates(anchor).ok_or(TrustError::Anchor(i))?);
            }
        }
        if !trust.demands_certificates() && !trust.models.is_empty() {
            return Err(TrustError::ModelsWithoutRoot);
        }
        Ok(trust)
    }

    /// Whether statements are judged at all: there is a root, or metadata with roots.
    #[must_use]
    pub const fn demands_certificates(&self) -> bool {
        !self.roots.is_empty() || self.metadata.is_some()
    }

    /// R22 and R23. With `none` asked for, or nobody to trust, everything passes.
    pub(crate) fn judge(
        &self,
        asked: Attestation,
        voucher: &Voucher<'_>,
        aaguid: &[u8; 16],
        now: Timestamp,
    ) -> Result<TrustJudgement, TrustFault> {
        if asked == Attestation::None || !self.demands_certificates() {
            return Ok(match voucher {
                Voucher::Nobody => TrustJudgement::None,
                Voucher::Itself => TrustJudgement::SelfAttested,
                Voucher::Chain(_) => TrustJudgement::Unjudged,
            });
        }
        let Voucher::Chain(chain) = voucher else { return Err(TrustFault::NoCertificate) };
        if !self.models.is_empty() && !self.models.contains(aaguid) {
            return Err(TrustFault::Model);
        }
        let mut roots: Vec<&[u8]> = self.roots.iter().map(Vec::as_slice).collect();
        if let Some(metadata) = &self.metadata {
            if metadata.is_outdated(now) {
                return Err(TrustFault::Outdated);
            }
            match chain.first().and_then(|leaf| metadata.model(aaguid, leaf)) {
                Some(model) if model.compromised => return Err(TrustFault::Compromised),
                Some(model) => roots.extend(model.roots.iter().map(Vec::as_slice)),
                None if roots.is_empty() => return Err(TrustFault::Model),
                None => {}
            }
        }
        if chain::leads_to(chain, &roots, now) { Ok(TrustJudgement::Trusted) } else { Err(TrustFault::Chain) }
    }
}

/// The certificates (DER) of a text in PEM; at least one, and nothing else.
fn certificates(pem: &str) -> Option<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for block in Pem::iter_from_buffer(pem.as_bytes()) {
        let block = block.ok().filter(|block| block.label == "CERTIFICATE")?;
        Certificate::read(&block.contents).ok()?;
        found.push(block.contents);
    }
    (!found.is_empty()).then_some(found)
}
