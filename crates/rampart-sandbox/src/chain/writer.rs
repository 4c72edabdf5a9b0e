//! Making transactions and handing them to the chain.

use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Symbol;
use rampart_core::outgoing::{FeeTerms, Lane, SignedAttempt, Slot};
use rampart_core::ports::{
    Broadcast, CallOutcome, ChainWriter, CoinMovement, Estimate, FeeMarket, PortFuture, Signature, Unavailable, Unsigned, WrongSignature,
};

use super::SimulatedChain;
use super::fees::{node_fees, units};
use super::holdings::balance_of;
use super::signing::SentCoins;
use super::stored::{StoredTransaction, stored_columns};
use crate::error::WorldError;
use crate::file::{FaultPort, Transaction};
use crate::trigger::{self, TriggerOutcome};

impl SimulatedChain {
    /// What the same movement reserves of a coin while it waits for a block: what is tried out may replace it, and then does not need
    /// the coins a second time.
    fn waiting_for_same(&self, tx: &Transaction<'_>, from: &str, coin: Symbol, sends: &SentCoins) -> Result<Amount, WorldError> {
        const SAME: &str = concat!(
            "SELECT ",
            stored_columns!(),
            " FROM transactions INDEXED BY transactions_waiting \
            WHERE chain = ?1 AND state = 0 AND sender = ?2 AND recipient = ?3 AND symbol = ?4 AND amount = ?5"
        );
        let SentCoins { to, symbol, amount } = sends;
        let parameters = (self.config.name.as_str(), from, to, symbol.as_str(), amount.to_string());
        let same = tx.row(SAME, parameters, StoredTransaction::read)?;
        Ok(same.map_or(Amount::ZERO, |same| same.most_of(coin.as_str(), &self.config)))
    }

    /// What a node says when a transfer is tried out at the newest block.
    fn try_out(&self, tx: &Transaction<'_>, lane: Lane, sends: &SentCoins) -> Result<Estimate, WorldError> {
        if trigger::by_wallet(&sends.to) == Some(TriggerOutcome::BroadcastRefused) {
            let reason = "the network does not accept transactions to this address".to_owned();
            return Ok(Estimate::WouldFail { reason });
        }
        let units = units(&self.config, lane, sends.symbol);
        let fee = node_fees(&self.config, tx.settings.chains.get(&self.config.name)).usual(units);
        let (address, native) = (self.wallet(tx, lane)?, self.config.native);
        let needed = if sends.symbol == native {
            // What overflows is more than anybody has.
            vec![(native, sends.amount.plus(fee).ok())]
        } else {
            vec![(sends.symbol, Some(sends.amount)), (native, Some(fee))]
        };
        for (symbol, amount) in needed {
            let held = balance_of(tx, self.config.name, &address, symbol.as_str())?;
            let free = held.amount.minus(held.waiting).unwrap_or_default();
            let suffices = |free: Amount| amount.is_some_and(|amount| free >= amount);
            if !suffices(free) && !suffices(free.plus(self.waiting_for_same(tx, &address, symbol, sends)?).unwrap_or(free)) {
                return Ok(Estimate::Unfunded { reason: format!("insufficient funds: {address} lacks {symbol}") });
            }
        }
        Ok(Estimate::Units(units))
    }
}

impl ChainWriter for SimulatedChain {
    fn fee_market(&self) -> PortFuture<'_, Result<FeeMarket, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, |tx| Ok(node_fees(&self.config, tx.settings.chains.get(&self.config.name)).market)))
    }

    fn estimate<'a>(&'a self, lane: Lane, movement: &'a CoinMovement) -> PortFuture<'a, Result<Estimate, Unavailable>> {
        Box::pin(async move {
            let sends = self.sent_coins(movement)?;
            self.file.ask(FaultPort::Chain, move |tx| self.try_out(tx, lane, &sends)).await
        })
    }

    fn cancelling_units(&self) -> u64 {
        units(&self.config, Lane::FIRST, self.config.native)
    }

    fn compose(&self, slot: &Slot, movements: &[CoinMovement], fee: FeeTerms) -> Result<Unsigned, Unavailable> {
        let lane = slot.lane();
        let from = match lane {
            Lane::Hot(_) => self.address_of(lane),
            Lane::Deposit(_) => self.file.read(|tx| self.wallet(tx, lane)).map_err(|error| Unavailable(error.to_string()))?,
        };
        self.composed(slot, from, movements, fee)
    }

    fn assemble(&self, lane: Lane, unsigned: &Unsigned, signature: &Signature) -> Result<(String, String), WrongSignature> {
        self.assembled(lane, unsigned, signature)
    }

    fn broadcast<'a>(&'a self, attempt: &'a SignedAttempt) -> PortFuture<'a, Broadcast> {
        Box::pin(async move {
            match self.file.act(FaultPort::Chain, move |tx| self.take_broadcast(tx, attempt)).await {
                CallOutcome::Accepted(broadcast) => broadcast,
                // Whatever a node said or did not say: it may be offered again.
                CallOutcome::Refused { reason } | CallOutcome::NotSent { reason } | CallOutcome::Unknown { reason } => {
                    Broadcast::Later { reason }
                }
            }
        })
    }
}
