//! What is submitted where an authenticator, an app or a recovery code is asked for: the right thing and all kinds of wrong ones.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use inkan_test_support::authenticator::{Attestation, Authenticator, Tweaks};
use serde_json::{Value, json};

use crate::{
    candidates::{Candidate, unusable},
    person::{Device, ORIGIN},
    rules::Rules,
    run::Run,
};

const OTHER_ORIGIN: &str = "https://walk.example";

/// The answer with a wrong signature or counter, which uses up the challenge.
pub(crate) const USES_UP: &str = "wrong signature or counter";
/// The right answer, after that.
pub(crate) const TOO_LATE: &str = "right, used up";
/// A credential that nobody has: compared all the same if anybody's may be used.
pub(crate) const UNKNOWN: &str = "unknown";

/// Collects candidates; makes only those that are wanted, since signing takes time.
struct Collector<'a> {
    only: Option<&'a str>,
    input: &'static str,
    all: Vec<Candidate>,
}

impl Collector<'_> {
    fn add(&mut self, accepted: bool, label: &'static str, data: impl FnOnce() -> Value) {
        if self.only.is_none_or(|only| only == label) {
            self.all.push(Candidate { label, data: json!({ self.input: data() }), accepted });
        }
    }

    fn add_unusable(&mut self) {
        let only = self.only;
        self.all
            .extend(unusable(self.input).into_iter().filter(|one| only.is_none_or(|only| only == one.label)));
    }
}

/// Options with a challenge that nobody has drawn.
fn invented() -> Value {
    json!({ "publicKey": { "rpId": "localhost", "challenge": BASE64URL.encode([0; 32]) } })
}

fn wrong_challenge() -> Tweaks {
    Tweaks { challenge: Some(BASE64URL.encode([9; 32])), ..Tweaks::default() }
}

/// Cuts the signed data short.
fn malformed() -> Tweaks {
    Tweaks { edit_data: Some(|data| data.truncate(20)), ..Tweaks::default() }
}

fn absent() -> Tweaks {
    Tweaks { user_present: Some(false), ..Tweaks::default() }
}

fn spoilt() -> Tweaks {
    Tweaks { break_signature: true, ..Tweaks::default() }
}

/// Answers to request options, in `login_init` and `login_passkey`.
pub(crate) fn assertion(run: &Run<'_>, only: Option<&str>) -> Vec<Candidate> {
    let mut to = Collector { only, input: "assertion_response", all: Vec::new() };
    let (person, other) = (&run.person, &run.other);
    let owner = person.user.is_some();
    let (passkey, key) = (owner && person.has.passkey, owner && person.has.security_key);
    let second = run.is_second_factor();
    let shown = run.options.is_some();
    let options = run.options.clone().unwrap_or_else(invented);
    let plain = Tweaks::default();
    let get = |device: &Device, tweaks: &Tweaks| device.get(&options, ORIGIN, tweaks);
    if second && key {
        to.add(true, "right", || get(&person.key, &plain));
    }
    if passkey {
        to.add(shown, if second { "passkey instead" } else { "right" }, || get(&person.phone, &plain));
    }
    to.add(shown && !second && !run.is_bound(), "other's", || get(&other.phone, &plain));
    to.add_unusable();
    if !shown {
        return to.all;
    }
    if second {
        to.add(false, "other's key", || get(&other.key, &plain));
    } else {
        to.add(false, "security key", || get(if key { &person.key } else { &other.key }, &plain));
    }
    let own = match (second, key, passkey) {
        (true, true, _) => &person.key,
        (_, _, true) => &person.phone,
        _ => &other.phone,
    };
    to.add(false, "empty object", || json!({}));
    to.add(false, "malformed", || get(own, &malformed()));
    to.add(false, "wrong challenge", || get(own, &wrong_challenge()));
    to.add(false, "wrong origin", || own.get(&options, OTHER_ORIGIN, &plain));
    to.add(false, "nobody there", || get(own, &absent()));
    // Of the own credential: one of somebody else may not get as far as the signature.
    if !second && !run.is_bound() || key || passkey {
        // A counter that did not grow is found out after the signature.
        let counter = second && key && person.number.is_multiple_of(2);
        to.add(false, USES_UP, || match counter {
            true => get(own, &Tweaks { counter: Some(4), ..Tweaks::default() }),
            false => get(own, &spoilt()),
        });
        to.add(false, TOO_LATE, || get(own, &plain));
    }
    to.add(false, UNKNOWN, || get(own, &Tweaks { id: Some(vec![1; 32]), ..Tweaks::default() }));
    to.all
}

/// Answers to creation options.
pub(crate) fn attestation(run: &Run<'_>, only: Option<&str>) -> Vec<Candidate> {
    let mut to = Collector { only, input: "public_key", all: Vec::new() };
    let key = run.makes_security_key();
    let Some(options) = run.options.as_ref() else { return to.all };
    let plain = Tweaks::default();
    // What is only shown and not sent is not kept on the device.
    let spare = Device::new(u64::from(run.person.number) | 1 << 40, !key);
    let own = match (only.is_some(), key) {
        (false, _) => &spare,
        (true, true) => &run.person.key,
        (true, false) => &run.person.phone,
    };
    to.add(true, "right", || own.create(options, ORIGIN, &plain));
    to.add_unusable();
    to.add(false, "empty object", || json!({}));
    to.add(false, "malformed", || spare.create(options, ORIGIN, &malformed()));
    to.add(false, "wrong challenge", || spare.create(options, ORIGIN, &wrong_challenge()));
    to.add(false, "wrong origin", || spare.create(options, OTHER_ORIGIN, &plain));
    to.add(false, "nobody there", || spare.create(options, ORIGIN, &absent()));
    to.add(false, "sign-in", || run.other.phone.get(&get_options(options), ORIGIN, &plain));
    to.add(false, USES_UP, || {
        let mut maker = Authenticator::new(1 << 41).attestation(Attestation::PackedSelf);
        maker.create_with(options, ORIGIN, &spoilt()).unwrap_or_default()
    });
    to.add(false, TOO_LATE, || spare.create(options, ORIGIN, &plain));
    to.all
}

/// Request options with the challenge of creation options.
fn get_options(options: &Value) -> Value {
    json!({ "publicKey": { "rpId": "localhost", "challenge": options["publicKey"]["challenge"] } })
}

/// One-time passwords at sign-in.
pub(crate) fn one_time_password(run: &Run<'_>) -> Vec<Candidate> {
    let (person, now) = (&run.person, run.world.app.clock.now());
    let right = person.one_time_password(now);
    let mut all = Vec::new();
    if Rules(run.world.config()).totp() && person.has.totp {
        let spaced = format!(" {right} ");
        all.push(Candidate { label: "right", data: json!({ "otp_code": right }), accepted: true });
        all.push(Candidate {
            label: "right, with blanks",
            data: json!({ "otp_code": spaced }),
            accepted: true,
        });
    }
    all.extend(wrong_passwords(&person.wrong_password(now), &right));
    let others = run.other.one_time_password(now);
    if others != right {
        all.push(Candidate { label: "other's", data: json!({ "otp_code": others }), accepted: false });
    }
    let used = person.used_password();
    all.push(Candidate { label: "used", data: json!({ "otp_code": used }), accepted: false });
    all
}

/// One-time passwords when an app is set up.
pub(crate) fn first_password(run: &Run<'_>) -> Vec<Candidate> {
    let now = run.world.app.clock.now();
    let mut app = run.person.clone();
    app.used_step = 0;
    app.secret = run.shown_secret().unwrap_or_default();
    let right = app.one_time_password(now);
    let mut all = vec![Candidate { label: "right", data: json!({ "otp_code": right }), accepted: true }];
    all.extend(wrong_passwords(&app.wrong_password(now), &right));
    all
}

fn wrong_passwords(wrong: &str, right: &str) -> Vec<Candidate> {
    let mut all = unusable("otp_code");
    let mut add = |label, data: Value| {
        all.push(Candidate { label, data: json!({ "otp_code": data }), accepted: false });
    };
    add("wrong", json!(wrong));
    add("short", json!("12345"));
    add("long", json!("1".repeat(500)));
    add("letters", json!("abcdef"));
    add("right in a list", json!([right]));
    all
}

/// Recovery codes at sign-in.
pub(crate) fn recovery_code(run: &Run<'_>) -> Vec<Candidate> {
    let person = &run.person;
    let mut all = Vec::new();
    let mut add = |accepted, label, data: Value| {
        all.push(Candidate { label, data: json!({ "recovery_code": data }), accepted });
    };
    if let (Some(first), Some(used)) = (person.codes.first(), person.codes.last()) {
        add(true, "right", json!(first));
        add(true, "right, shouted", json!(format!(" {} ", person.codes[1].to_uppercase().replace('-', " "))));
        add(false, "used", json!(used));
        add(false, "right in a list", json!([first]));
    }
    add(false, "other's", json!(run.other.codes.first()));
    add(false, "wrong", json!("aaaaa-aaaaa"));
    add(false, "long", json!("a".repeat(500)));
    add(false, "one-time password", json!(person.one_time_password(run.world.app.clock.now())));
    all.extend(unusable("recovery_code"));
    all
}
