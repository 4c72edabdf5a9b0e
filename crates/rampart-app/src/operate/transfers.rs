//! Transfers of coins: how one is sent, and its cancellation.

use rampart_core::id::TransferId;
use rampart_core::outgoing::{TransferState, Transmission};
use rampart_core::step::record::RecordKey;
use serde::Serialize;

use super::{Operator, audit, major, operators_retry, refuse};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::sending::transmit;

/// A signed transaction of a transfer.
#[derive(Debug, Clone, Serialize)]
pub struct AttemptLine {
    pub txid: String,
    /// `delivers` or `cancels`.
    pub purpose: &'static str,
    /// The most it can cost, in major units of the native coin.
    pub most_fee: String,
    /// Whether a node has ever had it.
    pub taken: bool,
}

/// A transfer and what was sent for it.
#[derive(Debug, Clone, Serialize)]
pub struct TransferFile {
    pub id: String,
    pub state: String,
    pub what: String,
    pub order: Option<String>,
    /// Which nonce of which wallet; absent before one is reserved.
    pub slot: Option<String>,
    pub transmission: Option<String>,
    /// Oldest first.
    pub attempts: Vec<AttemptLine>,
    /// Why its nonce is to be spent for nothing, if so.
    pub cancel: Option<String>,
}

/// A transfer with every attempt.
///
/// # Errors
/// A refusal when there is none with this identifier.
pub async fn show(app: &App, id: TransferId) -> AppResult<TransferFile> {
    let transfer = app.store.transfer(id).await?.ok_or_else(|| refuse(format!("there is no transfer {id}")))?;
    let state = match &transfer.state {
        TransferState::Failed { reason } => format!("failed: {reason}"),
        state => state.status().to_string(),
    };
    let transmission = match transfer.state.sent_in().and_then(|sent| sent.transmission) {
        Some(transmission) => Some(transmit::load(app, transmission).await?),
        None => None,
    };
    let attempts = transmission.as_ref().map(|transmission| attempts(app, transmission)).unwrap_or_default();
    Ok(TransferFile {
        id: id.to_string(),
        state,
        what: format!("{} {} to {}", major(app, transfer.amount, transfer.coin.into()), transfer.coin, transfer.to),
        order: transfer.order.map(|order| order.to_string()),
        slot: transmission.as_ref().map(|transmission| transmission.slot.to_string()),
        transmission: transmission.as_ref().map(|transmission| transmission.state.status().to_string()),
        attempts,
        cancel: transmission.and_then(|transmission| transmission.cancel),
    })
}

fn attempts(app: &App, transmission: &Transmission) -> Vec<AttemptLine> {
    let native = app.catalogue.chain(transmission.chain).map(|chain| chain.native);
    let lines = transmission.attempts.iter().map(|attempt| AttemptLine {
        txid: attempt.txid.clone(),
        purpose: if attempt.cancels { "cancels" } else { "delivers" },
        most_fee: native.map(|native| major(app, attempt.fee.most(), native.into())).unwrap_or_default(),
        taken: attempt.taken,
    });
    lines.collect()
}

/// Has the nonce of a transfer spent for nothing. The transfer fails only when that is final; if the chain includes the earlier
/// transaction first, it has left.
///
/// # Errors
/// A refusal when no nonce is reserved for it, it is final, or it is being cancelled already.
pub async fn cancel(app: &App, operator: &Operator, id: TransferId) -> AppResult<()> {
    operators_retry(app, "transfer is", || async move {
        let transfer = app.store.transfer(id).await?.ok_or_else(|| refuse(format!("there is no transfer {id}")))?;
        let transmission = match &transfer.state {
            TransferState::Queued => return Err(refuse("nothing is signed for it: recall its order, or resolve its review item")),
            TransferState::Confirmed(_) | TransferState::Failed { .. } => return Err(refuse("it is final")),
            TransferState::Signed(sent) | TransferState::Recalled(sent) | TransferState::Broadcast(sent) => sent.transmission,
        };
        let transmission = transmission.ok_or_else(|| AppError::Unavailable("the server has not taken it over yet".to_owned()))?;
        let transmission = transmit::load(app, transmission).await?;
        let mut step = transmission.cancelled(format!("{}: {}", operator.actor, operator.reason));
        if step.is_empty() {
            return Err(refuse("it is being cancelled already, or its nonce is spent"));
        }
        step.rely(RecordKey::Transfer(id), transfer.version);
        audit(app, operator, "transfer.cancel", id, &mut step);
        Ok((step, ()))
    })
    .await
}
