//! Names of persons.

use super::given_names::{is_mans_name, is_womans_name};
use super::short::NamePart;
use super::words::{Agreement, MatchRule, NameToken, PARTICLES, TITLES, Word, agreement, is_cut, same_letters, tokens, words};
use super::{company, joint};

/// Titles of women. Before a man's name they mean that a woman's name was left out (`SRA [MARIA] JOSE`).
const WOMENS_TITLES: &[&str] = &["da", "dona", "sra", "srta", "dra", "mrs", "ms", "miss", "frau", "mme"];

/// Spellings of `María`.
const MARIA: &[&str] = &["maria", "ma", "m"];

/// Generation suffixes.
const GENERATIONS: &[(&str, &str)] = &[
    ("jr", "son"),
    ("jnr", "son"),
    ("junior", "son"),
    ("hijo", "son"),
    ("sr", "father"),
    ("snr", "father"),
    ("senior", "father"),
    ("padre", "father"),
    ("ii", "second"),
    ("iii", "third"),
    ("iv", "fourth"),
];

/// Whether the written text can be the name of a person.
pub(super) fn agrees(given: &str, family: &str, written: &str) -> bool {
    let (given, family, mut all) = (tokens(given), tokens(family), tokens(written));
    let ends = [given.last(), family.last()];
    // A company of the person is another holder.
    if company::form(&all).is_some_and(|form| !ends.iter().flatten().any(|token| token.plain() == form)) {
        return false;
    }
    let is_cut = is_cut(written);
    if has_womans_title(&all) && given.first().is_some_and(|name| is_mans_name(name.plain())) {
        return false;
    }
    loop {
        if named(&given, &family, &all, is_cut) || joint::names(&given, &family, &all) {
            return true;
        }
        if all.len() < 3 || !all[0].is(TITLES) {
            return false;
        }
        all.remove(0);
    }
}

/// Whether the text begins with a woman's title. `Da` is a title before a given name, and a particle before a family name.
fn has_womans_title(written: &[NameToken]) -> bool {
    let mut rest = written.iter().skip_while(|token| token.is(TITLES) || token.is(PARTICLES));
    let is_before_given_name = rest.next().is_some_and(|name| is_mans_name(name.plain()));
    let mut titles = written.iter().take_while(|token| token.is(TITLES));
    titles.any(|title| title.is(WOMENS_TITLES) && (is_before_given_name || !title.is(PARTICLES)))
}

fn named(given: &[NameToken], family: &[NameToken], written: &[NameToken], is_cut: bool) -> bool {
    let (given, mut generation) = without_generation(given);
    let (family, of_family) = without_generation(family);
    let (written, of_written) = without_generation(written);
    generation.extend(of_family);
    if generation != of_written {
        return false;
    }
    let first_name_first: Vec<&NameToken> = given.iter().chain(&family).collect();
    let family_name_first: Vec<&NameToken> = family.iter().chain(&given).collect();
    if same_letters(&first_name_first, &written) || same_letters(&family_name_first, &written) {
        return true;
    }
    let (Some(given), Some(family), Some(written)) = (words(&given, false), words(&family, false), words(&written, is_cut)) else {
        return false;
    };
    match (given.as_slice(), family.as_slice()) {
        ([], whole) | (whole, []) => is_whole(whole, &written),
        _ => (1..written.len()).any(|at| {
            let (front, back) = written.split_at(at);
            parts_agree(&given, &family, front, back) || parts_agree(&given, &family, back, front)
        }),
    }
}

/// The tokens without generation suffixes, and the suffixes. A suffix is never the first token.
fn without_generation(tokens: &[NameToken]) -> (Vec<NameToken>, Vec<&'static str>) {
    let mut generations = Vec::new();
    let mut kept = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        match GENERATIONS.iter().find(|(word, _)| place > 0 && token.is(&[word])) {
            Some((_, generation)) => generations.push(*generation),
            None => kept.push(token.clone()),
        }
    }
    (kept, generations)
}

/// For names given as one text, whose parts are unknown: all words must be there, beginning with either part.
fn is_whole(known: &[Word], written: &[Word]) -> bool {
    (0..known.len()).any(|start| {
        let turned: Vec<Word> = known[start..].iter().chain(&known[..start]).cloned().collect();
        let agree = |place| agreement(&turned, written, MatchRule { place, initials: false, may_leave_out: false, may_add: 0 });
        agree(NamePart::Given).or(agree(NamePart::Family)).is_exact()
    })
}

/// Whether given and family names match, each in order.
fn parts_agree(given: &[Word], family: &[Word], written_given: &[Word], written_family: &[Word]) -> bool {
    let rule = MatchRule { place: NamePart::Family, initials: true, may_leave_out: true, may_add: 2_usize.saturating_sub(family.len()) };
    let of_family = agreement(family, written_family, rule);
    if of_family.none() {
        return false;
    }
    let rule = MatchRule { place: NamePart::Given, initials: true, may_leave_out: true, may_add: 2 };
    let mut of_given = agreement(given, written_given, rule);
    // Many write `Carmen` for `María del Carmen`. With both family names the same, it could only be a sister.
    if of_family.is_exact() && family.len() > 1 && written_family.len() > 1 {
        for (known, written) in
            [(without_maria(given, written_given), Some(written_given)), (Some(given), without_maria(written_given, given))]
        {
            let found = known.zip(written).map_or_else(Agreement::default, |(known, written)| agreement(known, written, rule));
            of_given = of_given.or(found);
        }
    }
    of_given.agree(of_family)
}

/// Given names without `María` before another woman's name, if the other list has none. Before a man's name, `María` is significant.
fn without_maria<'a>(given: &'a [Word], others: &[Word]) -> Option<&'a [Word]> {
    let [first, rest @ ..] = given else { return None };
    let is_left_out = first.is(MARIA) && rest.first()?.is_any(is_womans_name) && !others.iter().any(|word| word.is(MARIA));
    is_left_out.then_some(rest)
}
