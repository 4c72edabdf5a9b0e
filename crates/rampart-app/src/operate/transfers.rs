//! Transfers of coins: how each is sent, its dearer attempts, and its cancellation.

use rampart_core::id::TransferId;
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::{Slot, Transfer, TransferPurpose, TransferState, TransferStatus, Transmission};
use rampart_core::ports::ChainPorts;
use rampart_core::step::Step;
use rampart_core::step::record::RecordKey;
use serde::Serialize;

use super::{AuditLine, Operator, OrderFileLine, audit, audit_about, audit_lines, job_line, major, operators_retry, refuse};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::answer_in_time;
use crate::workers::sending::replacing::{self, Ceiling};
use crate::workers::sending::transmit;

/// States of transfers in progress.
pub const OPEN: [TransferStatus; 4] = [TransferStatus::Queued, TransferStatus::Signed, TransferStatus::Recalled, TransferStatus::Broadcast];

/// A signed transaction of a transfer.
#[derive(Debug, Clone, Serialize)]
pub struct AttemptLine {
    pub txid: String,
    /// `delivers` or `cancels`.
    pub purpose: &'static str,
    /// The most that a unit of work may cost, in minor units of the native coin.
    pub price: String,
    /// The most it can cost, in major units of the native coin.
    pub most_fee: String,
    /// Whether a node has ever had it.
    pub taken: bool,
    pub signed_at: String,
}

/// A transfer.
#[derive(Debug, Clone, Serialize)]
pub struct TransferLine {
    pub id: String,
    pub state: String,
    pub purpose: TransferPurpose,
    pub order: Option<String>,
    pub chain: String,
    /// In major units, with the coin.
    pub amount: String,
    pub to: String,
    pub created_at: String,
}

/// A transfer and what was sent for it.
#[derive(Debug, Clone, Serialize)]
pub struct TransferFile {
    #[serde(flatten)]
    pub transfer: TransferLine,
    /// The transaction that delivers it, once a node or a block has it.
    pub txid: Option<String>,
    /// Which nonce of which wallet; absent before one was reserved.
    pub slot: Option<String>,
    pub transmission: Option<String>,
    /// Why its nonce is to be spent for nothing, if so.
    pub cancel: Option<String>,
    /// Everything that was signed for it, oldest first.
    pub attempts: Vec<AttemptLine>,
    pub jobs: Vec<OrderFileLine>,
    pub audit: Vec<AuditLine>,
}

fn line(app: &App, transfer: &Transfer) -> TransferLine {
    TransferLine {
        id: transfer.id.to_string(),
        state: match &transfer.state {
            TransferState::Failed { reason, .. } => format!("failed: {reason}"),
            state => state.status().to_string(),
        },
        purpose: transfer.purpose,
        order: transfer.order.map(|order| order.to_string()),
        chain: transfer.chain().to_string(),
        amount: format!("{} {}", major(app, transfer.amount, transfer.coin.into()), transfer.coin),
        to: transfer.to.clone(),
        created_at: transfer.created_at.to_string(),
    }
}

async fn find(app: &App, id: TransferId) -> AppResult<Transfer> {
    app.store.transfer(id).await?.ok_or_else(|| refuse(format!("there is no transfer {id}")))
}

/// Transfers in one of these states, oldest first, after `behind`: on one chain, or on all.
///
/// # Errors
/// A refusal when the chain is not traded here.
pub async fn list(
    app: &App,
    chain: Option<Chain>,
    states: &[TransferStatus],
    behind: Option<TransferId>,
    limit: u32,
) -> AppResult<Vec<TransferLine>> {
    let chains = match chain {
        Some(chain) if app.catalogue.chain(chain).is_none() => return Err(refuse(format!("{chain} is not traded here"))),
        Some(chain) => vec![chain],
        None => app.catalogue.chains.iter().map(|chain| chain.name).collect(),
    };
    let mut found = Vec::new();
    for chain in chains {
        for state in states {
            found.extend(app.store.transfers_in_state(chain, *state, behind, limit).await?);
        }
    }
    found.sort_by_key(|transfer| transfer.id);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found.iter().map(|transfer| line(app, transfer)).collect())
}

/// A transfer with every attempt.
///
/// # Errors
/// A refusal when there is none with this identifier.
pub async fn show(app: &App, id: TransferId) -> AppResult<TransferFile> {
    let (transfer, subject) = (find(app, id).await?, id.to_string());
    let transmission = match transfer.state.transmission() {
        Some(transmission) => Some(transmit::load(app, transmission).await?),
        None => None,
    };
    let attempts = transmission.as_ref().map(|transmission| attempts(app, transmission)).unwrap_or_default();
    let jobs = app.store.jobs_of_subject(&subject).await?;
    Ok(TransferFile {
        transfer: line(app, &transfer),
        txid: transfer.state.sent_in().and_then(|sent| sent.txid.clone()),
        slot: transmission.as_ref().map(|transmission| transmission.slot.to_string()),
        transmission: transmission.as_ref().map(|transmission| transmission.state.status().to_string()),
        cancel: transmission.and_then(|transmission| transmission.cancel),
        attempts,
        jobs: jobs.into_iter().map(job_line).collect(),
        audit: audit_lines(app, &subject).await?,
    })
}

fn attempts(app: &App, transmission: &Transmission) -> Vec<AttemptLine> {
    let native = app.catalogue.chain(transmission.chain).map(|chain| chain.native);
    let lines = transmission.attempts.iter().map(|attempt| AttemptLine {
        txid: attempt.txid.clone(),
        purpose: if attempt.cancels { "cancels" } else { "delivers" },
        price: attempt.fee.price.to_string(),
        most_fee: native.map(|native| major(app, attempt.fee.most(), native.into())).unwrap_or_default(),
        taken: attempt.taken,
        signed_at: attempt.signed_at.to_string(),
    });
    lines.collect()
}

/// The transmission of a transfer that may still be changed.
async fn open_transmission(app: &App, transfer: &Transfer) -> AppResult<Transmission> {
    let sent = match &transfer.state {
        TransferState::Queued => return Err(refuse("nothing is signed for it: recall its order, or resolve its review item")),
        TransferState::Confirmed(_) => return Err(refuse("it is final: it was delivered")),
        TransferState::Failed { reason, .. } => return Err(refuse(format!("it is final: it has failed: {reason}"))),
        TransferState::Signed(sent) | TransferState::Recalled(sent) | TransferState::Broadcast(sent) => sent,
    };
    let id = sent.transmission.ok_or_else(|| AppError::Unavailable("the server has not taken it over yet".to_owned()))?;
    transmit::load(app, id).await
}

/// Has the nonce of a transfer spent for nothing. The transfer fails only when that is final; if the chain includes the earlier
/// transaction first, it has left.
///
/// # Errors
/// A refusal when no nonce is reserved for it, it is final, or it is being cancelled already.
pub async fn cancel(app: &App, operator: &Operator, id: TransferId) -> AppResult<()> {
    operators_retry(app, "transfer is", || async move {
        let transfer = find(app, id).await?;
        let transmission = open_transmission(app, &transfer).await?;
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

/// Replaces the newest attempt of a transfer by a dearer one now. The server signs it and offers it; the earlier ones stay good.
///
/// # Errors
/// A refusal when nothing is signed for it, it is final, another one of its wallet waits before it, or the dearer attempt is above the
/// ceiling of its chain and that is not lifted.
pub async fn bump(app: &App, operator: &Operator, id: TransferId, lifts_ceiling: bool) -> AppResult<()> {
    operators_retry(app, "transfer is", || async move {
        let transfer = find(app, id).await?;
        let transmission = open_transmission(app, &transfer).await?;
        let ports = app.ports.chain(transmission.chain).ok_or_else(|| refuse(format!("{} is not traded here", transmission.chain)))?;
        check_replaceable(app, ports, &transmission).await?;
        let carried = transmit::transfers_of(app, &transmission).await?;
        let ceiling = if lifts_ceiling { Ceiling::Lifted } else { Ceiling::Binds };
        let fee = replacing::dearer(app, ports, &transmission, &carried, ceiling).await?.map_err(refuse)?;
        let unsigned = replacing::compose(ports, &transmission, &carried, fee).map_err(refuse)?;
        let mut step: Step = transmission.replaced(unsigned);
        if step.is_empty() {
            return Err(refuse("its nonce is spent"));
        }
        step.rely(RecordKey::Transfer(id), transfer.version);
        let detail = format!("at most {} for a unit, {} in all, in minor units of the native coin", fee.price, fee.most());
        audit_about(app, operator, ("transfer.bump", detail), id, &mut step);
        Ok((step, ()))
    })
    .await
}

/// Refuses unless a dearer attempt would do something.
async fn check_replaceable(app: &App, ports: &ChainPorts, transmission: &Transmission) -> AppResult<()> {
    let chain = transmission.chain;
    if app.catalogue.chain(chain).is_some_and(|chain| chain.fees.replace_after.is_none()) {
        return Err(refuse(format!("{chain} replaces no transactions: the same one is offered again by itself")));
    }
    if transmission.unsigned.is_some() {
        return Err(refuse("an attempt of it is being signed already"));
    }
    let (lane, nonce) = (transmission.slot.lane(), transmission.slot.nonce());
    let spent = answer_in_time(app, ports.reader.spent_nonces(lane)).await?;
    if nonce < spent {
        return Err(refuse("a block has it already, and waits to be final"));
    }
    if nonce == spent {
        return Ok(());
    }
    let first = Slot::Nonce { lane, nonce: spent };
    let of = match app.store.transmission_of_slot(chain, &first).await?.and_then(|first| first.transfers.first().copied()) {
        Some(transfer) => format!(", of transfer {transfer}"),
        None => String::new(),
    };
    Err(refuse(format!("{first}{of}, waits before it: nothing behind it can be included first")))
}
