//! Secrets of authenticator apps at rest: sealed for their row (spec 05, section 10).

use inkan_base::{OtpSecretId, Rng, TenantId};

use super::TotpSecret;
use crate::seal::{Context, Keyring, SealError};

impl TotpSecret {
    /// Seals the secret for its row.
    ///
    /// # Errors
    /// As [`Keyring::seal`].
    pub fn seal(
        &self,
        keyring: &Keyring,
        tenant: TenantId,
        id: OtpSecretId,
        rng: &dyn Rng,
    ) -> Result<Vec<u8>, SealError> {
        keyring.seal(place(tenant, &id.to_string()), self.as_bytes(), rng)
    }

    /// Opens what [`TotpSecret::seal`] has sealed for this row. [`Keyring::needs_resealing`] tells whether to seal it anew.
    ///
    /// # Errors
    /// As [`Keyring::open`]; [`SealError::Malformed`] also if what was sealed is no secret.
    pub fn open(
        keyring: &Keyring,
        tenant: TenantId,
        id: OtpSecretId,
        sealed: &[u8],
    ) -> Result<Self, SealError> {
        let opened = keyring.open(place(tenant, &id.to_string()), sealed)?;
        Self::from_bytes(&opened).ok_or(SealError::Malformed)
    }
}

fn place(tenant: TenantId, row: &str) -> Context<'_> {
    Context { table: "otp_secrets", tenant, row, column: "sealed" }
}

#[cfg(test)]
mod tests {
    use inkan_base::SeededRng;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn s083_secret_opens_only_in_its_row_and_shows_nothing_sealed() {
        let (keyring, rng) = (Keyring::new(&["a secret of the operator"]).unwrap(), SeededRng::new(1));
        let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();
        let (tenant, id) = (TenantId::DEFAULT, OtpSecretId::random(&rng));
        let sealed = secret.seal(&keyring, tenant, id, &rng).unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"123456"));
        assert_eq!(TotpSecret::open(&keyring, tenant, id, &sealed).unwrap(), secret);
        let elsewhere = [(TenantId(Uuid::from_u128(2)), id), (tenant, OtpSecretId::random(&rng))];
        for (tenant, id) in elsewhere {
            assert_eq!(TotpSecret::open(&keyring, tenant, id, &sealed), Err(SealError::Rejected));
        }
        let short = keyring.seal(place(tenant, &id.to_string()), b"short", &rng).unwrap();
        assert_eq!(TotpSecret::open(&keyring, tenant, id, &short), Err(SealError::Malformed));
    }
}
