//! Letters lost on the way: banks write a replacement character for letters outside their alphabet.

use crate::text::composed;

/// Marks a lost letter. It is a letter, so it does not split words, and no alphabet of names has it.
pub(super) const LOST: char = 'ʔ';

/// Letters up to `ſ` for which EPC217-08 writes a full stop.
const WITHOUT_EQUIVALENT: &str = "ĸŉŊŋŌōŎŏſ";

/// How lost letters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// EPC217-08: a full stop for a letter without an equivalent.
    FullStop,
    /// Wrong encodings: a question mark, or two, for each letter beyond ASCII.
    QuestionMark,
}

impl Loss {
    pub(super) const ALL: [Self; 2] = [Self::FullStop, Self::QuestionMark];

    const fn is_replacement(self, character: char) -> bool {
        matches!((self, character), (Self::FullStop, '.') | (Self::QuestionMark, '?' | '\u{FFFD}'))
    }

    /// The written text with each letter marked that was lost inside or at the end of a word; `None` when none was.
    pub(super) fn marked(self, written: &str) -> Option<String> {
        let mut marked = String::with_capacity(written.len());
        let mut letters = written.chars().peekable();
        while let Some(letter) = letters.next() {
            if !self.is_replacement(letter) {
                marked.push(letter);
                continue;
            }
            while self == Self::QuestionMark && letters.next_if(|next| self.is_replacement(*next)).is_some() {}
            let is_within = letters.peek().is_some_and(|next| next.is_alphanumeric()) || marked.ends_with(char::is_alphanumeric);
            marked.push(if is_within { LOST } else { letter });
        }
        marked.contains(LOST).then_some(marked)
    }

    /// A name with the letters marked that would be lost. Consecutive question marks become one mark: their number is ambiguous.
    pub(super) fn losing(self, name: &str) -> String {
        let mut losing = String::with_capacity(name.len());
        for letter in composed(name).chars() {
            match self.loses(letter) {
                false => losing.push(letter),
                true if self == Self::QuestionMark && losing.ends_with(LOST) => {}
                true => losing.push(LOST),
            }
        }
        losing
    }

    fn loses(self, letter: char) -> bool {
        letter.is_alphabetic()
            && !letter.is_ascii()
            && match self {
                Self::QuestionMark => true,
                Self::FullStop => {
                    WITHOUT_EQUIVALENT.contains(letter) || (letter > 'ſ' && !matches!(letter, 'Ș' | 'ș' | 'Ț' | 'ț' | 'Ͱ'..='ӿ'))
                }
            }
    }
}
