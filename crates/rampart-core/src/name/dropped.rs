//! Letters that a bank leaves out: `WRTH` is what some write for `Würth`.

use super::given_names::can_be_given_name;
use super::words::tokens;
use crate::text::composed;

/// What remains of other names and is a name itself (`Ríos`, `Lucía`, `Mía`). It does not tell that letters were left out.
const NAMES_THAT_REMAIN: &[&str] =
    &["jess", "jos", "len", "luca", "ma", "mara", "mas", "pez", "pia", "ren", "ros", "rubi", "ruz", "sol", "wei"];

/// The fewest letters of a word that something was left out of.
const MIN_REMAINDER_CHARACTERS: usize = 2;

/// A person's name without the letters that a bank lacks.
pub(super) struct ReducedName {
    pub(super) given: String,
    pub(super) family: String,
}

/// What remains of a name when all its letters beyond ASCII are left out; nothing unless what is written shows that this was done:
/// it has such letters nowhere, two words at least, and one of them is a remainder that is nobody's name.
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

/// What remains of a word, in lower case; nothing of one that loses nothing.
fn remainder(word: &str) -> Option<String> {
    word.contains(is_lost).then(|| word.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect())
}

fn is_lost(letter: char) -> bool {
    letter.is_alphabetic() && !letter.is_ascii()
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '.' | ',' | '/')
}
