//! Name matching: whether the payer can be the customer.
//!
//! Banks write names in capitals without accents, in either order, abbreviated, with and without particles, and truncated. A written name
//! matches unless something in it contradicts the customer's name: a false negative holds an honest customer's money, a false positive
//! accepts another person's. ADR 0022 has the rules and reasons.

mod company;
mod dropped;
mod firm_words;
mod given_names;
mod joint;
mod lost;
mod person;
mod short;
mod words;

use lost::{LOST, Loss};

use crate::identity::letters::folded;

/// The holder of an account, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountHolder<'a> {
    Person {
        given: &'a str,
        /// Family names in order; empty where the whole name was given as one text.
        family: &'a str,
    },
    /// The whole name, with the legal form if it was given.
    Company(&'a str),
}

impl AccountHolder<'_> {
    /// Whether the holder can be meant by a name that a bank wrote.
    #[must_use]
    pub fn can_be(self, written: &str) -> bool {
        let with_loss = |loss: Loss| {
            let Some(written) = loss.marked(written) else { return false };
            match self {
                Self::Company(name) => AccountHolder::Company(&loss.losing(name)).agrees(&written),
                Self::Person { given, family } => {
                    AccountHolder::Person { given: &loss.losing(given), family: &loss.losing(family) }.agrees(&written)
                }
            }
        };
        // A bank must not write our own mark: it would match any letter.
        if folded(written).contains(LOST) {
            return false;
        }
        self.agrees(written) || Loss::ALL.into_iter().any(with_loss) || self.agrees_without_lost_letters(written)
    }

    fn agrees_without_lost_letters(self, written: &str) -> bool {
        let Self::Person { given, family } = self else { return false };
        dropped::without(given, family, written)
            .is_some_and(|left| AccountHolder::Person { given: &left.given, family: &left.family }.agrees(written))
    }

    fn agrees(self, written: &str) -> bool {
        match self {
            Self::Company(name) => company::agrees(name, written),
            Self::Person { given, family } if family.trim().is_empty() && company::has_form(given) => company::agrees(given, written),
            Self::Person { given, family } => person::agrees(given, family, written),
        }
    }
}
