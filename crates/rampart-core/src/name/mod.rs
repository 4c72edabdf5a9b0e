//! Names: whether whoever paid can be the customer.
//!
//! Banks write names in capitals without accents, in either order, shortened, with and without particles, and cut at a
//! width. What they write is the customer's name when nothing in it speaks against that: a miss holds an honest person's
//! money, and a false hit lets in another person's. ADR 0022 has the rule with its reasons.

mod company;
mod dropped;
mod firm_words;
mod given_names;
mod joint;
mod letters;
mod lost;
mod person;
mod short;
mod words;

pub use letters::folded;
use lost::{LOST, Loss};

use crate::customer::Customer;
use crate::identification::CustomerType;

/// Who holds an account by what is known of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountHolder<'a> {
    /// A person.
    Person {
        /// Given names.
        given: &'a str,
        /// Family names, the first one first; empty where the whole name was given as one text.
        family: &'a str,
    },
    /// A company by its whole name, with its legal form where it was given.
    Company(&'a str),
}

impl AccountHolder<'_> {
    /// Whether a bank that writes this can mean the holder.
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
        // The mark is this program's own. A bank that writes it would mean any letters whatever.
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

impl Customer {
    /// Whether a bank, a processor or a person that writes this name can mean the customer.
    #[must_use]
    pub fn can_be(&self, written: &str) -> bool {
        let profile = &self.profile;
        if self.holder() == CustomerType::Company {
            // Some give the name of whoever registered the company beside its own.
            return AccountHolder::Company(profile.name.reveal()).can_be(written)
                || AccountHolder::Company(&profile.full_name()).can_be(written);
        }
        let family = format!("{} {}", profile.last_name.reveal(), profile.last_name2.reveal());
        AccountHolder::Person { given: profile.name.reveal(), family: &family }.can_be(written)
    }
}
