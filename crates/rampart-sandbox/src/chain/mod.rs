//! A chain: blocks, waiting transactions, balances and nonces, with the rules of a real node.
//!
//! The hash of a block is derived from chain, height and fork number. A reorganisation raises the fork number of the
//! heights it replaces. So blocks without transactions need no row, and an idle chain costs nothing.

mod broadcast;
mod deposit;
mod holdings;
mod mine;
mod reorg;
mod signing;

use std::sync::Arc;
use std::time::Duration;

use rampart_core::address::{AddressKind, checksummed, segwit_address};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Chain, CoinId, Symbol};
use rampart_core::outgoing::{SignedTransaction, TransferSource};
use rampart_core::ports::{
    Block, BlockHead, CallOutcome, ChainPort, ChainTransfer, PortFuture, SigningRequest, TransactionStatus, Unavailable,
};
use rampart_core::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::config::ChainConfig;
use crate::error::WorldError;
use crate::file::{FaultPort, SandboxFile, Transaction, amount_at};

pub use deposit::{ChainDeposit, ChainTransaction};
pub(crate) use mine::{mine_due, next_block};
pub use reorg::Reorganisation;

use holdings::{balance_of, next_nonce};

/// States of a transaction, as stored.
const WAITING_STATE: i64 = 0;
const MINED_STATE: i64 = 1;
const REVERTED_STATE: i64 = 2;
const DROPPED_STATE: i64 = 3;

/// The port of one chain.
pub(crate) struct SimulatedChain {
    pub(crate) file: Arc<SandboxFile>,
    pub(crate) config: ChainConfig,
    hot: String,
}

fn address_of(seed: u64, chain: &ChainConfig, what: &str) -> String {
    derived(seed, chain.addresses, chain.name.as_str(), what)
}

fn derived(seed: u64, family: AddressKind, place: &str, what: &str) -> String {
    let digest = Sha256::digest(format!("rampart-sandbox/{seed}/{place}/{what}"));
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&digest[..20]);
    match family {
        AddressKind::Evm => checksummed(&bytes),
        AddressKind::Bitcoin => segwit_address(&bytes),
    }
}

/// The address of a chain's hot wallet.
fn hot_address(seed: u64, chain: &ChainConfig) -> String {
    address_of(seed, chain, "hot")
}

/// The hash of a block at a height of a fork.
fn block_hash(chain: Chain, height: i64, fork: i64) -> String {
    if height < 0 {
        return format!("{}{}", prefix(chain), "0".repeat(64));
    }
    format!("{}{}", prefix(chain), hex::encode(Sha256::digest(format!("{chain}/{height}/{fork}"))))
}

/// Prefix of hashes: none on Bitcoin, `0x` elsewhere.
fn prefix(chain: Chain) -> &'static str {
    if chain.as_str() == "bitcoin" { "" } else { "0x" }
}

fn head_at(chain: Chain, height: i64, fork: i64, fork_before: i64) -> BlockHead {
    let (hash, parent) = (block_hash(chain, height, fork), block_hash(chain, height - 1, fork_before));
    BlockHead { height: height.unsigned_abs(), hash, parent, time: None }
}

/// The newest block of a chain.
fn read_head(tx: &Transaction<'_>, chain: Chain) -> Result<BlockHead, WorldError> {
    const HEAD: &str = "SELECT height, coalesce((SELECT max(fork) FROM forks WHERE chain = name AND from_height <= height), 0), \
        coalesce((SELECT max(fork) FROM forks WHERE chain = name AND from_height <= height - 1), 0), \
        (SELECT made_at FROM block_times b WHERE b.chain = name AND b.height = chains.height) FROM chains WHERE name = ?1";
    let head = tx.row(HEAD, [chain.as_str()], |row| {
        let time = row.get::<_, Option<i64>>(3)?.map(Timestamp::from_micros);
        Ok(BlockHead { time, ..head_at(chain, row.get(0)?, row.get(1)?, row.get(2)?) })
    })?;
    head.ok_or_else(|| WorldError::NotFound(format!("there is no chain {chain}")))
}

/// Creates what is missing of a chain: its first block, and the hot wallet's opening balance of each coin.
pub(crate) fn create(tx: &mut Transaction<'_>, config: &ChainConfig) -> Result<(), WorldError> {
    const CHAIN: &str =
        "INSERT INTO chains (name, height, fork, every_micros, mined_at) VALUES (?1, 0, 0, ?2, ?3) ON CONFLICT (name) DO NOTHING";
    const COIN: &str = "INSERT INTO balances (chain, address, symbol, amount, waiting) VALUES (?1, ?2, ?3, ?4, '0') \
        ON CONFLICT (chain, address, symbol) DO NOTHING";
    let name = config.name.as_str();
    tx.execute(CHAIN, (name, i64::from(config.block_seconds) * 1_000_000, tx.now.micros()))?;
    tx.tip(config.name, 0, 0);
    let hot = hot_address(tx.config.seed, config);
    config.coins.iter().try_for_each(|coin| tx.execute(COIN, (name, &hot, coin.symbol.as_str(), coin.opening.to_string())).map(|_| ()))
}

impl SimulatedChain {
    pub(crate) fn new(file: Arc<SandboxFile>, config: ChainConfig) -> Self {
        let hot = hot_address(file.config.seed, &config);
        Self { file, config, hot }
    }

    /// The address that a wallet of ours spends from. Worlds of an earlier version derived deposit addresses per chain
    /// instead of per address family; coins at such an address are spent from there.
    fn wallet(&self, tx: &Transaction<'_>, source: TransferSource) -> Result<String, WorldError> {
        let TransferSource::Deposit(index) = source else { return Ok(self.hot.clone()) };
        let address = self.deposit_address(index);
        let family = tx.config.chains.iter().filter(|chain| chain.addresses == self.config.addresses);
        let earlier = family.map(|chain| address_of(tx.config.seed, chain, &format!("deposit/{index}")));
        for address in std::iter::once(address.clone()).chain(earlier) {
            const FUNDED: &str = "SELECT 1 FROM balances WHERE chain = ?1 AND address = ?2 AND amount <> '0'";
            if tx.value::<i64>(FUNDED, (self.config.name.as_str(), &address))?.is_some() {
                return Ok(address);
            }
        }
        Ok(address)
    }

    fn coin(&self, symbol: &str) -> Option<CoinId> {
        let symbol: Symbol = symbol.parse().ok()?;
        self.config.coin(symbol).map(|_| CoinId { symbol, chain: self.config.name })
    }

    /// The network fee of a transaction, in minor units of the chain's native coin. Sweeps from deposit wallets, which have
    /// no native coins, are free; a real installation would fund them first.
    fn fee(&self, source: TransferSource, symbol: Symbol) -> Amount {
        const WEI_PER_GWEI: i128 = 1_000_000_000;
        if matches!(source, TransferSource::Deposit(_)) {
            return Amount::ZERO;
        }
        let gas = if symbol == self.config.native { 21_000 } else { 65_000 };
        Amount::from_minor(match (self.config.addresses, self.config.name.as_str()) {
            (AddressKind::Bitcoin, _) => 1_800,
            (AddressKind::Evm, "polygon") => gas * 30 * WEI_PER_GWEI,
            (AddressKind::Evm, "bsc") => gas * WEI_PER_GWEI,
            (AddressKind::Evm, "ethereum") => gas * 3 * WEI_PER_GWEI,
            (AddressKind::Evm, _) => gas * 5 * WEI_PER_GWEI,
        })
    }

    fn read_block(&self, tx: &Transaction<'_>, height: u64) -> Result<Option<Block>, WorldError> {
        const BLOCK: &str = "SELECT coalesce((SELECT max(fork) FROM forks WHERE chain = name AND from_height <= ?2), 0), \
            coalesce((SELECT max(fork) FROM forks WHERE chain = name AND from_height <= ?2 - 1), 0), \
            (SELECT made_at FROM block_times WHERE chain = name AND height = ?2) FROM chains WHERE name = ?1 AND chains.height >= ?2";
        const TRANSFERS: &str = "SELECT txid, sender, recipient, symbol, amount FROM transactions \
            WHERE chain = ?1 AND height = ?2 AND state = 1 ORDER BY position";
        let Ok(height) = i64::try_from(height) else { return Ok(None) };
        let parameters = (self.config.name.as_str(), height);
        let head = tx.row(BLOCK, parameters, |row| {
            let time = row.get::<_, Option<i64>>(2)?.map(Timestamp::from_micros);
            Ok(BlockHead { time, ..head_at(self.config.name, height, row.get(0)?, row.get(1)?) })
        })?;
        let Some(head) = head else { return Ok(None) };
        let transfers = tx.rows(TRANSFERS, parameters, |row| {
            let (coin, amount) = (self.coin(&row.get::<_, String>(3)?), amount_at(row, 4)?);
            Ok(ChainTransfer { txid: row.get(0)?, index: 0, from: row.get(1)?, to: row.get(2)?, coin, amount })
        })?;
        Ok(Some(Block { head, transfers }))
    }

    fn read_status(&self, tx: &Transaction<'_>, txid: &str) -> Result<TransactionStatus, WorldError> {
        const STATUS: &str = "SELECT state, height, fee FROM transactions WHERE txid = ?1 AND chain = ?2";
        let found = tx.row(STATUS, (txid, self.config.name.as_str()), |row| {
            let height = row.get::<_, Option<i64>>(1)?.unwrap_or(0).unsigned_abs();
            let network_fee = amount_at(row, 2)?;
            Ok(match row.get(0)? {
                WAITING_STATE => TransactionStatus::Waiting,
                MINED_STATE => TransactionStatus::InBlock { height, network_fee },
                REVERTED_STATE => TransactionStatus::Reverted { height, network_fee },
                _ => TransactionStatus::Unknown,
            })
        })?;
        Ok(found.unwrap_or(TransactionStatus::Unknown))
    }

    fn read_next_nonce(&self, tx: &Transaction<'_>, source: TransferSource) -> Result<u64, WorldError> {
        const WAITING: &str =
            "SELECT nonce FROM transactions WHERE sender = ?1 AND chain = ?2 AND nonce >= ?3 AND state = 0 ORDER BY nonce";
        let (chain, address) = (self.config.name, self.wallet(tx, source)?);
        let base = next_nonce(tx, chain, &address)?;
        let waiting: Vec<i64> = tx.rows(WAITING, (&address, chain.as_str(), base), |row| Ok(row.get(0)?))?;
        let next = waiting.into_iter().fold(base, |next, nonce| if nonce == next { next + 1 } else { next });
        Ok(next.unsigned_abs())
    }
}

impl ChainPort for SimulatedChain {
    fn chain(&self) -> Chain {
        self.config.name
    }

    fn hot_address(&self) -> String {
        self.hot.clone()
    }

    fn deposit_address(&self, index: u64) -> String {
        let family = self.config.addresses;
        derived(self.file.config.seed, family, family.as_str(), &format!("deposit/{index}"))
    }

    fn head(&self) -> PortFuture<'_, Result<BlockHead, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, |tx| read_head(tx, self.config.name)))
    }

    fn block_interval(&self) -> PortFuture<'_, Result<Option<Duration>, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, |tx| {
            let every: Option<i64> = tx.value("SELECT every_micros FROM chains WHERE name = ?1", [self.config.name.as_str()])?;
            Ok(every.map(|every| Duration::from_micros(every.unsigned_abs())).filter(|every| !every.is_zero()))
        }))
    }

    fn block(&self, height: u64) -> PortFuture<'_, Result<Option<Block>, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, move |tx| self.read_block(tx, height)))
    }

    fn next_nonce(&self, source: TransferSource) -> PortFuture<'_, Result<u64, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, move |tx| self.read_next_nonce(tx, source)))
    }

    fn sign<'a>(&'a self, request: &'a SigningRequest) -> PortFuture<'a, Result<SignedTransaction, Unavailable>> {
        // Signing is done by the wallet: faults of the chain do not apply.
        Box::pin(async move {
            let from = self.file.read(|tx| self.wallet(tx, request.source)).map_err(|error| Unavailable(error.to_string()))?;
            self.signed(request, from)
        })
    }

    fn broadcast<'a>(&'a self, signed: &'a SignedTransaction) -> PortFuture<'a, CallOutcome<()>> {
        Box::pin(self.file.act(FaultPort::Chain, move |tx| self.take_broadcast(tx, signed)))
    }

    fn transaction<'a>(&'a self, txid: &'a str) -> PortFuture<'a, Result<TransactionStatus, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, move |tx| self.read_status(tx, txid)))
    }

    fn balance(&self, source: TransferSource, coin: CoinId) -> PortFuture<'_, Result<Amount, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Chain, move |tx| {
            let address = self.wallet(tx, source)?;
            Ok(balance_of(tx, self.config.name, &address, coin.symbol.as_str())?.amount)
        }))
    }

    fn news<'a>(&'a self, known: &'a BlockHead) -> PortFuture<'a, ()> {
        let chain = self.config.name;
        // The newest block is always one of the newest fork, which is longer than the one before.
        Box::pin(self.file.signals.wait_for_tip(chain, move |fork, height| block_hash(chain, height, fork) != known.hash))
    }
}
