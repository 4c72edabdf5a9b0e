//! Joint accounts, whose names banks write together: `CARMEN GARCIA LOPEZ Y JUAN PEREZ RUIZ`.

use super::firm_words::is_no_family_name;
use super::given_names::is_given_name;
use super::words::{NameToken, same_letters};

/// Words between two holders.
const BETWEEN: &[&str] = &["y", "e", "o", "and"];

/// A holder has at least this many words.
const MIN_HOLDER_WORDS: usize = 2;

/// Whether one of two holders is this person, by the whole name and nothing else. The other must have a name of its own: this
/// distinguishes two holders from one with `y` between the family names, and from two who share a family name.
pub(super) fn names(given: &[NameToken], family: &[NameToken], written: &[NameToken]) -> bool {
    if given.is_empty() || family.is_empty() {
        return false;
    }
    let first_name_first: Vec<&NameToken> = given.iter().chain(family).collect();
    let family_name_first: Vec<&NameToken> = family.iter().chain(given).collect();
    let is_whole = |holder: &[NameToken]| same_letters(&first_name_first, holder) || same_letters(&family_name_first, holder);
    let is_another = |holder: &[NameToken]| {
        let is_somebodys = || holder.iter().any(|token| is_given_name(token.plain()));
        holder.len() >= MIN_HOLDER_WORDS && is_somebodys() && !holder.iter().any(|token| is_no_family_name(token.plain()))
    };
    (1..written.len()).filter(|place| written[*place].is(BETWEEN)).any(|place| {
        let (one, other) = (&written[..place], &written[place + 1..]);
        (is_whole(one) && is_another(other)) || (is_another(one) && is_whole(other))
    })
}
