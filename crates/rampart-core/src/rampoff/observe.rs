//! What a ramp-off does with facts. Facts are never refused.

use super::{Rampoff, RampoffState};
use crate::amount::Amount;
use crate::asset::{Asset, CoinId};
use crate::id::{FactId, Mint, PayoutId, TransferId};
use crate::job::{Job, JobKind};
use crate::order::{Context, Exception, Findings, HoldReason, StoppedBy};
use crate::outgoing::Screening;
use crate::policy::{Beyond, Policy};
use crate::ports::Verdict;
use crate::review::{ReviewItem, ReviewKind};
use crate::step::Step;
use crate::time::Timestamp;
use crate::view::RampoffView;

/// The most deposits one order keeps; more go to suspense.
const MOST_DEPOSITS: usize = 20;

/// Coins that arrived at a ramp-off's address.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DepositReceipt {
    /// The deposit's record.
    pub deposit: FactId,
    /// The transaction.
    pub txid: String,
    /// Which of the transaction's transfers.
    pub index: u32,
    /// How much, in minor units of the ramp-off's coin.
    pub amount: Amount,
    /// From whom.
    pub from: String,
    /// Confirmations that made it final; 0 until then.
    pub confirmations: u32,
    /// Whether the chain undid it after it had been confirmed and paid out: it is booked as lost.
    pub lost: bool,
}

/// What can happen to a ramp-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RampoffFact {
    /// Coins are in a block.
    DepositSeen(DepositReceipt),
    /// Coins are confirmed; the receipt says with how many confirmations.
    DepositConfirmed(DepositReceipt),
    /// The block of a deposit was undone.
    DepositDropped {
        /// The deposit's record.
        deposit: FactId,
    },
    /// Another coin was confirmed at the order's address.
    WrongAsset {
        /// What arrived.
        coin: CoinId,
        /// The deposit's record.
        deposit: FactId,
        /// How much, in minor units.
        amount: Amount,
        /// From whom.
        from: String,
    },
    /// The screening provider answered.
    Screened {
        /// What it said.
        verdict: Verdict,
        /// Whether the wallet that a refund would go to now, if there is one, is one it was asked about.
        about_refund: bool,
    },
    /// The rail has taken the payout.
    PayoutAccepted {
        /// The payout.
        payout: PayoutId,
    },
    /// The payout arrived.
    PayoutSettled {
        /// The payout.
        payout: PayoutId,
        /// The bank's reference.
        reference: String,
    },
    /// The payout did not leave, or came back before it arrived.
    PayoutFailed {
        /// The payout.
        payout: PayoutId,
        /// Why.
        reason: String,
    },
    /// A payout that was taken for failed has arrived all the same.
    PayoutArrived {
        /// The payout.
        payout: PayoutId,
        /// How much, in minor units.
        amount: Amount,
        /// The bank's reference.
        reference: String,
    },
    /// The payout was stopped before it left.
    PayoutStopped {
        /// The payout.
        payout: PayoutId,
        /// By whom.
        by: StoppedBy,
        /// Why.
        reason: String,
    },
    /// The payout had arrived and was sent back.
    PayoutReturned {
        /// The payout.
        payout: PayoutId,
        /// Why.
        reason: String,
    },
    /// The chain has taken the refund.
    RefundBroadcast {
        /// The transfer.
        transfer: TransferId,
        /// Its transaction.
        txid: String,
    },
    /// The chain has confirmed the refund.
    RefundConfirmed {
        /// The transfer.
        transfer: TransferId,
    },
    /// The chain undid the refund's block; the same bytes are on their way again.
    RefundUnconfirmed {
        /// The transfer.
        transfer: TransferId,
        /// How many coins, in minor units.
        amount: Amount,
    },
    /// The chain refused the refund for good, or took it and undid it by its own rules (a reverted transaction).
    RefundFailed {
        /// The transfer.
        transfer: TransferId,
        /// Why.
        reason: String,
    },
    /// The refund was stopped before it left: the screening provider found something about who would receive it.
    RefundStopped {
        /// The transfer.
        transfer: TransferId,
        /// What it found.
        reason: String,
    },
    /// Time went by.
    TimePassed,
}

impl Rampoff {
    /// What follows from a fact.
    #[must_use]
    pub fn observe(mut self, fact: RampoffFact, context: &Context<'_>) -> Step {
        let before = RampoffView::of(&self);
        let mut step = Step::new();
        let mint = &context.mint;
        match fact {
            RampoffFact::DepositSeen(receipt) => self.seen(receipt, context, &mut step),
            RampoffFact::DepositConfirmed(receipt) => self.confirmed(receipt, context, &mut step),
            RampoffFact::DepositDropped { deposit } => self.dropped(deposit, context, &mut step),
            RampoffFact::WrongAsset { coin, deposit, amount, from } => {
                self.exception = Some(Exception::WrongAsset);
                self.to_suspense(coin, deposit, amount, &from, mint, &mut step);
            }
            RampoffFact::Screened { verdict, about_refund } => self.screened(&verdict, about_refund, context, &mut step),
            RampoffFact::PayoutAccepted { payout } => {
                if self.is_paying(payout) {
                    self.reserve(Amount::ZERO, &mut step);
                }
            }
            RampoffFact::PayoutSettled { payout, reference } => {
                if let RampoffState::PayingOut { payout: ours, fiat } = self.state
                    && ours == payout
                {
                    self.fiat_balance = Amount::ZERO;
                    self.converted = Amount::ZERO;
                    self.reserve(Amount::ZERO, &mut step);
                    self.state = RampoffState::Finished { payout, fiat, reference };
                }
            }
            RampoffFact::PayoutFailed { payout, .. } => {
                if self.is_paying(payout) {
                    self.came_back(HoldReason::PayoutFailed, mint, &mut step);
                }
            }
            RampoffFact::PayoutArrived { payout, amount, reference } => {
                self.payout_arrived(payout, amount, reference, mint, &mut step);
            }
            RampoffFact::PayoutStopped { payout, by, reason } => {
                if self.is_paying(payout) {
                    if by == StoppedBy::Screening {
                        self.findings.order = Some(reason);
                    }
                    self.came_back(by.hold(), mint, &mut step);
                }
            }
            RampoffFact::PayoutReturned { payout, reason } => self.returned(payout, &reason, mint, &mut step),
            RampoffFact::RefundBroadcast { transfer, txid } => {
                if let RampoffState::RefundPending { transfer: ours, txid: known } = &mut self.state
                    && *ours == transfer
                {
                    *known = Some(txid);
                }
            }
            RampoffFact::RefundConfirmed { transfer } => {
                if let Some(txid) = self.refund_under_way(transfer).flatten() {
                    self.coin_balance = Amount::ZERO;
                    self.state = RampoffState::Refunded { transfer, txid, is_final: true };
                }
            }
            RampoffFact::RefundUnconfirmed { transfer, amount } => {
                if let RampoffState::Refunded { transfer: ours, is_final, .. } = &mut self.state
                    && *ours == transfer
                {
                    *is_final = false;
                    self.coin_balance = amount;
                }
            }
            RampoffFact::RefundFailed { transfer, .. } => {
                if self.refund_under_way(transfer).is_some() {
                    self.came_back(HoldReason::RefundFailed, mint, &mut step);
                }
            }
            RampoffFact::RefundStopped { transfer, reason } => {
                if self.refund_under_way(transfer).is_some() {
                    self.findings.refund = Some(reason);
                    self.came_back(HoldReason::Screening, mint, &mut step);
                }
            }
            RampoffFact::TimePassed => {
                if self.due_at().is_some_and(|due| mint.now >= due) {
                    if matches!(self.state, RampoffState::Created) {
                        self.close(context, &mut step);
                    }
                    self.give_back(context, &mut step);
                    self.state = RampoffState::Expired;
                }
            }
        }
        self.finish(&before, mint, &mut step);
        step
    }

    pub(super) fn put_on_hold(&mut self, reason: HoldReason, since: Timestamp) {
        self.state = RampoffState::OnHold { reason, since };
    }

    fn is_paying(&self, payout: PayoutId) -> bool {
        matches!(self.state, RampoffState::PayingOut { payout: ours, .. } if ours == payout)
    }

    /// The transaction, if any yet, of this transfer, when it is the refund that is on its way.
    fn refund_under_way(&self, which: TransferId) -> Option<Option<String>> {
        match &self.state {
            RampoffState::RefundPending { transfer, txid } if *transfer == which => Some(txid.clone()),
            RampoffState::Refunded { transfer, txid, is_final: false } if *transfer == which => Some(Some(txid.clone())),
            _ => None,
        }
    }

    fn awaits_coins(&self) -> bool {
        matches!(
            self.state,
            RampoffState::Created
                | RampoffState::Confirming
                | RampoffState::Expired
                | RampoffState::Cancelled
                | RampoffState::Failed { .. }
        )
    }

    /// Puts a deposit on the order, or brings it up to date; false when there is no room for another.
    fn note(&mut self, receipt: &DepositReceipt) -> bool {
        if let Some(known) = self.deposits.iter_mut().find(|known| known.deposit == receipt.deposit) {
            known.confirmations = receipt.confirmations;
            return true;
        }
        let room = self.deposits.len() < MOST_DEPOSITS;
        if room {
            self.deposits.push(receipt.clone());
        }
        room
    }

    fn seen(&mut self, receipt: DepositReceipt, context: &Context<'_>, step: &mut Step) {
        if !self.awaits_coins() || self.deposits.iter().any(|known| known.deposit == receipt.deposit) {
            return;
        }
        if !self.note(&receipt) {
            return;
        }
        match self.state {
            RampoffState::Created => {
                // Coins came in time: the promise stands while they are being confirmed.
                self.close(context, step);
                self.state = RampoffState::Confirming;
            }
            RampoffState::Confirming => {}
            _ => {
                step.raises.extend(self.late_raises(context));
                self.exception = Some(Exception::Late);
                self.state = RampoffState::Confirming;
            }
        }
    }

    fn confirmed(&mut self, receipt: DepositReceipt, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        let known = self.deposits.iter().find(|known| known.txid == receipt.txid && known.index == receipt.index);
        if known.is_some_and(|known| known.confirmations > 0 && !known.lost) {
            return;
        }
        if known.is_some_and(|known| known.lost) {
            step.post(self.post_loss_recovered(mint, receipt.amount));
            self.deposits.retain(|known| !(known.txid == receipt.txid && known.index == receipt.index));
            self.note(&receipt);
            self.forget_reorganisation();
            return;
        }
        let reorganised = matches!(self.state, RampoffState::OnHold { reason: HoldReason::Reorganised | HoldReason::Short, .. });
        if !(self.awaits_coins() || reorganised) || !self.note(&receipt) {
            self.exception = Some(Exception::Duplicate);
            // It lies in suspense and is the order's no more, should the chain undo it.
            self.deposits.retain(|known| known.deposit != receipt.deposit);
            self.to_suspense(self.terms.coin, receipt.deposit, receipt.amount, &receipt.from, mint, step);
            return;
        }
        match self.state {
            RampoffState::Created => self.close(context, step),
            RampoffState::Expired | RampoffState::Cancelled | RampoffState::Failed { .. } => {
                step.raises.extend(self.late_raises(context));
                self.exception = Some(Exception::Late);
            }
            _ => {}
        }
        step.post(self.post_deposit(mint, receipt.amount));
        // A wallet that was not asked about may have sent it.
        self.findings = Findings::default();
        self.coin_balance = Amount::from_minor(self.coin_balance.minor().saturating_add(receipt.amount.minor()));
        if self.deposits.iter().any(|deposit| deposit.confirmations == 0) {
            // More of it is still being confirmed: everything is weighed together when the last one is.
            self.state = RampoffState::Confirming;
            return;
        }
        self.weigh_all(context, step);
    }

    /// Decides what the coins on the account become, once nothing is being confirmed any more.
    pub(super) fn weigh_all(&mut self, context: &Context<'_>, step: &mut Step) {
        match context.catalogue.payout_rail(self.country).map(|rail| rail.policy) {
            Some(policy) => self.weigh(&policy, context, step),
            None => self.put_on_hold(HoldReason::Operator, context.mint.now),
        }
    }

    /// Decides what the coins on the account become, by the policy.
    fn weigh(&mut self, policy: &Policy, context: &Context<'_>, step: &mut Step) {
        let now = context.mint.now;
        let late = self.exception == Some(Exception::Late);
        let mut price = self.terms.price;
        if late {
            let within = context.price.is_some_and(|present| self.terms.price.distance_basis_points(present) <= policy.late.basis_points);
            match (within, policy.late.beyond, context.price) {
                (true, ..) => {}
                (false, Beyond::Requote, Some(present)) => price = present,
                (false, Beyond::Refund, _) => return self.refund(Screening::Due, context, step),
                _ => return self.put_on_hold(HoldReason::Late, now),
            }
        }
        let (exception, tolerance, reason) = match self.coin_balance.cmp(&self.terms.coin_amount) {
            std::cmp::Ordering::Equal if price == self.terms.price => return self.accept_as_ordered(context, step),
            std::cmp::Ordering::Equal => (None, policy.late, HoldReason::Late),
            std::cmp::Ordering::Less => (Some(Exception::Short), policy.short, HoldReason::Short),
            std::cmp::Ordering::Greater => (Some(Exception::Over), policy.over, HoldReason::Over),
        };
        if !late {
            self.exception = exception;
        }
        let difference = Amount::from_minor((self.coin_balance.minor() - self.terms.coin_amount.minor()).abs());
        let tolerated = tolerance.basis_points > 0
            && self.terms.coin_amount.basis_points_up(tolerance.basis_points).is_ok_and(|most| difference <= most);
        if tolerated && price == self.terms.price {
            return self.accept_as_ordered(context, step);
        }
        match tolerance.beyond {
            Beyond::Requote => self.requote(price, reason, context, step),
            Beyond::Refund => self.refund(Screening::Due, context, step),
            Beyond::Hold => self.put_on_hold(reason, now),
        }
    }

    fn accept_as_ordered(&mut self, context: &Context<'_>, step: &mut Step) {
        self.take_as_ordered(context, step);
        self.accept(self.terms.fiat_amount, &context.mint, step);
    }

    /// The order goes on: so much money is promised now, and the screening provider is asked.
    pub(super) fn accept(&mut self, fiat: Amount, mint: &Mint<'_>, step: &mut Step) {
        self.reserve(fiat, step);
        self.state = RampoffState::CryptoReceived { fiat };
        step.write(Job::due_now(mint, JobKind::ScreenRampoff, self.id));
    }

    /// The money for what lies on the account, for a person who lets the order go on: the limits do not bind that person,
    /// and count it.
    pub(super) fn release_for(&mut self, context: &Context<'_>, step: &mut Step) -> Option<Amount> {
        let late = self.exception == Some(Exception::Late);
        let price = if late { context.price? } else { self.terms.price };
        if self.coin_balance == self.terms.coin_amount && !late {
            self.take_as_ordered(context, step);
            return Some(self.terms.fiat_amount);
        }
        let (terms, fiat) = self.terms_for_balance(price, context)?;
        self.take(terms, fiat, context, step);
        Some(fiat)
    }

    fn screened(&mut self, verdict: &Verdict, about_refund: bool, context: &Context<'_>, step: &mut Step) {
        let RampoffState::CryptoReceived { fiat } = self.state else { return };
        match verdict {
            Verdict::Clear => self.convert_and_pay(fiat, Screening::Cleared, &context.mint, step),
            Verdict::Hit { reason } => {
                // The provider is asked about the refund's wallet along with the order, where one is known.
                let about_refund = about_refund && self.refund_wallet.is_some();
                self.findings = Findings { order: Some(reason.clone()), refund: about_refund.then(|| reason.clone()) };
                self.put_on_hold(HoldReason::Screening, context.mint.now);
            }
        }
    }

    fn to_suspense(&self, coin: CoinId, deposit: FactId, amount: Amount, from: &str, mint: &Mint<'_>, step: &mut Step) {
        step.post(self.post_suspense(mint, coin, amount));
        let reason = format!("arrived at the address of ramp-off {} when it was {}", self.id, self.status());
        step.write(self.review(ReviewKind::Suspense, deposit, coin.into(), amount, Some(from.to_owned()), reason, mint));
    }

    pub(super) fn review(
        &self,
        kind: ReviewKind,
        fact: FactId,
        asset: Asset,
        amount: Amount,
        source: Option<String>,
        reason: String,
        mint: &Mint<'_>,
    ) -> ReviewItem {
        ReviewItem {
            id: mint.id(),
            version: 0,
            kind,
            order: Some(self.id),
            fact: Some(fact),
            asset: Some(asset),
            amount,
            source,
            screening_hit: false,
            reason,
            created_at: mint.now,
            resolution: None,
        }
    }
}
