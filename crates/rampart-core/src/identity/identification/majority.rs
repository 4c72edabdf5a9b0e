//! Whether the holder of a normalised number of this document has reached an age, in years.

use super::holder::characters_of;
use super::{CustomerType, Date, DocumentType, implied};
use crate::time::Timestamp;

/// What a number shows about the age of its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeCheck {
    /// It has no date of birth, or belongs to a company.
    Unknown,
    OfAge,
    /// A document for minors, or a minor by every possible date.
    Minor,
    /// A minor by one of the two possible centuries.
    Open,
}

impl DocumentType {
    /// Whether the holder of a normalised number of this document has so many years at a moment.
    #[must_use]
    pub fn majority(self, normalized: &str, minimum_age: u8, now: Timestamp) -> AgeCheck {
        let number = characters_of(normalized);
        if self.holder_of(&number) == CustomerType::Company {
            return AgeCheck::Unknown;
        }
        if self.is_of_minors_by(&number) {
            return AgeCheck::Minor;
        }
        let today = Date::of(now);
        // A date in the future belongs to the other century. If all dates are in the future, the holder counts as a minor.
        let (past, to_come): (Vec<Date>, Vec<Date>) = implied::dates(self, &number).partition(|date| *date <= today);
        let is_minor = |date: &Date| date.age(today).is_some_and(|age| age < u16::from(minimum_age));
        let minors = past.iter().filter(|date| is_minor(date)).count();
        match (past.len() - minors, minors) {
            (0, 0) if to_come.is_empty() => AgeCheck::Unknown,
            (0, _) => AgeCheck::Minor,
            (_, 0) => AgeCheck::OfAge,
            _ => AgeCheck::Open,
        }
    }
}
