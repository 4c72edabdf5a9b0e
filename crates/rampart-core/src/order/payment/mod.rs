//! The on-ramp order: a customer pays money and receives coins.
//!
//! The state is an enum that carries what is true in that state; deviations and reversals are second values beside it.
//! [`Payment::observe`] takes facts and cannot refuse; [`Payment::request`] takes commands and can.

mod command;
mod decision;
mod matching;
mod observe;
mod outgoing;
mod postings;
mod receipt;
mod reversal;
mod set_aside;
mod settled_late;
mod stored;
pub mod table;

pub use command::PaymentCommand;
pub use matching::for_amount;
pub use observe::PaymentFact;
pub use receipt::Receipt;
pub use reversal::{EarlyReversal, ReversedReceipt};
pub use stored::upgraded;

use std::time::Duration;

use crate::customer::kyc::KycLevel;
use crate::id::{CustomerId, FactId, Mint, OrderId, PartnerId, PayoutId, QuoteId, ReviewId, TransferId};
use crate::identity::country::Country;
use crate::ledger::{Account, Origin, Processor, Rail};
use crate::money::amount::Amount;
use crate::order::arrival::{Deviations, Exchange, Fees, Leg, WindowTotals, recount};
use crate::order::limits::{self, Usage};
use crate::order::view::PaymentView;
use crate::order::{Context, DestinationOrigin, HoldReason, PaymentStatus, PublicHoldReason, Reversal, ScreeningHits, origin};
use crate::outgoing::PayoutDestination;
use crate::partner::event::{EventDraft, EventType};
use crate::quote::BuyTerms;
use crate::step::Step;
use crate::step::record::is_default;
use crate::text::code::Code;
use crate::time::Timestamp;

/// How the customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum PayIn {
    Processor(Processor),
    /// By transfer to our account, or to a virtual account that leads to it.
    Bank(Rail),
}

impl PayIn {
    /// The ledger account that is debited for incoming money.
    #[must_use]
    pub const fn account(self) -> Account {
        match self {
            Self::Processor(processor) => Account::Card(processor),
            Self::Bank(rail) => Account::Bank(rail),
        }
    }
}

/// Payment instructions for a customer who pays by transfer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Instructions {
    pub account: String,
    /// The bank's BIC, if the payer's bank needs it.
    pub bic: Option<String>,
    pub concept: String,
    pub destination_name: String,
    /// Whether the account number is the customer's own, so that money is matched by it and not by the reference.
    pub own_account: bool,
    /// The bank's name, if the account number does not imply it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bank: Option<String>,
    /// The holder's tax number, which some banks ask payers for; `None` in orders of earlier versions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tax_id: Option<String>,
    /// E-mail address for the bank's payment notice; `None` in orders of earlier versions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub email: Option<String>,
}

/// State of a payment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PaymentState {
    Started,
    /// Waiting for money that the customer declared sent.
    PendingBank {
        declared_at: Timestamp,
    },
    /// Money was received and the order is being screened.
    PaymentReceived {
        /// The coins to send, in minor units.
        coins: Amount,
    },
    /// A transfer of the coins was created. Partners still see `payment_received`.
    Sending {
        transfer: TransferId,
        /// In minor units.
        coins: Amount,
        /// The money the coins were converted from, in minor units.
        fiat: Amount,
    },
    CoinsSent {
        transfer: TransferId,
        txid: String,
        /// In minor units.
        coins: Amount,
        /// The money the coins were converted from, in minor units.
        fiat: Amount,
        /// Confirmations that made the transfer final; 0 before.
        confirmations: u32,
    },
    /// Money was received, and an operator or the customer has to act, or the order waits for a condition.
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
        /// Refunds that are neither settled nor failed.
        payouts: Vec<Refund>,
    },
    Refunded {
        /// The last payout to settle.
        payout: PayoutId,
        reference: String,
    },
}

/// A payout that refunds money of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Refund {
    pub payout: PayoutId,
    /// In minor units.
    pub amount: Amount,
    /// The rest its rail cannot pay, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rounding: Amount,
}

impl PaymentState {
    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> PaymentStatus {
        match self {
            Self::Started => PaymentStatus::Started,
            Self::PendingBank { .. } => PaymentStatus::PendingBank,
            Self::PaymentReceived { .. } | Self::Sending { .. } => PaymentStatus::PaymentReceived,
            Self::CoinsSent { .. } => PaymentStatus::CoinsSent,
            Self::OnHold { .. } => PaymentStatus::OnHold,
            Self::Expired => PaymentStatus::Expired,
            Self::Cancelled => PaymentStatus::Cancelled,
            Self::Failed { .. } => PaymentStatus::Failed,
            Self::RefundPending { .. } => PaymentStatus::RefundPending,
            Self::Refunded { .. } => PaymentStatus::Refunded,
        }
    }
}

/// Smallest backdating of any bank or processor. Before this much time after an order's end it is pointless to check whether
/// its source has been read past that end.
const MIN_BACKDATING: Duration = Duration::from_secs(900);

/// A purchase order: a customer buys coins.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Payment {
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
    /// The payment method, spelled as in the catalogue.
    pub method: Code<16>,
    pub country: Country,
    pub pay_in: PayIn,
    /// The method's maximum; bounds the value of open orders.
    pub method_maximum: Amount,
    pub terms: BuyTerms,
    pub wallet: String,
    /// Where the browser is redirected afterwards.
    #[serde(default, skip_serializing_if = "is_default")]
    pub callback_url: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub refund_account: Option<PayoutDestination>,
    /// Who gave the refund account; `None` in orders of earlier versions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refund_origin: Option<DestinationOrigin>,
    /// Whether the original processor or the payer's bank has refused a refund for good.
    #[serde(default, alias = "refused_by_processor", skip_serializing_if = "is_default")]
    pub refused_by_source: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub instructions: Option<Instructions>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub quote: Option<QuoteId>,
    /// Level of the customer when the order was created; its limits are counted at this level.
    pub level: KycLevel,
    /// Fingerprint of the page link that an earlier version issued ([`crate::id::earlier_link`]).
    #[serde(default, skip_serializing_if = "is_default")]
    pub earlier_link: Option<String>,
    pub created_at: Timestamp,
    /// End of the price promise and of the reservation of coins.
    pub held_until: Timestamp,
    /// End of waiting for money. Between `held_until` and this moment the order has no promised price.
    pub open_until: Timestamp,
    pub state: PaymentState,
    /// Received money, oldest first. Bounded by `MAX_RECEIPTS`: the rest goes to suspense.
    #[serde(default, skip_serializing_if = "is_default")]
    pub receipts: Vec<Receipt>,
    /// Balance of this order on the customer's account, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fiat_balance: Amount,
    /// Coins held on the hot wallet for this order, in minor units.
    pub reserved: Amount,
    /// Agreed fees; `None` in orders of earlier versions, which use the method's fees.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fees: Option<Fees>,
    /// The latest decision about the received money.
    #[serde(default, skip_serializing_if = "is_default")]
    pub taken: Option<Exchange>,
    /// Whether `taken` was converted once and the coins did not leave: the customer is owed that exchange without expiry.
    #[serde(default, skip_serializing_if = "is_default")]
    pub converted: bool,
    /// What it counts in the customer's limits.
    pub counted: Vec<WindowTotals>,
    /// Whether its place among open orders was released.
    #[serde(default, skip_serializing_if = "is_default")]
    pub place_given_back: bool,
    /// Whether everything is exchanged at the market price, because the order waited for something its customer could supply.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lost_promise: bool,
    /// Whether the partner was notified of the received money.
    #[serde(rename = "told", default, skip_serializing_if = "is_default")]
    pub receipt_notified: bool,
    /// Set aside beside the order, in minor units of its currency.
    #[serde(default, skip_serializing_if = "is_default")]
    pub set_aside: Amount,
    /// Refunded, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refunded: Amount,
    /// The review item that collects amounts below the receipt minimum.
    #[serde(default, skip_serializing_if = "is_default")]
    pub running_item: Option<ReviewId>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub exceptions: Deviations,
    /// The kind of reversal, if money was reversed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reversal: Option<Reversal>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub findings: ScreeningHits,
    /// Reversed after the money had left or was under way, in minor units. Booked as a loss until it turns out that the money
    /// did not leave.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lost: Amount,
    #[serde(default, skip_serializing_if = "is_default")]
    pub reversed_first: Vec<EarlyReversal>,
    pub updated_at: Timestamp,
}

impl Payment {
    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> PaymentStatus {
        self.state.status()
    }

    /// When time alone may change the order. From then on it is polled until it changes.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            PaymentState::Started | PaymentState::PendingBank { .. } if self.promise_is_over() && self.fiat_balance.is_zero() => {
                Some(self.open_until.after(MIN_BACKDATING))
            }
            PaymentState::Started | PaymentState::PendingBank { .. } => Some(self.held_until),
            PaymentState::OnHold { reason, since } if reason.ends_by_itself() => Some(since),
            PaymentState::OnHold { .. } if self.reserved.is_positive() && !self.is_converted() => Some(self.held_until),
            PaymentState::OnHold { reason, .. } => origin::usable_from(reason, self.refund_origin.as_ref()),
            _ => None,
        }
    }

    /// Whether coins, limits and the place among open orders were released.
    const fn promise_is_over(&self) -> bool {
        self.place_given_back
    }

    /// Whether the order still waits for money.
    #[must_use]
    pub const fn is_unpaid(&self) -> bool {
        matches!(self.state, PaymentState::Started | PaymentState::PendingBank { .. })
    }

    /// Whether the order's entries on the customer's account sum to zero.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        match &self.state {
            PaymentState::CoinsSent { confirmations, .. } => *confirmations > 0,
            PaymentState::Expired | PaymentState::Cancelled | PaymentState::Failed { .. } | PaymentState::Refunded { .. } => true,
            _ => false,
        }
    }

    /// The hold for the order: account, coin and amount in minor units.
    #[must_use]
    pub const fn hold(&self) -> (Account, crate::money::asset::CoinId, Amount) {
        (Account::ChainHot(self.terms.coin.chain), self.terms.coin, self.reserved)
    }

    /// Received money, in minor units of the currency.
    #[must_use]
    pub fn received(&self) -> Amount {
        Amount::from_minor(self.receipts.iter().fold(0_i128, |sum, receipt| sum.saturating_add(receipt.amount.minor())))
    }

    fn usage(&self) -> Usage {
        Usage {
            customer: self.counts_as.unwrap_or(self.customer),
            method: self.method,
            fiat: self.terms.fiat,
            amount: self.terms.fiat_amount,
            at: self.created_at,
        }
    }

    /// The step that creates the order: it holds the coins, counts the limits and takes a place among open orders. The caller
    /// adds claims.
    ///
    /// # Errors
    /// [`limits::LimitExceeded`] when the order alone exceeds the customer's level.
    pub fn create(self, context: &Context<'_>) -> Result<Step, limits::LimitExceeded> {
        let mut step = Step::new();
        step.raises = limits::raises(context.catalogue, &self.usage(), self.level)?;
        step.raises.extend(limits::open_orders(context.catalogue, self.partner, &self.usage(), self.method_maximum, true));
        let (account, coin, amount) = self.hold();
        step.hold(account, coin, amount, Origin::Request);
        step.write(self);
        Ok(step)
    }

    /// Releases the place among open orders, once.
    fn release_open_place(&mut self, context: &Context<'_>, step: &mut Step) {
        if !std::mem::replace(&mut self.place_given_back, true) {
            step.raises.extend(limits::open_orders(context.catalogue, self.partner, &self.usage(), self.method_maximum, false));
        }
    }

    /// Nothing is exchanged: releases limits, coins and the place among open orders.
    fn release_promise(&mut self, context: &Context<'_>, step: &mut Step) {
        self.release_open_place(context, step);
        self.count(Vec::new(), None, context, step);
        self.reserve(Amount::ZERO, Origin::Fact, step);
    }

    fn count(&mut self, wanted: Vec<WindowTotals>, asked: Option<Timestamp>, context: &Context<'_>, step: &mut Step) {
        let usage = self.usage();
        step.raises.extend(recount(context.catalogue, &usage, &mut self.counted, wanted, asked));
    }

    /// Changes the hold on the hot wallet. What was promised follows from facts; anything beyond it is a request, bound by the
    /// available balance.
    fn reserve(&mut self, coins: Amount, origin: Origin, step: &mut Step) {
        let change = Amount::from_minor(coins.minor() - self.reserved.minor());
        let (account, coin, _) = self.hold();
        step.hold(account, coin, change, origin);
        self.reserved = coins;
    }

    /// Ends a transition: writes the record, and emits an event if the partner's view changed.
    fn finish(mut self, before: &PaymentView, mint: &Mint<'_>, step: &mut Step) {
        self.updated_at = mint.now;
        let after = PaymentView::of(&self);
        if after != *before {
            let kind = match (before.status, after.status) {
                (from, PaymentStatus::PaymentReceived)
                    if from != PaymentStatus::PaymentReceived && !std::mem::replace(&mut self.receipt_notified, true) =>
                {
                    EventType::PayIn
                }
                (from, PaymentStatus::CoinsSent) if from != PaymentStatus::CoinsSent => EventType::CoinsSent,
                _ => EventType::PaymentUpdated,
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

    /// Time of the latest decision; without one, of the last change.
    #[must_use]
    pub fn decided_at(&self) -> Timestamp {
        match (self.taken, &self.state) {
            (Some(exchange), _) => exchange.at,
            (None, PaymentState::OnHold { since, .. }) => *since,
            (None, _) => self.updated_at,
        }
    }

    /// Why the order is on hold, as partners see it.
    #[must_use]
    pub const fn hold_reason(&self) -> Option<PublicHoldReason> {
        match self.state {
            PaymentState::OnHold { reason, .. } => Some(reason.shown(Leg::Buying)),
            _ => None,
        }
    }

    /// Whether this fact was already received.
    fn has_receipt(&self, fact: FactId) -> bool {
        self.receipts.iter().any(|receipt| receipt.fact == fact && !receipt.assigned)
    }
}
