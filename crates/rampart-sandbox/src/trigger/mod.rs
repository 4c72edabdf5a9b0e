//! Triggers: inputs that choose the outcome. The tables in docs/sandbox.md are generated from [`TRIGGERS`].
//!
//! A number matches if it contains the seven digits of a trigger. Documents and accounts of every country can contain
//! them and still have valid check digits: `06660001Y` is a Spanish DNI, `6660001` fits into any IBAN, CLABE, CBU or CCI.

#[cfg(test)]
mod examples;

use rampart_core::identity::letters::folded;
use rampart_core::money::amount::Amount;

use self::TriggerOutcome::{
    BroadcastRefused, CardChargeback, CardDeclined, CardSlow, KycProcessing, KycReinforcedReject, KycReject, KycRetry, KycSlow,
    PayoutFailed, PayoutRefused, PayoutReturned, PayoutSlow, RefundRefused, ScreeningHit, TransactionReverted,
};

/// What happens when an input matches a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerOutcome {
    KycReject,
    KycProcessing,
    KycRetry,
    /// Only the reinforced form fails; the basic form is approved.
    KycReinforcedReject,
    /// The identity check takes 30 seconds.
    KycSlow,
    PayoutRefused,
    /// The payout is settled and returned 2 seconds later.
    PayoutReturned,
    /// The bank accepts the payout, which then fails.
    PayoutFailed,
    /// The payout is settled after an hour.
    PayoutSlow,
    CardDeclined,
    /// The payment is captured, and charged back 2 seconds later.
    CardChargeback,
    /// The payment is captured after 30 seconds.
    CardSlow,
    RefundRefused,
    ScreeningHit,
    BroadcastRefused,
    /// The transaction is mined, but its execution is reverted: only the network fee is taken.
    TransactionReverted,
}

/// The input that a trigger is searched in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerField {
    /// The number of an identification; its digits contain the value.
    IdentificationNumber,
    /// The name of a person or company; one of its words is the value, ignoring case and accents.
    Name,
    /// The account a payout goes to; its digits contain the value.
    PayoutAccount,
    /// The amount paid through a processor; its digits in minor units end with the value (`66.66` is `6666`).
    CardAmount,
    /// The address of a wallet, which contains the value.
    Wallet,
}

/// A value, the input it is searched in, and the outcome.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Trigger {
    pub field: TriggerField,
    pub value: &'static str,
    pub outcome: TriggerOutcome,
    /// The outcome in words, for the documentation.
    pub meaning: &'static str,
    /// A valid input that contains the value.
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

/// All triggers. The first that matches an input counts; without a match everything succeeds.
pub const TRIGGERS: &[Trigger] = &[
    trigger(TriggerField::IdentificationNumber, "6660001", KycReject, "identity check fails for good", "06660001Y"),
    trigger(TriggerField::IdentificationNumber, "6660002", KycProcessing, "identity check stays processing", "06660002F"),
    trigger(TriggerField::IdentificationNumber, "6660003", KycRetry, "identity check fails; the customer may try again", "06660003P"),
    trigger(TriggerField::IdentificationNumber, "6660004", KycReinforcedReject, "form approved, reinforced form fails", "06660004D"),
    trigger(TriggerField::IdentificationNumber, "6660005", KycSlow, "identity check takes 30 seconds", "06660005X"),
    trigger(TriggerField::Name, "RECHAZADO", KycReject, "identity check fails for good", "Juan Rechazado"),
    trigger(TriggerField::Name, "PENDIENTE", KycProcessing, "identity check stays processing", "Juan Pendiente"),
    trigger(TriggerField::Name, "REPETIDO", KycRetry, "identity check fails; the customer may try again", "Juan Repetido"),
    trigger(TriggerField::Name, "LIMITADO", KycReinforcedReject, "form approved, reinforced form fails", "Juan Limitado"),
    trigger(TriggerField::Name, "LENTO", KycSlow, "identity check takes 30 seconds", "Juan Lento"),
    trigger(TriggerField::PayoutAccount, "6660001", PayoutRefused, "bank refuses the payout", "ES1621000418410006660001"),
    trigger(
        TriggerField::PayoutAccount,
        "6660002",
        PayoutReturned,
        "payout is settled and returned 2 seconds later",
        "ES9421000418440006660002",
    ),
    trigger(TriggerField::PayoutAccount, "6660003", PayoutFailed, "bank accepts the payout, which then fails", "ES4821000418490006660003"),
    trigger(TriggerField::PayoutAccount, "6660004", PayoutSlow, "payout takes an hour of business time", "ES0521000418430006660004"),
    trigger(TriggerField::CardAmount, "6666", CardDeclined, "processor declines", "66.66 EUR"),
    trigger(TriggerField::CardAmount, "7777", CardChargeback, "captured, charged back 2 seconds later", "77.77 EUR"),
    trigger(TriggerField::CardAmount, "5555", CardSlow, "captured after 30 seconds", "55.55 EUR"),
    trigger(TriggerField::CardAmount, "4444", RefundRefused, "captured; refunds of it are refused", "44.44 EUR"),
    trigger(TriggerField::Name, "SANCIONADO", ScreeningHit, "screening reports a hit", "Juan Sancionado"),
    trigger(TriggerField::Name, "SANCTIONED", ScreeningHit, "screening reports a hit", "John Sanctioned"),
    trigger(TriggerField::Wallet, "6660001", ScreeningHit, "screening reports a hit", "0x6660001666000166600016660001666000166600"),
    trigger(
        TriggerField::Wallet,
        "6660002",
        TransactionReverted,
        "transaction is mined, but reverted",
        "0x6660002666000266600026660002666000266600",
    ),
    trigger(
        TriggerField::Wallet,
        "6660003",
        BroadcastRefused,
        "chain refuses the transaction",
        "0x6660003666000366600036660003666000366600",
    ),
];

const KYC_OUTCOMES: &[TriggerOutcome] = &[KycReject, KycProcessing, KycRetry, KycReinforcedReject, KycSlow];

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

/// The outcome of an identity check. The number is searched before the name.
pub(crate) fn by_identity(number: &str, name: &str) -> Option<TriggerOutcome> {
    let number = digits(number);
    first_outcome(TriggerField::IdentificationNumber, |value| number.contains(value)).or_else(|| {
        let rows = TRIGGERS.iter().filter(|trigger| trigger.field == TriggerField::Name && KYC_OUTCOMES.contains(&trigger.outcome));
        rows.clone().find(|trigger| has_word(name, trigger.value)).map(|trigger| trigger.outcome)
    })
}

/// The outcome of a payout, by the account it goes to.
pub(crate) fn by_payout_account(account: &str) -> Option<TriggerOutcome> {
    let account = digits(account);
    first_outcome(TriggerField::PayoutAccount, |value| account.contains(value))
}

/// The outcome of a payment through a processor, by its amount.
pub(crate) fn by_card_amount(amount: Amount) -> Option<TriggerOutcome> {
    let digits = amount.minor().to_string();
    first_outcome(TriggerField::CardAmount, |value| digits.ends_with(value))
}

/// Whether screening reports a hit for the name.
pub(crate) fn is_screened_name(name: &str) -> bool {
    let mut rows = TRIGGERS.iter().filter(|trigger| trigger.field == TriggerField::Name && trigger.outcome == TriggerOutcome::ScreeningHit);
    rows.any(|trigger| has_word(name, trigger.value))
}

/// The outcome of a transfer or a screening, by the wallet.
pub(crate) fn by_wallet(wallet: &str) -> Option<TriggerOutcome> {
    first_outcome(TriggerField::Wallet, |value| wallet.contains(value))
}
