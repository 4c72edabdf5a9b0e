//! The writer: whatever waits becomes one transaction; nobody waits for a timer.

use std::pin::Pin;

use rampart_core::ports::CallOutcome;
use tokio::sync::{mpsc, oneshot};

use super::Batch;
use crate::chain::{self, Parcel};
use crate::error::WorldError;
use crate::inbox::{self, Received};
use crate::payouts::{self, PayoutOrder};
use crate::processor::{self, CardPayment, CardResult};

/// Tells a caller how its operation ended, given how the transaction ended.
pub(crate) type Deliver = Box<dyn FnOnce(Result<(), WorldError>) + Send>;
/// An operation: whether the transaction can go on, and how to tell its caller.
pub(crate) type Work =
    Box<dyn for<'b> FnOnce(&'b mut Batch) -> Pin<Box<dyn Future<Output = (Result<(), WorldError>, Deliver)> + Send + 'b>> + Send>;

type AuthenticatedPartner<T> = oneshot::Sender<Result<T, WorldError>>;

/// Something for the writer to do. The frequent kinds are grouped, because those that wait together are independent.
pub(crate) enum Command {
    /// Anything, done by itself.
    Single(Work),
    /// A customer pays through a processor.
    Card(CardPayment, AuthenticatedPartner<CardResult>),
    /// A payout or refund of ours is handed over.
    Payout(PayoutOrder, AuthenticatedPartner<CallOutcome<String>>),
    /// A transaction of ours is broadcast.
    Broadcast(Parcel, AuthenticatedPartner<CallOutcome<()>>),
    /// A webhook was received.
    Webhook(Received, AuthenticatedPartner<()>),
}

/// The most commands in one transaction.
const MOST: usize = 1_024;

pub(crate) fn deliver<T: Send + 'static>(caller: AuthenticatedPartner<T>, result: Result<T, WorldError>) -> Deliver {
    Box::new(move |committed| {
        // A caller that has gone away does not want to know.
        let _ = caller.send(committed.and(result));
    })
}

/// Serves the queue until every sender is gone.
pub(crate) async fn run(mut batch: Batch, mut queue: mpsc::Receiver<Command>) {
    let mut commands = Vec::with_capacity(MOST);
    while queue.recv_many(&mut commands, MOST).await > 0 {
        let mut deliveries = Vec::with_capacity(commands.len());
        let outcome = transact(&mut batch, &mut commands, &mut deliveries).await;
        for deliver in deliveries {
            deliver(outcome.clone());
        }
    }
}

async fn transact(batch: &mut Batch, commands: &mut Vec<Command>, deliveries: &mut Vec<Deliver>) -> Result<(), WorldError> {
    let outcome = match batch.begin().await {
        Ok(()) => {
            let outcome = match perform(batch, commands, deliveries).await {
                Ok(()) => batch.commit().await,
                Err(error) => Err(error),
            };
            if outcome.is_err() {
                batch.roll_back().await;
            }
            outcome
        }
        Err(error) => Err(error),
    };
    if let Err(error) = &outcome {
        tracing::error!(%error, "a transaction of the sandbox world failed");
        // Commands that were not reached fail with the rest.
        for command in commands.drain(..) {
            deliveries.push(refuse(command, error.clone()));
        }
    }
    outcome
}

fn refuse(command: Command, error: WorldError) -> Deliver {
    match command {
        Command::Single(work) => Box::new(move |_| drop(work)),
        Command::Card(_, caller) => deliver(caller, Err(error)),
        Command::Payout(_, caller) => deliver(caller, Err(error)),
        Command::Broadcast(_, caller) => deliver(caller, Err(error)),
        Command::Webhook(_, caller) => deliver(caller, Err(error)),
    }
}

#[derive(Default)]
struct Groups {
    singles: Vec<Work>,
    cards: Vec<(CardPayment, AuthenticatedPartner<CardResult>)>,
    payouts: Vec<(PayoutOrder, AuthenticatedPartner<CallOutcome<String>>)>,
    broadcasts: Vec<(Parcel, AuthenticatedPartner<CallOutcome<()>>)>,
    webhooks: Vec<(Received, AuthenticatedPartner<()>)>,
}

async fn perform(batch: &mut Batch, commands: &mut Vec<Command>, deliveries: &mut Vec<Deliver>) -> Result<(), WorldError> {
    let mut groups = Groups::default();
    for command in commands.drain(..) {
        match command {
            Command::Single(work) => groups.singles.push(work),
            Command::Card(payment, caller) => groups.cards.push((payment, caller)),
            Command::Payout(payout, caller) => groups.payouts.push((payout, caller)),
            Command::Broadcast(parcel, caller) => groups.broadcasts.push((parcel, caller)),
            Command::Webhook(received, caller) => groups.webhooks.push((received, caller)),
        }
    }
    for work in groups.singles {
        let (go_on, deliver) = work(batch).await;
        deliveries.push(deliver);
        go_on?;
    }
    grouped(groups.cards, deliveries, async |items| processor::take_payments(batch, items).await).await?;
    grouped(groups.payouts, deliveries, async |items| payouts::take(batch, items).await).await?;
    grouped(groups.broadcasts, deliveries, async |items| chain::take_broadcasts(batch, items).await).await?;
    grouped(groups.webhooks, deliveries, async |items| inbox::take_webhooks(batch, items).await).await
}

/// Does a group at once and notes whom to tell what.
async fn grouped<I, T: Send + 'static>(
    group: Vec<(I, AuthenticatedPartner<T>)>,
    deliveries: &mut Vec<Deliver>,
    work: impl AsyncFnOnce(Vec<I>) -> Result<Vec<Result<T, WorldError>>, WorldError>,
) -> Result<(), WorldError> {
    if group.is_empty() {
        return Ok(());
    }
    let (items, callers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    let results = work(items).await?;
    deliveries.extend(callers.into_iter().zip(results).map(|(caller, result)| deliver(caller, result)));
    Ok(())
}
