//! The truth tables of spec 02, sections 5.2.2 and 6, and of spec 03, section 15, with every row walked over HTTP from the first
//! screen to the session. A walk is written as spec 03, section 15 does: the states in their order, `ᵇ` where `back` and `ˢ`
//! where `skip` was on offer, `✗` where the flow ended without a session.

mod credentials;
mod identifier;
mod mandatory;
mod methods;
mod order;
mod second_factor;
mod skips;
mod usage;

use std::sync::atomic::{AtomicU64, Ordering};

use inkan_crypto::TotpSecret;
use serde_json::{Value, json};

use crate::support::{Device, Doc, Flow, TestApp, TestUser};

const PASSWORD: &str = "correct horse battery";
/// More people than one client may be.
const UNLIMITED: &str = "rate_limiter: { enabled: false }";

/// The rows of a table, without its heading; `-` is an empty cell.
fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    let rows = table.lines().map(str::trim).filter(|line| !line.is_empty()).skip(1);
    rows.map(|row| {
        let cells: Vec<_> =
            row.split('|').map(|cell| if cell.trim() == "-" { "" } else { cell.trim() }).collect();
        cells.try_into().unwrap_or_else(|cells| panic!("{cells:?}"))
    })
}

/// When a method is asked for, and whether it is optional: `always/0`, `never/1`.
type Method = (&'static str, bool);

/// The settings that a cell means; `/*` means both.
fn methods(cell: &'static str) -> Vec<Method> {
    let (acquire, optional) = cell.split_once('/').unwrap_or_else(|| panic!("{cell}"));
    match optional {
        "0" => vec![(acquire, false)],
        "1" => vec![(acquire, true)],
        "*" => vec![(acquire, false), (acquire, true)],
        _ => panic!("{cell}"),
    }
}

/// As it stands in a configuration file: at registration and at sign-in the same.
fn method_settings(name: &str, (acquire, optional): Method) -> String {
    match acquire {
        "off" => format!("{name}: {{ enabled: false }}"),
        _ => format!(
            "{name}: {{ acquire_on_registration: {acquire}, acquire_on_login: {acquire}, optional: {optional} }}"
        ),
    }
}

/// Somebody new.
fn number() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

fn address() -> String {
    format!("person{}@example.com", number())
}

/// Somebody on the way through a flow.
struct Walk<'a> {
    app: &'a TestApp,
    flow: Flow<'a>,
    /// Where codes are sent.
    address: String,
    /// Takes `skip` wherever it is on offer.
    skips: bool,
    /// Makes every mistake first that the state allows.
    errs: bool,
    /// Chooses the password, where there is a choice.
    password: bool,
    /// Chooses the security key, where there is a choice.
    security_key: bool,
    phone: Device,
    key: Device,
    totp: Option<TotpSecret>,
    chain: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(app: &'a TestApp, flow: Flow<'a>, address: &str) -> Self {
        let (phone, key) = (Device::phone(number()), Device::key(number()));
        Self {
            app,
            flow,
            address: address.to_owned(),
            skips: false,
            errs: false,
            password: false,
            security_key: false,
            phone,
            key,
            totp: None,
            chain: Vec::new(),
        }
    }

    fn skipping(mut self, skips: bool) -> Self {
        (self.skips, self.errs) = (skips, skips);
        self
    }

    fn by_password(mut self) -> Self {
        self.password = true;
        self
    }

    fn by_security_key(mut self) -> Self {
        self.security_key = true;
        self
    }

    /// With what the user has.
    fn owner(mut self, user: &TestUser) -> Self {
        self.totp.clone_from(&user.totp);
        self
    }

    /// Goes on until there is a session, or no way on.
    async fn on(self) -> String {
        self.through().await.0
    }

    /// As [`Self::on`], with the last document.
    async fn through(mut self) -> (String, Doc) {
        for _ in 0..16 {
            self.chain.push(note(&self.flow.doc));
            if ["success", "error"].contains(&self.flow.doc.name()) {
                let signed_in = self.flow.doc.token().is_some();
                assert_eq!(signed_in, self.flow.doc.outline() == "200 success", "{}", self.flow.doc.json);
                return (self.chain.join(" "), self.flow.doc);
            }
            if self.errs {
                self.err().await;
            }
            self.step().await;
        }
        panic!("no end: {:?}", self.chain)
    }

    async fn step(&mut self) {
        if self.skips && self.flow.doc.actions().contains(&"skip") {
            self.flow.act("skip", json!({})).await;
            return;
        }
        let (action, input) = match self.flow.doc.name() {
            "onboarding_create_passkey" => {
                self.flow.create_passkey(&mut self.phone).await;
                return;
            }
            "mfa_security_key_creation" => {
                self.flow.create_passkey(&mut self.key).await;
                return;
            }
            "login_security_key" => {
                self.flow.use_passkey(&mut self.key).await;
                return;
            }
            "passcode_confirmation" => {
                ("verify_passcode", json!({ "code": self.app.code(&self.address).await }))
            }
            "password_creation" => ("register_password", json!({ "new_password": PASSWORD })),
            "login_password_recovery" => ("password_recovery", json!({ "new_password": PASSWORD })),
            "credential_onboarding_chooser" if self.password => {
                ("continue_to_password_registration", json!({}))
            }
            "credential_onboarding_chooser" => ("continue_to_passkey_registration", json!({})),
            "mfa_method_chooser" if self.security_key => ("continue_to_security_key_creation", json!({})),
            "mfa_method_chooser" => ("continue_to_otp_secret_creation", json!({})),
            "mfa_otp_secret_creation" => {
                self.totp = Some(secret(&self.flow.doc));
                ("otp_code_verify", json!({ "otp_code": self.code() }))
            }
            "login_otp" => ("otp_code_validate", json!({ "otp_code": self.code() })),
            "onboarding_username" => ("username_create", json!({ "username": format!("name{}", number()) })),
            "onboarding_email" => {
                self.address = address();
                ("email_address_set", json!({ "email": self.address }))
            }
            "device_trust" => ("trust_device", json!({})),
            _ => panic!("{:?}: {}", self.chain, self.flow.doc.json),
        };
        self.flow.act(action, input).await;
    }

    /// What the authenticator app shows.
    fn code(&self) -> String {
        self.totp.as_ref().expect("an authenticator app").password_at(self.app.now())
    }

    /// L11, and spec 03, section 20, item 3: a mistake changes nothing about what is on offer.
    async fn err(&mut self) {
        let before = (self.flow.doc.name().to_owned(), note(&self.flow.doc), names(&self.flow.doc));
        let (action, input) = match self.flow.doc.name() {
            "passcode_confirmation" => ("verify_passcode", json!({ "code": "wrong" })),
            "password_creation" => ("register_password", json!({ "new_password": "short" })),
            "mfa_otp_secret_creation" => ("otp_code_verify", json!({ "otp_code": "wrong" })),
            "login_otp" => ("otp_code_validate", json!({ "otp_code": "wrong" })),
            "onboarding_username" => ("username_set", json!({ "username": "not a name" })),
            "onboarding_email" => ("email_address_set", json!({ "email": "not an address" })),
            "onboarding_create_passkey" | "mfa_security_key_creation" => {
                self.flow.act("webauthn_generate_creation_options", json!({})).await;
                let refused = self.flow.attest(json!({ "id": "nothing" })).await;
                let outline = refused.outline();
                assert_eq!(outline, "401 onboarding_verify_passkey_attestation passkey_invalid");
                ("back", json!({}))
            }
            _ => ("no_such_action", json!({})),
        };
        let answer = self.flow.act(action, input).await;
        assert!(action == "back" || answer.status >= 400, "{:?}: {}", self.chain, answer.outline());
        let after = (self.flow.doc.name().to_owned(), note(&self.flow.doc), names(&self.flow.doc));
        assert_eq!(after, before, "{:?}", self.chain);
    }
}

fn names(doc: &Doc) -> Vec<String> {
    doc.actions().into_iter().map(str::to_owned).collect()
}

/// The state, and the ways around it.
fn note(doc: &Doc) -> String {
    let short = match doc.name() {
        "passcode_confirmation" => "PC",
        "onboarding_create_passkey" => "PK",
        "password_creation" => "PW",
        "credential_onboarding_chooser" => "CH",
        "mfa_method_chooser" => "MC",
        "mfa_otp_secret_creation" => "OTP",
        "mfa_security_key_creation" => "KEY",
        "login_otp" => "otp",
        "login_security_key" => "key",
        "login_password_recovery" => "RC",
        "onboarding_username" => "UN",
        "onboarding_email" => "EM",
        "device_trust" => "DT",
        "success" => "OK",
        "error" => match doc.error() {
            "platform_authenticator_required" => "✗",
            other => other,
        },
        other => other,
    };
    let mut note = short.to_owned();
    for (action, mark) in [("back", 'ᵇ'), ("skip", 'ˢ')] {
        if doc.actions().contains(&action) {
            note.push(mark);
        }
    }
    note
}

/// Without `ᵇ` and `ˢ`.
fn bare(chain: &str) -> String {
    chain.replace(['ᵇ', 'ˢ'], "")
}

/// The secret that is shown to be put into an authenticator app (RFC 4648, section 6).
fn secret(doc: &Doc) -> TotpSecret {
    let text = doc.json["payload"]["otp_secret"].as_str().expect("a secret");
    let bits = text.bytes().flat_map(|letter| {
        let digit = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter);
        let digit = digit.expect("base32");
        (0..5).rev().map(move |bit| u8::from(digit >> bit & 1 == 1))
    });
    let bits: Vec<_> = bits.collect();
    let bytes: Vec<_> = bits.chunks(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect();
    TotpSecret::from_bytes(&bytes).expect("20 bytes")
}

/// A flow in a browser with all of WebAuthn, or without any.
async fn start<'a>(app: &'a TestApp, kind: &str, webauthn: bool) -> Flow<'a> {
    let start = if kind == "login" { app.login() } else { app.registration() };
    if webauthn { start.in_browser().await } else { start.await }
}

/// A registration with these identifiers, sent.
async fn register(app: &TestApp, webauthn: bool, identifiers: Value) -> Walk<'_> {
    let mut flow = start(app, "registration", webauthn).await;
    let address = identifiers["email"].as_str().unwrap_or_default().to_owned();
    flow.act("register_login_identifier", identifiers).await;
    Walk::new(app, flow, &address)
}

/// Sends an identifier under the name that the input has.
async fn identify(flow: &mut Flow<'_>, identifier: &str) -> Doc {
    let inputs = &flow.doc.json["actions"]["continue_with_login_identifier"]["inputs"];
    let name = inputs.as_object().and_then(|inputs| inputs.keys().next()).expect("an identifier").clone();
    flow.act("continue_with_login_identifier", json!({ name: identifier })).await
}

/// A sign-in that has proven the password or, without one, the address.
async fn sign_in<'a>(app: &'a TestApp, user: &TestUser, webauthn: bool, by_password: bool) -> Walk<'a> {
    let mut flow = start(app, "login", webauthn).await;
    let by_name =
        flow.doc.json["actions"]["continue_with_login_identifier"]["inputs"]["username"].is_object();
    let identifier = user.email.as_ref().filter(|_| !by_name).or(user.username.as_ref());
    let identifier = identifier.expect("an identifier");
    identify(&mut flow, identifier).await;
    let address = user.email.clone().unwrap_or_default();
    if by_password {
        if flow.doc.name() == "login_method_chooser" {
            flow.act("continue_to_password_login", json!({})).await;
        }
        flow.act("password_login", json!({ "password": user.password })).await;
    } else {
        if flow.doc.name() == "login_method_chooser" {
            flow.act("continue_to_passcode_confirmation", json!({})).await;
        }
        let code = app.code(&address).await;
        flow.act("verify_passcode", json!({ "code": code })).await;
    }
    Walk::new(app, flow, &address).owner(user)
}
