//! What people write in place of codes: the names of banks and of kinds of account, in Spanish and English, in any case, with
//! accents or without.

use crate::name::folded;

/// Words that stand in front of a name or behind it and tell no bank from another.
const OF_MANY_BANKS: &[&str] = &[
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

/// Words that stand around the kind of an account.
const AROUND_A_KIND: &[&str] = &["cuenta", "cta", "account", "acct", "tipo", "de", "del", "a", "la", "bancaria", "bank", "en"];

/// The words of a text, in lower case and without accents.
fn words(text: &str) -> Vec<String> {
    folded(text).split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A name without what stands between its words.
pub(super) fn plain(name: &str) -> String {
    words(name).concat()
}

/// A name without the words that many names have.
pub(super) fn significant(name: &str) -> String {
    words(name).into_iter().filter(|word| !OF_MANY_BANKS.contains(&word.as_str())).collect()
}

/// A kind of account without the words around it.
pub(super) fn kind(written: &str) -> String {
    let words = words(written);
    let kind: Vec<&str> = words.iter().map(String::as_str).filter(|word| !AROUND_A_KIND.contains(word)).collect();
    // A kind that is nothing but such a word: `a`.
    if kind.is_empty() { words.join(" ") } else { kind.join(" ") }
}
