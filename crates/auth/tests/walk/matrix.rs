//! The configurations that are walked: the defaults, every single deviation from them, some usual combinations, and an array in
//! which every pair of values of two settings occurs, as far as `Config` accepts it.
//!
//! Single deviations are those in identifiers, passwords and sessions. They are walked without asking for passkeys and second
//! factors, which would come at every corner and show nothing new; the other configurations have them.

use std::collections::BTreeSet;

use inkan_config::Config;
use serde_json::{Map, Value, json};

/// A setting and its values; the first is the default.
type Factor = (&'static str, &'static [&'static str]);

const ON: &[&str] = &["true", "false"];
const OFF: &[&str] = &["false", "true"];

const FACTORS: &[Factor] = &[
    ("email.enabled", ON),
    ("email.optional", OFF),
    ("email.acquire_on_registration", ON),
    ("email.acquire_on_login", ON),
    ("email.require_verification", ON),
    ("email.use_as_login_identifier", ON),
    ("email.use_for_authentication", ON),
    ("username.enabled", OFF),
    ("username.optional", ON),
    ("username.acquire_on_registration", ON),
    ("username.acquire_on_login", ON),
    ("username.use_as_login_identifier", ON),
    ("password.enabled", ON),
    ("password.optional", OFF),
    ("password.acquire_on_registration", &["always", "conditional", "never"]),
    ("password.acquire_on_login", &["never", "conditional", "always"]),
    ("password.recovery", ON),
    ("passkey.enabled", ON),
    ("passkey.optional", ON),
    ("passkey.acquire_on_registration", &["always", "conditional", "never"]),
    ("passkey.acquire_on_login", &["always", "conditional", "never"]),
    ("mfa.enabled", ON),
    ("mfa.optional", ON),
    ("mfa.acquire_on_registration", ON),
    ("mfa.acquire_on_login", OFF),
    ("mfa.totp.enabled", ON),
    ("mfa.security_keys.enabled", ON),
    ("mfa.security_keys.authenticator_attachment", &["cross-platform", "platform"]),
    ("mfa.device_trust_policy", &["prompt", "always", "never"]),
    ("mfa.recovery_codes.enabled", ON),
    ("privacy.show_account_existence_hints", OFF),
    ("privacy.only_show_actual_login_methods", OFF),
    ("session.cookie.retention", &["persistent", "session", "prompt"]),
    ("session.enable_auth_token_header", OFF),
    ("account.allow_signup", ON),
];

/// Nobody is asked for a passkey or a second factor.
const QUIET: &[(&str, &str)] = &[
    ("passkey.acquire_on_registration", "never"),
    ("passkey.acquire_on_login", "never"),
    ("mfa.acquire_on_registration", "false"),
];

/// User names and optional passwords; user names as the only identifiers; as little as possible at registration.
const USUAL: &[&[(&str, &str)]] = &[
    &[
        ("username.enabled", "true"),
        ("password.optional", "true"),
        ("password.acquire_on_login", "always"),
        ("email.optional", "true"),
        ("session.cookie.retention", "prompt"),
    ],
    &[
        ("username.enabled", "true"),
        ("username.optional", "false"),
        ("email.use_as_login_identifier", "false"),
    ],
    &[
        ("username.enabled", "true"),
        ("email.require_verification", "false"),
        ("password.acquire_on_registration", "never"),
        ("password.acquire_on_login", "conditional"),
    ],
];

/// Passkeys only; passkeys or passwords; a second factor for everybody, in three ways.
const USUAL_FACTORS: &[&[(&str, &str)]] = &[
    &[
        ("password.enabled", "false"),
        ("email.use_for_authentication", "false"),
        ("username.enabled", "true"),
        ("passkey.optional", "false"),
    ],
    &[
        ("passkey.acquire_on_registration", "conditional"),
        ("passkey.acquire_on_login", "conditional"),
        ("password.acquire_on_registration", "conditional"),
        ("password.acquire_on_login", "conditional"),
        ("password.optional", "true"),
        ("mfa.acquire_on_registration", "false"),
    ],
    &[
        ("passkey.acquire_on_login", "conditional"),
        ("password.acquire_on_login", "conditional"),
        ("password.optional", "true"),
        ("mfa.acquire_on_login", "true"),
    ],
    &[
        ("username.enabled", "true"),
        ("passkey.acquire_on_login", "conditional"),
        ("password.acquire_on_login", "always"),
        ("password.optional", "true"),
        ("mfa.acquire_on_login", "true"),
    ],
    &[
        ("passkey.acquire_on_registration", "conditional"),
        ("password.acquire_on_registration", "conditional"),
        ("password.acquire_on_login", "always"),
        ("mfa.acquire_on_login", "true"),
    ],
    &[
        ("passkey.acquire_on_registration", "conditional"),
        ("passkey.acquire_on_login", "conditional"),
        ("passkey.optional", "false"),
        ("password.optional", "true"),
        ("password.acquire_on_login", "always"),
    ],
    &[("mfa.optional", "false"), ("mfa.acquire_on_login", "true"), ("username.enabled", "true")],
    &[
        ("mfa.optional", "false"),
        ("mfa.acquire_on_login", "true"),
        ("mfa.totp.enabled", "false"),
        ("mfa.security_keys.authenticator_attachment", "platform"),
        ("privacy.only_show_actual_login_methods", "true"),
    ],
    &[
        ("mfa.optional", "false"),
        ("mfa.acquire_on_login", "true"),
        ("mfa.security_keys.enabled", "false"),
        ("mfa.device_trust_policy", "always"),
        ("passkey.acquire_on_login", "never"),
        ("password.acquire_on_login", "always"),
        ("username.enabled", "true"),
    ],
];

/// Without enough of these a configuration is refused.
const VITAL: [(&str, &str); 7] = [
    ("username.enabled", "true"),
    ("username.use_as_login_identifier", "true"),
    ("password.enabled", "true"),
    ("email.enabled", "true"),
    ("email.use_as_login_identifier", "true"),
    ("email.use_for_authentication", "true"),
    ("passkey.enabled", "true"),
];

/// Orders in which the values of a row are chosen; all of them prime, so that each visits all settings.
const STRIDES: [usize; 7] = [5, 7, 11, 13, 17, 19, 23];

/// One configuration.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) config: Config,
    /// What differs from the defaults.
    pub(crate) name: String,
    /// Passkeys and second factors are what it is about.
    pub(crate) factors: bool,
}

impl Setting {
    pub(crate) fn is_default(&self) -> bool {
        self.name == DEFAULTS
    }
}

const DEFAULTS: &str = "defaults";

/// What is walked, and how much `Config` refused.
pub(crate) struct Matrix {
    pub(crate) settings: Vec<Setting>,
    pub(crate) refused: BTreeSet<Row>,
    /// Pairs of values that no acceptable configuration was found for.
    pub(crate) uncovered_pairs: usize,
}

/// Indexes into the values of [`FACTORS`].
pub(crate) type Row = Vec<usize>;
type Pair = ((usize, usize), (usize, usize));

impl Matrix {
    pub(crate) fn new() -> Self {
        let mut rows = BTreeSet::new();
        let mut matrix = Self { settings: Vec::new(), refused: BTreeSet::new(), uncovered_pairs: 0 };
        let (defaults, quiet) = (row_of(&[]), row_of(QUIET));
        matrix.add(&mut rows, defaults.clone(), true);
        matrix.add(&mut rows, quiet.clone(), false);
        for (factor, (key, values)) in FACTORS.iter().enumerate() {
            let factors = key.starts_with("passkey") || key.starts_with("mfa");
            for value in 1..values.len() {
                let mut row = quiet.clone();
                row[factor] = value;
                if !factors {
                    matrix.add(&mut rows, row, false);
                }
            }
        }
        for usual in USUAL {
            matrix.add(&mut rows, row_of(&[usual, QUIET].concat()), false);
        }
        for usual in USUAL_FACTORS {
            matrix.add(&mut rows, row_of(usual), true);
        }
        matrix.add_pairs(&mut rows);
        matrix
    }

    fn add(&mut self, rows: &mut BTreeSet<Row>, row: Row, factors: bool) -> bool {
        if rows.contains(&row) {
            return true;
        }
        let Some(config) = config(&row) else {
            self.refused.insert(row);
            return false;
        };
        self.settings.push(Setting { config, name: name(&row), factors });
        rows.insert(row)
    }

    fn add_pairs(&mut self, rows: &mut BTreeSet<Row>) {
        let mut open = all_pairs();
        for row in rows.iter() {
            open.retain(|pair| !covers(row, pair));
        }
        while let Some(pair) = open.first().copied() {
            let orders =
                STRIDES.iter().flat_map(|stride| (0..=VITAL.len()).map(move |vital| (*stride, vital)));
            let mut candidates: Vec<Row> =
                orders.map(|(stride, vital)| fill(pair, &open, vital, stride)).collect();
            candidates.sort_by_cached_key(|row| {
                std::cmp::Reverse(open.iter().filter(|pair| covers(row, pair)).count())
            });
            candidates.dedup();
            let found = candidates.into_iter().find(|row| self.add(rows, row.clone(), true));
            match found {
                Some(row) => open.retain(|pair| !covers(&row, pair)),
                None => self.uncovered_pairs += 1,
            }
            open.remove(&pair);
        }
    }
}

fn row_of(deviations: &[(&str, &str)]) -> Row {
    let mut row = vec![0; FACTORS.len()];
    for (factor, value) in deviations.iter().filter_map(|(key, value)| index(key, value)) {
        row[factor] = value;
    }
    row
}

fn index(key: &str, value: &str) -> Option<(usize, usize)> {
    let factor = FACTORS.iter().position(|(name, _)| *name == key)?;
    Some((factor, FACTORS[factor].1.iter().position(|text| *text == value)?))
}

fn all_pairs() -> BTreeSet<Pair> {
    let values = |factor: usize| (0..FACTORS[factor].1.len()).map(move |value| (factor, value));
    let firsts = (0..FACTORS.len()).flat_map(values);
    firsts
        .flat_map(|first| (first.0 + 1..FACTORS.len()).flat_map(values).map(move |second| (first, second)))
        .collect()
}

fn covers(row: &Row, ((a, x), (b, y)): &Pair) -> bool {
    row[*a] == *x && row[*b] == *y
}

/// A row with this pair that covers as many open pairs as a greedy choice finds. The first `vital` of [`VITAL`] are
/// chosen first.
fn fill(pair: Pair, open: &BTreeSet<Pair>, vital: usize, stride: usize) -> Row {
    let mut row: Vec<Option<usize>> = vec![None; FACTORS.len()];
    row[pair.0.0] = Some(pair.0.1);
    row[pair.1.0] = Some(pair.1.1);
    for (factor, value) in VITAL[..vital].iter().filter_map(|(key, value)| index(key, value)) {
        row[factor].get_or_insert(value);
    }
    for factor in (0..FACTORS.len()).map(|step| (pair.1.0 + step * stride) % FACTORS.len()) {
        if row[factor].is_some() {
            continue;
        }
        let gain = |value: usize| {
            let fixed = row.iter().enumerate().filter_map(|(other, chosen)| Some((other, (*chosen)?)));
            fixed.filter(|other| open.contains(&ordered(*other, (factor, value)))).count()
        };
        // Among equals the default, which is the first.
        row[factor] = (0..FACTORS[factor].1.len()).rev().max_by_key(|value| gain(*value));
    }
    row.into_iter().map(Option::unwrap_or_default).collect()
}

fn ordered(a: (usize, usize), b: (usize, usize)) -> Pair {
    if a < b { (a, b) } else { (b, a) }
}

fn name(row: &Row) -> String {
    let deviations = row.iter().zip(FACTORS).filter(|(value, _)| **value != 0);
    let texts: Vec<String> =
        deviations.map(|(value, (key, values))| format!("{key}={}", values[*value])).collect();
    if texts.is_empty() { DEFAULTS.into() } else { texts.join(" ") }
}

fn config(row: &Row) -> Option<Config> {
    let mut file = json!({
        "jwt": { "algorithm": "EdDSA" },
        "rate_limiter": { "enabled": false },
        "audit_log": { "console_output": { "enabled": false } },
    });
    for (value, (key, values)) in row.iter().zip(FACTORS) {
        let text = values[*value];
        set(&mut file, key, text.parse::<bool>().map_or_else(|_| text.into(), Value::Bool));
    }
    Config::from_yaml(&file.to_string()).ok()
}

fn set(file: &mut Value, key: &str, value: Value) {
    let mut at = file;
    for part in key.split('.') {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[part];
    }
    *at = value;
}
