//! One action at work: what it may read, write and leave for the answer.

use inkan_base::{FlowId, OtpSecretId, SessionId, UserId};
use inkan_config::Config;
use inkan_flow::{FlowError, Payload};
use inkan_store::{Account, Question, StoreError, Tx, WebauthnCredential};

use super::{Data, FlowKind, LoginMethod, Progress};
use crate::{
    App, Context,
    accounts::webauthn::{AssertionCheck, AttestationCheck},
    events::Journal,
    sessions::Issued,
};

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
    pub(super) known: Known,
}

/// What this transaction has read of the identified account.
#[derive(Default)]
pub(super) struct Known {
    locked: Option<UserId>,
    account: Option<(Identification, Reading<Option<Account>>)>,
    credentials: Option<(UserId, Reading<Vec<WebauthnCredential>>)>,
    /// The secret of the app whose code was just right.
    proven_secret: Option<OtpSecretId>,
}

/// What an account is identified by.
#[derive(PartialEq, Eq)]
struct Identification {
    by_passkey: bool,
    username: Option<String>,
    address: Option<String>,
    user: Option<UserId>,
}

enum Reading<T> {
    /// Asked, on its way with what is asked next.
    Asked(Question<T>),
    Read(Box<T>),
}

impl Identification {
    fn of(data: &Data) -> Self {
        let by_passkey = data.login_method == Some(LoginMethod::Passkey);
        Self {
            by_passkey,
            username: data.username.clone().filter(|_| !by_passkey),
            address: data.address.clone().filter(|_| !by_passkey),
            user: data.user,
        }
    }
}

/// What goes into the answer and what happens after the commit.
pub(crate) struct Out {
    pub(crate) payload: Payload,
    /// An error that goes with the new state (a limit reached when entering it).
    pub(crate) error: Option<FlowError>,
    pub(crate) session: Option<Issued>,
    /// A challenge that this action used up, whatever became of it.
    pub(crate) consumed: Option<[u8; 32]>,
    /// Cookies besides that of the session.
    pub(crate) cookies: Vec<String>,
    /// Who signed in; the client is known for this account from now on.
    pub(crate) signed_in: Option<UserId>,
    /// What the account's password is, if it was read.
    pub(crate) password: Option<KnownPassword>,
    pub(crate) journal: Journal,
}

/// Slow work before the transaction: limits, reading, hashing.
pub(crate) struct Preparation<'a> {
    pub(crate) app: &'a App,
    pub(crate) cx: &'a Context,
    pub(crate) progress: &'a Progress,
    /// What this node remembers of the account's password; it may be outdated.
    pub(crate) password: Option<&'a KnownPassword>,
    pub(crate) facts: Facts,
}

/// What the slow work found out. The transaction checks that it still holds.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) password: Option<PasswordCheck>,
    pub(crate) new_password_hash: Option<String>,
    pub(crate) assertion: Option<AssertionCheck>,
    pub(crate) attestation: Option<AttestationCheck>,
    /// Sessions that the client presented tokens of, if they were looked at already.
    pub(crate) presented: Option<Vec<SessionId>>,
}

/// The hash that an account had when a flow identified it; the same without hash for nobody.
#[derive(Clone)]
pub(crate) struct KnownPassword {
    pub(crate) user: Option<UserId>,
    pub(crate) hash: Option<String>,
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
        let by = Identification::of(&self.progress.data);
        let account = match self.known.account.take() {
            Some((known, Reading::Read(account))) if known == by => *account,
            Some((known, Reading::Asked(question))) if known == by => {
                meant(&self.progress.data, self.tx.answer(question).await?)
            }
            _ => identified_account(self.tx, &self.progress.data).await?,
        };
        self.known.account = Some((by, Reading::Read(Box::new(account.clone()))));
        Ok(account)
    }

    /// Like [`Step::identified_account`], with the account locked first, so that what is read stays true until the commit.
    pub(crate) async fn locked_account(&mut self) -> Result<Option<Account>, StoreError> {
        self.lock_account().await?;
        self.identified_account().await
    }

    /// Locks the account and asks for it: the answer of [`Step::locked_account`] comes with that of the next question. The same
    /// work for an account that does not exist.
    pub(crate) async fn ask_account(&mut self) -> Result<(), StoreError> {
        self.lock_account().await?;
        if self.known.account.is_none()
            && let Some(question) = ask_identified(self.tx, &self.progress.data).await?
        {
            self.known.account = Some((Identification::of(&self.progress.data), Reading::Asked(question)));
        }
        Ok(())
    }

    async fn lock_account(&mut self) -> Result<(), StoreError> {
        let user = self.progress.data.user.unwrap_or(UserId(uuid::Uuid::nil()));
        if self.known.locked.replace(user) != Some(user) {
            // What was read before may have changed until the lock was there.
            self.account_changed();
            self.known.credentials = None;
            self.tx.lock_user(user).await?;
        }
        Ok(())
    }

    /// This action found the account by itself.
    pub(crate) fn found(&mut self, account: Option<Account>) {
        self.known.account =
            Some((Identification::of(&self.progress.data), Reading::Read(Box::new(account))));
    }

    /// This action changed the account: it is read again where it is needed again.
    pub(crate) fn account_changed(&mut self) {
        self.known.account = None;
        self.known.proven_secret = None;
    }

    /// The account is a new one, without credentials.
    pub(crate) fn no_credentials(&mut self, user: UserId) {
        self.known.credentials = Some((user, Reading::Read(Box::default())));
    }

    /// This action gave the account a credential.
    pub(crate) async fn credential_added(&mut self, new: WebauthnCredential) -> Result<(), StoreError> {
        if self.known.credentials.as_ref().is_some_and(|(user, _)| *user == new.user_id) {
            let credentials = self.credentials(new.user_id).await?;
            if credentials.iter().all(|known| known.id != new.id) {
                credentials.push(new);
            }
            credentials.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        }
        Ok(())
    }

    /// Asks for the credentials of the account that is locked: the answer of [`Step::credentials`] comes with that of the next
    /// question.
    pub(crate) async fn ask_credentials(&mut self, user: UserId) -> Result<(), StoreError> {
        let question = self.tx.webauthn_credentials().ask_list(user).await?;
        self.known.credentials = Some((user, Reading::Asked(question)));
        Ok(())
    }

    /// The passkeys and security keys of the account that is locked, the oldest first.
    pub(crate) async fn credentials(
        &mut self,
        user: UserId,
    ) -> Result<&mut Vec<WebauthnCredential>, StoreError> {
        let credentials = match self.known.credentials.take() {
            Some((known, Reading::Read(credentials))) if known == user => credentials,
            Some((known, Reading::Asked(question))) if known == user => {
                Box::new(self.tx.answer(question).await?)
            }
            _ => Box::new(self.tx.webauthn_credentials().list(user).await?),
        };
        match &mut self.known.credentials.insert((user, Reading::Read(credentials))).1 {
            Reading::Read(credentials) => Ok(credentials),
            Reading::Asked(_) => Err(StoreError::Bug("what was read is not there".to_owned())),
        }
    }

    /// A code of this app was right just now.
    pub(crate) fn prove_secret(&mut self, id: OtpSecretId) {
        self.known.proven_secret = Some(id);
    }

    /// Whether [`Step::prove_secret`] was said of this app, and nothing has changed since.
    pub(crate) fn proved_secret(&self, id: OtpSecretId) -> bool {
        self.known.proven_secret == Some(id)
    }

    /// Adds a member to the payload of the answer.
    pub(crate) fn tell(&mut self, name: &str, value: impl Into<serde_json::Value>) {
        self.out.payload.insert(name.to_owned(), value.into());
    }
}

/// See [`Step::identified_account`].
async fn identified_account(tx: &mut Tx<'_>, data: &Data) -> Result<Option<Account>, StoreError> {
    let Some(question) = ask_identified(tx, data).await? else { return Ok(None) };
    Ok(meant(data, tx.answer(question).await?))
}

async fn ask_identified(
    tx: &mut Tx<'_>,
    data: &Data,
) -> Result<Option<Question<Option<Account>>>, StoreError> {
    if data.login_method == Some(LoginMethod::Passkey) {
        return match data.user {
            Some(user) => tx.accounts().ask(user).await.map(Some),
            None => Ok(None),
        };
    }
    Ok(match (&data.username, &data.address) {
        (Some(username), _) => Some(tx.accounts().ask_by_username(username).await?),
        (None, Some(address)) => Some(tx.accounts().ask_by_address(address).await?),
        (None, None) => None,
    })
}

fn meant(data: &Data, account: Option<Account>) -> Option<Account> {
    account.filter(|account| Some(account.user.id) == data.user)
}
