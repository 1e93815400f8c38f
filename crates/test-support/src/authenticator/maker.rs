//! The maker of authenticators: a root certificate, and certificates for models below it.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, IsCa, Issuer,
    KeyPair, SerialNumber, date_time_ymd,
};

use super::{Algorithm, Key, sha256};

/// The maker's root and its key. The same number gives the same maker, but for the signatures in certificates.
#[derive(Clone, Debug)]
pub struct Maker {
    number: u64,
    /// The years in which the root is valid: from the first of January of the first to that of the last.
    pub root_years: (i32, i32),
}

/// What stands in a certificate below the root.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Subject attributes.
    pub subject: Vec<(DnType, String)>,
    /// Extensions: object id, value, critical.
    pub extensions: Vec<(Vec<u64>, Vec<u8>, bool)>,
    /// Says in so many words that it is no authority.
    pub no_authority: bool,
    /// The years in which it is valid.
    pub years: (i32, i32),
}

/// The extension that names the model.
const AAGUID_EXTENSION: [u64; 9] = [1, 3, 6, 1, 4, 1, 45724, 1, 1];

impl Leaf {
    /// As `packed` wants it (WebAuthn §8.2.1), naming the model.
    #[must_use]
    pub fn packed(aaguid: &[u8; 16]) -> Self {
        let mut oid = AAGUID_EXTENSION.to_vec();
        oid.push(4);
        Self {
            subject: vec![
                (DnType::CountryName, "DE".to_owned()),
                (DnType::OrganizationName, "Test Authenticators".to_owned()),
                (DnType::OrganizationalUnitName, "Authenticator Attestation".to_owned()),
                (DnType::CommonName, "Test Key".to_owned()),
            ],
            extensions: vec![(oid, [&[0x04, 0x10], &aaguid[..]].concat(), false)],
            no_authority: true,
            years: (2020, 2120),
        }
    }

    /// Without anything that a format demands.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            subject: vec![(DnType::CommonName, "Test Key".to_owned())],
            extensions: Vec::new(),
            no_authority: true,
            years: (2020, 2120),
        }
    }
}

impl Maker {
    /// A maker.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self { number, root_years: (2020, 2120) }
    }

    /// The key that attests for all authenticators of the maker.
    #[must_use]
    pub fn attestation_key(&self) -> Key {
        self.key("attestation")
    }

    /// The root certificate (DER).
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn root(&self) -> Vec<u8> {
        self.root_params().self_signed(&self.pair("root")).expect("a certificate").der().to_vec()
    }

    /// The root certificate as text.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn root_pem(&self) -> String {
        self.root_params().self_signed(&self.pair("root")).expect("a certificate").pem()
    }

    /// A certificate (DER) for the elliptic key `key`.
    ///
    /// # Panics
    /// Never with keys made here.
    #[must_use]
    pub fn certify(&self, leaf: &Leaf, key: &Key) -> Vec<u8> {
        let mut params = params(leaf.years, &leaf.subject);
        params.is_ca = if leaf.no_authority { IsCa::ExplicitNoCa } else { IsCa::NoCa };
        for (oid, value, critical) in &leaf.extensions {
            let mut extension = CustomExtension::from_oid_content(oid, value.clone());
            extension.set_criticality(*critical);
            params.custom_extensions.push(extension);
        }
        let pair = rcgen_pair(key);
        let issuer = Issuer::new(self.root_params(), self.pair("root"));
        params.signed_by(&pair, &issuer).expect("a certificate").der().to_vec()
    }

    fn root_params(&self) -> CertificateParams {
        let name = format!("Test Root {}", self.number);
        let mut params = params(self.root_years, &[(DnType::CommonName, name)]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    fn key(&self, purpose: &str) -> Key {
        let seed = sha256(format!("{purpose} {}", self.number).as_bytes());
        Key::derive(Algorithm::Es256, &seed)
    }

    fn pair(&self, purpose: &str) -> KeyPair {
        rcgen_pair(&self.key(purpose))
    }
}

fn rcgen_pair(key: &Key) -> KeyPair {
    KeyPair::try_from(key.pkcs8()).expect("a key pair")
}

fn params(years: (i32, i32), subject: &[(DnType, String)]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    params.serial_number = Some(SerialNumber::from_slice(&[1]));
    params.distinguished_name = DistinguishedName::new();
    for (attribute, value) in subject {
        let value = match attribute {
            DnType::CountryName => DnValue::PrintableString(value.as_str().try_into().expect("a country")),
            _ => DnValue::Utf8String(value.clone()),
        };
        params.distinguished_name.push(attribute.clone(), value);
    }
    params
}
