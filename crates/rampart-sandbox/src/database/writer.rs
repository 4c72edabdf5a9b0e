//! The writer: all waiting commands are committed in one transaction (group commit, without a timer).

use std::pin::Pin;

use rampart_core::ports::CallOutcome;
use tokio::sync::{mpsc, oneshot};

use super::Batch;
use crate::chain::{self, SignedTransfer};
use crate::error::WorldError;
use crate::inbox::{self, InboxWebhook};
use crate::payouts::{self, PayoutOrder};
use crate::processor::{self, CardPayment, CardResult};

/// Sends a caller the result of its operation, given the result of the transaction.
pub(crate) type Completion = Box<dyn FnOnce(Result<(), WorldError>) + Send>;
/// An operation. It returns whether the transaction can go on, and the completion for its caller.
pub(crate) type WriteOperation =
    Box<dyn for<'b> FnOnce(&'b mut Batch) -> Pin<Box<dyn Future<Output = (Result<(), WorldError>, Completion)> + Send + 'b>> + Send>;

pub(crate) type CompletionSender<T> = oneshot::Sender<Result<T, WorldError>>;

/// A command to the writer. Frequent kinds are processed in groups; waiting commands are independent of each other.
pub(crate) enum WriterCommand {
    Single(WriteOperation),
    Card(CardPayment, CompletionSender<CardResult>),
    Payout(PayoutOrder, CompletionSender<CallOutcome<String>>),
    Broadcast(SignedTransfer, CompletionSender<CallOutcome<()>>),
    Webhook(InboxWebhook, CompletionSender<()>),
}

const MAX_BATCH_COMMANDS: usize = 1_024;

pub(crate) fn complete<T: Send + 'static>(caller: CompletionSender<T>, result: Result<T, WorldError>) -> Completion {
    Box::new(move |committed| {
        // The caller may have been cancelled.
        let _ = caller.send(committed.and(result));
    })
}

/// Processes the queue until every sender is dropped.
pub(crate) async fn run(mut batch: Batch, mut queue: mpsc::Receiver<WriterCommand>) {
    let mut commands = Vec::with_capacity(MAX_BATCH_COMMANDS);
    while queue.recv_many(&mut commands, MAX_BATCH_COMMANDS).await > 0 {
        let mut completions = Vec::with_capacity(commands.len());
        let outcome = transact(&mut batch, &mut commands, &mut completions).await;
        for complete in completions {
            complete(outcome.clone());
        }
    }
}

async fn transact(batch: &mut Batch, commands: &mut Vec<WriterCommand>, completions: &mut Vec<Completion>) -> Result<(), WorldError> {
    let outcome = match batch.begin().await {
        Ok(()) => {
            let outcome = match perform(batch, commands, completions).await {
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
        tracing::error!(%error, "a transaction of the sandbox database failed");
        // Commands that were not reached fail with the same error.
        for command in commands.drain(..) {
            completions.push(fail(command, error.clone()));
        }
    }
    outcome
}

fn fail(command: WriterCommand, error: WorldError) -> Completion {
    match command {
        WriterCommand::Single(operation) => Box::new(move |_| drop(operation)),
        WriterCommand::Card(_, caller) => complete(caller, Err(error)),
        WriterCommand::Payout(_, caller) => complete(caller, Err(error)),
        WriterCommand::Broadcast(_, caller) => complete(caller, Err(error)),
        WriterCommand::Webhook(_, caller) => complete(caller, Err(error)),
    }
}

#[derive(Default)]
struct Groups {
    singles: Vec<WriteOperation>,
    cards: Vec<(CardPayment, CompletionSender<CardResult>)>,
    payouts: Vec<(PayoutOrder, CompletionSender<CallOutcome<String>>)>,
    broadcasts: Vec<(SignedTransfer, CompletionSender<CallOutcome<()>>)>,
    webhooks: Vec<(InboxWebhook, CompletionSender<()>)>,
}

async fn perform(batch: &mut Batch, commands: &mut Vec<WriterCommand>, completions: &mut Vec<Completion>) -> Result<(), WorldError> {
    let mut groups = Groups::default();
    for command in commands.drain(..) {
        match command {
            WriterCommand::Single(operation) => groups.singles.push(operation),
            WriterCommand::Card(payment, caller) => groups.cards.push((payment, caller)),
            WriterCommand::Payout(payout, caller) => groups.payouts.push((payout, caller)),
            WriterCommand::Broadcast(transfer, caller) => groups.broadcasts.push((transfer, caller)),
            WriterCommand::Webhook(received, caller) => groups.webhooks.push((received, caller)),
        }
    }
    for operation in groups.singles {
        let (result, complete) = operation(batch).await;
        completions.push(complete);
        result?;
    }
    grouped(groups.cards, completions, async |items| processor::take_payments(batch, items).await).await?;
    grouped(groups.payouts, completions, async |items| payouts::take(batch, items).await).await?;
    grouped(groups.broadcasts, completions, async |items| chain::take_broadcasts(batch, items).await).await?;
    grouped(groups.webhooks, completions, async |items| inbox::take_webhooks(batch, items).await).await
}

/// Processes a group and collects a completion for each of its callers.
async fn grouped<I, T: Send + 'static>(
    group: Vec<(I, CompletionSender<T>)>,
    completions: &mut Vec<Completion>,
    operation: impl AsyncFnOnce(Vec<I>) -> Result<Vec<Result<T, WorldError>>, WorldError>,
) -> Result<(), WorldError> {
    if group.is_empty() {
        return Ok(());
    }
    let (items, callers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    let results = operation(items).await?;
    completions.extend(callers.into_iter().zip(results).map(|(caller, result)| complete(caller, result)));
    Ok(())
}
