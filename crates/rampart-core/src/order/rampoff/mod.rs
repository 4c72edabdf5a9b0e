//! The off-ramp order: a customer sends coins and receives money.
//!
//! What counts is what arrived at the order's own address, not what was announced.

mod command;
mod decision;
mod observe;
mod outgoing;
mod postings;
mod receipt;
mod reversal;
mod set_aside;
mod settled_late;
mod stored;
mod suspense;
pub mod table;

pub use command::RampoffCommand;
pub use observe::RampoffFact;
pub use receipt::DepositReceipt;
pub use stored::upgraded;

use crate::customer::kyc::KycLevel;
use crate::id::{CustomerId, FactId, Mint, OrderId, PartnerId, PayoutId, QuoteId, ReviewId, TransferId};
use crate::identity::country::Country;
use crate::ledger::{Account, Origin, Rail};
use crate::money::amount::Amount;
use crate::money::asset::{Chain, CoinId, Currency};
use crate::order::arrival::{Deviations, Exchange, Fees, Leg, WindowTotals, recount};
use crate::order::limits::{self, Usage};
use crate::order::view::RampoffView;
use crate::order::{Context, DestinationOrigin, HoldReason, PublicHoldReason, RampoffStatus, Reversal, ScreeningHits, origin};
use crate::outgoing::PayoutDestination;
use crate::partner::event::{EventDraft, EventType};
use crate::quote::SellTerms;
use crate::step::Step;
use crate::step::record::is_default;
use crate::time::Timestamp;

/// State of a ramp-off.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RampoffState {
    Created,
    /// Coins are in a block with too few confirmations.
    Confirming,
    /// Coins were received and the order is being screened.
    CryptoReceived {
        /// The money to pay out, in minor units.
        fiat: Amount,
    },
    /// A payout of the money was created.
    PayingOut {
        payout: PayoutId,
        /// In minor units.
        fiat: Amount,
    },
    Finished {
        payout: PayoutId,
        /// In minor units.
        fiat: Amount,
        reference: String,
    },
    /// Coins, or the money they were converted to, wait for an operator, for the customer or for a condition.
    OnHold {
        reason: HoldReason,
        since: Timestamp,
    },
    Expired,
    Cancelled,
    Failed {
        reason: String,
    },
    RefundPending {
        transfer: TransferId,
        /// The transaction, once the chain has accepted it.
        txid: Option<String>,
    },
    Refunded {
        transfer: TransferId,
        txid: String,
        /// Whether the refund is still sufficiently confirmed. After a reorganisation the same signed bytes are pending again.
        #[serde(default = "is_final")]
        is_final: bool,
    },
}

const fn is_final() -> bool {
    true
}

impl RampoffState {
    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> RampoffStatus {
        match self {
            Self::Created => RampoffStatus::Created,
            Self::Confirming => RampoffStatus::Confirming,
            Self::CryptoReceived { .. } => RampoffStatus::CryptoReceived,
            Self::PayingOut { .. } => RampoffStatus::PayingOut,
            Self::Finished { .. } => RampoffStatus::Finished,
            Self::OnHold { .. } => RampoffStatus::OnHold,
            Self::Expired => RampoffStatus::Expired,
            Self::Cancelled => RampoffStatus::Cancelled,
            Self::Failed { .. } => RampoffStatus::Failed,
            Self::RefundPending { .. } => RampoffStatus::RefundPending,
            Self::Refunded { .. } => RampoffStatus::Refunded,
        }
    }
}

/// A sale order: a customer sells coins.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rampoff {
    pub id: OrderId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub partner: PartnerId,
    pub customer: CustomerId,
    /// Customer whose limits it counts towards, if that is another registration of the same person.
    #[serde(default, skip_serializing_if = "is_default")]
    pub counts_as: Option<CustomerId>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub external_id: Option<String>,
    pub country: Country,
    pub rail: Rail,
    /// The rail's maximum; bounds the value of open orders.
    pub rail_maximum: Amount,
    pub terms: SellTerms,
    pub destination: PayoutDestination,
    /// Who gave the payout account; `None` in orders of earlier versions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub destination_origin: Option<DestinationOrigin>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub refund_wallet: Option<String>,
    /// Who gave the refund wallet; `None` in orders of earlier versions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refund_origin: Option<DestinationOrigin>,
    pub deposit_address: String,
    pub deposit_index: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub quote: Option<QuoteId>,
    /// Level of the customer when the order was created; its limits are counted at this level.
    pub level: KycLevel,
    /// Fingerprint of the page link that an earlier version issued ([`crate::id::earlier_link`]).
    #[serde(default, skip_serializing_if = "is_default")]
    pub earlier_link: Option<String>,
    pub created_at: Timestamp,
    /// End of the price promise and of the reservation of money.
    pub held_until: Timestamp,
    /// End of waiting for coins. Between `held_until` and this moment the order has no promised price.
    pub open_until: Timestamp,
    pub state: RampoffState,
    /// Received coins, oldest first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deposits: Vec<DepositReceipt>,
    /// Coins of this order on the customer's account, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub coin_balance: Amount,
    /// Money of this order on the customer's account, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fiat_balance: Amount,
    /// Coins converted into money that has not arrived yet, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub converted: Amount,
    /// Money held at the bank for this order, in minor units.
    pub reserved: Amount,
    /// Agreed fees; `None` in orders of earlier versions, which use the rail's fees.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fees: Option<Fees>,
    /// The latest decision about the received coins.
    #[serde(default, skip_serializing_if = "is_default")]
    pub taken: Option<Exchange>,
    /// What it counts in the customer's limits.
    pub counted: Vec<WindowTotals>,
    /// Whether its place among open orders was released.
    #[serde(default, skip_serializing_if = "is_default")]
    pub place_given_back: bool,
    /// Whether everything is exchanged at the market price, because the order waited for something its customer could supply.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lost_promise: bool,
    /// Whether the partner was notified of the received coins.
    #[serde(rename = "told", default, skip_serializing_if = "is_default")]
    pub receipt_notified: bool,
    /// Set aside beside the order, in minor units of its coin.
    #[serde(default, skip_serializing_if = "is_default")]
    pub set_aside: Amount,
    /// Refunded, in minor units of its coin.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refunded: Amount,
    /// The review item that collects amounts below the receipt minimum.
    #[serde(default, skip_serializing_if = "is_default")]
    pub running_item: Option<ReviewId>,
    /// The same for other coins that arrived at its address, one per coin.
    #[serde(default, skip_serializing_if = "is_default")]
    pub running_items_beside: Vec<(CoinId, ReviewId)>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub exceptions: Deviations,
    /// The kind of reversal, if anything was reversed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reversal: Option<Reversal>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub findings: ScreeningHits,
    pub updated_at: Timestamp,
}

impl Rampoff {
    /// Whether the deposit belongs to the order, which must give it up after a reorganisation.
    #[must_use]
    pub fn knows(&self, deposit: FactId) -> bool {
        self.deposits.iter().any(|known| known.deposit == deposit)
    }

    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> RampoffStatus {
        self.state.status()
    }

    /// The order's chain.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        self.terms.coin.chain
    }

    /// When time alone may change the order. From then on it is polled until it changes.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            RampoffState::Created | RampoffState::Confirming if self.place_given_back && self.deposits.is_empty() => Some(self.open_until),
            RampoffState::Created | RampoffState::Confirming => Some(self.held_until),
            RampoffState::OnHold { reason, since } if reason.ends_by_itself() => Some(since),
            RampoffState::OnHold { .. } if self.reserved.is_positive() && !self.converted.is_positive() => Some(self.held_until),
            RampoffState::OnHold { reason, .. } => origin::usable_from(reason, self.refund_origin.as_ref()),
            _ => None,
        }
    }

    /// Whether the order still waits for coins.
    #[must_use]
    pub const fn is_unpaid(&self) -> bool {
        matches!(self.state, RampoffState::Created | RampoffState::Confirming)
    }

    /// Whether the order's entries on the customer's account sum to zero.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        matches!(
            self.state,
            RampoffState::Finished { .. }
                | RampoffState::Expired
                | RampoffState::Cancelled
                | RampoffState::Failed { .. }
                | RampoffState::Refunded { is_final: true, .. }
        )
    }

    /// Whether the bank returned the settled payout and the coins sold for it were not reversed. Whether it was paid again
    /// since then is only known from its review item.
    #[must_use]
    pub fn was_payout_returned(&self) -> bool {
        self.reversal == Some(Reversal::BankReturn) && !self.deposits.iter().any(|deposit| deposit.lost)
    }

    /// The hold for the order: account, currency and amount in minor units.
    #[must_use]
    pub const fn hold(&self) -> (Account, Currency, Amount) {
        (Account::Bank(self.rail), self.terms.fiat, self.reserved)
    }

    /// Received coins, in minor units.
    #[must_use]
    pub fn received(&self) -> Amount {
        Amount::from_minor(self.deposits.iter().fold(0_i128, |sum, deposit| sum.saturating_add(deposit.amount.minor())))
    }

    /// Money the customer receives, in minor units: by the latest decision, else by the ordered terms.
    #[must_use]
    pub fn payout_amount(&self) -> Amount {
        self.taken.map_or(self.terms.fiat_amount, |taken| taken.gives)
    }

    /// Money paid out, in minor units.
    #[must_use]
    pub const fn sent_amount(&self) -> Amount {
        match self.state {
            RampoffState::Finished { fiat, .. } => fiat,
            _ => Amount::ZERO,
        }
    }

    /// Why the order is on hold, as partners see it.
    #[must_use]
    pub const fn hold_reason(&self) -> Option<PublicHoldReason> {
        match self.state {
            RampoffState::OnHold { reason, .. } => Some(reason.shown(Leg::Selling)),
            _ => None,
        }
    }

    /// The bank's reference of a settled payout.
    #[must_use]
    pub fn bank_reference(&self) -> Option<&str> {
        match &self.state {
            RampoffState::Finished { reference, .. } => Some(reference),
            _ => None,
        }
    }

    /// The transaction of a refund, once the chain has accepted it.
    #[must_use]
    pub fn refund_txid(&self) -> Option<&str> {
        match &self.state {
            RampoffState::RefundPending { txid, .. } => txid.as_deref(),
            RampoffState::Refunded { txid, .. } => Some(txid),
            _ => None,
        }
    }

    fn usage(&self) -> Usage {
        Usage {
            customer: self.counts_as.unwrap_or(self.customer),
            method: limits::RAMPOFF,
            fiat: self.terms.fiat,
            amount: self.terms.fiat_amount,
            at: self.created_at,
        }
    }

    /// The step that creates the order: it holds the money, counts the limits and takes a place among open orders. The caller
    /// adds claims.
    ///
    /// # Errors
    /// [`limits::LimitExceeded`] when the order alone exceeds the customer's level.
    pub fn create(self, context: &Context<'_>) -> Result<Step, limits::LimitExceeded> {
        let mut step = Step::new();
        step.raises = limits::raises(context.catalogue, &self.usage(), self.level)?;
        step.raises.extend(limits::open_orders(context.catalogue, self.partner, &self.usage(), self.rail_maximum, true));
        let (account, currency, amount) = self.hold();
        step.hold(account, currency, amount, Origin::Request);
        step.write(self);
        Ok(step)
    }

    /// Releases the place among open orders, once.
    fn release_open_place(&mut self, context: &Context<'_>, step: &mut Step) {
        if !std::mem::replace(&mut self.place_given_back, true) {
            step.raises.extend(limits::open_orders(context.catalogue, self.partner, &self.usage(), self.rail_maximum, false));
        }
    }

    /// Nothing is exchanged: releases limits, money and the place among open orders.
    fn release_promise(&mut self, context: &Context<'_>, step: &mut Step) {
        self.release_open_place(context, step);
        self.count(Vec::new(), None, context, step);
        self.reserve(Amount::ZERO, Origin::Fact, step);
    }

    fn count(&mut self, wanted: Vec<WindowTotals>, asked: Option<Timestamp>, context: &Context<'_>, step: &mut Step) {
        let usage = self.usage();
        step.raises.extend(recount(context.catalogue, &usage, &mut self.counted, wanted, asked));
    }

    /// Changes the hold at the bank. What was promised follows from facts; anything beyond it is a request, bound by the
    /// available balance.
    fn reserve(&mut self, fiat: Amount, origin: Origin, step: &mut Step) {
        let change = Amount::from_minor(fiat.minor() - self.reserved.minor());
        let (account, currency, _) = self.hold();
        step.hold(account, currency, change, origin);
        self.reserved = fiat;
    }

    /// Ends a transition: writes the record, and emits an event if the partner's view changed.
    fn finish(mut self, before: &RampoffView, mint: &Mint<'_>, step: &mut Step) {
        self.updated_at = mint.now;
        let after = RampoffView::of(&self);
        if after != *before {
            let kind = match (before.status, after.status) {
                (from, RampoffStatus::CryptoReceived)
                    if from != RampoffStatus::CryptoReceived && !std::mem::replace(&mut self.receipt_notified, true) =>
                {
                    EventType::CryptoReceived
                }
                (from, RampoffStatus::Finished) if from != RampoffStatus::Finished => EventType::RampoffFinished,
                _ => EventType::RampoffUpdated,
            };
            step.events.push(EventDraft {
                id: mint.id(),
                partner: self.partner,
                kind,
                subject: self.id.to_string(),
                data: after.to_json(),
                created_at: mint.now,
            });
        }
        step.write(self);
    }
}
