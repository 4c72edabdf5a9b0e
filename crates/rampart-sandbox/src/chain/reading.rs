//! Reading the chain. A node that lags answers as if its newest blocks did not exist.

use std::time::Duration;

use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Chain, CoinId};
use rampart_core::outgoing::{Lane, SignedAttempt, Slot};
use rampart_core::ports::{
    Block, BlockHead, ChainReader, ChainTip, ChainTransfer, Followed, PortFuture, SlotStatus, SpentSlot, Unavailable,
};
use rampart_core::time::Timestamp;

use super::holdings::balance_of;
use super::stored::{StoredTransaction, stored_columns, stored_misreading};
use super::{MINED_STATE, SimulatedChain, WAITING_STATE, block_hash, head_at, head_of, newest_height};
use crate::error::WorldError;
use crate::file::{FaultPort, FinalitySettings, Misreading, Transaction, amount_at};

/// Which of a block's readings.
#[derive(Debug, Clone, Copy)]
enum BlockReading {
    First,
    Second,
}

/// The forks of a chain: first height and number, the newest last.
struct Forks(Vec<(i64, i64)>);

impl Forks {
    fn read(tx: &Transaction<'_>, chain: Chain) -> Result<Self, WorldError> {
        const FORKS: &str = "SELECT from_height, fork FROM forks WHERE chain = ?1 ORDER BY fork";
        Ok(Self(tx.rows(FORKS, [chain.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?))
    }

    /// The fork that the block of a height belongs to.
    fn at(&self, height: i64) -> i64 {
        self.0.iter().rev().find(|(from, _)| *from <= height).map_or(0, |(_, fork)| *fork)
    }
}

fn stored_height(height: u64) -> i64 {
    i64::try_from(height).unwrap_or(i64::MAX)
}

impl SimulatedChain {
    fn lag(&self, tx: &Transaction<'_>) -> i64 {
        tx.settings.chains.get(&self.config.name).map_or(0, |settings| i64::from(settings.lag_blocks))
    }

    /// Height of the newest block that the node knows.
    fn known_height(&self, tx: &Transaction<'_>) -> Result<i64, WorldError> {
        Ok(newest_height(tx, self.config.name)?.saturating_sub(self.lag(tx)).max(0))
    }

    fn known_head(&self, tx: &Transaction<'_>) -> Result<BlockHead, WorldError> {
        let head = head_of(tx, self.config.name, self.known_height(tx)?)?;
        head.ok_or_else(|| WorldError::NotFound(format!("there is no chain {}", self.config.name)))
    }

    /// The finality that is set, or configured.
    pub(super) fn finality(&self, tx: &Transaction<'_>) -> FinalitySettings {
        let set = tx.settings.chains.get(&self.config.name).and_then(|settings| settings.finality);
        set.unwrap_or(FinalitySettings { depth: self.config.finality_blocks, stalled_at: None })
    }

    pub(super) fn read_tip(&self, tx: &Transaction<'_>) -> Result<ChainTip, WorldError> {
        let newest = self.known_head(tx)?;
        let finality = self.finality(tx);
        let last = finality.depth.and_then(|depth| newest.height.checked_sub(u64::from(depth)));
        let last = last.map(|last| finality.stalled_at.map_or(last, |stalled_at| last.min(stalled_at)));
        let last_final = last.map(|last| head_of(tx, self.config.name, stored_height(last))).transpose()?.flatten();
        Ok(ChainTip { newest, last_final })
    }

    fn read_header(&self, tx: &Transaction<'_>, height: u64) -> Result<Option<BlockHead>, WorldError> {
        if stored_height(height) > self.known_height(tx)? { Ok(None) } else { head_of(tx, self.config.name, stored_height(height)) }
    }

    /// The blocks of these heights, first and last included.
    fn read_blocks(&self, tx: &Transaction<'_>, reading: BlockReading, first: i64, last: i64) -> Result<Vec<Block>, WorldError> {
        const TIMES: &str = "SELECT height, made_at FROM block_times WHERE chain = ?1 AND height BETWEEN ?2 AND ?3 ORDER BY height";
        const TRANSFERS: &str = "SELECT height, txid, sender, recipient, symbol, amount FROM transactions \
            WHERE chain = ?1 AND height BETWEEN ?2 AND ?3 AND state = 1 AND misreading IS NOT ?4 \
            AND (amount <> '0' OR nonce IS NULL) ORDER BY height, position";
        let chain = self.config.name;
        // What only spends a nonce of ours moves nothing. Others may send nothing to anybody, and it shows.
        let left_out = stored_misreading(match reading {
            BlockReading::First => Misreading::Missing,
            BlockReading::Second => Misreading::NotThere,
        });
        let forks = Forks::read(tx, chain)?;
        let times: Vec<(i64, i64)> = tx.rows(TIMES, (chain.as_str(), first, last), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let transfers = tx.rows(TRANSFERS, (chain.as_str(), first, last, left_out), |row| {
            let (coin, amount) = (self.coin(&row.get::<_, String>(4)?), amount_at(row, 5)?);
            Ok((row.get::<_, i64>(0)?, ChainTransfer { txid: row.get(1)?, from: row.get(2)?, to: row.get(3)?, coin, amount }))
        })?;
        let (mut times, mut transfers) = (times.into_iter().peekable(), transfers.into_iter().peekable());
        let block = |height| {
            let time = times.next_if(|(at, _)| *at == height).map(|(_, made_at)| Timestamp::from_micros(made_at));
            let head = BlockHead { time, ..head_at(chain, height, forks.at(height), forks.at(height - 1)) };
            let transfers = std::iter::from_fn(|| transfers.next_if(|(at, _)| *at == height)).map(|(_, transfer)| transfer);
            Block { head, transfers: transfers.collect() }
        };
        Ok((first..=last).map(block).collect())
    }

    fn follow(&self, tx: &Transaction<'_>, height: u64, hash: &str, limit: usize) -> Result<Result<Followed, Unavailable>, WorldError> {
        let (height, newest) = (stored_height(height), self.known_height(tx)?);
        if height > newest {
            return Ok(Err(Unavailable("the node is behind".to_owned())));
        }
        if head_of(tx, self.config.name, height)?.is_none_or(|head| head.hash != hash) {
            return Ok(Ok(Followed::Undone));
        }
        let last = height.saturating_add(i64::try_from(limit).unwrap_or(i64::MAX)).min(newest);
        self.read_blocks(tx, BlockReading::First, height + 1, last).map(|blocks| Ok(Followed::Blocks(blocks)))
    }

    fn follow_again(&self, tx: &Transaction<'_>, first: u64, last: u64) -> Result<Result<Vec<Block>, Unavailable>, WorldError> {
        let (first, last) = (stored_height(first), stored_height(last));
        if last > self.known_height(tx)? {
            return Ok(Err(Unavailable("the node is behind".to_owned())));
        }
        self.read_blocks(tx, BlockReading::Second, first, last).map(Ok)
    }

    /// The addresses that a slot's attempts spend from.
    fn senders(&self, tx: &Transaction<'_>, slot: &Slot, attempts: &[SignedAttempt]) -> Result<Vec<String>, WorldError> {
        let mut senders: Vec<String> = match slot.lane() {
            Lane::Hot(_) => Vec::new(),
            Lane::Deposit(_) => attempts.iter().filter_map(|attempt| self.read_signed(attempt)).map(|payload| payload.from).collect(),
        };
        senders.push(self.wallet(tx, slot.lane())?);
        senders.sort();
        senders.dedup();
        Ok(senders)
    }

    fn read_slot(&self, tx: &Transaction<'_>, slot: &Slot, attempts: &[SignedAttempt]) -> Result<SlotStatus, WorldError> {
        const AT_NONCE: &str =
            "SELECT txid, state, height, fee FROM transactions WHERE sender = ?1 AND chain = ?2 AND nonce = ?3 AND state < 3";
        let (chain, newest) = (self.config.name, self.known_height(tx)?);
        let mut is_pending = false;
        for sender in self.senders(tx, slot, attempts)? {
            let found = tx.rows(AT_NONCE, (sender, chain.as_str(), stored_height(slot.nonce())), |row| {
                let height = row.get::<_, Option<i64>>(2)?.unwrap_or_default();
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, height, amount_at(row, 3)?))
            })?;
            for (txid, state, height, network_fee) in found {
                let is_ours = attempts.iter().any(|attempt| attempt.txid == txid);
                // A node that lags still waits to include what its newest blocks have.
                if state == WAITING_STATE || height > newest {
                    is_pending |= is_ours;
                    continue;
                }
                let at = height.unsigned_abs();
                if !is_ours {
                    return Ok(SlotStatus::SpentByOther { height: at });
                }
                let block = block_hash(chain, height, Forks::read(tx, chain)?.at(height));
                let succeeded = state == MINED_STATE;
                return Ok(SlotStatus::Spent(SpentSlot { txid, height: at, block, succeeded, network_fee }));
            }
        }
        Ok(SlotStatus::Open { is_pending })
    }

    fn read_spent_nonces(&self, tx: &Transaction<'_>, lane: Lane) -> Result<u64, WorldError> {
        const ABOVE: &str = "SELECT min(nonce) FROM transactions WHERE sender = ?1 AND chain = ?2 AND height > ?3 AND nonce IS NOT NULL";
        let spent = self.lane_nonce(tx, lane)?;
        if self.lag(tx) == 0 {
            return Ok(spent.unsigned_abs());
        }
        let parameters = (self.wallet(tx, lane)?, self.config.name.as_str(), self.known_height(tx)?);
        let first_unknown: Option<i64> = tx.value(ABOVE, parameters)?.flatten();
        Ok(first_unknown.unwrap_or(spent).unsigned_abs())
    }

    fn read_balance(&self, tx: &Transaction<'_>, lane: Lane, symbol: &str) -> Result<Amount, WorldError> {
        const ABOVE: &str = concat!(
            "SELECT ",
            stored_columns!(),
            " FROM transactions WHERE chain = ?1 AND height > ?2 AND (sender = ?3 OR recipient = ?3)"
        );
        let address = self.wallet(tx, lane)?;
        let mut balance = balance_of(tx, self.config.name, &address, symbol)?.amount;
        if self.lag(tx) == 0 {
            return Ok(balance);
        }
        let parameters = (self.config.name.as_str(), self.known_height(tx)?, &address);
        for transaction in tx.rows(ABOVE, parameters, StoredTransaction::read)? {
            let gain = transaction.gain_of(&address, symbol, &self.config);
            balance = balance.minus(gain).unwrap_or(balance);
        }
        Ok(balance)
    }
}

impl ChainReader for SimulatedChain {
    fn chain(&self) -> Chain {
        self.config.name
    }

    fn address(&self, lane: Lane) -> String {
        self.address_of(lane)
    }

    fn tip(&self) -> PortFuture<'_, Result<ChainTip, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, |tx| self.read_tip(tx)))
    }

    fn block_interval(&self) -> PortFuture<'_, Result<Option<Duration>, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, |tx| {
            let every: Option<i64> = tx.value("SELECT every_micros FROM chains WHERE name = ?1", [self.config.name.as_str()])?;
            Ok(every.map(|every| Duration::from_micros(every.unsigned_abs())).filter(|every| !every.is_zero()))
        }))
    }

    fn header(&self, height: u64) -> PortFuture<'_, Result<Option<BlockHead>, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, move |tx| self.read_header(tx, height)))
    }

    fn blocks<'a>(&'a self, height: u64, hash: &'a str, limit: usize) -> PortFuture<'a, Result<Followed, Unavailable>> {
        Box::pin(async move { self.file.ask(FaultPort::Chain, move |tx| self.follow(tx, height, hash, limit)).await.flatten() })
    }

    fn read_again(&self, first: u64, last: u64) -> PortFuture<'_, Result<Vec<Block>, Unavailable>> {
        Box::pin(async move { self.file.ask(FaultPort::Chain, move |tx| self.follow_again(tx, first, last)).await.flatten() })
    }

    fn slot<'a>(&'a self, slot: &'a Slot, attempts: &'a [SignedAttempt]) -> PortFuture<'a, Result<SlotStatus, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, move |tx| self.read_slot(tx, slot, attempts)))
    }

    fn spent_nonces(&self, lane: Lane) -> PortFuture<'_, Result<u64, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, move |tx| self.read_spent_nonces(tx, lane)))
    }

    fn balance(&self, lane: Lane, coin: CoinId) -> PortFuture<'_, Result<Amount, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, move |tx| self.read_balance(tx, lane, coin.symbol.as_str())))
    }

    fn news<'a>(&'a self, known: &'a BlockHead) -> PortFuture<'a, ()> {
        let (chain, signals) = (self.config.name, &self.file.signals);
        let is_news = move |lags, fork, height| match lags {
            // The newest block is always one of the newest fork, which is longer than the one before.
            false => block_hash(chain, height, fork) != known.hash,
            true => self.file.read(|tx| self.known_head(tx)).is_ok_and(|head| head.hash != known.hash),
        };
        Box::pin(signals.wait_for_tip(chain, is_news))
    }
}
