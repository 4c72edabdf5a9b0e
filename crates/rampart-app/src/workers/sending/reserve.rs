//! Reserves slots for queued transfers: what the chain would not carry out stops before a slot is taken, and slot and unsigned bytes are
//! committed before anything is signed.

use futures::{StreamExt as _, stream};
use rampart_core::outgoing::{FeeTerms, Lane, Outgoing, Transfer, TransferFact, TransferSource, TransferState, Transmission};
use rampart_core::ports::{ChainPorts, Estimate, FeeMarket};
use rampart_core::step::Step;

use super::super::leases::{self, LeasedJob};
use super::super::timeouts::{answer_in_time, in_time};
use super::Queued;
use super::slots::Slots;
use super::transmit::movement;
use crate::app::App;
use crate::error::AppResult;

/// Concurrent questions to a chain.
const CONCURRENT_ESTIMATES: usize = 16;

/// What can be done with a queued transfer.
pub(super) enum Readiness {
    Ready(FeeTerms),
    /// The chain would include it and revert it.
    WouldFail(String),
    /// It cannot be written for its chain.
    Impossible(String),
    /// Not now.
    Waits(String),
}

/// A transfer whose slot is reserved.
pub(super) struct ReservedTransfer {
    pub(super) leased: LeasedJob,
    pub(super) transfer: Transfer,
    pub(super) transmission: Transmission,
}

/// Asks the chain what each transfer takes.
pub(super) async fn prepare(app: &App, ports: &ChainPorts, queued: &[Queued]) -> AppResult<Vec<Readiness>> {
    if queued.is_empty() {
        return Ok(Vec::new());
    }
    let market = answer_in_time(app, ports.writer.fee_market()).await?;
    let asked: Vec<_> = queued.iter().map(|queued| prepare_one(app, ports, market, &queued.transfer)).collect();
    Ok(stream::iter(asked).buffered(CONCURRENT_ESTIMATES).collect().await)
}

async fn prepare_one(app: &App, ports: &ChainPorts, market: FeeMarket, transfer: &Transfer) -> Readiness {
    let Some(chain) = app.catalogue.chain(transfer.chain()) else {
        return Readiness::Impossible(format!("the chain {} is not traded here", transfer.chain()));
    };
    // An order of an earlier version may have a destination that is no longer accepted.
    if let Err(fault) = chain.addresses.normalize(&transfer.to) {
        return Readiness::Impossible(format!("the destination {fault}"));
    }
    match in_time(app, ports.writer.estimate(lane_of(transfer), &movement(transfer))).await {
        Some(Ok(Estimate::Units(units))) => Readiness::Ready(chain.fees.first(market, units)),
        Some(Ok(Estimate::WouldFail { reason })) => Readiness::WouldFail(reason),
        Some(Ok(Estimate::Unfunded { reason })) => Readiness::Waits(format!("the wallet has to be filled: {reason}")),
        Some(Err(unavailable)) => Readiness::Waits(unavailable.0),
        None => Readiness::Waits("the chain did not answer in time".to_owned()),
    }
}

/// The wallet that a transfer leaves from.
pub(super) const fn lane_of(transfer: &Transfer) -> Lane {
    match transfer.source {
        TransferSource::Hot => Lane::FIRST,
        TransferSource::Deposit(index) => Lane::Deposit(index),
    }
}

/// Adds to the step: the slots, what is to be signed for them, the transfers' new state, and the leases of their jobs. Returns what is
/// reserved as it is after the commit, and the transmissions that only spend a slot.
pub(super) async fn write(
    app: &App,
    ports: &ChainPorts,
    mut slots: Slots<'_>,
    ready: &[(Queued, FeeTerms)],
    step: &mut Step,
) -> AppResult<Result<(Vec<ReservedTransfer>, Vec<Transmission>), (usize, String)>> {
    let mut reserved = Vec::with_capacity(ready.len());
    for (index, (Queued { job, transfer }, fee)) in ready.iter().enumerate() {
        let free = slots.next(lane_of(transfer)).await?;
        let body = match ports.writer.compose(&free.slot, &[movement(transfer)], *fee) {
            Ok(body) => body,
            Err(fault) => return Ok(Err((index, fault.0))),
        };
        let transmission = free.reserved(vec![transfer.id], body);
        step.write(transmission.clone());
        // Nothing has left yet, so the records it references stay unchanged.
        step.extend(transfer.clone().observe(TransferFact::Signed(transmission.id), Outgoing::default(), &app.context(None)));
        let state = TransferState::Signed(rampart_core::outgoing::SentIn::reserved(transmission.id));
        let leased = leases::with_lease(app, job);
        step.write(leased.clone());
        reserved.push(ReservedTransfer {
            leased: leases::after_commit(job, leased),
            transfer: Transfer { version: transfer.version + 1, state, ..transfer.clone() },
            transmission: Transmission { version: transmission.version + 1, ..transmission },
        });
    }
    let spent = slots.write(step).await?;
    Ok(Ok((reserved, spent)))
}
