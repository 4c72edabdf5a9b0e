//! Inputs that choose the outcome. The table is the documentation: the docs are generated from it.
//!
//! Numbers are recognised by seven digits that they contain, so that every country's documents and accounts can carry
//! them with valid check digits: `06660001Y` is a Spanish DNI, `6660001` fits into any IBAN, CLABE, CBU or CCI.

#[cfg(test)]
mod examples;

use rampart_core::amount::Amount;
use rampart_core::name::folded;

/// What an input makes happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerOutcome {
    /// The identity check fails for good.
    KycReject,
    /// The identity check stays `processing` for ever.
    KycProcessing,
    /// The identity check fails, and the customer may try again.
    KycRetry,
    /// The form is approved, the reinforced form fails.
    KycReinforcedReject,
    /// The identity check is decided after 30 seconds.
    KycSlow,
    /// The bank refuses the payout at once.
    PayoutRefused,
    /// The payout arrives and is sent back 2 seconds later.
    PayoutReturned,
    /// The payout is taken and never arrives.
    PayoutFailed,
    /// The payout takes an hour.
    PayoutSlow,
    /// The processor declines.
    CardDeclined,
    /// The payment is captured and charged back 2 seconds later.
    CardChargeback,
    /// The payment is captured after 30 seconds.
    CardSlow,
    /// The processor refuses the refund.
    RefundRefused,
    /// Screening reports a hit.
    ScreeningHit,
    /// The chain refuses the transaction.
    BroadcastRefused,
    /// The transaction gets into a block and is undone there.
    TransactionReverted,
}

/// Where an input is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerField {
    /// The number of an identification: its digits contain these.
    IdentificationNumber,
    /// A person's or company's name: one of its words is this (case and accents aside).
    Name,
    /// The account a payout goes to: its digits contain these.
    PayoutAccount,
    /// The amount paid through a processor: its minor units end with these figures (`66.66`, `6666`).
    CardAmount,
    /// A wallet: it contains these.
    Wallet,
}

/// One input and what it makes happen.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Trigger {
    /// Where it is looked for.
    pub field: TriggerField,
    /// What is looked for.
    pub value: &'static str,
    /// What happens.
    pub outcome: TriggerOutcome,
    /// What happens, for people.
    pub meaning: &'static str,
    /// A valid input that has it.
    pub example: &'static str,
}

const fn trigger(
    field: TriggerField,
    value: &'static str,
    outcome: TriggerOutcome,
    meaning: &'static str,
    example: &'static str,
) -> Trigger {
    Trigger { field, value, outcome, meaning, example }
}

/// Every input that chooses an outcome; the first that fits counts. Everything else goes well.
pub const TRIGGERS: &[Trigger] = &[
    trigger(TriggerField::IdentificationNumber, "6660001", TriggerOutcome::KycReject, "identity check fails for good", "06660001Y"),
    trigger(TriggerField::IdentificationNumber, "6660002", TriggerOutcome::KycProcessing, "identity check stays processing", "06660002F"),
    trigger(TriggerField::IdentificationNumber, "6660003", TriggerOutcome::KycRetry, "identity check fails, may be repeated", "06660003P"),
    trigger(
        TriggerField::IdentificationNumber,
        "6660004",
        TriggerOutcome::KycReinforcedReject,
        "form approved, reinforced form fails",
        "06660004D",
    ),
    trigger(TriggerField::IdentificationNumber, "6660005", TriggerOutcome::KycSlow, "identity check takes 30 seconds", "06660005X"),
    trigger(TriggerField::Name, "RECHAZADO", TriggerOutcome::KycReject, "identity check fails for good", "Juan Rechazado"),
    trigger(TriggerField::Name, "PENDIENTE", TriggerOutcome::KycProcessing, "identity check stays processing", "Juan Pendiente"),
    trigger(TriggerField::Name, "REPETIDO", TriggerOutcome::KycRetry, "identity check fails, may be repeated", "Juan Repetido"),
    trigger(TriggerField::Name, "LIMITADO", TriggerOutcome::KycReinforcedReject, "form approved, reinforced form fails", "Juan Limitado"),
    trigger(TriggerField::Name, "LENTO", TriggerOutcome::KycSlow, "identity check takes 30 seconds", "Juan Lento"),
    trigger(TriggerField::PayoutAccount, "6660001", TriggerOutcome::PayoutRefused, "bank refuses the payout", "ES1621000418410006660001"),
    trigger(
        TriggerField::PayoutAccount,
        "6660002",
        TriggerOutcome::PayoutReturned,
        "payout arrives and is returned 2 seconds later",
        "ES9421000418440006660002",
    ),
    trigger(
        TriggerField::PayoutAccount,
        "6660003",
        TriggerOutcome::PayoutFailed,
        "payout is taken and never arrives",
        "ES4821000418490006660003",
    ),
    trigger(
        TriggerField::PayoutAccount,
        "6660004",
        TriggerOutcome::PayoutSlow,
        "payout takes an hour of business time",
        "ES0521000418430006660004",
    ),
    trigger(TriggerField::CardAmount, "6666", TriggerOutcome::CardDeclined, "processor declines", "66.66 EUR"),
    trigger(TriggerField::CardAmount, "7777", TriggerOutcome::CardChargeback, "captured, charged back 2 seconds later", "77.77 EUR"),
    trigger(TriggerField::CardAmount, "5555", TriggerOutcome::CardSlow, "captured after 30 seconds", "55.55 EUR"),
    trigger(TriggerField::CardAmount, "4444", TriggerOutcome::RefundRefused, "captured; a refund of it is refused", "44.44 EUR"),
    trigger(TriggerField::Name, "SANCIONADO", TriggerOutcome::ScreeningHit, "screening reports a hit", "Juan Sancionado"),
    trigger(TriggerField::Name, "SANCTIONED", TriggerOutcome::ScreeningHit, "screening reports a hit", "John Sanctioned"),
    trigger(
        TriggerField::Wallet,
        "6660001",
        TriggerOutcome::ScreeningHit,
        "screening reports a hit",
        "0x6660001666000166600016660001666000166600",
    ),
    trigger(
        TriggerField::Wallet,
        "6660002",
        TriggerOutcome::TransactionReverted,
        "transaction is undone in its block",
        "0x6660002666000266600026660002666000266600",
    ),
    trigger(
        TriggerField::Wallet,
        "6660003",
        TriggerOutcome::BroadcastRefused,
        "chain refuses the transaction",
        "0x6660003666000366600036660003666000366600",
    ),
];

/// The outcomes of an identity check.
const KYC_OUTCOMES: &[TriggerOutcome] = &[
    TriggerOutcome::KycReject,
    TriggerOutcome::KycProcessing,
    TriggerOutcome::KycRetry,
    TriggerOutcome::KycReinforcedReject,
    TriggerOutcome::KycSlow,
];

fn first_outcome(field: TriggerField, fits: impl Fn(&str) -> bool) -> Option<TriggerOutcome> {
    TRIGGERS.iter().find(|trigger| trigger.field == field && fits(trigger.value)).map(|trigger| trigger.outcome)
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn has_word(name: &str, word: &str) -> bool {
    let word = folded(word);
    folded(name).split(|letter: char| !letter.is_alphanumeric()).any(|part| part == word)
}

/// What an identification number or name makes of an identity check.
pub(crate) fn by_identity(number: &str, name: &str) -> Option<TriggerOutcome> {
    let number = digits(number);
    first_outcome(TriggerField::IdentificationNumber, |value| number.contains(value)).or_else(|| {
        let rows = TRIGGERS.iter().filter(|trigger| trigger.field == TriggerField::Name && KYC_OUTCOMES.contains(&trigger.outcome));
        rows.clone().find(|trigger| has_word(name, trigger.value)).map(|trigger| trigger.outcome)
    })
}

/// What the account a payout goes to makes of it.
pub(crate) fn by_payout_account(account: &str) -> Option<TriggerOutcome> {
    let account = digits(account);
    first_outcome(TriggerField::PayoutAccount, |value| account.contains(value))
}

/// What an amount makes of a payment through a processor.
pub(crate) fn by_card_amount(amount: Amount) -> Option<TriggerOutcome> {
    let digits = amount.minor().to_string();
    first_outcome(TriggerField::CardAmount, |value| digits.ends_with(value))
}

/// Whether screening reports a name.
pub(crate) fn is_screened_name(name: &str) -> bool {
    let mut rows = TRIGGERS.iter().filter(|trigger| trigger.field == TriggerField::Name && trigger.outcome == TriggerOutcome::ScreeningHit);
    rows.any(|trigger| has_word(name, trigger.value))
}

/// What a wallet makes happen.
pub(crate) fn by_wallet(wallet: &str) -> Option<TriggerOutcome> {
    first_outcome(TriggerField::Wallet, |value| wallet.contains(value))
}
