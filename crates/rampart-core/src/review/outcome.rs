//! How a review item was resolved, and what happened to that afterwards.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use crate::text::words::words;

words! {
    /// What resolves a review item: an operator's decision, or an event outside.
    Decided {
        Assign = "assign",
        Return = "return",
        ReturnTo = "return_to",
        Keep = "keep",
        WriteOff = "write_off",
        Retry = "retry",
        GiveUp = "give_up",
        GoOn = "go_on",
        Suspend = "suspend",
        Reopen = "reopen",
        Dismiss = "dismiss",
        /// Another account was named for a returned payout.
        AnotherAccount = "another account",
        /// What had arrived was reversed.
        TakenBack = "taken back",
        MadeGood = "made good",
        /// A transfer could be signed after all.
        Signed = "signed",
        /// A reorganisation removed what it was about.
        Undone = "undone",
    }
}

words! {
    /// What happened to a decision afterwards.
    Afterwards {
        /// A reorganisation removed what it was about.
        Undone = "undone",
        /// What had been written off came back.
        MadeGood = "made good",
        /// What had been kept is decided again, as another item.
        Reopened = "reopened",
    }
}

/// How an item was resolved, and what happened to that afterwards, oldest first. Stored as words with commas between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The text as it is, where another version stored none of these words.
    pub decided: Result<Decided, String>,
    pub then: Vec<Afterwards>,
}

impl Outcome {
    /// The same, and what happened to it.
    #[must_use]
    pub fn then(mut self, event: Afterwards) -> Self {
        self.then.push(event);
        self
    }

    /// Whether a reorganisation removed what it was about.
    #[must_use]
    pub fn is_undone(&self) -> bool {
        *self == Decided::Undone || self.then.last() == Some(&Afterwards::Undone)
    }
}

impl From<Decided> for Outcome {
    fn from(decided: Decided) -> Self {
        Self { decided: Ok(decided), then: Vec::new() }
    }
}

/// An outcome is a decision while nothing has happened to it.
impl PartialEq<Decided> for Outcome {
    fn eq(&self, decided: &Decided) -> bool {
        self.decided.as_ref() == Ok(decided) && self.then.is_empty()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.decided.as_ref().map_or_else(String::as_str, |decided| decided.as_str()))?;
        self.then.iter().try_for_each(|event| write!(formatter, ", {event}"))
    }
}

impl FromStr for Outcome {
    type Err = Infallible;

    fn from_str(mut text: &str) -> Result<Self, Infallible> {
        let mut then = Vec::new();
        while let Some((before, event)) = text.rsplit_once(", ").and_then(|(before, word)| Some((before, Afterwards::from_text(word)?))) {
            then.insert(0, event);
            text = before;
        }
        Ok(Self { decided: Decided::from_text(text).ok_or_else(|| text.to_owned()), then })
    }
}

crate::serde_as_text!(Outcome);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_stored_as_their_words() {
        let then = |decided: Decided, events: &[Afterwards]| Outcome { decided: Ok(decided), then: events.to_vec() };
        let earlier = |text: &str, events: &[Afterwards]| Outcome { decided: Err(text.to_owned()), then: events.to_vec() };
        use Afterwards::{MadeGood, Reopened, Undone};
        let mut rows = Decided::ALL.map(|decided| (decided.into(), decided.as_str(), decided == Decided::Undone)).to_vec();
        rows.extend([
            (then(Decided::Return, &[Undone]), "return, undone", true),
            (then(Decided::AnotherAccount, &[Undone]), "another account, undone", true),
            (then(Decided::WriteOff, &[MadeGood]), "write_off, made good", false),
            (then(Decided::Keep, &[Reopened]), "keep, reopened", false),
            (then(Decided::Keep, &[Reopened, Undone]), "keep, reopened, undone", true),
            (earlier("sent by post, to Ana", &[]), "sent by post, to Ana", false),
            (earlier("sent by post, to Ana", &[Undone]), "sent by post, to Ana, undone", true),
            (earlier("", &[]), "", false),
        ]);
        for (outcome, text, is_undone) in rows {
            let stored = serde_json::to_string(text).unwrap();
            assert_eq!(serde_json::from_str::<Outcome>(&stored).unwrap(), outcome, "{text}");
            assert_eq!((serde_json::to_string(&outcome).unwrap(), outcome.is_undone()), (stored, is_undone));
        }
        assert!(then(Decided::Keep, &[]) == Decided::Keep && then(Decided::Keep, &[Undone]) != Decided::Keep);
    }
}
