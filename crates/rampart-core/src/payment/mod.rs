//! The on-ramp order: a customer pays money and receives coins.
//!
//! The state is an enum that carries what is true then; unusual amounts and reversals are second values beside it.
//! [`Payment::observe`] takes facts and cannot refuse; [`Payment::request`] takes commands and can.

mod settled_late;
mod command;
mod decision;
mod outgoing;
mod matching;
mod observe;
mod postings;
mod receipt;
mod reversal;
mod set_aside;
mod stored;
pub mod table;

pub use command::PaymentCommand;
pub use matching::for_amount;
pub use observe::PaymentFact;
pub use receipt::Receipt;
pub use reversal::{EarlyReversal, ReversedReceipt};
pub use stored::upgraded;

use std::time::Duration;

use crate::amount::Amount;
use crate::arrival::{Deviations, Exchange, Fees, Leg, WindowTotals, recount};
use crate::code::Code;
use crate::country::Country;
use crate::event::{EventDraft, EventType};
use crate::id::{CustomerId, FactId, Mint, OrderId, PartnerId, PayoutId, QuoteId, ReviewId, TransferId};
use crate::kyc::KycLevel;
use crate::ledger::{Account, Origin, Processor, Rail};
use crate::limits::{self, Usage};
use crate::order::{Context, DestinationOrigin, HoldReason, Reversal, ScreeningHits, origin};
use crate::outgoing::PayoutDestination;
use crate::quote::BuyTerms;
use crate::record::says_nothing;
use crate::step::Step;
use crate::time::Timestamp;
use crate::view::PaymentView;

/// Which way the money comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum PayIn {
    /// Through a processor's page.
    Processor(Processor),
    /// By transfer to an account of ours (or one that leads to it).
    Bank(Rail),
}

impl PayIn {
    /// The account that money of this kind is debited to.
    #[must_use]
    pub const fn account(self) -> Account {
        match self {
            Self::Processor(processor) => Account::Card(processor),
            Self::Bank(rail) => Account::Bank(rail),
        }
    }
}

/// What a customer who pays by transfer is told.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Instructions {
    /// The account to pay to.
    pub account: String,
    /// Its bank, where that is needed.
    pub bic: Option<String>,
    /// The reference to quote.
    pub concept: String,
    /// The account's holder.
    pub destination_name: String,
    /// Whether the account is the customer's own, so that money is matched by it and not by the reference.
    pub own_account: bool,
    /// The bank's name, where the account's number does not tell it.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub bank: Option<String>,
    /// The holder's tax number, which some countries' banks ask payers for; nothing where an earlier version made the order.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub tax_id: Option<String>,
    /// Where the payer's bank may send its notice, likewise.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub email: Option<String>,
}

/// Where a payment stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PaymentState {
    /// Waiting for money.
    Started,
    /// Waiting for money that the customer says is on its way.
    PendingBank {
        /// When the customer said so.
        declared_at: Timestamp,
    },
    /// Money is here and the screening provider is being asked.
    PaymentReceived {
        /// The coins it will become, in minor units.
        coins: Amount,
    },
    /// Coins are on their way to the chain. To partners this is still `payment_received`.
    Sending {
        /// The transfer.
        transfer: TransferId,
        /// How many, in minor units.
        coins: Amount,
        /// The money they were converted from, in minor units.
        fiat: Amount,
    },
    /// The chain has taken the coins.
    CoinsSent {
        /// The transfer.
        transfer: TransferId,
        /// Its transaction.
        txid: String,
        /// How many, in minor units.
        coins: Amount,
        /// The money they were converted from, in minor units.
        fiat: Amount,
        /// Confirmations that made them final; 0 until then.
        confirmations: u32,
    },
    /// Money is here and a person, or the customer, has to decide.
    OnHold {
        /// Why.
        reason: HoldReason,
        /// Since when.
        since: Timestamp,
    },
    /// No money came in time.
    Expired,
    /// It was called off before money came.
    Cancelled,
    /// It ended without coins for a reason of its own.
    Failed {
        /// The reason.
        reason: String,
    },
    /// Money is on its way back.
    RefundPending {
        /// What has not settled or failed yet.
        payouts: Vec<Refund>,
    },
    /// Money went back.
    Refunded {
        /// The payout that settled last.
        payout: PayoutId,
        /// The bank's reference.
        reference: String,
    },
}

/// A payout that takes money of an order back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Refund {
    /// The payout.
    pub payout: PayoutId,
    /// How much, in minor units.
    pub amount: Amount,
    /// What its rail cannot pay beside that, in minor units.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub rounding: Amount,
}

impl PaymentState {
    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::PendingBank { .. } => "pending_bank",
            Self::PaymentReceived { .. } | Self::Sending { .. } => "payment_received",
            Self::CoinsSent { .. } => "coins_sent",
            Self::OnHold { .. } => "on_hold",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Failed { .. } => "failed",
            Self::RefundPending { .. } => "refund_pending",
            Self::Refunded { .. } => "refunded",
        }
    }

    /// Every status partners can see.
    pub const STATUSES: [&str; 10] = [
        "started",
        "pending_bank",
        "payment_received",
        "coins_sent",
        "on_hold",
        "expired",
        "cancelled",
        "failed",
        "refund_pending",
        "refunded",
    ];
}

/// How long behind an order's end it is not worth looking whether its source was read past that: no bank or processor dates
/// back less.
const MIN_BACKDATING: Duration = Duration::from_secs(900);

/// A customer's purchase.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Payment {
    /// Its identifier.
    pub id: OrderId,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// The partner.
    pub partner: PartnerId,
    /// The customer.
    pub customer: CustomerId,
    /// Whose limits it counts in, where that is another registration of the same person.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub counts_as: Option<CustomerId>,
    /// The partner's own name for it.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub external_id: Option<String>,
    /// The payment method, as the catalogue spells it.
    pub method: Code<16>,
    /// The country whose method it is.
    pub country: Country,
    /// Which way the money comes.
    pub pay_in: PayIn,
    /// The method's largest amount, which bounds the value of open orders.
    pub method_maximum: Amount,
    /// What was agreed.
    pub terms: BuyTerms,
    /// Where the coins go.
    pub wallet: String,
    /// Where the browser goes afterwards.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub callback_url: Option<String>,
    /// Where money may go back to.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub refund_account: Option<PayoutDestination>,
    /// Who gave that account; nothing where an earlier version made the order.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub refund_origin: Option<DestinationOrigin>,
    /// Whether where the money came from has refused for good to take it back: the processor, or the payer's bank.
    #[serde(default, alias = "refused_by_processor", skip_serializing_if = "says_nothing")]
    pub refused_by_source: bool,
    /// What the customer is told, for transfers.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub instructions: Option<Instructions>,
    /// The quote it was made from.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub quote: Option<QuoteId>,
    /// The customer's level when it was made; its limits were counted at that level.
    pub level: KycLevel,
    /// The fingerprint of the link to its page that an earlier version handed out, where one did ([`crate::earlier_link`]).
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub earlier_link: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when its price is promised and coins are reserved for it.
    pub held_until: Timestamp,
    /// Until when it waits for money, without price behind the promise's end.
    pub open_until: Timestamp,
    /// Where it stands.
    pub state: PaymentState,
    /// What arrived, oldest first. Bounded: more than a few go to suspense.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub receipts: Vec<Receipt>,
    /// The money of this order that lies on the customer's account, in minor units.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub fiat_balance: Amount,
    /// The coins held for it on the hot wallet, in minor units.
    pub reserved: Amount,
    /// The fees as they were agreed; those of the method where an earlier version made the order.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub fees: Option<Fees>,
    /// What was decided last about what came.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub taken: Option<Exchange>,
    /// Whether that was converted once and did not leave: the customer is owed it, without end.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub converted: bool,
    /// What counts in the customer's limits.
    pub counted: Vec<WindowTotals>,
    /// Whether its place among unpaid orders was given back at the end of the promise.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub place_given_back: bool,
    /// Whether everything goes at the market price, because the order had to wait for something that its customer could supply.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub lost_promise: bool,
    /// Whether the partner was told that money was received.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub told: bool,
    /// What was set aside beside the order, in minor units of its currency.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub set_aside: Amount,
    /// What went back, in minor units.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub refunded: Amount,
    /// The item for amounts that are too small to count.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub running_item: Option<ReviewId>,
    /// What was unusual.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub exceptions: Deviations,
    /// What was taken back.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub reversal: Option<Reversal>,
    /// What the screening provider has found something about.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub findings: ScreeningHits,
    /// What was taken back when the money was on its way out or gone, in minor units. It is booked as lost until that
    /// money turns out not to have left.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub lost: Amount,
    /// What was taken back before it was told of.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub reversed_first: Vec<EarlyReversal>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Payment {
    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        self.state.status()
    }

    /// When time alone may change it. Behind that moment it is looked at until it has changed.
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

    /// Whether what was promised has been given back: coins, limits and the place among unpaid orders.
    const fn promise_is_over(&self) -> bool {
        self.place_given_back
    }

    /// Whether money is still awaited.
    #[must_use]
    pub const fn is_unpaid(&self) -> bool {
        matches!(self.state, PaymentState::Started | PaymentState::PendingBank { .. })
    }

    /// Whether nothing of the order lies anywhere any more: its entries on the customer's account sum to zero.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        match &self.state {
            PaymentState::CoinsSent { confirmations, .. } => *confirmations > 0,
            PaymentState::Expired | PaymentState::Cancelled | PaymentState::Failed { .. } | PaymentState::Refunded { .. } => true,
            _ => false,
        }
    }

    /// What is held for it: the account, the asset's coin and how much, in minor units.
    #[must_use]
    pub const fn hold(&self) -> (Account, crate::asset::CoinId, Amount) {
        (Account::ChainHot(self.terms.coin.chain), self.terms.coin, self.reserved)
    }

    /// What arrived, in minor units of the currency.
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

    /// The step that creates it: its coins are held, its limits counted, its place among open orders taken. Claims of
    /// keys are the caller's.
    ///
    /// # Errors
    /// [`limits::LimitExceeded`] when the order alone is larger than the customer's level allows.
    pub fn create(self, context: &Context<'_>) -> Result<Step, limits::LimitExceeded> {
        let mut step = Step::new();
        step.raises = limits::raises(context.catalogue, &self.usage(), self.level)?;
        step.raises.extend(limits::open_orders(context.catalogue, self.partner, &self.usage(), self.method_maximum, true));
        let (account, coin, amount) = self.hold();
        step.hold(account, coin, amount, Origin::Request);
        step.write(self);
        Ok(step)
    }

    /// The end of being unpaid: the place among unpaid orders is given back, once.
    fn release_open_place(&mut self, context: &Context<'_>, step: &mut Step) {
        if !std::mem::replace(&mut self.place_given_back, true) {
            step.raises.extend(limits::open_orders(context.catalogue, self.partner, &self.usage(), self.method_maximum, false));
        }
    }

    /// Nothing of it is exchanged: limits and coins are given back, and the place among unpaid orders.
    fn release_promise(&mut self, context: &Context<'_>, step: &mut Step) {
        self.release_open_place(context, step);
        self.count(Vec::new(), None, context, step);
        self.reserve(Amount::ZERO, Origin::Fact, step);
    }

    fn count(&mut self, wanted: Vec<WindowTotals>, asked: Option<Timestamp>, context: &Context<'_>, step: &mut Step) {
        let usage = self.usage();
        step.raises.extend(recount(context.catalogue, &usage, &mut self.counted, wanted, asked));
    }

    /// Changes what is held on the hot wallet for this order. What was promised follows from facts; what is asked for beyond
    /// it is bound by what there is.
    fn reserve(&mut self, coins: Amount, origin: Origin, step: &mut Step) {
        let change = Amount::from_minor(coins.minor() - self.reserved.minor());
        let (account, coin, _) = self.hold();
        step.hold(account, coin, change, origin);
        self.reserved = coins;
    }

    /// Ends a transition: the record is written, and the partner told if what it sees has changed.
    fn finish(mut self, before: &PaymentView, mint: &Mint<'_>, step: &mut Step) {
        self.updated_at = mint.now;
        let after = PaymentView::of(&self);
        if after != *before {
            let kind = match (before.status, after.status) {
                (from, "payment_received") if from != "payment_received" && !std::mem::replace(&mut self.told, true) => EventType::PayIn,
                (from, "coins_sent") if from != "coins_sent" => EventType::CoinsSent,
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

    /// When it was last decided about what came; for one that never was, when it last changed.
    #[must_use]
    pub fn decided_at(&self) -> Timestamp {
        match (self.taken, &self.state) {
            (Some(exchange), _) => exchange.at,
            (None, PaymentState::OnHold { since, .. }) => *since,
            (None, _) => self.updated_at,
        }
    }

    /// Why it waits, where it does, as partners see it.
    #[must_use]
    pub const fn hold_reason(&self) -> Option<&'static str> {
        match self.state {
            PaymentState::OnHold { reason, .. } => Some(reason.shown(Leg::Buying)),
            _ => None,
        }
    }

    /// Whether this fact was taken before.
    fn has_receipt(&self, fact: FactId) -> bool {
        self.receipts.iter().any(|receipt| receipt.fact == fact && !receipt.assigned)
    }
}
