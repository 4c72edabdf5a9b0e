//! The off-ramp order: a customer sends coins and receives money.
//!
//! What counts is what arrived at the order's own address, not what was announced.

mod settled_late;
mod suspense;
mod command;
mod decision;
mod outgoing;
mod observe;
mod postings;
mod receipt;
mod reversal;
mod set_aside;
mod stored;
pub mod table;

pub use command::RampoffCommand;
pub use observe::RampoffFact;
pub use receipt::DepositReceipt;
pub use stored::upgraded;

use crate::amount::Amount;
use crate::arrival::{Deviations, Exchange, Fees, Leg, WindowTotals, recount};
use crate::asset::{Chain, CoinId, Currency};
use crate::country::Country;
use crate::event::{EventDraft, EventType};
use crate::id::{CustomerId, FactId, Mint, OrderId, PartnerId, PayoutId, QuoteId, ReviewId, TransferId};
use crate::kyc::KycLevel;
use crate::ledger::{Account, Origin, Rail};
use crate::limits::{self, Usage};
use crate::order::{Context, DestinationOrigin, HoldReason, Reversal, ScreeningHits, origin};
use crate::outgoing::PayoutDestination;
use crate::quote::SellTerms;
use crate::record::says_nothing;
use crate::step::Step;
use crate::time::Timestamp;
use crate::view::RampoffView;

/// Where a ramp-off stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RampoffState {
    /// Waiting for coins.
    Created,
    /// Coins are in a block with too few confirmations.
    Confirming,
    /// Coins are here and the screening provider is being asked.
    CryptoReceived {
        /// The money they will become, in minor units.
        fiat: Amount,
    },
    /// Money is on its way.
    PayingOut {
        /// The payout.
        payout: PayoutId,
        /// How much, in minor units.
        fiat: Amount,
    },
    /// Money arrived.
    Finished {
        /// The payout.
        payout: PayoutId,
        /// How much, in minor units.
        fiat: Amount,
        /// The bank's reference.
        reference: String,
    },
    /// Coins (or the money they became) are here and a person, or the customer, has to decide.
    OnHold {
        /// Why.
        reason: HoldReason,
        /// Since when.
        since: Timestamp,
    },
    /// No coins came in time.
    Expired,
    /// It was called off before coins came.
    Cancelled,
    /// It ended without a payout for a reason of its own.
    Failed {
        /// The reason.
        reason: String,
    },
    /// Coins are on their way back.
    RefundPending {
        /// The transfer.
        transfer: TransferId,
        /// Its transaction, once the chain has taken it.
        txid: Option<String>,
    },
    /// Coins went back.
    Refunded {
        /// The transfer.
        transfer: TransferId,
        /// Its transaction.
        txid: String,
        /// Whether the chain still has it with enough confirmations. When it has undone it, the same bytes are on their
        /// way again.
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
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Confirming => "confirming",
            Self::CryptoReceived { .. } => "crypto_received",
            Self::PayingOut { .. } => "paying_out",
            Self::Finished { .. } => "finished",
            Self::OnHold { .. } => "on_hold",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Failed { .. } => "failed",
            Self::RefundPending { .. } => "refund_pending",
            Self::Refunded { .. } => "refunded",
        }
    }

    /// Every status partners can see.
    pub const STATUSES: [&str; 11] = [
        "created",
        "confirming",
        "crypto_received",
        "paying_out",
        "finished",
        "on_hold",
        "expired",
        "cancelled",
        "failed",
        "refund_pending",
        "refunded",
    ];
}

/// A customer's sale.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rampoff {
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
    /// The country whose rail pays.
    pub country: Country,
    /// The rail.
    pub rail: Rail,
    /// The rail's largest amount, which bounds the value of open orders.
    pub rail_maximum: Amount,
    /// What was agreed.
    pub terms: SellTerms,
    /// Where the money goes.
    pub destination: PayoutDestination,
    /// Who gave that account; nothing where an earlier version made the order.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub destination_origin: Option<DestinationOrigin>,
    /// Where coins may go back to.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub refund_wallet: Option<String>,
    /// Who gave that wallet; nothing where an earlier version made the order.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub refund_origin: Option<DestinationOrigin>,
    /// The address that is this order's own.
    pub deposit_address: String,
    /// Its index among our deposit addresses of the chain.
    pub deposit_index: u64,
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
    /// Until when its price is promised and money is reserved for it.
    pub held_until: Timestamp,
    /// Until when it waits for coins, without price behind the promise's end.
    pub open_until: Timestamp,
    /// Where it stands.
    pub state: RampoffState,
    /// What arrived, oldest first.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub deposits: Vec<DepositReceipt>,
    /// The coins of this order that lie on the customer's account, in minor units.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub coin_balance: Amount,
    /// The money of this order that lies on the customer's account, in minor units.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub fiat_balance: Amount,
    /// The coins that were converted into money that has not arrived yet, in minor units.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub converted: Amount,
    /// The money held for it at the bank, in minor units.
    pub reserved: Amount,
    /// The fees as they were agreed; those of the rail where an earlier version made the order.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub fees: Option<Fees>,
    /// What was decided last about what came.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub taken: Option<Exchange>,
    /// What counts in the customer's limits.
    pub counted: Vec<WindowTotals>,
    /// Whether its place among unpaid orders was given back.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub place_given_back: bool,
    /// Whether everything goes at the market price, because the order had to wait for something that its customer could supply.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub lost_promise: bool,
    /// Whether the partner was told that coins were received.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub told: bool,
    /// What was set aside beside the order, in minor units of its coin.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub set_aside: Amount,
    /// What went back, in minor units of its coin.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub refunded: Amount,
    /// The item for amounts that are too small to count.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub running_item: Option<ReviewId>,
    /// The same for other coins that arrived at its address, one for each.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub running_items_beside: Vec<(CoinId, ReviewId)>,
    /// What was unusual.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub exceptions: Deviations,
    /// What was taken back.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub reversal: Option<Reversal>,
    /// What the screening provider has found something about.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub findings: ScreeningHits,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Rampoff {
    /// Whether a deposit is the order's, to be given up by it should the chain undo it.
    #[must_use]
    pub fn knows(&self, deposit: FactId) -> bool {
        self.deposits.iter().any(|known| known.deposit == deposit)
    }

    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        self.state.status()
    }

    /// Its chain.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        self.terms.coin.chain
    }

    /// When time alone may change it. Behind that moment it is looked at until it has changed.
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

    /// Whether coins are still awaited.
    #[must_use]
    pub const fn is_unpaid(&self) -> bool {
        matches!(self.state, RampoffState::Created | RampoffState::Confirming)
    }

    /// Whether nothing of the order lies anywhere any more: its entries on the customer's account sum to zero.
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

    /// Whether the bank has sent its payout back after it was settled, and what was sold for it was not taken back. Whether it
    /// was paid once more since then, only the item on the list of reviews tells.
    #[must_use]
    pub fn payout_came_back(&self) -> bool {
        self.reversal == Some(Reversal::BankReturn) && !self.deposits.iter().any(|deposit| deposit.lost)
    }

    /// What is held for it: the account, the currency and how much, in minor units.
    #[must_use]
    pub const fn hold(&self) -> (Account, Currency, Amount) {
        (Account::Bank(self.rail), self.terms.fiat, self.reserved)
    }

    /// What arrived, in minor units of the coin.
    #[must_use]
    pub fn received(&self) -> Amount {
        Amount::from_minor(self.deposits.iter().fold(0_i128, |sum, deposit| sum.saturating_add(deposit.amount.minor())))
    }

    /// What the customer receives: what was decided last, the ordered terms where nothing was. In minor units.
    #[must_use]
    pub fn payout_amount(&self) -> Amount {
        self.taken.map_or(self.terms.fiat_amount, |taken| taken.gives)
    }

    /// The money that was paid out, in minor units.
    #[must_use]
    pub const fn sent_amount(&self) -> Amount {
        match self.state {
            RampoffState::Finished { fiat, .. } => fiat,
            _ => Amount::ZERO,
        }
    }

    /// Why it waits, where it does, as partners see it.
    #[must_use]
    pub const fn hold_reason(&self) -> Option<&'static str> {
        match self.state {
            RampoffState::OnHold { reason, .. } => Some(reason.shown(Leg::Selling)),
            _ => None,
        }
    }

    /// The bank's reference of the payout, once it arrived.
    #[must_use]
    pub fn bank_reference(&self) -> Option<&str> {
        match &self.state {
            RampoffState::Finished { reference, .. } => Some(reference),
            _ => None,
        }
    }

    /// The transaction of a refund, once the chain has taken it.
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

    /// The step that creates it: its money is held, its limits counted, its place among open orders taken. Claims of
    /// keys are the caller's.
    ///
    /// # Errors
    /// [`limits::LimitExceeded`] when the order alone is larger than the customer's level allows.
    pub fn create(self, context: &Context<'_>) -> Result<Step, limits::LimitExceeded> {
        let mut step = Step::new();
        step.raises = limits::raises(context.catalogue, &self.usage(), self.level)?;
        step.raises.extend(limits::open_orders(context.catalogue, self.partner, &self.usage(), self.rail_maximum, true));
        let (account, currency, amount) = self.hold();
        step.hold(account, currency, amount, Origin::Request);
        step.write(self);
        Ok(step)
    }

    /// The end of being unpaid: the place among unpaid orders is given back, once.
    fn release_open_place(&mut self, context: &Context<'_>, step: &mut Step) {
        if !std::mem::replace(&mut self.place_given_back, true) {
            step.raises.extend(limits::open_orders(context.catalogue, self.partner, &self.usage(), self.rail_maximum, false));
        }
    }

    /// Nothing of it is exchanged: limits and money are given back, and the place among unpaid orders.
    fn release_promise(&mut self, context: &Context<'_>, step: &mut Step) {
        self.release_open_place(context, step);
        self.count(Vec::new(), None, context, step);
        self.reserve(Amount::ZERO, Origin::Fact, step);
    }

    fn count(&mut self, wanted: Vec<WindowTotals>, asked: Option<Timestamp>, context: &Context<'_>, step: &mut Step) {
        let usage = self.usage();
        step.raises.extend(recount(context.catalogue, &usage, &mut self.counted, wanted, asked));
    }

    /// Changes what is held at the bank for this order. What was promised follows from facts; what is asked for beyond it is
    /// bound by what there is.
    fn reserve(&mut self, fiat: Amount, origin: Origin, step: &mut Step) {
        let change = Amount::from_minor(fiat.minor() - self.reserved.minor());
        let (account, currency, _) = self.hold();
        step.hold(account, currency, change, origin);
        self.reserved = fiat;
    }

    /// Ends a transition: the record is written, and the partner told if what it sees has changed.
    fn finish(mut self, before: &RampoffView, mint: &Mint<'_>, step: &mut Step) {
        self.updated_at = mint.now;
        let after = RampoffView::of(&self);
        if after != *before {
            let kind = match (before.status, after.status) {
                (from, "crypto_received") if from != "crypto_received" && !std::mem::replace(&mut self.told, true) => {
                    EventType::CryptoReceived
                }
                (from, "finished") if from != "finished" => EventType::RampoffFinished,
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
