//! Names of banks and account types as people write them: in Spanish or English, in any case, with or without accents.

use crate::identity::letters::folded;

/// Words in bank names that do not distinguish banks.
const COMMON_BANK_WORDS: &[&str] = &[
    "banco",
    "bco",
    "bank",
    "de",
    "del",
    "la",
    "el",
    "y",
    "e",
    "s",
    "a",
    "sa",
    "argentina",
    "chile",
    "colombia",
    "espana",
    "mexico",
    "peru",
];

/// Words that surround an account type.
const FILLER_WORDS: &[&str] = &["cuenta", "cta", "account", "acct", "tipo", "de", "del", "a", "la", "bancaria", "bank", "en"];

/// The words of a text, in lower case and without accents.
fn words(text: &str) -> Vec<String> {
    folded(text).split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The words of a name joined.
pub(super) fn plain(name: &str) -> String {
    words(name).concat()
}

/// The distinctive words of a name joined.
pub(super) fn significant(name: &str) -> String {
    words(name).into_iter().filter(|word| !COMMON_BANK_WORDS.contains(&word.as_str())).collect()
}

/// An account type without the words around it.
pub(super) fn kind(written: &str) -> String {
    let words = words(written);
    let kind: Vec<&str> = words.iter().map(String::as_str).filter(|word| !FILLER_WORDS.contains(word)).collect();
    // The type may itself be such a word: `a`.
    if kind.is_empty() { words.join(" ") } else { kind.join(" ") }
}
