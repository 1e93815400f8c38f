//! Names of authenticators by their model id (AAGUID). Spec 05 §8.10. Without an attestation that is trusted a model id is only
//! what the client says: good for a label, not for a decision.

mod table;

/// The name of a model, if it is a well-known one.
#[must_use]
pub fn aaguid_name(aaguid: &[u8; 16]) -> Option<&'static str> {
    let wanted = u128::from_be_bytes(*aaguid);
    table::NAMES.iter().find(|(known, _)| *known == wanted).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn well_known_models_have_names() {
        let icloud = 0xfbfc_3007_154e_4ecc_8c0b_6e02_0557_d7bd_u128.to_be_bytes();
        assert_eq!(aaguid_name(&icloud), Some("iCloud Keychain"));
        assert_eq!(aaguid_name(&[0; 16]), None);
        assert_eq!(aaguid_name(&[0xff; 16]), None);
    }

    #[test]
    fn no_model_stands_twice() {
        let models: HashSet<u128> = table::NAMES.iter().map(|(model, _)| *model).collect();
        assert_eq!(models.len(), table::NAMES.len());
    }
}
