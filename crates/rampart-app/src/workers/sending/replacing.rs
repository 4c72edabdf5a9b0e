//! What is offered instead of an attempt that waits, for the same slot.

use rampart_core::outgoing::{FeeTerms, Transfer, Transmission, Unsigned};
use rampart_core::ports::{ChainPorts, Estimate};

use super::super::timeouts::answer_in_time;
use super::transmit::movement;
use crate::app::App;
use crate::error::AppResult;

/// Whether what a chain may cost binds a dearer attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ceiling {
    Binds,
    /// A person has decided.
    Lifted,
}

/// What a dearer attempt of a transmission would offer, or why there is none. What only spends the slot has no ceiling: everything behind
/// it waits.
pub(crate) async fn dearer(
    app: &App,
    ports: &ChainPorts,
    transmission: &Transmission,
    transfers: &[Transfer],
    ceiling: Ceiling,
) -> AppResult<Result<FeeTerms, String>> {
    let Some(chain) = app.catalogue.chain(transmission.chain) else { return Ok(Err("its chain is not traded here".to_owned())) };
    let Some(last) = transmission.offered().next() else { return Ok(Err("nothing is signed for it yet".to_owned())) };
    let market = answer_in_time(app, ports.writer.fee_market()).await?;
    let Some(transfer) = transfers.first().filter(|_| transmission.cancel.is_none()) else {
        return Ok(Ok(chain.fees.above(last.fee, market, ports.writer.cancelling_units())));
    };
    let units = match answer_in_time(app, ports.writer.estimate(transmission.slot.lane(), &movement(transfer))).await? {
        Estimate::Units(units) => units,
        Estimate::WouldFail { reason } | Estimate::Unfunded { reason } => return Ok(Err(reason)),
    };
    if ceiling == Ceiling::Lifted {
        return Ok(Ok(chain.fees.dearer(last.fee, market, units)));
    }
    let reason = || format!("a dearer attempt is above what may be spent: a unit of work costs {} now", market.base);
    Ok(chain.fees.replacement(last.fee, market, units).ok_or_else(reason))
}

/// The unsigned transaction of a dearer attempt, or why it cannot be written.
pub(crate) fn compose(ports: &ChainPorts, transmission: &Transmission, transfers: &[Transfer], fee: FeeTerms) -> Result<Unsigned, String> {
    let movements: Vec<_> = match transmission.cancel {
        Some(_) => Vec::new(),
        None => transfers.iter().map(movement).collect(),
    };
    ports.writer.compose(&transmission.slot, &movements, fee).map_err(|fault| fault.0)
}
