//! Names as words: what stands between them, particles, and how two lists of words agree.

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

use super::given_names::is_given_name;
use super::letters::{Lettering, is_apostrophe, lettered};
use super::lost::LOST;
use super::short::{Place, is_short_of};
use crate::text::is_unseen;

/// The most words of a name that are compared one by one.
const MOST_WORDS: usize = 16;

/// Words that belong to the one behind them, and that forms and banks leave out.
const PARTICLES: &[&str] = &[
    "de", "del", "la", "las", "los", "y", "da", "das", "do", "dos", "du", "des", "di", "della", "von", "van", "der", "den", "zu", "and",
    "et",
];

/// Those of them that stand between two names.
const ANDS: &[&str] = &["y", "and", "et"];

/// A text between separators, in every lettering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token(pub(super) Vec<String>);

impl Token {
    pub(super) fn is(&self, known: &[&str]) -> bool {
        known.contains(&self.plain())
    }

    /// As most write it.
    pub(super) fn plain(&self) -> &str {
        &self.0[1]
    }
}

/// What stands between a text's separators. Apostrophes separate nothing.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let marks = const { CodePointMapData::<GeneralCategory>::new() };
    // `M.ª` and `Mª` are one.
    let text = text.replace(".ª", "ª").replace(".º", "º");
    let parts = text.split(|letter: char| {
        let is_mark = || GeneralCategoryGroup::Mark.contains(marks.get(letter));
        !(letter.is_alphanumeric() || is_apostrophe(letter) || is_mark() || is_unseen(letter))
    });
    let parts = parts.map(|part| Token(Lettering::ALL.iter().map(|lettering| lettered(part, *lettering)).collect()));
    parts.filter(|token| token.0.iter().all(|spelling| !spelling.is_empty())).collect()
}

/// All letters of tokens on end, in one lettering.
pub(super) fn on_end<'a>(tokens: impl IntoIterator<Item = &'a Token>, lettering: usize) -> String {
    tokens.into_iter().map(|token| token.0[lettering].as_str()).collect()
}

/// Whether two lists of tokens have the same letters, wherever they are parted.
pub(super) fn same_letters(one: &[&Token], other: &[Token]) -> bool {
    let count = Lettering::ALL.len();
    let other: Vec<String> = (0..count).map(|lettering| on_end(other, lettering)).collect();
    !one.is_empty() && (0..count).any(|lettering| other.contains(&on_end(one.iter().copied(), lettering)))
}

/// A word of a name, in every spelling, with and without the particles before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    spellings: Vec<String>,
    /// Whether the text ended within it or behind it.
    cut: bool,
    /// Whether the word before it is an `and`.
    behind_and: bool,
}

impl Word {
    /// A single letter.
    fn is_initial(&self) -> bool {
        self.spellings.iter().all(|spelling| spelling.chars().count() == 1)
    }

    pub(super) fn is(&self, known: &[&str]) -> bool {
        self.spellings.iter().any(|spelling| known.contains(&spelling.as_str()))
    }

    /// Whether a bank may write it though the customer did not give it. A given name is told from a family name, which would
    /// make it somebody else's, and from another person's behind an `and`.
    fn may_be_added(&self, place: Place) -> bool {
        // What a sign stands for is only known by the word that it agrees with: it may be the dots of a legal form.
        if self.spellings.iter().any(|spelling| spelling.contains(LOST)) {
            return false;
        }
        let is_given_name = self.spellings.iter().any(|spelling| is_given_name(spelling)) || self.is_initial();
        match place {
            Place::Given => is_given_name && !self.behind_and,
            Place::Family => !(is_given_name && self.behind_and),
            Place::Company => false,
        }
    }

    fn equals(&self, other: &Self, place: Place) -> bool {
        self.spellings.iter().any(|one| other.spellings.iter().any(|two| one == two || is_short_of(place, one, two)))
    }

    /// Whether one is the initial of the other.
    fn is_initial_of(&self, other: &Self) -> bool {
        self.is_initial() != other.is_initial() && self.spellings.iter().any(|one| other.begins_or_begun_by(one))
    }

    fn begins_or_begun_by(&self, text: &str) -> bool {
        self.spellings.iter().any(|spelling| spelling.starts_with(text) || text.starts_with(spelling.as_str()))
    }

    /// Whether the text was cut within this word, which began as the other does.
    fn is_rest_of(&self, whole: &Self, least: usize) -> bool {
        let begins = |one: &String| one.chars().count() >= least && whole.spellings.iter().any(|other| other.starts_with(one.as_str()));
        self.cut && self.spellings.iter().any(begins)
    }

    /// Whether it is two words that are written as one.
    fn is_both(&self, first: &Self, second: &Self) -> bool {
        let joined = |whole: &String| {
            let mut rests = first.spellings.iter().filter_map(|one| whole.strip_prefix(one.as_str()));
            rests.any(|rest| second.spellings.iter().any(|two| two == rest))
        };
        self.spellings.iter().any(joined)
    }
}

/// The words of a name, whose particles are with the word behind them; nothing when there are more than are compared.
pub(super) fn words(tokens: &[Token], is_cut: bool) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut before: Vec<&Token> = Vec::new();
    for token in tokens {
        if token.is(PARTICLES) {
            before.push(token);
            continue;
        }
        words.push(word(&before, token));
        before.clear();
    }
    // Nothing but particles is a name of its own: Van, Do.
    if words.is_empty() {
        words = before.iter().map(|token| word(&[], token)).collect();
    }
    if let Some(last) = words.last_mut() {
        last.cut = is_cut;
    }
    Some(words).filter(|words| words.len() <= MOST_WORDS)
}

fn word(before: &[&Token], token: &Token) -> Word {
    let mut spellings = token.0.clone();
    if !before.is_empty() {
        let count = Lettering::ALL.len();
        spellings.extend((0..count).map(|lettering| on_end(before.iter().copied().chain([token]), lettering)));
    }
    spellings.sort_unstable();
    spellings.dedup();
    Word { spellings, cut: false, behind_and: before.iter().any(|token| token.is(ANDS)) }
}

/// How two lists of words may agree: a set of what is beyond the agreement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ways(u8);

impl Ways {
    const KNOWN_BEYOND: u8 = 1;
    const WRITTEN_BEYOND: u8 = 2;

    pub(super) const fn none(self) -> bool {
        self.0 == 0
    }

    /// Whether they agree word by word.
    pub(super) const fn wholly(self) -> bool {
        self.0 & 1 != 0
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether both parts of a name agree, and never both texts have a word that the other lacks.
    pub(super) fn agree(self, other: Self) -> bool {
        let each = |ways: Self| (0..4_u8).filter(move |way| ways.0 & (1 << way) != 0);
        each(self).any(|one| each(other).any(|two| one | two != Self::KNOWN_BEYOND | Self::WRITTEN_BEYOND))
    }
}

/// What two lists of words are compared by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) place: Place,
    /// Whether a single letter stands for a word that begins with it.
    pub(super) initials: bool,
    /// Whether words of the known name may be left out behind the first.
    pub(super) may_leave_out: bool,
    /// How many words behind the first may be written that are not known.
    pub(super) may_add: usize,
}

/// The ways in which words in the same order agree. The first words must, and one of all in full.
pub(super) fn ways(known: &[Word], written: &[Word], rule: Rule) -> Ways {
    let mut found = Ways::default();
    if !known.is_empty() && !written.is_empty() {
        let is_cut = written.last().is_some_and(|word| word.cut);
        Walk { rule, is_cut }.go(known, written, At { first: true, full: false, beyond: 0, added: 0 }, &mut found);
    }
    found
}

struct Walk {
    rule: Rule,
    is_cut: bool,
}

#[derive(Clone, Copy)]
struct At {
    first: bool,
    full: bool,
    beyond: u8,
    added: usize,
}

impl Walk {
    fn go(&self, known: &[Word], written: &[Word], at: At, found: &mut Ways) {
        let further = |full: bool| At { first: false, full: at.full || full, ..at };
        match (known, written) {
            ([], []) => found.0 |= u8::from(at.full) << at.beyond,
            // What is missing at the end of a text that was cut says nothing.
            (_, []) if self.is_cut => found.0 |= u8::from(at.full) << at.beyond,
            _ => {}
        }
        if let ([one, known @ ..], [two, written @ ..]) = (known, written) {
            if one.equals(two, self.rule.place) {
                self.go(known, written, further(!one.is_initial()), found);
            } else if self.rule.initials && (self.rule.place == Place::Given || !at.first) && one.is_initial_of(two) {
                self.go(known, written, further(false), found);
            }
            // The first family name has to be told from others that begin alike; other words only from none.
            let least = match (at.first, self.rule.place) {
                (false, _) => 1,
                (true, Place::Given) => usize::MAX,
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
        // Between family names stands what other languages write for `y`.
        let says_nothing = |word: &Word| self.rule.place == Place::Family && word.is(&["e", "i"]);
        if let [skipped, known @ ..] = known
            && self.rule.may_leave_out
        {
            let beyond = if says_nothing(skipped) { at.beyond } else { at.beyond | Ways::KNOWN_BEYOND };
            self.go(known, written, At { beyond, ..at }, found);
        }
        if let [skipped, written @ ..] = written {
            if says_nothing(skipped) {
                self.go(known, written, at, found);
            } else if at.added < self.rule.may_add && skipped.may_be_added(self.rule.place) {
                self.go(known, written, At { beyond: at.beyond | Ways::WRITTEN_BEYOND, added: at.added + 1, ..at }, found);
            }
        }
    }
}
