//! A chain: blocks, waiting transactions, balances and nonces, with the rules of a real node.
//!
//! The hash of a block is derived from chain, height and fork number. A reorganisation raises the fork number of the
//! heights it replaces. So blocks without transactions need no row, and an idle chain costs nothing.

mod broadcast;
mod deposit;
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
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::config::ChainConfig;
use crate::database::SandboxDatabase;
use crate::error::WorldError;
use crate::faults::FaultPort;
use crate::payouts::amount;

pub(crate) use broadcast::{SignedTransfer, take as take_broadcasts};
pub use deposit::{ChainDeposit, ChainTransaction};
pub(crate) use mine::mine_due;
pub use reorg::Reorganisation;

/// States of a transaction, as stored.
pub(crate) const WAITING_STATE: i64 = 0;
pub(crate) const MINED_STATE: i64 = 1;
pub(crate) const REVERTED_STATE: i64 = 2;
pub(crate) const DROPPED_STATE: i64 = 3;

/// The port of one chain.
pub(crate) struct SimulatedChain {
    pub(crate) database: Arc<SandboxDatabase>,
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
pub(crate) fn hot_address(seed: u64, chain: &ChainConfig) -> String {
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

/// The number of the newest fork of a chain, and its newest block.
pub(crate) async fn read_head(connection: &mut SqliteConnection, chain: Chain) -> Result<(i64, BlockHead), WorldError> {
    let row = sqlx::query(
        "SELECT height, fork, coalesce((SELECT max(fork) FROM forks WHERE chain = name AND from_height <= height), 0), \
         coalesce((SELECT max(fork) FROM forks WHERE chain = name AND from_height <= height - 1), 0), \
         (SELECT made_at FROM block_times b WHERE b.chain = name AND b.height = chains.height) FROM chains WHERE name = ?1",
    )
    .bind(chain.as_str())
    .fetch_one(connection)
    .await?;
    let (height, fork) = (row.try_get(0)?, row.try_get(1)?);
    let time = row.try_get::<Option<i64>, _>(4)?.map(Timestamp::from_micros);
    Ok((fork, BlockHead { time, ..head_at(chain, height, row.try_get(2)?, row.try_get(3)?) }))
}

impl SimulatedChain {
    pub(crate) fn new(database: Arc<SandboxDatabase>, config: ChainConfig) -> Self {
        let hot = hot_address(database.config.seed, &config);
        Self { database, config, hot }
    }

    /// The address that a wallet of ours spends from. Worlds of an earlier version derived deposit addresses per chain
    /// instead of per address family; coins at such an address are spent from there.
    async fn wallet(&self, source: TransferSource) -> Result<String, WorldError> {
        let TransferSource::Deposit(index) = source else { return Ok(self.hot.clone()) };
        let (config, address) = (&self.database.config, self.deposit_address(index));
        let family = config.chains.iter().filter(|chain| chain.addresses == self.config.addresses);
        let mut addresses = vec![address.clone()];
        addresses.extend(family.map(|chain| address_of(config.seed, chain, &format!("deposit/{index}"))));
        let funded: Vec<String> = sqlx::query_scalar(
            "SELECT b.address FROM json_each(?2) k CROSS JOIN balances b ON b.chain = ?1 AND b.address = k.value \
             WHERE b.amount <> '0' ORDER BY k.key",
        )
        .bind(self.config.name.as_str())
        .bind(serde_json::to_string(&addresses)?)
        .fetch_all(&self.database.readers)
        .await?;
        Ok(funded.into_iter().next().unwrap_or(address))
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

    async fn read_block(&self, height: u64) -> Result<Option<Block>, WorldError> {
        let Ok(height) = i64::try_from(height) else { return Ok(None) };
        // One statement reads one snapshot, so no reorganisation can happen in between.
        let rows = sqlx::query(
            "SELECT coalesce((SELECT max(fork) FROM forks WHERE chain = c.name AND from_height <= ?2), 0), \
             coalesce((SELECT max(fork) FROM forks WHERE chain = c.name AND from_height <= ?2 - 1), 0), \
             t.txid, t.sender, t.recipient, t.symbol, t.amount, \
             (SELECT made_at FROM block_times WHERE chain = c.name AND height = ?2) \
             FROM chains c LEFT JOIN transactions t ON t.chain = c.name AND t.height = ?2 AND t.state = 1 \
             WHERE c.name = ?1 AND c.height >= ?2 ORDER BY t.position",
        )
        .bind(self.config.name.as_str())
        .bind(height)
        .fetch_all(&self.database.readers)
        .await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let time = first.try_get::<Option<i64>, _>(7)?.map(Timestamp::from_micros);
        let head = BlockHead { time, ..head_at(self.config.name, height, first.try_get(0)?, first.try_get(1)?) };
        let mut transfers = Vec::new();
        for row in &rows {
            let Some(txid) = row.try_get::<Option<String>, _>(2)? else { continue };
            transfers.push(ChainTransfer {
                txid,
                index: 0,
                from: row.try_get(3)?,
                to: row.try_get(4)?,
                coin: self.coin(row.try_get(5)?),
                amount: amount(row.try_get(6)?)?,
            });
        }
        Ok(Some(Block { head, transfers }))
    }

    async fn read_status(&self, txid: &str) -> Result<TransactionStatus, WorldError> {
        let row = sqlx::query("SELECT state, height, fee FROM transactions WHERE txid = ?1 AND chain = ?2")
            .bind(txid)
            .bind(self.config.name.as_str())
            .fetch_optional(&self.database.readers)
            .await?;
        let Some(row) = row else { return Ok(TransactionStatus::Unknown) };
        let height = row.try_get::<Option<i64>, _>(1)?.unwrap_or(0).unsigned_abs();
        let network_fee = amount(row.try_get(2)?)?;
        Ok(match row.try_get(0)? {
            WAITING_STATE => TransactionStatus::Waiting,
            MINED_STATE => TransactionStatus::InBlock { height, network_fee },
            REVERTED_STATE => TransactionStatus::Reverted { height, network_fee },
            _ => TransactionStatus::Unknown,
        })
    }

    async fn read_next_nonce(&self, address: &str) -> Result<u64, WorldError> {
        let chain = self.config.name;
        let base: Option<i64> = sqlx::query_scalar("SELECT next FROM nonces WHERE chain = ?1 AND address = ?2")
            .bind(chain.as_str())
            .bind(address)
            .fetch_optional(&self.database.readers)
            .await?;
        let waiting: Vec<i64> = sqlx::query_scalar(
            "SELECT nonce FROM transactions WHERE sender = ?1 AND chain = ?2 AND nonce >= ?3 AND state = 0 ORDER BY nonce",
        )
        .bind(address)
        .bind(chain.as_str())
        .bind(base.unwrap_or(0))
        .fetch_all(&self.database.readers)
        .await?;
        let next = waiting.into_iter().fold(base.unwrap_or(0), |next, nonce| if nonce == next { next + 1 } else { next });
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
        derived(self.database.config.seed, family, family.as_str(), &format!("deposit/{index}"))
    }

    fn head(&self) -> PortFuture<'_, Result<BlockHead, Unavailable>> {
        let read = async {
            let tip = self.database.signals.tips.get(&self.config.name).map(|tip| tip.borrow().1.clone());
            tip.ok_or_else(|| WorldError::NotFound(format!("there is no chain {}", self.config.name)))
        };
        Box::pin(self.database.ask(FaultPort::Chain, read))
    }

    fn block_interval(&self) -> PortFuture<'_, Result<Option<Duration>, Unavailable>> {
        let read = async {
            let every: i64 = sqlx::query_scalar("SELECT every_micros FROM chains WHERE name = ?1")
                .bind(self.config.name.as_str())
                .fetch_one(&self.database.readers)
                .await?;
            Ok(Some(Duration::from_micros(every.unsigned_abs())).filter(|every| !every.is_zero()))
        };
        Box::pin(self.database.ask(FaultPort::Chain, read))
    }

    fn block(&self, height: u64) -> PortFuture<'_, Result<Option<Block>, Unavailable>> {
        Box::pin(self.database.ask(FaultPort::Chain, self.read_block(height)))
    }

    fn next_nonce(&self, source: TransferSource) -> PortFuture<'_, Result<u64, Unavailable>> {
        Box::pin(self.database.ask(FaultPort::Chain, async move { self.read_next_nonce(&self.wallet(source).await?).await }))
    }

    fn sign<'a>(&'a self, request: &'a SigningRequest) -> PortFuture<'a, Result<SignedTransaction, Unavailable>> {
        // Signing is done by the wallet: faults of the chain do not apply.
        Box::pin(async move {
            let from = self.wallet(request.source).await.map_err(|error| Unavailable(error.to_string()))?;
            self.signed(request, from)
        })
    }

    fn broadcast<'a>(&'a self, signed: &'a SignedTransaction) -> PortFuture<'a, CallOutcome<()>> {
        Box::pin(self.database.act(FaultPort::Chain, self.send(signed)))
    }

    fn transaction<'a>(&'a self, txid: &'a str) -> PortFuture<'a, Result<TransactionStatus, Unavailable>> {
        Box::pin(self.database.ask(FaultPort::Chain, self.read_status(txid)))
    }

    fn balance(&self, source: TransferSource, coin: CoinId) -> PortFuture<'_, Result<Amount, Unavailable>> {
        let read = async move {
            let address = self.wallet(source).await?;
            let balance: Option<String> =
                sqlx::query_scalar("SELECT amount FROM balances WHERE chain = ?1 AND address = ?2 AND symbol = ?3")
                    .bind(self.config.name.as_str())
                    .bind(address)
                    .bind(coin.symbol.as_str())
                    .fetch_optional(&self.database.readers)
                    .await?;
            balance.map_or(Ok(Amount::ZERO), |balance| amount(&balance))
        };
        Box::pin(self.database.ask(FaultPort::Chain, read))
    }

    fn news<'a>(&'a self, known: &'a BlockHead) -> PortFuture<'a, ()> {
        Box::pin(async move {
            let Some(tip) = self.database.signals.tips.get(&self.config.name) else { return std::future::pending().await };
            // The database owns the sender, so waiting cannot fail.
            let _ = tip.subscribe().wait_for(|(_, head)| head.hash != known.hash).await;
        })
    }
}
