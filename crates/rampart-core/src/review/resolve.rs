//! The outcome of an operator's decision. A decision that does not fit is refused with a message for the operator.

use super::decision::{Operator, ReviewDecision, ReviewRecords, refuse};
use super::{ReviewItem, ReviewKind, ReviewResolution, ReviewSubject, suspense};
use crate::money::asset::Asset;
use crate::order::{Context, Order, SetAside};
use crate::outgoing::OutgoingRecord;
use crate::refusal::Refusal;
use crate::step::Step;
use crate::step::fact::Fact;
use crate::step::record::Record;
use crate::step::watch::DepositState;

impl ReviewItem {
    /// Applies a decision. The same step resolves the item.
    ///
    /// # Errors
    /// When the item is resolved already, or the decision does not fit it.
    pub fn decide(
        self,
        decision: ReviewDecision,
        operator: &Operator,
        about: ReviewRecords,
        context: &Context<'_>,
    ) -> Result<Step, Refusal> {
        if decision == ReviewDecision::Reopen {
            let changed = about.beside.map(|order| order.apply_set_aside(SetAside::Lies, self.amount, context));
            let mut step = suspense::reopen(self, operator, context)?;
            step.extend(changed.unwrap_or_default());
            return Ok(step);
        }
        if let Some(resolution) = &self.resolution {
            return Err(refuse(format!("it was already resolved by {}: {}", resolution.actor, resolution.decision)));
        }
        let assigned = about.order.as_ref().filter(|_| decision == ReviewDecision::Assign).map(Order::id);
        let other = about.beside.clone().filter(|_| matches!(decision, ReviewDecision::Assign | ReviewDecision::Keep));
        let other = other.filter(|order| assigned != Some(order.id()));
        let mut step = self.follows(decision, operator, about, context)?;
        if let Some(order) = other {
            step.extend(order.apply_set_aside(SetAside::Taken, self.amount, context));
        }
        let resolution = ReviewResolution {
            decision: decision.into(),
            order: assigned,
            sent: step.writes.iter().find_map(OutgoingRecord::of),
            actor: operator.actor.clone(),
            reason: operator.reason.clone(),
            at: context.mint.now,
        };
        let destination = step.writes.iter().find_map(receiver_of).or_else(|| self.destination.clone());
        step.write(Self { resolution: Some(resolution), destination, ..self });
        Ok(step)
    }

    fn follows(&self, decision: ReviewDecision, operator: &Operator, about: ReviewRecords, context: &Context<'_>) -> Result<Step, Refusal> {
        let moves = matches!(decision, ReviewDecision::Assign | ReviewDecision::Return | ReviewDecision::ReturnTo | ReviewDecision::Keep);
        if moves && about.deposit.as_ref().is_some_and(|deposit| deposit.state != DepositState::Confirmed) {
            return Err(refuse("the chain has removed the deposit: there is nothing to decide"));
        }
        if moves && self.subject == (ReviewSubject::Reversal(None)) {
            return Err(refuse("it is booked as a loss, and nothing of it is in suspense"));
        }
        match (decision, self.subject.kind()) {
            (ReviewDecision::WriteOff, ReviewKind::Shortage) => suspense::write_off(self, context),
            (ReviewDecision::Dismiss, _) => self.dismiss(&about),
            (ReviewDecision::Suspend, ReviewKind::Quarantine) => suspend(about, context),
            (ReviewDecision::Retry, ReviewKind::Quarantine) => retry(about),
            (ReviewDecision::GiveUp, ReviewKind::Vanished) => cancel(about, operator),
            (ReviewDecision::Assign, ReviewKind::Suspense) => suspense::assign(self, about, context),
            (ReviewDecision::Return, ReviewKind::Suspense) => suspense::send_back(self, about, context),
            (ReviewDecision::ReturnTo, ReviewKind::Suspense) => suspense::send_to(self, about, context),
            (ReviewDecision::Return | ReviewDecision::ReturnTo, ReviewKind::Reversal) => suspense::pay_again(self, about, context),
            (ReviewDecision::Keep, ReviewKind::Reversal) if !matches!(self.moved()?, Asset::Fiat(_)) => {
                Err(refuse("the coins never left, and nothing of them is in suspense"))
            }
            (ReviewDecision::Keep, ReviewKind::Suspense | ReviewKind::Reversal) => suspense::keep(self, context),
            (decision, kind) => Err(refuse(format!("'{decision}' does not fit an item of kind {kind:?}"))),
        }
    }

    /// An item with a balance behind it cannot be dismissed.
    fn dismiss(&self, about: &ReviewRecords) -> Result<Step, Refusal> {
        let undone = about.deposit.as_ref().is_some_and(|deposit| deposit.state != DepositState::Confirmed);
        let is_money = matches!(self.asset, Some(Asset::Fiat(_))) && self.subject.counterparty().is_some();
        let unapplied = about.fact.as_ref().filter(|fact| !fact.applied).and_then(suspense::unmatched_receipt_of);
        match self.subject.kind() {
            ReviewKind::Suspense if !undone => Err(refuse("it is in suspense: assign it to an order, return it or keep it")),
            ReviewKind::Reversal if is_money => Err(refuse("it is in suspense: return it or keep it")),
            ReviewKind::Shortage => Err(refuse("suspense has a shortage: write it off")),
            ReviewKind::Quarantine if unapplied.is_some() => {
                Err(refuse("the fact is about money that arrived: retry it, or move the money to suspense"))
            }
            _ => Ok(Step::new()),
        }
    }

    /// The asset that a decision moves.
    pub(crate) fn moved(&self) -> Result<Asset, Refusal> {
        self.asset.ok_or_else(|| refuse("the item names no amount"))
    }
}

fn receiver_of(record: &Record) -> Option<String> {
    match record {
        Record::Payout(payout) => Some(payout.destination.account.reveal().to_owned()),
        Record::Transfer(transfer) => Some(transfer.to.clone()),
        _ => None,
    }
}

fn unapplied(about: ReviewRecords) -> Result<Fact, Refusal> {
    match about.fact {
        None => Err(refuse("the fact does not exist any more")),
        Some(fact) if fact.applied => Err(refuse("the fact was applied meanwhile: dismiss the item")),
        Some(fact) => Ok(fact),
    }
}

fn retry(about: ReviewRecords) -> Result<Step, Refusal> {
    let fact = unapplied(about)?;
    let mut step = Step::new();
    step.write(Fact { quarantined: None, ..fact });
    Ok(step)
}

fn suspend(about: ReviewRecords, context: &Context<'_>) -> Result<Step, Refusal> {
    let fact = unapplied(about)?;
    let receipt = suspense::unmatched_receipt_of(&fact).ok_or_else(|| refuse("the fact reports no money that arrived"))?;
    let mut step = suspense::receive(receipt, &context.mint);
    step.write(Fact { applied: true, quarantined: None, ..fact });
    Ok(step)
}

/// The chain may still include the old bytes: only another transaction at its slot ends the transfer.
fn cancel(about: ReviewRecords, operator: &Operator) -> Result<Step, Refusal> {
    let transmission = about.vanished.ok_or_else(|| refuse("the transfer is not under way any more: dismiss the item"))?;
    let step = transmission.cancelled(format!("{}: {}", operator.actor, operator.reason));
    if step.is_empty() { Err(refuse("it is being cancelled already: dismiss the item")) } else { Ok(step) }
}
