//! Gets a transmission signed and hands its attempts to the chain. Any process may do so for an open transmission at any time: every
//! attempt is committed before it is offered, and all of them spend the same slot.

use rampart_core::id::{TransferId, TransmissionId};
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::{Carried, SignedAttempt, Transfer, Transmission, TransmissionFact, TransmissionStatus};
use rampart_core::ports::{
    Broadcast, CallOutcome, ChainPorts, CoinMovement, LookupResult, Signature, SigningMeaning, SigningOrder, Unsigned,
};
use rampart_core::step::Step;
use rampart_core::step::record::Record;
use rampart_core::text;
use rampart_store::CommitError;

use super::super::jobs::finish;
use super::super::leases::LeasedJob;
use super::super::observe;
use super::super::outgoing;
use super::super::timeouts::in_time;
use super::super::transfers;
use super::unsigned;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::retry::{InHand, retry_with_grade};

const PAGE_ROWS: u32 = 256;

/// How far a transmission came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    /// A node has one of its attempts; that is recorded.
    Taken,
    /// It has to be tried again, for this reason.
    Waits(String),
    /// The signer refuses it: nothing of it was signed, its transfers are queued again, and its slot is free.
    NotSigned(String),
}

/// What came of asking for a signature.
enum SignatureOutcome {
    Signed(Box<Transmission>),
    Waits(String),
    Refused(String),
}

/// Loads a transmission that another record references; it must exist.
pub(crate) async fn load(app: &App, id: TransmissionId) -> AppResult<Transmission> {
    app.store.transmission(id).await?.ok_or_else(|| AppError::defect(format!("there is no transmission {id}")))
}

/// Every transmission of a chain in a state.
pub(crate) async fn in_state(app: &App, chain: Chain, status: TransmissionStatus) -> AppResult<Vec<Transmission>> {
    let (mut after, mut all): (Option<TransmissionId>, Vec<Transmission>) = (None, Vec::new());
    loop {
        let page = app.store.transmissions_in_state(chain, status, after, PAGE_ROWS).await?;
        after = page.last().map(|transmission| transmission.id);
        let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// The transfers of a transmission.
pub(crate) async fn transfers_of(app: &App, transmission: &Transmission) -> AppResult<Vec<Transfer>> {
    let found = app.store.transfers_by_id(&transmission.transfers).await?;
    match found.len() == transmission.transfers.len() {
        true => Ok(found),
        false => Err(AppError::defect(format!("a transfer of transmission {} is missing", transmission.id))),
    }
}

/// The step that follows from a fact about a transmission; empty if the fact was known already.
pub(crate) async fn step_of(app: &App, transmission: Transmission, transfers: Vec<Transfer>, fact: TransmissionFact) -> AppResult<Step> {
    let mut carried = Vec::with_capacity(transfers.len());
    // What replaced a payout that has settled late may have failed here.
    let may_fail = !matches!(fact, TransmissionFact::Signed { .. } | TransmissionFact::Taken { .. } | TransmissionFact::Reopened);
    for transfer in transfers {
        let mut outgoing = transfers::named_by(app, &transfer).await?;
        if may_fail {
            outgoing.lost = outgoing::lost(app, transfer.order).await?;
        }
        let price = outgoing.order.as_ref().and_then(|order| observe::price(app, order));
        carried.push(Carried { transfer, outgoing, price });
    }
    Ok(transmission.observe(fact, carried, &app.context(None)))
}

/// Commits a fact about a transmission, with the job that it completes.
pub(crate) async fn record(
    app: &App,
    transmission: Transmission,
    transfers: Vec<Transfer>,
    fact: TransmissionFact,
    leased: Option<&LeasedJob>,
) -> AppResult<()> {
    let id = transmission.id;
    let (known, fact) = (&InHand::new((transmission, transfers)), &fact);
    let decide = |_| async move {
        let (transmission, transfers) = known
            .or_load(|| async {
                let transmission = load(app, id).await?;
                let transfers = transfers_of(app, &transmission).await?;
                Ok((transmission, transfers))
            })
            .await?;
        step_of(app, transmission, transfers, fact.clone()).await
    };
    match leased {
        Some(leased) => finish(app, leased, decide).await.map(drop),
        None => retry_with_grade(app, None, decide).await,
    }
}

/// Gets an open transmission signed where it is not, and offers its attempts. `leased` is completed once a node has one.
pub(crate) async fn transmit(
    app: &App,
    ports: &ChainPorts,
    mut transmission: Transmission,
    transfers: Vec<Transfer>,
    leased: Option<&LeasedJob>,
) -> AppResult<Sent> {
    if transmission.lacks_attempt() {
        match spend_for_nothing(app, ports, transmission).await? {
            Ok(changed) => transmission = changed,
            Err(reason) => return Ok(Sent::Waits(reason)),
        }
    }
    if let Some(unsigned) = transmission.unsigned.clone() {
        let has_offered = transmission.offered().next().is_some();
        match sign(app, ports, transmission.clone(), &transfers, unsigned, leased).await? {
            SignatureOutcome::Signed(signed) => transmission = *signed,
            SignatureOutcome::Waits(reason) if !has_offered => return Ok(Sent::Waits(reason)),
            SignatureOutcome::Refused(reason) if !has_offered => {
                record(app, transmission, transfers, TransmissionFact::SignerRefused, None).await?;
                return Ok(Sent::NotSigned(reason));
            }
            // The earlier attempts are still good.
            SignatureOutcome::Waits(_) | SignatureOutcome::Refused(_) => {}
        }
    }
    offer(app, ports, transmission, transfers, leased).await
}

/// Offers the attempts, newest first, until a node has one.
async fn offer(
    app: &App,
    ports: &ChainPorts,
    transmission: Transmission,
    transfers: Vec<Transfer>,
    leased: Option<&LeasedJob>,
) -> AppResult<Sent> {
    let mut first_reason = None;
    let attempts: Vec<SignedAttempt> = transmission.offered().cloned().collect();
    for attempt in attempts {
        let reason = match in_time(app, ports.writer.broadcast(&attempt)).await {
            Some(Broadcast::Taken) => {
                let txid = attempt.txid;
                record(app, transmission, transfers, TransmissionFact::Taken { txid }, leased).await?;
                return Ok(Sent::Taken);
            }
            Some(
                Broadcast::Underpriced { reason }
                | Broadcast::Unfunded { reason }
                | Broadcast::Later { reason }
                | Broadcast::Impossible { reason },
            ) => text::reason(&reason),
            None => "the chain did not answer in time".to_owned(),
        };
        first_reason.get_or_insert(reason);
    }
    Ok(Sent::Waits(first_reason.unwrap_or_else(|| "it is not signed yet".to_owned())))
}

/// The transaction that only spends the slot, committed for its signature. Its fee is above that of every earlier attempt.
async fn spend_for_nothing(app: &App, ports: &ChainPorts, transmission: Transmission) -> AppResult<Result<Transmission, String>> {
    let Some(chain) = app.catalogue.chain(transmission.chain) else { return Ok(Err("the chain is not traded here".to_owned())) };
    let market = match in_time(app, ports.writer.fee_market()).await {
        Some(Ok(market)) => market,
        Some(Err(unavailable)) => return Ok(Err(unavailable.to_string())),
        None => return Ok(Err("the chain did not answer in time".to_owned())),
    };
    let units = ports.writer.cancelling_units();
    let fee = match transmission.attempts.last() {
        // At the ceiling the least that may replace it is offered all the same: it frees every transaction behind it.
        Some(last) => chain.fees.above(last.fee, market, units),
        None => chain.fees.first(market, units),
    };
    let unsigned = match ports.writer.compose(&transmission.slot, &[], fee) {
        Ok(unsigned) => unsigned,
        Err(fault) => return Ok(Err(fault.0)),
    };
    commit_replacement(app, transmission, unsigned).await
}

/// Commits what is to be signed next for a transmission.
pub(crate) async fn commit_replacement(
    app: &App,
    transmission: Transmission,
    unsigned: Unsigned,
) -> AppResult<Result<Transmission, String>> {
    let step = transmission.replaced(unsigned);
    commit_alone(app, step).await
}

/// Commits a step that writes a transmission alone, and returns it as it is stored then.
pub(crate) async fn commit_alone(app: &App, step: Step) -> AppResult<Result<Transmission, String>> {
    let written = step.writes.iter().find_map(|record| match record {
        Record::Transmission(transmission) => Some((**transmission).clone()),
        _ => None,
    });
    let Some(written) = written else { return Ok(Err("it is not open any more".to_owned())) };
    match app.commit(step).await {
        Ok(_) => Ok(Ok(Transmission { version: written.version + 1, ..written })),
        Err(CommitError::Conflict(_)) => Ok(Err("another process is sending it".to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// Asks for a signature. An answer that was lost is looked up, never asked for anew.
async fn sign(
    app: &App,
    ports: &ChainPorts,
    transmission: Transmission,
    transfers: &[Transfer],
    body: Unsigned,
    leased: Option<&LeasedJob>,
) -> AppResult<SignatureOutcome> {
    let lane = transmission.slot.lane();
    let meaning = match body.cancels {
        true => SigningMeaning::Cancels,
        false => SigningMeaning::Moves(transfers.iter().map(movement).collect()),
    };
    let order = SigningOrder {
        transmission: transmission.id,
        number: transmission.orders,
        chain: transmission.chain,
        lane,
        unsigned: body,
        meaning,
    };
    let signature = match in_time(app, ports.signer.sign(&order)).await {
        Some(CallOutcome::Accepted(signature)) => signature,
        Some(CallOutcome::Refused { reason }) => return Ok(SignatureOutcome::Refused(reason)),
        Some(CallOutcome::NotSent { reason }) => return Ok(SignatureOutcome::Waits(reason)),
        Some(CallOutcome::Unknown { reason }) => match find(app, ports, &order).await {
            Some(signature) => signature,
            None => return Ok(SignatureOutcome::Waits(reason)),
        },
        None => match find(app, ports, &order).await {
            Some(signature) => signature,
            None => return Ok(SignatureOutcome::Waits("signing took too long".to_owned())),
        },
    };
    let (txid, bytes) = match ports.writer.assemble(lane, &order.unsigned, &signature) {
        Ok(assembled) => assembled,
        Err(wrong) => return Ok(SignatureOutcome::Waits(wrong.to_string())),
    };
    let mut step = step_of(app, transmission, Vec::new(), TransmissionFact::Signed { txid, bytes }).await?;
    if let Some(leased) = leased {
        for transfer in transfers {
            unsigned::resolve_review(app, &leased.job, transfer.id, &mut step).await?;
        }
    }
    Ok(match commit_alone(app, step).await? {
        Ok(signed) => SignatureOutcome::Signed(Box::new(signed)),
        Err(reason) => SignatureOutcome::Waits(reason),
    })
}

async fn find(app: &App, ports: &ChainPorts, order: &SigningOrder) -> Option<Signature> {
    match in_time(app, ports.signer.find(order)).await {
        Some(Ok(LookupResult::Found(signature))) => Some(signature),
        _ => None,
    }
}

/// What a transfer moves.
pub(crate) fn movement(transfer: &Transfer) -> CoinMovement {
    let id: TransferId = transfer.id;
    CoinMovement { transfer: id, coin: transfer.coin, amount: transfer.amount, to: transfer.to.clone() }
}
