//! One action at work: what it may read, write and leave for the answer.

use inkan_base::{FlowId, SessionId, UserId};
use inkan_config::Config;
use inkan_flow::{FlowError, Payload};
use inkan_store::{Account, StoreError, Tx};

use super::{Data, FlowKind, Progress, factors::still_proven};
use crate::{App, Context, events::Journal, sessions::Issued};

/// The transaction of an action.
pub(crate) struct Step<'a, 'tx> {
    pub(crate) app: &'a App,
    pub(crate) cx: &'a Context,
    pub(crate) tx: &'a mut Tx<'tx>,
    pub(crate) flow: FlowKind,
    pub(crate) id: FlowId,
    pub(crate) progress: Progress,
    pub(crate) facts: &'a Facts,
    pub(crate) out: Out,
}

/// What goes into the answer and what happens after the commit.
pub(crate) struct Out {
    pub(crate) payload: Payload,
    /// An error that goes with the new state (a limit reached when entering it).
    pub(crate) error: Option<FlowError>,
    pub(crate) session: Option<Issued>,
    /// Sessions that this action ended, to be forgotten by the cache before the answer goes out.
    pub(crate) ended: Vec<SessionId>,
    /// Who signed in; the client is known for this account from now on.
    pub(crate) signed_in: Option<UserId>,
    pub(crate) journal: Journal,
}

/// Slow work before the transaction: limits, reading, hashing.
pub(crate) struct Preparation<'a> {
    pub(crate) app: &'a App,
    pub(crate) cx: &'a Context,
    pub(crate) progress: &'a Progress,
    pub(crate) facts: Facts,
}

/// What the slow work found out. The transaction checks that it still holds.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) password: Option<PasswordCheck>,
    pub(crate) new_password_hash: Option<String>,
}

/// A password was compared with the hash that an account had.
pub(crate) struct PasswordCheck {
    pub(crate) user: Option<UserId>,
    /// Whose budget the guess was taken from.
    pub(crate) account: String,
    pub(crate) hash: Option<String>,
    pub(crate) matches: bool,
    /// The hash to store instead, when the stored one is of an old kind.
    pub(crate) rehash: Option<String>,
}

impl Step<'_, '_> {
    pub(crate) fn config(&self) -> &Config {
        &self.app.config
    }

    pub(crate) fn data(&mut self) -> &mut Data {
        &mut self.progress.data
    }

    /// The account that was identified, if the identifier still leads to it. Every step that trusts the identification asks
    /// again (spec 00, decision 8; spec 02, L2).
    pub(crate) async fn identified_account(&mut self) -> Result<Option<Account>, StoreError> {
        identified_account(self.tx, &self.progress.data).await
    }

    /// Like [`Step::identified_account`], with the account locked first, so that what is read stays true until the commit.
    pub(crate) async fn locked_account(&mut self) -> Result<Option<Account>, StoreError> {
        if let Some(user) = self.progress.data.user {
            self.tx.lock_user(user).await?;
        }
        self.identified_account().await
    }

    /// The locked account, if the first factor was proven for it and still is.
    pub(crate) async fn proven_account(&mut self) -> Result<Option<Account>, StoreError> {
        let account = self.locked_account().await?;
        Ok(account.filter(|account| still_proven(&self.progress.data, account)))
    }

    /// Adds a member to the payload of the answer.
    pub(crate) fn tell(&mut self, name: &str, value: impl Into<serde_json::Value>) {
        self.out.payload.insert(name.to_owned(), value.into());
    }
}

/// See [`Step::identified_account`].
pub(crate) async fn identified_account(tx: &mut Tx<'_>, data: &Data) -> Result<Option<Account>, StoreError> {
    let account = match (&data.username, &data.address) {
        (Some(username), _) => tx.accounts().find_by_username(username).await?,
        (None, Some(address)) => tx.accounts().find_by_address(address).await?,
        (None, None) => None,
    };
    Ok(account.filter(|account| Some(account.user.id) == data.user))
}
