//! Letters that a bank drops: some write `WRTH` for `Würth`.

use super::given_names::can_be_given_name;
use super::words::tokens;
use crate::text::composed;

/// Remainders of other names that are names themselves (`Ríos`, `Lucía`, `Mía`). They do not prove that letters were dropped.
const NAMES_THAT_REMAIN: &[&str] =
    &["jess", "jos", "len", "luca", "ma", "mara", "mas", "pez", "pia", "ren", "ros", "rubi", "ruz", "sol", "wei"];

/// Shorter remainders do not count.
const MIN_REMAINDER_CHARACTERS: usize = 2;

/// A person's name with its non-ASCII letters dropped.
pub(super) struct ReducedName {
    pub(super) given: String,
    pub(super) family: String,
}

/// The name with all letters beyond ASCII dropped. `None` unless the written text proves that this was done: it has no such letters, has
/// at least two words, and one of them is a remainder that is not a name.
pub(super) fn without(given: &str, family: &str, written: &str) -> Option<ReducedName> {
    if written.chars().any(is_lost) {
        return None;
    }
    let written = tokens(written);
    let (given, family) = (composed(given), composed(family));
    let names = [given.as_ref(), family.as_ref()];
    let remainders: Vec<String> = names.iter().flat_map(|name| name.split(is_separator)).filter_map(remainder).collect();
    let is_enough = |remainder: &String| remainder.len() >= MIN_REMAINDER_CHARACTERS;
    let shows = |remainder: &String| {
        let known = NAMES_THAT_REMAIN.contains(&remainder.as_str()) || can_be_given_name(remainder);
        !known && written.iter().any(|token| token.is(&[remainder]))
    };
    let is_shown = written.len() > 1 && remainders.iter().all(is_enough) && remainders.iter().any(shows);
    is_shown.then(|| ReducedName { given: given.replace(is_lost, ""), family: family.replace(is_lost, "") })
}

/// The remainder of a word in lower case; `None` if nothing is dropped.
fn remainder(word: &str) -> Option<String> {
    word.contains(is_lost).then(|| word.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect())
}

fn is_lost(letter: char) -> bool {
    letter.is_alphabetic() && !letter.is_ascii()
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '.' | ',' | '/')
}
