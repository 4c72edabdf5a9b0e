//! Names as lists of words: separators, particles, and how two lists match.

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

use super::firm_words::{is_generation_suffix, is_no_family_name};
use super::given_names::is_given_name;
use super::lost::LOST;
use super::short::{NamePart, is_short_of};
use crate::identity::letters::{Transliteration, is_apostrophe, lettered};
use crate::text::{composed, is_invisible, is_mark};

/// Banks truncate names at these widths, in characters.
const TRUNCATION_WIDTHS: [usize; 2] = [35, 70];

/// Separators beyond this many between two words do not count for the width.
const MAX_COUNTED_SEPARATOR_CHARACTERS: usize = 2;

/// Longer names are not compared word by word.
const MAX_WORDS: usize = 16;

/// Particles belong to the next word. Forms and banks leave them out.
pub(super) const PARTICLES: &[&str] = &[
    "de", "del", "la", "las", "los", "y", "da", "das", "do", "dos", "du", "des", "di", "della", "von", "van", "der", "den", "zu", "and",
    "et",
];

/// Titles before a name.
pub(super) const TITLES: &[&str] =
    &["d", "da", "don", "dona", "sr", "sra", "srta", "dr", "dra", "lic", "ing", "mr", "mrs", "ms", "miss", "herr", "frau", "mme", "prof"];

/// Particles that connect two names.
const ANDS: &[&str] = &["y", "and", "et"];

/// Single letters that connect two names and may be initials as well.
const LETTERS_BETWEEN: &[&str] = &["e", "i", "o", "u"];

/// Characters between two holders.
const HOLDER_SEPARATORS: &[char] = &['/', '\\', '&', '+', ';', '|'];

/// Letters before an apostrophe: `O'Brien`, `D'Angelo`, `M'Barek`.
const ELIDED: &[&str] = &["d", "l", "m", "n", "o"];

/// A text between separators, in each [`Transliteration`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NameToken {
    spellings: Vec<String>,
    /// Whether one of [`HOLDER_SEPARATORS`] precedes it.
    after_separator: bool,
}

impl NameToken {
    pub(super) fn is(&self, known: &[&str]) -> bool {
        known.contains(&self.plain())
    }

    /// In the most common transliteration.
    pub(super) fn plain(&self) -> &str {
        &self.spellings[Transliteration::Plain as usize]
    }
}

/// Splits a text at its separators. Apostrophes do not separate.
pub(super) fn tokens(text: &str) -> Vec<NameToken> {
    let marks = const { CodePointMapData::<GeneralCategory>::new() };
    // `M.ª` and `Mª` are the same.
    let text = text.replace(".ª", "ª").replace(".º", "º");
    let is_separator = |letter: char| {
        let is_mark = || GeneralCategoryGroup::Mark.contains(marks.get(letter));
        !(letter.is_alphanumeric() || is_apostrophe(letter) || is_mark() || is_invisible(letter))
    };
    let mut tokens = Vec::new();
    let mut after_separator = false;
    for part in text.split_inclusive(is_separator) {
        let word = part.trim_end_matches(is_separator);
        let spellings: Vec<String> = Transliteration::ALL.iter().map(|lettering| lettered(word, *lettering)).collect();
        if spellings.iter().all(|spelling| !spelling.is_empty()) {
            tokens.push(NameToken { spellings, after_separator });
            after_separator = false;
        }
        after_separator |= part.ends_with(HOLDER_SEPARATORS);
    }
    tokens
}

/// The tokens joined, in one transliteration.
pub(super) fn joined<'a>(tokens: impl IntoIterator<Item = &'a NameToken>, lettering: usize) -> String {
    tokens.into_iter().map(|token| token.spellings[lettering].as_str()).collect()
}

/// Whether two lists of tokens have the same letters, wherever they are split. A single letter stays separate from the name before it
/// (`LUIS A` is not `Luisa`), and joins the next one only where an apostrophe may be between them; initials may join one another.
pub(super) fn same_letters(one: &[&NameToken], other: &[NameToken]) -> bool {
    let other: Vec<&NameToken> = other.iter().collect();
    let count = Transliteration::ALL.len();
    let agree = |this: usize, that: usize| {
        joined(one.iter().copied(), this) == joined(other.iter().copied(), that)
            && keeps_initials(one, this, &edges(&other, that))
            && keeps_initials(&other, that, &edges(one, this))
    };
    !one.is_empty() && (0..count).any(|this| (0..count).any(|that| agree(this, that)))
}

/// The offsets at which joined tokens begin and end.
fn edges(tokens: &[&NameToken], lettering: usize) -> Vec<usize> {
    let ends = tokens.iter().scan(0, |end, token| {
        *end += token.spellings[lettering].len();
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

/// Whether no single letter is inside a name of the other text, which has the edges `others`.
fn keeps_initials(tokens: &[&NameToken], lettering: usize, others: &[usize]) -> bool {
    let own = edges(tokens, lettering);
    let is_single = |place: usize| tokens.get(place).is_some_and(|token| is_single_letter(&token.spellings[lettering]));
    (0..tokens.len()).filter(|place| is_single(*place)).all(|place| {
        let is_parted = others.contains(&own[place]) || (place > 0 && is_single(place - 1));
        let is_elided = ELIDED.contains(&tokens[place].spellings[lettering].as_str());
        is_parted && (is_elided || others.contains(&own[place + 1]) || is_single(place + 1))
    })
}

fn is_single_letter(text: &str) -> bool {
    text.chars().nth(1).is_none()
}

/// A word of a name in every spelling, with and without its particles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    spellings: Vec<String>,
    /// Whether the text was truncated in or after it.
    cut: bool,
    /// Whether `and`, or a separator of holders, precedes it.
    after_and: bool,
}

impl Word {
    /// Whether it is a single letter.
    fn is_initial(&self) -> bool {
        self.spellings.iter().all(|spelling| is_single_letter(spelling))
    }

    /// Whether a spelling satisfies the predicate.
    pub(super) fn is_any(&self, of: impl Fn(&str) -> bool) -> bool {
        self.spellings.iter().any(|spelling| of(spelling))
    }

    pub(super) fn is(&self, known: &[&str]) -> bool {
        self.spellings.iter().any(|spelling| known.contains(&spelling.as_str()))
    }

    /// Whether a bank may write the word though the customer did not give it: never after `and`, which introduces another holder; as a
    /// given name only initials and known given names; as a family name nothing that cannot be one.
    fn may_be_added(&self, place: NamePart) -> bool {
        // A word with a lost letter must match a known word: the character may be a dot of a legal form.
        if self.after_and || self.is_any(|spelling| spelling.contains(LOST)) {
            return false;
        }
        match place {
            NamePart::Given => self.is_initial() || self.is_any(is_given_name),
            NamePart::Family => !self.is(TITLES) && !self.is_any(|spelling| is_given_name(spelling) || is_no_family_name(spelling)),
            NamePart::Company => false,
        }
    }

    fn equals(&self, other: &Self, place: NamePart) -> bool {
        self.spellings.iter().any(|one| other.spellings.iter().any(|two| one == two || is_short_of(place, one, two)))
    }

    /// Whether exactly one is an initial, and the other begins with it.
    fn is_initial_of(&self, other: &Self) -> bool {
        self.is_initial() != other.is_initial() && self.spellings.iter().any(|one| other.begins_or_begun_by(one))
    }

    fn begins_or_begun_by(&self, text: &str) -> bool {
        self.spellings.iter().any(|spelling| spelling.starts_with(text) || text.starts_with(spelling.as_str()))
    }

    /// Whether it is the truncated beginning of `whole`.
    fn is_rest_of(&self, whole: &Self, least: usize) -> bool {
        let begins = |one: &String| one.chars().count() >= least && whole.spellings.iter().any(|other| other.starts_with(one.as_str()));
        self.cut && self.spellings.iter().any(begins)
    }

    /// Whether it is two words joined. The second is never a single letter, and the first only if it can be elided.
    fn is_both(&self, first: &Self, second: &Self) -> bool {
        let may_begin = |one: &str| !is_single_letter(one) || ELIDED.contains(&one);
        let joined = |whole: &String| {
            let firsts = first.spellings.iter().filter(|one| may_begin(one));
            let mut rests = firsts.filter_map(|one| whole.strip_prefix(one.as_str())).filter(|rest| !is_single_letter(rest));
            rests.any(|rest| second.spellings.iter().any(|two| two == rest))
        };
        self.spellings.iter().any(joined)
    }
}

/// The words of a name, each with its preceding particles. `None` when there are too many to compare.
pub(super) fn words(tokens: &[NameToken], is_cut: bool) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut before: Vec<&NameToken> = Vec::new();
    let mut is_after_letter = false;
    for token in tokens {
        if token.is(PARTICLES) {
            before.push(token);
            continue;
        }
        let mut word = word(&before, token);
        word.after_and |= is_after_letter;
        is_after_letter = token.is(LETTERS_BETWEEN);
        words.push(word);
        before.clear();
    }
    // Only particles: a name such as Van or Do.
    if words.is_empty() {
        words = before.iter().map(|token| word(&[], token)).collect();
    }
    if let Some(last) = words.last_mut() {
        last.cut = is_cut;
    }
    Some(words).filter(|words| words.len() <= MAX_WORDS)
}

fn word(before: &[&NameToken], token: &NameToken) -> Word {
    let mut spellings = token.spellings.clone();
    if !before.is_empty() {
        let count = Transliteration::ALL.len();
        spellings.extend((0..count).map(|lettering| joined(before.iter().copied().chain([token]), lettering)));
    }
    let after_and = token.after_separator || before.iter().any(|token| token.is(ANDS) || token.after_separator);
    spellings.sort_unstable();
    spellings.dedup();
    Word { spellings, cut: false, after_and }
}

/// How two lists of words match: a bit set, indexed by what is left over on either side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Agreement(u8);

impl Agreement {
    const EXTRA_KNOWN_WORDS: u8 = 1;
    const EXTRA_WRITTEN_WORDS: u8 = 2;

    pub(super) const fn none(self) -> bool {
        self.0 == 0
    }

    /// Whether they match word by word.
    pub(super) const fn is_exact(self) -> bool {
        self.0 & 1 != 0
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether given and family names match together. Not both texts may have a word that the other lacks.
    pub(super) fn agree(self, other: Self) -> bool {
        let each = |agreement: Self| (0..4_u8).filter(move |way| agreement.0 & (1 << way) != 0);
        each(self).any(|one| each(other).any(|two| one | two != Self::EXTRA_KNOWN_WORDS | Self::EXTRA_WRITTEN_WORDS))
    }
}

/// How two lists of words are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct MatchRule {
    pub(super) place: NamePart,
    pub(super) initials: bool,
    /// Whether known words after the first may be missing.
    pub(super) may_leave_out: bool,
    /// Number of unknown words allowed after the first.
    pub(super) may_add: usize,
}

/// How the words match in order. The first words must match, and one of all in full.
pub(super) fn agreement(known: &[Word], written: &[Word], rule: MatchRule) -> Agreement {
    let mut found = Agreement::default();
    if !known.is_empty() && !written.is_empty() {
        let is_cut = written.last().is_some_and(|word| word.cut);
        WordMatcher { rule, is_cut, seen: [[0; MAX_WORDS + 1]; MAX_WORDS + 1] }.go(
            known,
            written,
            MatchState { first: true, full: false, extra: 0, added: 0 },
            &mut found,
        );
    }
    found
}

struct WordMatcher {
    rule: MatchRule,
    is_cut: bool,
    /// States already visited, by the number of words left on either side. Without it, repeated words would make the search exponential.
    seen: [[u64; MAX_WORDS + 1]; MAX_WORDS + 1],
}

#[derive(Clone, Copy)]
struct MatchState {
    first: bool,
    full: bool,
    extra: u8,
    added: usize,
}

impl MatchState {
    /// A unique bit for each state: at most two words may be added.
    fn bit(self) -> u64 {
        1 << (usize::from(self.first) + 2 * usize::from(self.full) + 4 * usize::from(self.extra) + 16 * self.added)
    }
}

impl WordMatcher {
    fn go(&mut self, known: &[Word], written: &[Word], at: MatchState, found: &mut Agreement) {
        let seen = &mut self.seen[known.len()][written.len()];
        if *seen & at.bit() != 0 {
            return;
        }
        *seen |= at.bit();
        let further = |full: bool| MatchState { first: false, full: at.full || full, ..at };
        match (known, written) {
            ([], []) => found.0 |= u8::from(at.full) << at.extra,
            // A word missing at the end of a truncated text does not count, unless another word is there instead.
            (_, []) if self.is_cut => {
                let missing = if at.extra & Agreement::EXTRA_WRITTEN_WORDS == 0 { 0 } else { Agreement::EXTRA_KNOWN_WORDS };
                found.0 |= u8::from(at.full) << (at.extra | missing);
            }
            _ => {}
        }
        if let ([one, known @ ..], [two, written @ ..]) = (known, written) {
            if one.equals(two, self.rule.place) {
                self.go(known, written, further(!one.is_initial()), found);
            } else if self.rule.initials && (self.rule.place == NamePart::Given || !at.first) && one.is_initial_of(two) {
                self.go(known, written, further(false), found);
            }
            // A truncated first family name must be distinctive.
            let least = match (at.first, self.rule.place) {
                (false, _) => 1,
                (true, NamePart::Given) => usize::MAX,
                (true, _) => 5,
            };
            if written.is_empty() && two.is_rest_of(one, least) {
                self.go(known, written, further(at.first), found);
            }
            if let [second, written @ ..] = written
                && one.is_both(two, second)
            {
                self.go(known, written, further(true), found);
            }
            if let [second, known @ ..] = known
                && two.is_both(one, second)
            {
                self.go(known, written, further(true), found);
            }
        }
        if at.first {
            return;
        }
        // Other languages write `e` or `i` for `y` between family names.
        let is_family = self.rule.place == NamePart::Family;
        let is_conjunction = |word: &Word| is_family && word.is(&["e", "i"]);
        let is_father_or_son = |word: &Word| is_family && word.is_any(is_generation_suffix);
        if let [skipped, known @ ..] = known
            && self.rule.may_leave_out
            && !is_father_or_son(skipped)
        {
            let extra = if is_conjunction(skipped) { at.extra } else { at.extra | Agreement::EXTRA_KNOWN_WORDS };
            self.go(known, written, MatchState { extra, ..at }, found);
        }
        if let [skipped, written @ ..] = written {
            if is_conjunction(skipped) {
                self.go(known, written, at, found);
            } else if at.added < self.rule.may_add && skipped.may_be_added(self.rule.place) {
                self.go(known, written, MatchState { extra: at.extra | Agreement::EXTRA_WRITTEN_WORDS, added: at.added + 1, ..at }, found);
            }
        }
    }
}

/// Whether a text has a width at which it may have been truncated; a blank at the cut is dropped. Padding (runs of blanks and other
/// separators, invisible characters) does not count.
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
