//! Whether a number's holder is of age, as far as the number tells.

use super::holder::characters_of;
use super::{CustomerType, Date, DocumentType, implied};
use crate::time::Timestamp;

/// What a number tells of whether its holder is of age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeCheck {
    /// Nothing: it has no date of birth, or is a company's.
    Untold,
    /// It is.
    OfAge,
    /// It is not: the document is one of minors, or every date that the number leaves possible is a minor's.
    Minor,
    /// The number leaves the century open, and one of the two makes a minor.
    Open,
}

impl DocumentType {
    /// Whether the holder of a normalised number of this document has so many years at a moment.
    #[must_use]
    pub fn majority(self, normalized: &str, minimum_age: u8, now: Timestamp) -> AgeCheck {
        let number = characters_of(normalized);
        if self.holder_of(&number) == CustomerType::Company {
            return AgeCheck::Untold;
        }
        if self.is_of_minors_by(&number) {
            return AgeCheck::Minor;
        }
        let today = Date::of(now);
        // Of two centuries the one to come is none. Whoever is told to be born there is not of age.
        let (past, to_come): (Vec<Date>, Vec<Date>) = implied::dates(self, &number).partition(|date| *date <= today);
        let is_minor = |date: &Date| date.age(today).is_some_and(|age| age < u16::from(minimum_age));
        let minors = past.iter().filter(|date| is_minor(date)).count();
        match (past.len() - minors, minors) {
            (0, 0) if to_come.is_empty() => AgeCheck::Untold,
            (0, _) => AgeCheck::Minor,
            (_, 0) => AgeCheck::OfAge,
            _ => AgeCheck::Open,
        }
    }
}
