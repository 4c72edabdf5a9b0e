//! The transition tables of the state machines, computed by running them over the [`crate::example`] orders.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use crate::catalogue::Catalogue;
use crate::example;
use crate::id::Mint;
use crate::order::arrival::Eligibility;
use crate::order::{CommandRefusal, Context, HoldReason, OrderHead};
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

/// What meets a state, with its name in the table.
pub(super) type WithName<T> = Vec<(&'static str, T)>;

/// How a machine takes a fact and a command, and the name of the state that a record of it is in.
pub(super) type Machine<O, F, C> =
    (fn(O, F, &Context<'_>) -> Step, fn(O, C, &Context<'_>) -> Result<Step, CommandRefusal>, fn(&Record) -> Option<String>);

/// Every state of an order with every fact and command. "time passed" is past the end of the promise, "much time passed" past its
/// honouring.
pub(super) fn of_order<O: Deref<Target = OrderHead>, F, C>(
    (catalogue, mint): (&Catalogue, Mint<'_>),
    states: &[&'static str],
    all: impl Fn() -> (WithName<F>, WithName<C>),
    order_in: impl Fn(&'static str) -> Option<O>,
    (observe, request, name): Machine<O, F, C>,
) -> Vec<Transition> {
    let mut rows = Vec::new();
    for from in states.iter().copied() {
        let (facts, commands) = all();
        let facts = facts.into_iter().map(|(on, fact)| (on, Ok(fact)));
        for (on, what) in facts.chain(commands.into_iter().map(|(on, command)| (on, Err(command)))) {
            let Some(order) = order_in(from) else { continue };
            let passed = match on {
                "paid late" => 7_200,
                "time passed" => 7_300,
                "much time passed" => 200_000,
                _ => 0,
            };
            let now = mint.now.after(Duration::from_secs(passed));
            let standing = Eligibility::good(order.level);
            let context = Context { standing, read_at: Some(now), ..Context::new(Mint { now, ..mint }, catalogue, Some(example::price())) };
            let step = match what {
                Ok(fact) => Ok(observe(order, fact, &context)),
                Err(command) => request(order, command, &context),
            };
            rows.push(match step {
                Ok(step) => Transition::of(from, on, step.writes.iter().find_map(name), &step),
                Err(refusal) => Transition::refused(from, on, &refusal),
            });
        }
    }
    rows
}

/// The name of the state on hold for a reason.
pub(super) fn on_hold(reason: HoldReason) -> String {
    format!("on_hold ({})", serde_json::to_value(reason).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default())
}
