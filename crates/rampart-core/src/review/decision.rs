//! What an operator decides about an item of the list, and what follows. A decision that does not fit is refused in a
//! sentence for the operator.

use std::fmt;

use super::{ReviewItem, ReviewKind, ReviewResolution};
use crate::amount::Amount;
use crate::asset::Asset;
use crate::fact::Fact;
use crate::id::OrderId;
use crate::order::{Context, Order, SetAside};
use crate::outgoing::{Outgoing, OutgoingRecord, Payout, PayoutDestination, Transfer, TransferFact, TransferState};
use crate::ports::TransactionStatus;
use crate::record::Record;
use crate::refusal::{ErrorCode, Refusal};
use crate::step::Step;
use crate::suspense;
use crate::watch::{Deposit, DepositState};

/// Who asks, and why: both go into the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What an operator decides about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewDecision {
    /// What lies in suspense is for this order.
    Assign(OrderId),
    /// What lies in suspense goes back to where it came from; a payout that was returned is paid once more.
    Return,
    /// What lies in suspense goes to where a person says ([`ReviewSubject::destination`]); a payout that was returned is paid once more
    /// there.
    ReturnTo,
    /// What lies in suspense belongs to nobody and becomes the company's.
    Keep,
    /// What suspense lacks is lost.
    WriteOff,
    /// A quarantined fact is applied again.
    Retry,
    /// A transfer that vanished from its chain, or cannot be signed, is given up: its coins are ours again, and its order is put on
    /// hold.
    GiveUp,
    /// Sending that was stopped goes on, with what was seen outside taken over.
    GoOn,
    /// Money of a fact that cannot be applied is put into suspense, where it can be decided about.
    Suspend,
    /// What was kept lies in suspense again, to be decided about anew. It is said of an item that was settled so.
    Reopen,
    /// Nothing is to be done: there is nothing behind it.
    Dismiss,
}

impl fmt::Display for ReviewDecision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Assign(_) => "assign",
            Self::Return => "return",
            Self::ReturnTo => "return_to",
            Self::Keep => "keep",
            Self::WriteOff => "write_off",
            Self::Retry => "retry",
            Self::GiveUp => "give_up",
            Self::GoOn => "go_on",
            Self::Suspend => "suspend",
            Self::Reopen => "reopen",
            Self::Dismiss => "dismiss",
        })
    }
}

/// Where a person has something sent, checked like a customer's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckedDestination {
    /// Money, to an account.
    Account(PayoutDestination),
    /// Coins, to a wallet on their chain.
    Wallet(String),
}

/// What an item is about, as it is stored.
#[derive(Debug, Clone, Default)]
pub struct ReviewSubject {
    /// The fact that told of it.
    pub fact: Option<Fact>,
    /// The deposit that it is about.
    pub deposit: Option<Deposit>,
    /// The index of the address that the deposit lies at.
    pub deposit_index: Option<u64>,
    /// The order that the decision is about: the one it is assigned to, or the one the item names.
    pub order: Option<Order>,
    /// The order beside which it lies in suspense, where it names one.
    pub beside: Option<Order>,
    /// What was paid out for that order, oldest first.
    pub payouts: Vec<Payout>,
    /// Where a person has it sent.
    pub destination: Option<CheckedDestination>,
    /// What the receiver of coins bears of a transaction of them, in their minor units.
    pub network_fee: Amount,
    /// The transfer that vanished, while it is under way.
    pub vanished: Option<Vanished>,
}

impl ReviewSubject {
    /// The wallet that coins of an item came from, where that is known.
    #[must_use]
    pub fn sender_of<'a>(&'a self, item: &'a ReviewItem) -> Option<&'a str> {
        self.deposit.as_ref().map(|deposit| deposit.from.as_str()).or(item.source.as_deref())
    }
}

/// A transfer that vanished from its chain, and what the chain says now.
#[derive(Debug, Clone)]
pub struct Vanished {
    /// The transfer.
    pub transfer: Transfer,
    /// What it names.
    pub outgoing: Outgoing,
    /// What the chain says of the transaction.
    pub status: TransactionStatus,
    /// The nonce that the chain waits for.
    pub next_nonce: u64,
}

/// What is not possible, in a sentence for the operator.
pub(crate) fn refuse(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::ValidationFailed, sentence)
}

impl ReviewItem {
    /// What follows from a decision. The item is settled in the same step.
    ///
    /// # Errors
    /// A refusal when it is settled already, or the decision does not fit it.
    pub fn decide(
        self,
        decision: ReviewDecision,
        operator: &Operator,
        about: ReviewSubject,
        context: &Context<'_>,
    ) -> Result<Step, Refusal> {
        if decision == ReviewDecision::Reopen {
            let changed = about.beside.map(|order| order.beside(SetAside::Lies, self.amount, context));
            let mut step = suspense::reopen(self, operator, context)?;
            step.extend(changed.unwrap_or_default());
            return Ok(step);
        }
        if let Some(resolution) = &self.resolution {
            return Err(refuse(format!("it was settled by {}: {}", resolution.actor, resolution.decision)));
        }
        let other = about.beside.clone().filter(|_| matches!(decision, ReviewDecision::Assign(_) | ReviewDecision::Keep));
        let other = other.filter(|order| decision != ReviewDecision::Assign(order.id()));
        let mut step = self.follows(decision, about, context)?;
        if let Some(order) = other {
            step.extend(order.beside(SetAside::Taken, self.amount, context));
        }
        let resolution = ReviewResolution {
            decision: decision.to_string(),
            order: match decision {
                ReviewDecision::Assign(order) => Some(order),
                _ => None,
            },
            sent: step.writes.iter().find_map(OutgoingRecord::of),
            actor: operator.actor.clone(),
            reason: operator.reason.clone(),
            at: context.mint.now,
        };
        let destination = step.writes.iter().find_map(receiver_of).or_else(|| self.destination.clone());
        step.write(Self { resolution: Some(resolution), destination, ..self });
        Ok(step)
    }

    fn follows(&self, decision: ReviewDecision, about: ReviewSubject, context: &Context<'_>) -> Result<Step, Refusal> {
        let moves =
            matches!(decision, ReviewDecision::Assign(_) | ReviewDecision::Return | ReviewDecision::ReturnTo | ReviewDecision::Keep);
        if moves && about.deposit.as_ref().is_some_and(|deposit| deposit.state != DepositState::Confirmed) {
            return Err(refuse("the chain has undone it: there is nothing to decide about"));
        }
        if moves && self.kind == ReviewKind::Reversal && self.source.is_none() {
            return Err(refuse("it is booked as lost, and nothing of it lies in suspense"));
        }
        match (decision, self.kind) {
            (ReviewDecision::WriteOff, ReviewKind::Shortage) => suspense::write_off(self, context),
            (ReviewDecision::Dismiss, _) => self.dismiss(&about),
            (ReviewDecision::Suspend, ReviewKind::Quarantine) => suspend(about, context),
            (ReviewDecision::Retry, ReviewKind::Quarantine) => retry(about),
            (ReviewDecision::GiveUp, ReviewKind::Vanished) => abandon(about, context),
            (ReviewDecision::Assign(_), ReviewKind::Suspense) => suspense::assign(self, about, context),
            (ReviewDecision::Return, ReviewKind::Suspense) => suspense::send_back(self, about, context),
            (ReviewDecision::ReturnTo, ReviewKind::Suspense) => suspense::send_to(self, about, context),
            (ReviewDecision::Return | ReviewDecision::ReturnTo, ReviewKind::Reversal) => suspense::pay_again(self, about, context),
            (ReviewDecision::Keep, ReviewKind::Reversal) if !matches!(self.moved()?, Asset::Fiat(_)) => {
                Err(refuse("the coins never left, and nothing of it lies in suspense"))
            }
            (ReviewDecision::Keep, ReviewKind::Suspense | ReviewKind::Reversal) => suspense::keep(self, context),
            (decision, kind) => Err(refuse(format!("'{decision}' does not fit an item of kind {kind:?}"))),
        }
    }

    /// Nothing can be dismissed that still has a balance behind it.
    fn dismiss(&self, about: &ReviewSubject) -> Result<Step, Refusal> {
        let undone = about.deposit.as_ref().is_some_and(|deposit| deposit.state != DepositState::Confirmed);
        let is_money = matches!(self.asset, Some(Asset::Fiat(_)));
        let unapplied = about.fact.as_ref().filter(|fact| !fact.applied).and_then(suspense::unmatched_receipt_of);
        match self.kind {
            ReviewKind::Suspense if !undone => Err(refuse("it lies in suspense: assign it to an order, send it back or keep it")),
            ReviewKind::Reversal if is_money && self.source.is_some() => Err(refuse("it lies in suspense: send it back or keep it")),
            ReviewKind::Shortage => Err(refuse("suspense lacks it: write it off")),
            ReviewKind::Quarantine if unapplied.is_some() => {
                Err(refuse("money that arrived is behind it: apply the fact again, or put it into suspense"))
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

fn retry(about: ReviewSubject) -> Result<Step, Refusal> {
    let fact = about.fact.ok_or_else(|| refuse("the fact does not exist any more"))?;
    if fact.applied {
        return Err(refuse("the fact was applied meanwhile: dismiss the item"));
    }
    let mut step = Step::new();
    step.write(Fact { quarantined: None, ..fact });
    Ok(step)
}

fn suspend(about: ReviewSubject, context: &Context<'_>) -> Result<Step, Refusal> {
    let fact = about.fact.ok_or_else(|| refuse("the fact does not exist any more"))?;
    if fact.applied {
        return Err(refuse("the fact was applied meanwhile: dismiss the item"));
    }
    let receipt = suspense::unmatched_receipt_of(&fact).ok_or_else(|| refuse("the fact tells of no money that arrived"))?;
    let mut step = suspense::receive(receipt, &context.mint);
    step.write(Fact { applied: true, quarantined: None, ..fact });
    Ok(step)
}

/// As long as the nonce of a transfer is free the chain may yet take the old bytes, so nothing may be done that would have
/// the coins leave twice.
fn abandon(about: ReviewSubject, context: &Context<'_>) -> Result<Step, Refusal> {
    let over = || refuse("the transfer is not under way any more: dismiss the item");
    let Vanished { transfer, outgoing, status, next_nonce } = about.vanished.ok_or_else(over)?;
    let TransferState::Broadcast(signed) = &transfer.state else { return Err(over()) };
    if status != TransactionStatus::Unknown {
        return Err(refuse("the chain knows the transaction again: dismiss the item"));
    }
    if next_nonce <= signed.nonce {
        let nonce = signed.nonce;
        let sentence =
            format!("the nonce {nonce} is free, so the chain may yet take transaction {}: it is offered with every block", signed.txid);
        return Err(refuse(sentence));
    }
    Ok(transfer.observe(TransferFact::GivenUp, outgoing, context))
}
