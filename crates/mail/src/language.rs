//! The language of a mail (spec 11 §8): `X-Language`, then `Accept-Language` (RFC 9110 §12.5.4), then English.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much of a header is looked at.
const MAX_BYTES: usize = 256;

/// A language that every text exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// Bengali.
    #[serde(rename = "bn")]
    Bn,
    /// German.
    #[serde(rename = "de")]
    De,
    /// English, for everybody whose language we do not speak.
    #[default]
    #[serde(rename = "en")]
    En,
    /// French.
    #[serde(rename = "fr")]
    Fr,
    /// Italian.
    #[serde(rename = "it")]
    It,
    /// Dutch.
    #[serde(rename = "nl")]
    Nl,
    /// Polish.
    #[serde(rename = "pl")]
    Pl,
    /// Brazilian Portuguese.
    #[serde(rename = "pt-BR")]
    PtBr,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    ZhCn,
}

impl Language {
    /// Every language, in the order of the variants.
    pub const ALL: [Self; 9] =
        [Self::Bn, Self::De, Self::En, Self::Fr, Self::It, Self::Nl, Self::Pl, Self::PtBr, Self::ZhCn];

    /// The BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Bn => "bn",
            Self::De => "de",
            Self::En => "en",
            Self::Fr => "fr",
            Self::It => "it",
            Self::Nl => "nl",
            Self::Pl => "pl",
            Self::PtBr => "pt-BR",
            Self::ZhCn => "zh-CN",
        }
    }

    /// The writing direction, as in HTML `dir`. All nine are written from left to right.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        "ltr"
    }

    /// The best language for a request with these headers. A header that names no known language is skipped.
    #[must_use]
    pub fn negotiate(x_language: Option<&str>, accept_language: Option<&str>) -> Self {
        x_language.and_then(best).or_else(|| accept_language.and_then(best)).unwrap_or_default()
    }

    /// By primary subtag: region and script do not matter while there is one text per language.
    fn of_primary(subtag: &str) -> Option<Self> {
        Some(match subtag.to_ascii_lowercase().as_str() {
            "bn" | "ben" => Self::Bn,
            "de" | "deu" | "ger" => Self::De,
            "en" | "eng" => Self::En,
            "fr" | "fra" | "fre" => Self::Fr,
            "it" | "ita" => Self::It,
            "nl" | "nld" | "dut" => Self::Nl,
            "pl" | "pol" => Self::Pl,
            "pt" | "por" => Self::PtBr,
            "zh" | "zho" | "chi" | "cmn" => Self::ZhCn,
            _ => return None,
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// The known language of the highest weight; the first one among equals.
fn best(header: &str) -> Option<Language> {
    let mut best: Option<(u16, Language)> = None;
    for (weight, language) in bounded(header).split(',').filter_map(entry) {
        if best.is_none_or(|(highest, _)| weight > highest) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// The header up to the limit, without an entry that the limit cuts in two.
fn bounded(header: &str) -> &str {
    if header.len() <= MAX_BYTES {
        return header;
    }
    let head = &header[..header.floor_char_boundary(MAX_BYTES)];
    head.rsplit_once(',').map_or("", |(whole, _)| whole)
}

/// One entry, `de-AT;q=0.8`, as weight in thousandths and language. Weight zero means "not this one".
fn entry(entry: &str) -> Option<(u16, Language)> {
    let mut parts = entry.split(';').map(str::trim);
    let tag = parts.next()?;
    let mut weight = 1000;
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("q") {
            weight = thousandths(value.trim())?;
        }
    }
    let mut subtags = tag.split(['-', '_']);
    let language = Language::of_primary(subtags.next()?)?;
    let well_formed = subtags.all(|subtag| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    (well_formed && weight > 0).then_some((weight, language))
}

/// `qvalue`: `0` to `1` with up to three decimals; more are cut off.
fn thousandths(value: &str) -> Option<u16> {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match whole {
        "1" => Some(1000),
        "0" | "" if !value.is_empty() => decimals
            .bytes()
            .chain(*b"000")
            .take(3)
            .try_fold(0, |sum, digit| Some(sum * 10 + u16::from(digit - b'0'))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_of_the_specification() {
        for (header, expected) in [
            ("", "en"),
            ("*", "en"),
            ("!!", "en"),
            ("es", "en"),
            ("da", "en"),
            ("xx", "en"),
            ("de", "de"),
            ("DE", "de"),
            ("de_DE", "de"),
            ("de-AT", "de"),
            ("de-DE", "de"),
            ("zh", "zh-CN"),
            ("zh-CN", "zh-CN"),
            ("zh-TW", "zh-CN"),
            ("zh-Hant", "zh-CN"),
            ("zh-Hans-SG", "zh-CN"),
            ("pt", "pt-BR"),
            ("pt-PT", "pt-BR"),
            ("pt-BR", "pt-BR"),
            ("it-CH", "it"),
            ("bn-BD", "bn"),
            ("es, de;q=0.5", "de"),
            ("nl;q=0.1,pl;q=0.9", "pl"),
            ("en;q=0.5,de;q=0.9", "de"),
            ("fr-CA", "fr"),
            ("nl, de;q=0.5", "nl"),
            ("de;q=0, fr;q=0.001", "fr"),
            ("de;q=0", "en"),
            ("de;q=2, fr;q=0.1", "fr"),
            (" de ; q = 0.25 ,nl;q=.3", "nl"),
            ("de-", "en"),
            ("deutsch", "en"),
        ] {
            assert_eq!(Language::negotiate(Some(header), None).tag(), expected, "{header:?}");
        }
        assert_eq!(Language::negotiate(None, None), Language::En);
    }

    #[test]
    fn c13_accept_language_counts_when_x_language_names_none() {
        for silent in [None, Some(""), Some("undefined"), Some("null"), Some("*"), Some("es"), Some("\u{0}")]
        {
            assert_eq!(
                Language::negotiate(silent, Some("fr-CH, fr;q=0.9, en;q=0.8")),
                Language::Fr,
                "{silent:?}"
            );
        }
        assert_eq!(Language::negotiate(Some("de"), Some("fr")), Language::De);
    }

    #[test]
    fn only_the_head_of_a_long_header_counts() {
        let long = format!("de;q=0.1,{}fr", "xx,".repeat(100));
        assert_eq!(Language::negotiate(Some(&long), None), Language::De);
        let cut_in_two = format!("{},nlx", "x".repeat(253));
        assert_eq!(Language::negotiate(Some(&cut_in_two), Some("pl")), Language::Pl);
    }

    proptest! {
        #[test]
        fn s093_never_panics_and_always_answers(x in any::<String>(), accept in "[a-z*;q=0-9., _-]{0,300}") {
            let _ = Language::negotiate(Some(&x), Some(&accept));
        }

        #[test]
        fn the_highest_weight_wins(a in 1u16..=999, b in 1u16..=999) {
            let header = format!("it;q=0.{a:03}, nl;q=0.{b:03}");
            let expected = if b > a { Language::Nl } else { Language::It };
            prop_assert_eq!(Language::negotiate(Some(&header), None), expected);
        }
    }
}
