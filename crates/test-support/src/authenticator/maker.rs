//! The maker of authenticators: a root certificate, and certificates for models below it.

use base64::{Engine, prelude::BASE64_STANDARD as BASE64, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, IsCa, Issuer,
    KeyPair, SerialNumber, date_time_ymd,
};
use serde_json::{Value, json};

use super::{Algorithm, Key, sha256};

/// The maker's root and its key. The same number gives the same maker, but for the signatures in certificates.
#[derive(Clone, Copy, Debug)]
pub struct Maker {
    /// Which one.
    pub number: u64,
    /// The years in which the root is valid: from the first of January of the first to that of the last.
    pub root_years: (i32, i32),
    /// Whether there is a certificate between the root and those of the models.
    pub intermediate: Intermediate,
}

/// The certificate between the root and those of the models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intermediate {
    /// None.
    #[default]
    None,
    /// One that may certify.
    Authority,
    /// One that may not.
    NoAuthority,
    /// One that may, but the root allows none between itself and a model.
    TooDeep,
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
        Self { number, root_years: (2020, 2120), intermediate: Intermediate::None }
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

    /// Certificates (DER): for the elliptic key `key`, and the one between it and the root if there is one.
    ///
    /// # Panics
    /// Never with keys made here.
    #[must_use]
    pub fn certify(&self, leaf: &Leaf, key: &Key) -> Vec<Vec<u8>> {
        let mut params = params(leaf.years, &leaf.subject);
        params.is_ca = if leaf.no_authority { IsCa::ExplicitNoCa } else { IsCa::NoCa };
        for (oid, value, critical) in &leaf.extensions {
            let mut extension = CustomExtension::from_oid_content(oid, value.clone());
            extension.set_criticality(*critical);
            params.custom_extensions.push(extension);
        }
        let root = Issuer::new(self.root_params(), self.pair("root"));
        if self.intermediate == Intermediate::None {
            return vec![sign(&params, key, &root)];
        }
        let between = Issuer::new(self.intermediate_params(), self.pair("intermediate"));
        vec![
            sign(&params, key, &between),
            sign(&self.intermediate_params(), &self.key("intermediate"), &root),
        ]
    }

    /// A blob of metadata (FIDO MDS3): `payload`, signed by a certificate of this maker.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn metadata_blob(&self, payload: &Value) -> String {
        let key = self.attestation_key();
        let certificates = self.certify(&Leaf::plain(), &key);
        let x5c: Vec<String> = certificates.iter().map(|certificate| BASE64.encode(certificate)).collect();
        let header = json!({ "alg": "ES256", "typ": "JWT", "x5c": x5c });
        let encode = |value: &Value| BASE64URL.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(payload));
        let signature = fixed(&key.sign(signed.as_bytes()));
        format!("{signed}.{}", BASE64URL.encode(signature))
    }

    fn intermediate_params(&self) -> CertificateParams {
        let name = format!("Test Intermediate {}", self.number);
        let mut params = params((2020, 2120), &[(DnType::CommonName, name)]);
        params.is_ca = match self.intermediate {
            Intermediate::Authority | Intermediate::TooDeep => IsCa::Ca(BasicConstraints::Unconstrained),
            _ => IsCa::ExplicitNoCa,
        };
        params
    }

    fn root_params(&self) -> CertificateParams {
        let name = format!("Test Root {}", self.number);
        let mut params = params(self.root_years, &[(DnType::CommonName, name)]);
        params.is_ca = IsCa::Ca(match self.intermediate {
            Intermediate::TooDeep => BasicConstraints::Constrained(0),
            _ => BasicConstraints::Unconstrained,
        });
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

fn sign(params: &CertificateParams, key: &Key, issuer: &Issuer<'_, KeyPair>) -> Vec<u8> {
    params.signed_by(&rcgen_pair(key), issuer).expect("a certificate").der().to_vec()
}

/// A signature of P-256 (DER) as two numbers of 32 bytes, as JWS has it.
fn fixed(der: &[u8]) -> Vec<u8> {
    let mut fixed = Vec::new();
    let mut rest = &der[2..];
    for _ in 0..2 {
        let (number, after) = rest[2..].split_at(usize::from(rest[1]));
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        fixed.extend(vec![0; 32 - number.len()]);
        fixed.extend(number);
        rest = after;
    }
    fixed
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
