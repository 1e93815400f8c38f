//! What a client says it can do, before anything is stored (decision 0019).
//!
//! Clients of themselves do the first action of a flow as soon as a page is open, so most flows end after it. What it tells is little: it
//! goes into the next token, in the open, with a keyed digest over it. All that such a flow is follows from id and token, its
//! challenge for passkeys in the form too, so any node can go on with it. It is stored by the action after that.

use std::time::Duration;

use inkan_base::{FlowId, TenantId, Timestamp};
use inkan_crypto::{TOKEN_NUMBERS, number_in, same, token32_with};
use inkan_flow::{Document, FlowError, Payload, Rejection, StateName as _};

use super::{
    Answer, Capabilities, Ceremony, Failure, FlowKind, Progress, Purpose, State,
    answer::retry_after,
    beginnings::Said,
    start::{self, LIFETIME},
    stored::Loaded,
};
use crate::{App, Context, accounts::webauthn};

/// A flow that was started.
#[derive(Clone, Copy)]
pub(super) struct Started {
    pub(super) tenant: TenantId,
    pub(super) flow: FlowKind,
    pub(super) id: FlowId,
    pub(super) at: Timestamp,
}

impl Started {
    const fn of(cx: &Context, loaded: &Loaded) -> Self {
        Self { tenant: cx.tenant, flow: loaded.flow, id: loaded.id, at: loaded.created_at }
    }
}

/// What the client told, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Announcement {
    capabilities: Capabilities,
    /// Since the start of the flow.
    millis: u32,
    /// The secret that it was made with: 0 is the newest.
    secret: usize,
}

/// The kinds of capabilities there are.
const KINDS: u32 = 8;
/// Of the digests over an announcement.
const TOKEN: &str = "flow-announced";
const CHALLENGE: &str = "flow-challenge";

/// Every moment in the life of a flow has a number, with every kind of capabilities.
const _: () = assert!(LIFETIME.as_millis() * (KINDS as u128) < TOKEN_NUMBERS as u128);

impl Announcement {
    /// `None`: too late.
    pub(super) fn new(started: &Started, capabilities: Capabilities, now: Timestamp) -> Option<Self> {
        let millis = u32::try_from(now.since(started.at).as_millis()).ok()?;
        let millis = Some(millis).filter(|_| now <= started.at + LIFETIME)?;
        Some(Self { capabilities, millis, secret: 0 })
    }

    fn number(self) -> u32 {
        let Capabilities { webauthn, conditional_mediation, platform_authenticator } = self.capabilities;
        let flags = [webauthn, conditional_mediation, platform_authenticator];
        flags.into_iter().fold(self.millis, |number, flag| number * 2 + u32::from(flag))
    }

    fn numbered(number: u32, secret: usize) -> Self {
        let flag = |position: u32| number >> position & 1 == 1;
        let capabilities = Capabilities {
            webauthn: flag(2),
            conditional_mediation: flag(1),
            platform_authenticator: flag(0),
        };
        Self { capabilities, millis: number / KINDS, secret }
    }

    /// The announcement in `token`, if that shows that it was made here, with any of the secrets.
    pub(super) fn read(app: &App, started: &Started, token: &str) -> Option<Self> {
        let number = number_in(token)?;
        let fits = |mac| same(token32_with(number, &mac).as_bytes(), token.as_bytes());
        let secret = macs(app, TOKEN, started, number)
            .into_iter()
            .enumerate()
            .fold(None, |found, (secret, mac)| if fits(mac) { Some(secret) } else { found })?;
        Some(Self::numbered(number, secret))
    }

    fn mac(self, app: &App, purpose: &str, started: &Started) -> [u8; 32] {
        let macs = macs(app, purpose, started, self.number());
        macs.get(self.secret).copied().unwrap_or_default()
    }

    /// The token after it.
    fn token(self, app: &App, started: &Started) -> String {
        token32_with(self.number(), &self.mac(app, TOKEN, started))
    }

    /// The challenge for passkeys in the form, with which the flow goes on if it shows one.
    fn autofill(self, app: &App, started: &Started) -> Ceremony {
        let created_at = started.at + Duration::from_millis(self.millis.into());
        let challenge = self.mac(app, CHALLENGE, started);
        webauthn::ceremony(&app.config, Purpose::SignIn, challenge, created_at)
    }

    /// The flow after it, as the action on a stored flow leaves it.
    pub(super) fn progress(self, app: &App, started: &Started) -> Progress {
        let before = start::progress(started.flow);
        let mut progress = before.clone();
        progress.data.capabilities = self.capabilities;
        progress.advance(&before, &[], true);
        if progress.state == State::LoginInit && webauthn::autofills(&app.config, &progress.data) {
            progress.data.autofill = Some(self.autofill(app, started));
        }
        progress
    }
}

/// Under each of the secrets, the newest first.
fn macs(app: &App, purpose: &str, started: &Started, number: u32) -> Vec<[u8; 32]> {
    let Started { tenant, flow, id, .. } = started;
    let number = number.to_be_bytes();
    let parts = [tenant.0.as_bytes().as_slice(), flow.as_str().as_bytes(), id.0.as_bytes(), &number];
    app.keyring.macs(purpose, &parts).collect()
}

impl App {
    /// The first action of a flow. Nothing is stored, but this node remembers it, so that here it is said once. Somebody who says it
    /// too often may say it later with the same token.
    pub(super) fn announce(
        &self,
        cx: &Context,
        loaded: &Loaded,
        told: Result<Capabilities, Rejection>,
        (token, digest): (&str, &[u8; 32]),
    ) -> Result<(Answer, Option<FlowError>), Failure> {
        let started = Started::of(cx, loaded);
        let capabilities = match told {
            Ok(capabilities) => capabilities,
            Err(Rejection { error, payload, .. }) => {
                let answer = self.not_stored(&started, &loaded.progress, token, payload, Some(error));
                return Ok((answer, Some(error)));
            }
        };
        let announcement = Announcement::new(&started, capabilities, cx.now)
            .ok_or_else(|| Failure::Bug("an announcement in a flow that has expired".into()))?;
        self.beginnings.remember(cx.tenant, loaded.id, Said::new(announcement, *digest, cx.now));
        Ok((self.announced(cx, loaded, announcement)?, None))
    }

    /// The answer to an announcement, which follows from it.
    pub(super) fn announced(
        &self,
        cx: &Context,
        loaded: &Loaded,
        announcement: Announcement,
    ) -> Result<Answer, Failure> {
        let started = Started::of(cx, loaded);
        let (token, progress) = (announcement.token(self, &started), announcement.progress(self, &started));
        let mut payload = Payload::new();
        if let Some(ceremony) = &progress.data.autofill {
            let options = webauthn::request(self, ceremony, &[])?;
            payload.insert(webauthn::REQUEST_OPTIONS.to_owned(), options);
        }
        Ok(self.not_stored(&started, &progress, &token, payload, None))
    }

    /// The document of a flow that is not stored.
    fn not_stored(
        &self,
        started: &Started,
        progress: &Progress,
        token: &str,
        payload: Payload,
        error: Option<FlowError>,
    ) -> Answer {
        let actions = self.actions(started.flow, started.id, progress, None);
        let retry = error.and_then(|_| retry_after(&payload));
        let (name, token) = (progress.state.as_str(), token.to_owned());
        let document = Document::attached(name, token, payload, actions, error.map(|error| (error, None)));
        Answer::attached(&document, retry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_are_numbered() {
        let latest = u32::try_from(LIFETIME.as_millis()).unwrap();
        for number in
            [0, 1, latest].into_iter().flat_map(|millis| (0..KINDS).map(move |kind| millis * KINDS + kind))
        {
            assert_eq!(Announcement::numbered(number, 0).number(), number);
        }
        let can = Announcement::numbered(7 * KINDS + 4, 0);
        assert_eq!(
            (can.millis, can.capabilities),
            (7, Capabilities { webauthn: true, ..Capabilities::default() })
        );
    }
}
