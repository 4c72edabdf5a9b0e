//! The schedule: settlements, decisions, delayed captures and chargebacks, each due at a moment of business time.

use rampart_core::id::OrderId;
use sqlx::Row;

use crate::database::Batch;
use crate::error::WorldError;
use crate::kyc;
use crate::payouts::{self, PayoutTransition};
use crate::processor::{self, CardPayment};

/// An action of the simulated world that is due later. Stored as JSON.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum ScheduledAction {
    SettlePayout { id: String },
    FailPayout { id: String },
    ReturnPayout { id: String },
    // The identity provider decides upon a form.
    Decide { reference: String },
    Capture { payment: Box<CardPayment> },
    ChargeBack { payment: OrderId },
}

/// Limits the length of one transaction.
const MAX_BATCH_ACTIONS: i64 = 1_000;

/// Runs the actions that are due. Returns whether more may be due.
pub(crate) async fn run_due(batch: &mut Batch) -> Result<bool, WorldError> {
    let rows = sqlx::query(
        "DELETE FROM agenda WHERE id IN (SELECT id FROM agenda WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2) RETURNING due_at, id, action",
    )
    .bind(batch.now.micros())
    .bind(MAX_BATCH_ACTIONS)
    .fetch_all(&mut batch.connection)
    .await?;
    let more = i64::try_from(rows.len()).is_ok_and(|found| found == MAX_BATCH_ACTIONS);
    // RETURNING guarantees no order.
    let mut due: Vec<(i64, i64, String)> = Vec::with_capacity(rows.len());
    for row in rows {
        due.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    }
    due.sort_unstable();
    let (mut settle, mut fail, mut returns, mut captures, mut charged) = (vec![], vec![], vec![], vec![], vec![]);
    for (_, _, action) in due {
        match serde_json::from_str(&action)? {
            ScheduledAction::SettlePayout { id } => settle.push(id),
            ScheduledAction::FailPayout { id } => fail.push(id),
            ScheduledAction::ReturnPayout { id } => returns.push(id),
            ScheduledAction::Decide { reference } => kyc::decide_by_plan(batch, &reference).await?,
            ScheduledAction::Capture { payment } => captures.push(*payment),
            ScheduledAction::ChargeBack { payment } => charged.push(payment),
        }
    }
    // After a jump of the clock a payout may be due to settle and to be returned at once: settle first.
    for (ids, transition, reason) in [
        (settle, PayoutTransition::Settle, ""),
        (fail, PayoutTransition::Fail, "the beneficiary's bank did not accept it"),
        (returns, PayoutTransition::Return, "the beneficiary's bank sent it back"),
    ] {
        if !ids.is_empty() {
            payouts::apply_transition(batch, &ids, transition, reason).await?;
        }
    }
    if !captures.is_empty() {
        processor::take_payments(batch, captures).await?;
    }
    for payment in charged {
        match processor::charge_back(batch, payment, "fraudulent").await {
            Err(error) if error.is_fatal() => return Err(error),
            // Charged back by hand or refunded in the meantime: nothing is left to do.
            Ok(()) | Err(_) => {}
        }
    }
    Ok(more)
}
