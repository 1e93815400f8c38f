//! The configurations that are walked: the defaults, every single deviation from them, some usual combinations, and an array in
//! which every pair of values of two settings occurs, as far as `Config` accepts it.

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
    ("privacy.show_account_existence_hints", OFF),
    ("privacy.only_show_actual_login_methods", OFF),
    ("session.cookie.retention", &["persistent", "session", "prompt"]),
    ("session.enable_auth_token_header", OFF),
    ("account.allow_signup", ON),
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

/// One configuration.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) config: Config,
    /// What differs from the defaults.
    pub(crate) name: String,
}

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
        let defaults = row_of(&[]);
        matrix.add(&mut rows, defaults.clone());
        for (factor, (_, values)) in FACTORS.iter().enumerate() {
            for value in 1..values.len() {
                let mut row = defaults.clone();
                row[factor] = value;
                matrix.add(&mut rows, row);
            }
        }
        for usual in USUAL {
            matrix.add(&mut rows, row_of(usual));
        }
        matrix.add_pairs(&mut rows);
        matrix
    }

    fn add(&mut self, rows: &mut BTreeSet<Row>, row: Row) -> bool {
        if rows.contains(&row) {
            return true;
        }
        let Some(config) = config(&row) else {
            self.refused.insert(row);
            return false;
        };
        self.settings.push(Setting { config, name: name(&row) });
        rows.insert(row)
    }

    fn add_pairs(&mut self, rows: &mut BTreeSet<Row>) {
        let mut open = all_pairs();
        for row in rows.iter() {
            open.retain(|pair| !covers(row, pair));
        }
        while let Some(pair) = open.first().copied() {
            let candidates = (0..=VITAL.len()).map(|vital| fill(pair, &open, vital));
            let found = candidates.into_iter().find(|row| self.add(rows, row.clone()));
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
fn fill(pair: Pair, open: &BTreeSet<Pair>, vital: usize) -> Row {
    let mut row: Vec<Option<usize>> = vec![None; FACTORS.len()];
    row[pair.0.0] = Some(pair.0.1);
    row[pair.1.0] = Some(pair.1.1);
    for (factor, value) in VITAL[..vital].iter().filter_map(|(key, value)| index(key, value)) {
        row[factor].get_or_insert(value);
    }
    for factor in (0..FACTORS.len()).map(|step| (step * 5) % FACTORS.len()) {
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
    if texts.is_empty() { "defaults".into() } else { texts.join(" ") }
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
