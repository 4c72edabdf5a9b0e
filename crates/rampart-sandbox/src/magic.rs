//! Inputs that choose the outcome. The table is the documentation: the docs are generated from it.
//!
//! Numbers are recognised by seven digits that they contain, so that every country's documents and accounts can carry
//! them with valid check digits: `06660001Y` is a Spanish DNI, `6660001` fits into any IBAN, CLABE, CBU or CCI.

mod examples;

use rampart_core::amount::Amount;
use rampart_core::name::folded;

pub use examples::{MagicExample, magic_examples};

/// What an input makes happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MagicOutcome {
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
pub enum MagicField {
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
pub struct Magic {
    /// Where it is looked for.
    pub field: MagicField,
    /// What is looked for.
    pub value: &'static str,
    /// What happens.
    pub outcome: MagicOutcome,
    /// What happens, for people.
    pub meaning: &'static str,
    /// A valid input that has it.
    pub example: &'static str,
}

const fn magic(field: MagicField, value: &'static str, outcome: MagicOutcome, meaning: &'static str, example: &'static str) -> Magic {
    Magic { field, value, outcome, meaning, example }
}

/// Every input that chooses an outcome; the first that fits counts. Everything else goes well.
pub const MAGIC: &[Magic] = &[
    magic(MagicField::IdentificationNumber, "6660001", MagicOutcome::KycReject, "identity check fails for good", "06660001Y"),
    magic(MagicField::IdentificationNumber, "6660002", MagicOutcome::KycProcessing, "identity check stays processing", "06660002F"),
    magic(MagicField::IdentificationNumber, "6660003", MagicOutcome::KycRetry, "identity check fails, may be repeated", "06660003P"),
    magic(
        MagicField::IdentificationNumber,
        "6660004",
        MagicOutcome::KycReinforcedReject,
        "form approved, reinforced form fails",
        "06660004D",
    ),
    magic(MagicField::IdentificationNumber, "6660005", MagicOutcome::KycSlow, "identity check takes 30 seconds", "06660005X"),
    magic(MagicField::Name, "RECHAZADO", MagicOutcome::KycReject, "identity check fails for good", "Juan Rechazado"),
    magic(MagicField::Name, "PENDIENTE", MagicOutcome::KycProcessing, "identity check stays processing", "Juan Pendiente"),
    magic(MagicField::Name, "REPETIDO", MagicOutcome::KycRetry, "identity check fails, may be repeated", "Juan Repetido"),
    magic(MagicField::Name, "LIMITADO", MagicOutcome::KycReinforcedReject, "form approved, reinforced form fails", "Juan Limitado"),
    magic(MagicField::Name, "LENTO", MagicOutcome::KycSlow, "identity check takes 30 seconds", "Juan Lento"),
    magic(MagicField::PayoutAccount, "6660001", MagicOutcome::PayoutRefused, "bank refuses the payout", "ES1621000418410006660001"),
    magic(
        MagicField::PayoutAccount,
        "6660002",
        MagicOutcome::PayoutReturned,
        "payout arrives and is returned 2 seconds later",
        "ES9421000418440006660002",
    ),
    magic(
        MagicField::PayoutAccount,
        "6660003",
        MagicOutcome::PayoutFailed,
        "payout is taken and never arrives",
        "ES4821000418490006660003",
    ),
    magic(
        MagicField::PayoutAccount,
        "6660004",
        MagicOutcome::PayoutSlow,
        "payout takes an hour of business time",
        "ES0521000418430006660004",
    ),
    magic(MagicField::CardAmount, "6666", MagicOutcome::CardDeclined, "processor declines", "66.66 EUR"),
    magic(MagicField::CardAmount, "7777", MagicOutcome::CardChargeback, "captured, charged back 2 seconds later", "77.77 EUR"),
    magic(MagicField::CardAmount, "5555", MagicOutcome::CardSlow, "captured after 30 seconds", "55.55 EUR"),
    magic(MagicField::CardAmount, "4444", MagicOutcome::RefundRefused, "captured; a refund of it is refused", "44.44 EUR"),
    magic(MagicField::Name, "SANCIONADO", MagicOutcome::ScreeningHit, "screening reports a hit", "Juan Sancionado"),
    magic(MagicField::Name, "SANCTIONED", MagicOutcome::ScreeningHit, "screening reports a hit", "John Sanctioned"),
    magic(
        MagicField::Wallet,
        "6660001",
        MagicOutcome::ScreeningHit,
        "screening reports a hit",
        "0x6660001666000166600016660001666000166600",
    ),
    magic(
        MagicField::Wallet,
        "6660002",
        MagicOutcome::TransactionReverted,
        "transaction is undone in its block",
        "0x6660002666000266600026660002666000266600",
    ),
    magic(
        MagicField::Wallet,
        "6660003",
        MagicOutcome::BroadcastRefused,
        "chain refuses the transaction",
        "0x6660003666000366600036660003666000366600",
    ),
];

/// The outcomes of an identity check.
const KYC: &[MagicOutcome] = &[
    MagicOutcome::KycReject,
    MagicOutcome::KycProcessing,
    MagicOutcome::KycRetry,
    MagicOutcome::KycReinforcedReject,
    MagicOutcome::KycSlow,
];

fn first(field: MagicField, fits: impl Fn(&str) -> bool) -> Option<MagicOutcome> {
    MAGIC.iter().find(|magic| magic.field == field && fits(magic.value)).map(|magic| magic.outcome)
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn word_of(name: &str, word: &str) -> bool {
    let word = folded(word);
    folded(name).split(|letter: char| !letter.is_alphanumeric()).any(|part| part == word)
}

/// What an identification number or name makes of an identity check.
pub(crate) fn of_identity(number: &str, name: &str) -> Option<MagicOutcome> {
    let number = digits(number);
    first(MagicField::IdentificationNumber, |value| number.contains(value)).or_else(|| {
        let rows = MAGIC.iter().filter(|magic| magic.field == MagicField::Name && KYC.contains(&magic.outcome));
        rows.clone().find(|magic| word_of(name, magic.value)).map(|magic| magic.outcome)
    })
}

/// What the account a payout goes to makes of it.
pub(crate) fn of_payout_account(account: &str) -> Option<MagicOutcome> {
    let account = digits(account);
    first(MagicField::PayoutAccount, |value| account.contains(value))
}

/// What an amount makes of a payment through a processor.
pub(crate) fn of_card_amount(amount: Amount) -> Option<MagicOutcome> {
    let figures = amount.minor().to_string();
    first(MagicField::CardAmount, |value| figures.ends_with(value))
}

/// Whether screening reports a name.
pub(crate) fn is_screened_name(name: &str) -> bool {
    let mut rows = MAGIC.iter().filter(|magic| magic.field == MagicField::Name && magic.outcome == MagicOutcome::ScreeningHit);
    rows.any(|magic| word_of(name, magic.value))
}

/// What a wallet makes happen.
pub(crate) fn of_wallet(wallet: &str) -> Option<MagicOutcome> {
    first(MagicField::Wallet, |value| wallet.contains(value))
}
