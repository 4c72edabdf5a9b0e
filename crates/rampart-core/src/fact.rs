//! Facts from outside. Storing one takes its natural key and advances the cursor it came from, and touches no order;
//! applying it flips [`Fact::applied`] in the same step as its postings. Facts are never refused.

mod bounded;

use crate::amount::Amount;
use crate::asset::Currency;
use crate::id::{CustomerId, FactId, OrderId, PayoutId};
use crate::kyc::{KycLevel, KycStatus};
use crate::ledger::{Account, Processor, Rail};
use crate::record::says_nothing;
use crate::redacted::Redacted;
use crate::time::Timestamp;

/// Something that has happened outside.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fact {
    /// Its identifier.
    pub id: FactId,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// What makes it the same fact when it is told again, such as `bank:sepa:<line>`.
    pub natural_key: String,
    /// What happened.
    pub body: FactBody,
    /// Whether it has taken effect.
    pub applied: bool,
    /// Why it could not be applied; it waits on a person's list.
    pub quarantined: Option<String>,
    /// When it was stored (business time).
    pub observed_at: Timestamp,
    /// When the last good reading of its source began that did not show it (business time).
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub read_before: Option<Timestamp>,
    /// The order whose money it brought, once it has taken effect: what takes it back finds it by that.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub order: Option<OrderId>,
}

/// What happened outside.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FactBody {
    /// Money arrived on a bank account of ours.
    BankCredit(BankCredit),
    /// A processor captured a payment.
    ProcessorPaid(ProcessorPaid),
    /// A processor refused a payment; the customer may try again while the order is open.
    ProcessorDeclined {
        /// The order.
        payment: OrderId,
        /// The processor's reason.
        reason: String,
    },
    /// Money that had arrived was taken back.
    #[serde(alias = "processor_reversed")]
    Reversed(Reversed),
    /// A rail or processor tells what became of a payout of ours.
    PayoutReported {
        /// The payout.
        payout: PayoutId,
        /// What became of it.
        report: PayoutReport,
    },
    /// The identity provider decided.
    KycDecided {
        /// The customer.
        customer: CustomerId,
        /// Our reference of the check.
        reference: String,
        /// The level decided upon.
        level: KycLevel,
        /// The decision: `processing`, `valid` or `fail`.
        status: KycStatus,
        /// Why, for the customer.
        reasons: Vec<String>,
        /// Whether a failed customer may try again.
        may_retry: bool,
    },
    /// A watched deposit changed; the deposit's record tells how.
    Deposit {
        /// The deposit.
        deposit: FactId,
        /// How it changed.
        change: DepositChange,
        /// The order at whose address it is; nothing in a fact that an earlier version stored.
        #[serde(default, skip_serializing_if = "says_nothing")]
        order: Option<OrderId>,
        /// When it counts (business time): by the first block that it was seen in, within its bounds.
        #[serde(default, skip_serializing_if = "says_nothing")]
        at: Option<Timestamp>,
    },
}

/// Money that arrived on a bank account of ours.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BankCredit {
    /// The rail behind which the account stands.
    pub rail: Rail,
    /// The statement line's own reference.
    pub line: String,
    /// The account that was credited: ours, or a customer's own one that leads to ours.
    pub account: String,
    /// How much, in minor units.
    pub amount: Amount,
    /// The currency.
    pub currency: Currency,
    /// The payer's remittance text.
    pub concept: Option<String>,
    /// The payer's name.
    pub sender_name: Option<Redacted>,
    /// The payer's account.
    pub sender_account: Option<Redacted>,
    /// The bank's booking instant, never a value or operating date; nothing where the statement tells dates only.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub booked_at: Option<Timestamp>,
}

/// A captured payment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProcessorPaid {
    /// The processor.
    pub processor: Processor,
    /// The order.
    pub payment: OrderId,
    /// The processor's reference.
    pub reference: String,
    /// How much, in minor units.
    pub amount: Amount,
    /// The currency.
    pub currency: Currency,
    /// Who paid.
    pub holder: Option<Redacted>,
    /// When the payer's part became irrevocable: approved, authorised, or paid at the till.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub paid_at: Option<Timestamp>,
}

/// Money that was taken back from us: a capture that was charged back, a credit that the bank has recalled.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reversed {
    /// The order, where whoever tells of it knows.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub payment: Option<OrderId>,
    /// What was taken back; nothing in a fact that an earlier version stored.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub receipt: Option<ReceiptReference>,
    /// The currency; nothing in a fact that an earlier version stored.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub currency: Option<Currency>,
    /// How much, in minor units.
    pub amount: Amount,
    /// Why, as it was told.
    pub reason: String,
}

/// What the outside calls money that arrived.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReceiptReference {
    /// A capture.
    Capture {
        /// The processor.
        processor: Processor,
        /// The processor's reference.
        reference: String,
    },
    /// A line of a bank's statement.
    Line {
        /// The rail behind which the account stands.
        rail: Rail,
        /// The statement line's own reference.
        line: String,
    },
}

impl ReceiptReference {
    /// The account of ours that it arrived on.
    #[must_use]
    pub const fn arrived_on(&self) -> Account {
        match self {
            Self::Capture { processor, .. } => Account::Card(*processor),
            Self::Line { rail, .. } => Account::Bank(*rail),
        }
    }

    /// The natural key of the fact that tells of it.
    #[must_use]
    pub fn natural_key(&self) -> String {
        match self {
            Self::Capture { processor, reference } => format!("processor:{processor}:paid:{reference}"),
            Self::Line { rail, line } => format!("bank:{rail}:{line}"),
        }
    }
}

/// What became of a payout.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum PayoutReport {
    /// The money arrived.
    Settled {
        /// The bank's reference.
        reference: String,
    },
    /// It will not arrive, and never left for good.
    Failed {
        /// Why.
        reason: String,
    },
    /// It had arrived and was sent back.
    Returned {
        /// Why.
        reason: String,
    },
}

/// How a deposit changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepositChange {
    /// It is in a block.
    Seen,
    /// It has enough confirmations.
    Confirmed,
    /// Its block was undone.
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
