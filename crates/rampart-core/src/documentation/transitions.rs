//! The transition tables of the state machines, computed by running them over the [`crate::example`] orders.

use std::fmt;

use crate::step::Step;
use crate::step::record::Record;

/// One row: a state meets a fact or a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    pub from: &'static str,
    pub on: &'static str,
    /// The same state if nothing changed.
    pub to: String,
    /// What was written beside the order (postings, events, jobs, review items, holds), or the refusal.
    pub effects: Vec<String>,
}

impl Transition {
    /// The row of a step that leads to `to`; `None` if the state stays.
    pub(crate) fn of(from: &'static str, on: &'static str, to: Option<String>, step: &Step) -> Self {
        let mut effects: Vec<String> = step.postings.iter().map(|posting| format!("posts {}", posting.kind().as_str())).collect();
        effects.extend(step.events.iter().map(|event| format!("emits {}", event.kind)));
        effects.extend(step.writes.iter().filter_map(|record| match record {
            Record::Job(job) => Some(format!("queues {}", job.kind.as_str())),
            Record::Review(item) if item.resolution.is_some() => Some(format!("resolves {:?}", item.subject.kind())),
            Record::Review(item) => Some(format!("opens {:?}", item.subject.kind())),
            _ => None,
        }));
        effects.extend(
            step.holds.iter().map(|hold| if hold.change.is_positive() { "holds more".to_owned() } else { "holds less".to_owned() }),
        );
        Self { from, on, to: to.unwrap_or_else(|| from.to_owned()), effects }
    }

    /// The row of a refused command.
    pub(crate) fn refused(from: &'static str, on: &'static str, reason: &impl fmt::Display) -> Self {
        Self { from, on, to: from.to_owned(), effects: vec![format!("refused: {reason}")] }
    }

    /// Whether anything happened.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.from != self.to || self.effects.iter().any(|effect| !effect.starts_with("refused"))
    }
}

impl fmt::Display for Transition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} | {} | {} | {}", self.from, self.on, self.to, self.effects.join(", "))
    }
}
