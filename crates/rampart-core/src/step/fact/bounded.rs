//! Cuts the texts of facts to what is stored: whatever a bank or provider writes, the money counts.

use super::{BankCredit, FactBody, PayoutReport, ProcessorPaid, Reversed};
use crate::text::redacted::Redacted;
use crate::text::{clipped, reason};

/// Length in which a reference is searched for.
const MAX_CONCEPT_CHARACTERS: usize = 512;
/// Banks accept 140 (ISO 20022).
const MAX_NAME_CHARACTERS: usize = 200;
/// The most characters of a payer's account.
const MAX_ACCOUNT_CHARACTERS: usize = 200;
/// The most reasons of a decision.
const MAX_REASONS: usize = 20;

impl FactBody {
    /// Cuts every text that only people read. Identifiers (lines, references) stay as they are, because they are compared.
    #[must_use]
    pub fn bounded(self) -> Self {
        match self {
            Self::BankCredit(credit) => Self::BankCredit(BankCredit {
                concept: credit.concept.map(|text| clipped(text, MAX_CONCEPT_CHARACTERS)),
                sender_name: credit.sender_name.map(|name| cut(&name, MAX_NAME_CHARACTERS)),
                sender_account: credit.sender_account.map(|account| cut(&account, MAX_ACCOUNT_CHARACTERS)),
                ..credit
            }),
            Self::ProcessorPaid(paid) => {
                Self::ProcessorPaid(ProcessorPaid { holder: paid.holder.map(|name| cut(&name, MAX_NAME_CHARACTERS)), ..paid })
            }
            Self::ProcessorDeclined { payment, reason: text } => Self::ProcessorDeclined { payment, reason: reason(&text) },
            Self::Reversed(reversed) => Self::Reversed(Reversed { reason: reason(&reversed.reason), ..reversed }),
            Self::PayoutReported { payout, report } => Self::PayoutReported { payout, report: report.bounded() },
            Self::KycDecided { customer, reference, level, status, reasons, may_retry } => {
                let reasons = reasons.iter().take(MAX_REASONS).map(|text| reason(text)).collect();
                Self::KycDecided { customer, reference, level, status, reasons, may_retry }
            }
            deposit @ Self::Deposit { .. } => deposit,
        }
    }
}

impl PayoutReport {
    fn bounded(self) -> Self {
        match self {
            Self::Failed { reason: text } => Self::Failed { reason: reason(&text) },
            Self::Returned { reason: text } => Self::Returned { reason: reason(&text) },
            settled @ Self::Settled { .. } => settled,
        }
    }
}

/// Cuts personal data, keeping it redacted.
fn cut(text: &Redacted, max_characters: usize) -> Redacted {
    clipped(text.reveal().to_owned(), max_characters).into()
}
