//! Certificate chains (RFC 5280 §6, without name constraints, policies and revocation lists, which attestation does not use).

use inkan_base::Timestamp;

use crate::certificate::Certificate;

/// Whether `chain`, the leaf first, leads to one of `roots` at `now`. A root may stand in the chain; a leaf that is itself a
/// root is trusted by that.
pub(super) fn leads_to(chain: &[&[u8]], roots: &[&[u8]], now: Timestamp) -> bool {
    let read = |der: &&'_ [u8]| Certificate::read(der).is_ok();
    if chain.is_empty() || !chain.iter().all(read) {
        return false;
    }
    let chain: Vec<Certificate<'_>> = chain.iter().filter_map(|der| Certificate::read(der).ok()).collect();
    let roots: Vec<Certificate<'_>> = roots.iter().filter_map(|der| Certificate::read(der).ok()).collect();
    for (below, certificate) in chain.iter().enumerate() {
        if !certificate.is_valid_at(now) {
            return false;
        }
        let trusted = roots.iter().any(|root| {
            certificate.der() == root.der()
                || (root.is_valid_at(now) && root.is_authority(below) && certificate.is_issued_by(root))
        });
        if trusted {
            return true;
        }
        match chain.get(below + 1) {
            Some(issuer) if issuer.is_authority(below) && certificate.is_issued_by(issuer) => {}
            _ => return false,
        }
    }
    false
}
