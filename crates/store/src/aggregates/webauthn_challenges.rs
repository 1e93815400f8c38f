//! Challenges of ceremonies with authenticators (spec 05, section 8.5; spec 00, decision 28): each belongs to one flow, or to
//! none (REST), and is consumed by the first verification that gets as far as the signature. Consumed ones stay until they
//! expire, so that a replay is told from an expired one.

use inkan_base::{FlowId, Timestamp, UserId};

use super::handle;
use crate::{
    Question, StoreError, Tx,
    sql::{FromValue, Row, Sql, Value, params},
};

/// How many credentials a challenge may name.
pub const ALLOWED_CREDENTIALS: usize = 128;

/// A challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebauthnChallenge {
    /// The random bytes; they are what the challenge is found by.
    pub challenge: [u8; 32],
    /// The flow it belongs to; `None` outside of flows.
    pub flow_id: Option<FlowId>,
    /// Whose ceremony it is; `None` if the credential tells. At registration the account need not exist yet.
    pub user_id: Option<UserId>,
    /// What the authenticator is asked to do.
    pub operation: WebauthnOperation,
    /// What the ceremony is good for; several may be open in one flow.
    pub kind: String,
    /// The requirement that was sent: `required`, `preferred` or `discouraged`.
    pub user_verification: String,
    /// Ids of the credentials that may answer, at most [`ALLOWED_CREDENTIALS`]; `None` if any may.
    pub allowed_credentials: Option<Vec<Vec<u8>>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not accepted.
    pub expires_at: Timestamp,
    /// When it was used, whatever came of it.
    pub consumed_at: Option<Timestamp>,
}

/// What an authenticator is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebauthnOperation {
    /// Make a credential.
    Registration,
    /// Prove to have one.
    Authentication,
}

/// What can be done with a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeState {
    /// It can be answered.
    Open,
    /// It was used.
    Consumed,
    /// It was not used in time.
    Expired,
}

impl WebauthnOperation {
    const fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Authentication => "authentication",
        }
    }
}

impl FromValue for WebauthnOperation {
    fn from_value(value: Value) -> Result<Self, Value> {
        match String::from_value(value)?.as_str() {
            "registration" => Ok(Self::Registration),
            "authentication" => Ok(Self::Authentication),
            other => Err(Value::Text(other.to_owned())),
        }
    }
}

macro_rules! columns {
    () => {
        "challenge, flow_id, user_id, operation, kind, user_verification, allowed_credentials, created_at, expires_at, \
         consumed_at"
    };
}

/// A challenge of a flow (or of none) and a kind: parameters 2 to 4.
macro_rules! wanted {
    () => {
        "tenant_id = $1 AND challenge = $2 AND flow_id IS NOT DISTINCT FROM $3 AND kind = $4"
    };
}

impl WebauthnChallenge {
    /// What can be done with it at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> ChallengeState {
        if self.consumed_at.is_some() {
            ChallengeState::Consumed
        } else if self.expires_at <= now {
            ChallengeState::Expired
        } else {
            ChallengeState::Open
        }
    }

    /// Whether the credential with this id may answer.
    #[must_use]
    pub fn allows(&self, credential: &[u8]) -> bool {
        self.allowed_credentials.as_ref().is_none_or(|allowed| allowed.iter().any(|id| id == credential))
    }

    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            challenge: row.take()?,
            flow_id: row.take()?,
            user_id: row.take()?,
            operation: row.take()?,
            kind: row.take()?,
            user_verification: row.take()?,
            allowed_credentials: row.take::<Option<Vec<u8>>>()?.map(|bytes| unpack(&bytes)).transpose()?,
            created_at: row.take()?,
            expires_at: row.take()?,
            consumed_at: row.take()?,
        })
    }
}

/// The ids one after the other, each after its length in two bytes.
fn pack(ids: &[Vec<u8>]) -> Result<Vec<u8>, StoreError> {
    if ids.len() > ALLOWED_CREDENTIALS {
        return Err(StoreError::Bug("a challenge names too many credentials".to_owned()));
    }
    let mut packed = Vec::new();
    for id in ids {
        let length = u16::try_from(id.len())
            .map_err(|_| StoreError::Bug("a challenge names a credential with a long id".to_owned()))?;
        packed.extend(length.to_be_bytes());
        packed.extend(id);
    }
    Ok(packed)
}

fn unpack(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut ids = Vec::new();
    while !bytes.is_empty() {
        let (id, rest) = bytes
            .split_first_chunk()
            .and_then(|(length, rest)| rest.split_at_checked(u16::from_be_bytes(*length).into()))
            .ok_or_else(|| StoreError::Bug("the credentials of a challenge are cut off".to_owned()))?;
        ids.push(id.to_vec());
        bytes = rest;
    }
    Ok(ids)
}

handle! {
    /// Challenges of the tenant.
    WebauthnChallenges
}

impl<'a> Tx<'a> {
    /// Challenges of ceremonies with authenticators.
    pub fn webauthn_challenges(&mut self) -> WebauthnChallenges<'_, 'a> {
        WebauthnChallenges(self)
    }
}

impl WebauthnChallenges<'_, '_> {
    /// Adds a challenge.
    ///
    /// # Errors
    /// `webauthn_challenges_pkey` if it exists; `Bug` if it names more than [`ALLOWED_CREDENTIALS`] credentials; otherwise as
    /// every statement.
    pub async fn create(&mut self, challenge: &WebauthnChallenge) -> Result<(), StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "INSERT INTO webauthn_challenges (tenant_id, ",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        ));
        let tenant = self.0.tenant();
        let allowed = challenge.allowed_credentials.as_deref().map(pack).transpose()?;
        let params = params![
            tenant,
            &challenge.challenge,
            challenge.flow_id,
            challenge.user_id,
            challenge.operation.name(),
            &challenge.kind,
            &challenge.user_verification,
            allowed.as_ref(),
            challenge.created_at,
            challenge.expires_at,
            challenge.consumed_at,
        ];
        self.0.send(&SQL, params).await
    }

    /// The challenge, if it belongs to this flow (or to none) and is of this kind; consumed, expired or open.
    ///
    /// # Errors
    /// As every statement.
    pub async fn find(
        &mut self,
        flow: Option<FlowId>,
        kind: &str,
        challenge: &[u8],
    ) -> Result<Option<WebauthnChallenge>, StoreError> {
        static SQL: Sql =
            Sql::new(concat!("SELECT ", columns!(), " FROM webauthn_challenges WHERE ", wanted!()));
        let tenant = self.0.tenant();
        let row = self.0.find(&SQL, params![tenant, challenge, flow, kind]).await?;
        row.map(WebauthnChallenge::from_row).transpose()
    }

    /// Uses the challenge up, if it belongs to this flow (or to none), is of this kind and open. It is given to one caller and
    /// never again, however many ask at the same time.
    ///
    /// # Errors
    /// As every statement.
    pub async fn consume(
        &mut self,
        flow: Option<FlowId>,
        kind: &str,
        challenge: &[u8],
        now: Timestamp,
    ) -> Result<Option<WebauthnChallenge>, StoreError> {
        let question = self.ask_consume(flow, kind, challenge, now).await?;
        self.0.answer(question).await
    }

    /// Asks for [`WebauthnChallenges::consume`], to be answered later.
    ///
    /// # Errors
    /// As every statement.
    pub async fn ask_consume(
        &mut self,
        flow: Option<FlowId>,
        kind: &str,
        challenge: &[u8],
        now: Timestamp,
    ) -> Result<Question<Option<WebauthnChallenge>>, StoreError> {
        static SQL: Sql = Sql::new(concat!(
            "UPDATE webauthn_challenges SET consumed_at = $5 WHERE ",
            wanted!(),
            " AND consumed_at IS NULL AND expires_at > $5 RETURNING ",
            columns!()
        ));
        let tenant = self.0.tenant();
        let only = |rows: Vec<Row>| rows.into_iter().next().map(WebauthnChallenge::from_row).transpose();
        self.0.question(&SQL, params![tenant, challenge, flow, kind, now], only).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_credentials_are_packed() {
        let lists: [Vec<Vec<u8>>; 4] =
            [vec![], vec![vec![]], vec![vec![1], vec![2, 3]], vec![vec![255; 1023]; ALLOWED_CREDENTIALS]];
        for list in lists {
            assert_eq!(unpack(&pack(&list).unwrap()).unwrap(), list);
        }
        assert!(pack(&vec![vec![1]; ALLOWED_CREDENTIALS + 1]).is_err());
        assert!(pack(&[vec![0; 65_536]]).is_err());
        for broken in [&[0][..], &[0, 1], &[0, 1, 7, 0]] {
            assert!(unpack(broken).is_err(), "{broken:?}");
        }
    }
}
