//! Facts from outside. Storing a fact claims its natural key and advances its source's cursor, without touching an order.
//! Applying it sets [`Fact::applied`] in the same step as its postings. Facts are never refused.

mod bounded;

use crate::id::{CustomerId, DepositId, FactId, OrderId, PayoutId};
use crate::identity::level::{KycLevel, KycStatus};
use crate::ledger::{Account, Processor, Rail};
use crate::money::amount::Amount;
use crate::money::asset::Currency;
use crate::stored::is_default;
use crate::text::redacted::Redacted;
use crate::time::Timestamp;

/// Something that happened outside.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fact {
    pub id: FactId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    /// Identifies the fact when it is reported again, such as `bank:sepa:<line>`.
    pub natural_key: String,
    pub body: FactBody,
    pub applied: bool,
    /// Why it could not be applied; a review item was created.
    pub quarantined: Option<String>,
    /// When it was stored (business time).
    pub observed_at: Timestamp,
    /// Start of the last complete reading of its source that did not show it (business time).
    #[serde(default, skip_serializing_if = "is_default")]
    pub read_before: Option<Timestamp>,
    /// The order whose money it brought, once applied; a reversal finds the order by it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order: Option<OrderId>,
}

impl Fact {
    /// A fact that is to be stored and applied.
    #[must_use]
    pub const fn new(id: FactId, natural_key: String, body: FactBody, observed_at: Timestamp) -> Self {
        let (version, applied, quarantined, read_before, order) = (0, false, None, None, None);
        Self { id, version, natural_key, body, applied, quarantined, observed_at, read_before, order }
    }
}

/// Kind of a fact, with its data.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FactBody {
    BankCredit(BankCredit),
    ProcessorPaid(ProcessorPaid),
    /// A processor declined a payment; the customer may try again while the order is open.
    ProcessorDeclined {
        payment: OrderId,
        reason: String,
    },
    #[serde(alias = "processor_reversed")]
    Reversed(Reversed),
    /// A rail or processor reports the outcome of a payout.
    PayoutReported {
        payout: PayoutId,
        report: PayoutReport,
    },
    KycDecided {
        customer: CustomerId,
        reference: String,
        level: KycLevel,
        /// `processing`, `valid` or `fail`.
        status: KycStatus,
        reasons: Vec<String>,
        /// Whether a failed customer may try again.
        may_retry: bool,
    },
    Deposit {
        deposit: DepositId,
        change: DepositChange,
        /// The order that owns the address; `None` in facts of earlier versions.
        #[serde(default, skip_serializing_if = "is_default")]
        order: Option<OrderId>,
        /// When it counts (business time): time of the first block that had it, within bounds.
        #[serde(default, skip_serializing_if = "is_default")]
        at: Option<Timestamp>,
    },
}

/// Money that arrived on our bank account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BankCredit {
    pub rail: Rail,
    pub line: String,
    /// The credited account number: ours, or a customer's virtual one that leads to ours.
    pub account: String,
    /// In minor units.
    pub amount: Amount,
    pub currency: Currency,
    pub concept: Option<String>,
    pub sender_name: Option<Redacted>,
    pub sender_account: Option<Redacted>,
    /// The bank's booking instant, never a value or operation date; `None` if the statement has dates only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub booked_at: Option<Timestamp>,
}

/// A captured payment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProcessorPaid {
    pub processor: Processor,
    pub payment: OrderId,
    pub reference: String,
    /// In minor units.
    pub amount: Amount,
    pub currency: Currency,
    pub holder: Option<Redacted>,
    /// When the payer's part became irrevocable: approved, authorised, or paid at the till.
    #[serde(default, skip_serializing_if = "is_default")]
    pub paid_at: Option<Timestamp>,
}

/// A reversal: a capture that was charged back, or a credit recalled by its bank.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reversed {
    /// The order, if the provider names it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub payment: Option<OrderId>,
    /// What was reversed; `None` in facts of earlier versions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub receipt: Option<ReceiptReference>,
    /// `None` in facts of earlier versions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub currency: Option<Currency>,
    /// In minor units.
    pub amount: Amount,
    pub reason: String,
}

/// The provider's reference of money that arrived.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReceiptReference {
    Capture { processor: Processor, reference: String },
    Line { rail: Rail, line: String },
}

impl ReceiptReference {
    /// The account it had arrived on.
    #[must_use]
    pub const fn arrived_on(&self) -> Account {
        match self {
            Self::Capture { processor, .. } => Account::Card(*processor),
            Self::Line { rail, .. } => Account::Bank(*rail),
        }
    }

    /// The natural key of the fact that reported it.
    #[must_use]
    pub fn natural_key(&self) -> String {
        match self {
            Self::Capture { processor, reference } => format!("processor:{processor}:paid:{reference}"),
            Self::Line { rail, line } => format!("bank:{rail}:{line}"),
        }
    }
}

/// The outcome of a payout.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum PayoutReport {
    Settled {
        reference: String,
    },
    /// It will not arrive.
    Failed {
        reason: String,
    },
    Returned {
        reason: String,
    },
}

/// How a deposit changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepositChange {
    Seen,
    Confirmed,
    Dropped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reversal_that_an_earlier_version_stored_is_read() {
        let payment = OrderId::first_at(Timestamp::from_micros(1));
        let stored = format!(r#"{{"kind":"processor_reversed","payment":"{payment}","amount":"7000","reason":"stolen card"}}"#);
        let FactBody::Reversed(reversed) = serde_json::from_str(&stored).expect("it is read") else { panic!("it is a reversal") };
        assert_eq!((reversed.payment, reversed.receipt, reversed.amount.minor()), (Some(payment), None, 7_000));
    }
}
