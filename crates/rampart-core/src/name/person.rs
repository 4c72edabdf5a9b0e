//! A person's name.

use super::company;
use super::given_names::{is_mans_name, is_womans_name};
use super::joint;
use super::short::NamePart;
use super::words::{PARTICLES, MatchRule, NameToken, Agreement, Word, same_letters, tokens, ways, words};
use crate::text::{composed, is_mark, is_invisible};

/// The widths at which banks cut a name, in characters.
const TRUNCATION_WIDTHS: [usize; 2] = [35, 70];

/// Forms of address that stand in front.
pub(super) const TITLES: &[&str] =
    &["d", "da", "don", "dona", "sr", "sra", "srta", "dr", "dra", "lic", "ing", "mr", "mrs", "ms", "miss", "herr", "frau", "mme", "prof"];

/// Those of women. Before a man's name they say that a woman's was left out (`SRA [MARIA] JOSE`).
const WOMENS_TITLES: &[&str] = &["da", "dona", "sra", "srta", "dra", "mrs", "ms", "miss", "frau", "mme"];

/// How `María` is written.
const MARIA: &[&str] = &["maria", "ma", "m"];

/// What tells a father from his son.
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

/// The most signs between two words that count.
const MAX_COUNTED_SEPARATOR_CHARACTERS: usize = 2;

/// Whether a text of this width may have been cut; a blank at the cut is gone. What fills a text (runs of blanks and other signs,
/// what does not show) does not count.
pub(super) fn is_cut(written: &str) -> bool {
    let text = composed(written.trim());
    let (mut width, mut between, mut last) = (0, 0, ' ');
    for character in text.chars().filter(|character| !is_invisible(*character) && !is_mark(*character)) {
        between = if character.is_alphanumeric() { 0 } else { between + 1 };
        let is_run = character.is_whitespace() && last.is_whitespace();
        width += usize::from(between <= MAX_COUNTED_SEPARATOR_CHARACTERS && !is_run);
        last = character;
    }
    TRUNCATION_WIDTHS.iter().any(|cut| width == *cut || width + 1 == *cut)
}

/// Whether what is written can be a person's name.
pub(super) fn agrees(given: &str, family: &str, written: &str) -> bool {
    let (given, family, mut all) = (tokens(given), tokens(family), tokens(written));
    let ends = [given.last(), family.last()];
    // Somebody's company is somebody else.
    if company::form(&all).is_some_and(|form| !ends.iter().flatten().any(|token| token.plain() == form)) {
        return false;
    }
    let is_cut = is_cut(written);
    if is_a_womans(&all) && given.first().is_some_and(|name| is_mans_name(name.plain())) {
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

/// Whether a woman's title stands in front. `Da` is one before a given name, and a particle before a family name.
fn is_a_womans(written: &[NameToken]) -> bool {
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

/// The tokens without what tells generations apart, and that. It never stands first.
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

/// A name that was given as one text does not tell its parts: every word must be there, from either part on.
fn is_whole(known: &[Word], written: &[Word]) -> bool {
    (0..known.len()).any(|start| {
        let turned: Vec<Word> = known[start..].iter().chain(&known[..start]).cloned().collect();
        let agree = |place| ways(&turned, written, MatchRule { place, initials: false, may_leave_out: false, may_add: 0 });
        agree(NamePart::Given).or(agree(NamePart::Family)).wholly()
    })
}

/// Whether both parts of a name agree, each in its order.
fn parts_agree(given: &[Word], family: &[Word], written_given: &[Word], written_family: &[Word]) -> bool {
    let rule = MatchRule { place: NamePart::Family, initials: true, may_leave_out: true, may_add: 2_usize.saturating_sub(family.len()) };
    let of_family = ways(family, written_family, rule);
    if of_family.none() {
        return false;
    }
    let rule = MatchRule { place: NamePart::Given, initials: true, may_leave_out: true, may_add: 2 };
    let mut of_given = ways(given, written_given, rule);
    // `María del Carmen` is `Carmen` to many. With both family names the same, it could only be a sister of that name.
    if of_family.wholly() && family.len() > 1 && written_family.len() > 1 {
        for (known, written) in
            [(without_maria(given, written_given), Some(written_given)), (Some(given), without_maria(written_given, given))]
        {
            let found = known.zip(written).map_or_else(Agreement::default, |(known, written)| ways(known, written, rule));
            of_given = of_given.or(found);
        }
    }
    of_given.agree(of_family)
}

/// Given names without `María` in front of another woman's name, where the others have none. Of a man's name it makes a woman's.
fn without_maria<'a>(given: &'a [Word], others: &[Word]) -> Option<&'a [Word]> {
    let [first, rest @ ..] = given else { return None };
    let is_left_out = first.is(MARIA) && rest.first()?.is_any(is_womans_name) && !others.iter().any(|word| word.is(MARIA));
    is_left_out.then_some(rest)
}
