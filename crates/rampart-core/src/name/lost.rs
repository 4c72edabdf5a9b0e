//! Letters that were lost on the way: banks write a sign for what their alphabet lacks.

use crate::text::composed;

/// Stands for a letter that was lost. It is a letter, so that it is within a word, and no alphabet that anybody's name is
/// written in has it.
pub(super) const LOST: char = 'ʔ';

/// The letters up to `ſ` that EPC217-08 writes as a full stop.
const WITHOUT_EQUIVALENT: &str = "ĸŉŊŋŌōŎŏſ";

/// How letters are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// As EPC217-08 has it: a full stop stands for a letter without an equivalent.
    FullStop,
    /// As alphabets that are not the sender's make of every letter beyond ASCII: a question mark, one or two for a letter.
    QuestionMark,
}

impl Loss {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::FullStop, Self::QuestionMark];

    const fn is_replacement(self, character: char) -> bool {
        matches!((self, character), (Self::FullStop, '.') | (Self::QuestionMark, '?' | '\u{FFFD}'))
    }

    /// What a bank has written, with each letter marked that was lost within or at the end of a word; nothing when none was.
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

    /// A name with each letter marked that is lost. Nobody can count question marks that stand together.
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
