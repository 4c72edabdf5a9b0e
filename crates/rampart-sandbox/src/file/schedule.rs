//! The schedule: settlements, decisions, delayed captures and chargebacks, each due at a moment of business time.

use rampart_core::id::OrderId;
use rampart_core::ledger::Processor;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Currency;
use rampart_core::text::redacted::Redacted;
use rampart_core::time::Timestamp;

use super::transaction::Transaction;
use crate::error::WorldError;

/// An action of the simulated world that is due later. Stored as JSON.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Action {
    SettlePayout { id: String },
    FailPayout { id: String },
    ReturnPayout { id: String },
    // The identity provider decides upon a form.
    Decide { reference: String },
    Capture { payment: Box<CardPayment> },
    ChargeBack { payment: OrderId },
}

/// A customer's payment through a processor.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct CardPayment {
    pub processor: Processor,
    pub payment: OrderId,
    /// In minor units.
    pub amount: Amount,
    pub currency: Currency,
    pub holder: Option<Redacted>,
    /// Whether the trigger of the amount has been applied.
    #[serde(default)]
    pub decided: bool,
}

/// Schedules an action for a moment of business time.
pub(crate) fn schedule(tx: &Transaction<'_>, due_at: Timestamp, action: &Action) -> Result<(), WorldError> {
    let action = serde_json::to_string(action)?;
    tx.execute("INSERT INTO agenda (due_at, action) VALUES (?1, ?2)", (due_at.micros(), action)).map(|_| ())
}

/// Takes the next action that is due off the schedule: the earliest, and of several at one moment the one scheduled first.
pub(crate) fn take_due(tx: &Transaction<'_>) -> Result<Option<Action>, WorldError> {
    const TAKE: &str =
        "DELETE FROM agenda WHERE id = (SELECT id FROM agenda WHERE due_at <= ?1 ORDER BY due_at, id LIMIT 1) RETURNING action";
    let action: Option<String> = tx.value(TAKE, [tx.now.micros()])?;
    Ok(action.map(|action| serde_json::from_str(&action)).transpose()?)
}

/// When the next action is due.
pub(crate) fn next_action(tx: &Transaction<'_>) -> Result<Option<Timestamp>, WorldError> {
    let due: Option<Option<i64>> = tx.value("SELECT min(due_at) FROM agenda", [])?;
    Ok(due.flatten().map(Timestamp::from_micros))
}
