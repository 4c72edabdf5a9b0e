//! The on-ramp order: a customer pays money and receives coins.
//!
//! The state is an enum that carries what is true in that state; deviations and reversals are second values beside it.
//! [`Payment::observe`] takes facts and cannot refuse; [`Payment::request`] takes commands and can.

mod command;
mod decision;
mod leg;
mod matching;
mod observe;
mod outgoing;
mod postings;
mod receipt;
mod refund_arrived;
mod reversal;
mod set_aside;
mod stored;

pub use command::PaymentCommand;
pub use matching::for_amount;
pub use observe::PaymentFact;
pub use receipt::Receipt;
pub use reversal::{EarlyReversal, ReversedReceipt};
pub use stored::upgraded;

pub use crate::catalogue::PayIn;

use crate::catalogue::Method;
use crate::id::{FactId, PayoutId, TransferId};
use crate::ledger::Account;
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::order::arrival::Fees;
use crate::order::{HoldReason, OrderHead, PaymentStatus};
use crate::outgoing::PayoutDestination;
use crate::quote::BuyTerms;
use crate::stored::is_default;
use crate::text::code::Code;
use crate::time::Timestamp;

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

/// A purchase order: a customer buys coins.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Payment {
    #[serde(flatten)]
    pub head: OrderHead,
    /// The payment method, spelled as in the catalogue.
    pub method: Code<16>,
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
    /// Whether the original processor or the payer's bank has refused a refund for good.
    #[serde(default, alias = "refused_by_processor", skip_serializing_if = "is_default")]
    pub refused_by_source: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub instructions: Option<Instructions>,
    pub state: PaymentState,
    /// Received money, oldest first. Bounded by `MAX_RECEIPTS`: the rest goes to suspense.
    #[serde(default, skip_serializing_if = "is_default")]
    pub receipts: Vec<Receipt>,
    /// Whether `taken` was converted once and the coins did not leave: the customer is owed that exchange without expiry.
    #[serde(default, skip_serializing_if = "is_default")]
    pub converted: bool,
    /// Reversed after the money had left or was under way, in minor units. Booked as a loss until it turns out that the money
    /// did not leave.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lost: Amount,
    #[serde(default, skip_serializing_if = "is_default")]
    pub reversed_first: Vec<EarlyReversal>,
}

impl Payment {
    /// A new payment by this method on these terms: nothing is given for a refund, and there are no instructions.
    #[must_use]
    pub fn new(head: OrderHead, method: &Method, terms: BuyTerms, wallet: String) -> Self {
        let fees = Fees { fixed: method.fee_fixed, network: terms.fee_network, basis_points: method.fee_basis_points };
        Self {
            head: head.promised(&method.policy, fees, terms.coin_amount, terms.fiat_amount),
            method: method.payment_type,
            pay_in: PayIn::of(method.kind),
            method_maximum: method.maximum,
            terms,
            wallet,
            callback_url: None,
            refund_account: None,
            refused_by_source: false,
            instructions: None,
            state: PaymentState::Started,
            receipts: Vec::new(),
            converted: false,
            lost: Amount::ZERO,
            reversed_first: Vec::new(),
        }
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

    /// What is reserved for the order: account, asset and amount in minor units.
    #[must_use]
    pub const fn hold(&self) -> (Account, Asset, Amount) {
        (Account::ChainHot(self.terms.coin.chain), Asset::Coin(self.terms.coin), self.head.reserved)
    }

    /// Received money, in minor units of the currency.
    #[must_use]
    pub fn received(&self) -> Amount {
        Amount::from_minor(self.receipts.iter().fold(0_i128, |sum, receipt| sum.saturating_add(receipt.amount.minor())))
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

    /// Whether this fact was already received.
    fn has_receipt(&self, fact: FactId) -> bool {
        self.receipts.iter().any(|receipt| receipt.fact == fact && !receipt.assigned)
    }
}
