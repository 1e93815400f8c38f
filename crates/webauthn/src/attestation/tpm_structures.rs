//! Structures of TPM 2.0 (Trusted Platform Module Library, part 2), as far as `tpm` statements hold them.

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};

use crate::cose::{Material, trimmed};

const ALG_RSA: u16 = 0x0001;
const ALG_ECC: u16 = 0x0023;
const ALG_NULL: u16 = 0x0010;

/// `TPMT_PUBLIC` of a signing key.
#[derive(Debug)]
pub(super) struct PublicArea {
    /// The hash of its name, with its number.
    pub(super) name_hash: (u16, &'static Algorithm),
    /// The key, and for elliptic keys the length of a coordinate.
    pub(super) key: Material,
}

impl PublicArea {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let kind = reader.u16()?;
        let name_algorithm = reader.u16()?;
        let name_hash = (name_algorithm, hash(name_algorithm)?);
        reader.take(4)?;
        reader.sized()?;
        // A signing key has no symmetric algorithm; a scheme brings its hash along.
        if reader.u16()? != ALG_NULL {
            return None;
        }
        reader.scheme()?;
        let key = match kind {
            ALG_RSA => {
                reader.u16()?;
                let exponent = match reader.take(4)? {
                    [0, 0, 0, 0] => &[1, 0, 1],
                    exponent => trimmed(exponent),
                };
                Material::Rsa { n: trimmed(reader.sized()?).to_vec(), e: exponent.to_vec() }
            }
            ALG_ECC => {
                let length = match reader.u16()? {
                    3 => 32,
                    4 => 48,
                    5 => 66,
                    _ => return None,
                };
                reader.scheme()?;
                let (x, y) = (padded(reader.sized()?, length)?, padded(reader.sized()?, length)?);
                Material::Ec([&[4], &x[..], &y].concat())
            }
            _ => return None,
        };
        reader.0.is_empty().then_some(Self { name_hash, key })
    }
}

/// `TPMS_ATTEST` of `TPM2_Certify`.
#[derive(Debug)]
pub(super) struct CertifyInfo<'a> {
    pub(super) extra_data: &'a [u8],
    /// The name of the key that is certified.
    pub(super) name: &'a [u8],
}

impl<'a> CertifyInfo<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        const GENERATED: &[u8] = &[0xff, b'T', b'C', b'G'];
        const CERTIFY: u16 = 0x8017;
        let mut reader = Reader(bytes);
        if reader.take(4)? != GENERATED || reader.u16()? != CERTIFY {
            return None;
        }
        reader.sized()?;
        let extra_data = reader.sized()?;
        // Clock (17) and version of the firmware (8).
        reader.take(25)?;
        let name = reader.sized()?;
        reader.sized()?;
        reader.0.is_empty().then_some(Self { extra_data, name })
    }
}

/// A hash algorithm by its number.
fn hash(number: u16) -> Option<&'static Algorithm> {
    match number {
        0x0004 => Some(&SHA1_FOR_LEGACY_USE_ONLY),
        0x000b => Some(&SHA256),
        0x000c => Some(&SHA384),
        0x000d => Some(&SHA512),
        _ => None,
    }
}

fn padded(number: &[u8], length: usize) -> Option<Vec<u8>> {
    let number = trimmed(number);
    let mut padded = vec![0; length.checked_sub(number.len())?];
    padded.extend(number);
    Some(padded)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// `TPM2B_…`: bytes behind their length.
    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// A scheme that may be missing, with its hash.
    fn scheme(&mut self) -> Option<()> {
        if self.u16()? != ALG_NULL {
            self.u16()?;
        }
        Some(())
    }
}
