//! The texts: one Fluent file per language, compiled in.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};

use crate::Language;

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<Vec<Bundle>> = LazyLock::new(|| {
    Language::ALL.into_iter().map(|language| bundle(language.tag(), source(language))).collect()
});

/// The text `key` in `language`, in English if it is missing there.
pub(crate) fn text(language: Language, key: &str, args: &FluentArgs<'_>) -> String {
    [language, Language::En]
        .into_iter()
        .filter_map(|language| BUNDLES.get(language as usize))
        .find_map(|bundle| {
            let pattern = bundle.get_message(key)?.value()?;
            let mut errors = Vec::new();
            let text = bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
            errors.is_empty().then_some(text)
        })
        .unwrap_or_default()
}

fn bundle(tag: &str, source: &str) -> Bundle {
    // Broken entries are left out by the parser; the tests make sure that there are none.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(usable, _errors)| usable);
    let mut bundle = Bundle::new_concurrent(vec![tag.parse().unwrap_or_default()]);
    // Isolation marks around values would stand between a code and the reader that looks for it.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

/// The Fluent file of a language.
pub(crate) const fn source(language: Language) -> &'static str {
    match language {
        Language::Bn => include_str!("../locales/bn.ftl"),
        Language::De => include_str!("../locales/de.ftl"),
        Language::En => include_str!("../locales/en.ftl"),
        Language::Fr => include_str!("../locales/fr.ftl"),
        Language::It => include_str!("../locales/it.ftl"),
        Language::Nl => include_str!("../locales/nl.ftl"),
        Language::Pl => include_str!("../locales/pl.ftl"),
        Language::PtBr => include_str!("../locales/pt-BR.ftl"),
        Language::ZhCn => include_str!("../locales/zh-CN.ftl"),
    }
}
