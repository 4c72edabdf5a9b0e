//! A chain: blocks, waiting transactions, balances and nonces, with the rules of a real node.
//!
//! The hash of a block is derived from chain, height and fork number. A reorganisation raises the fork number of the
//! heights it replaces. So blocks without transactions need no row, and an idle chain costs nothing.

mod broadcast;
mod deposit;
mod fees;
mod holdings;
mod mine;
mod outside;
mod reading;
mod reorg;
mod signer;
mod signing;
mod stored;
mod writer;

use std::sync::Arc;

use rampart_core::address::{AddressKind, checksummed, segwit_address};
use rampart_core::money::asset::{Chain, CoinId, Symbol};
use rampart_core::outgoing::Lane;
use rampart_core::ports::{BlockHead, ChainPorts};
use rampart_core::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::config::ChainConfig;
use crate::error::WorldError;
use crate::file::{ChainSettings, SandboxFile, Transaction};

pub use deposit::{ChainDeposit, ChainTransaction, SharedDeposit};
pub(crate) use mine::{mine_due, next_block};
pub use reorg::{Reorganisation, ReorganisationPlan};

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

/// The block at a height; `None` if the chain is not as high.
fn head_of(tx: &Transaction<'_>, chain: Chain, height: i64) -> Result<Option<BlockHead>, WorldError> {
    const HEAD: &str = "SELECT coalesce((SELECT max(fork) FROM forks WHERE chain = name AND from_height <= ?2), 0), \
        coalesce((SELECT max(fork) FROM forks WHERE chain = name AND from_height <= ?2 - 1), 0), \
        (SELECT made_at FROM block_times WHERE chain = name AND height = ?2) FROM chains WHERE name = ?1 AND chains.height >= ?2";
    tx.row(HEAD, (chain.as_str(), height), |row| {
        let time = row.get::<_, Option<i64>>(2)?.map(Timestamp::from_micros);
        Ok(BlockHead { time, ..head_at(chain, height, row.get(0)?, row.get(1)?) })
    })
}

/// Height of the newest block.
fn newest_height(tx: &Transaction<'_>, chain: Chain) -> Result<i64, WorldError> {
    let height = tx.value("SELECT height FROM chains WHERE name = ?1", [chain.as_str()])?;
    height.ok_or_else(|| WorldError::NotFound(format!("there is no chain {chain}")))
}

/// The newest block of a chain.
fn read_head(tx: &Transaction<'_>, chain: Chain) -> Result<BlockHead, WorldError> {
    let head = head_of(tx, chain, newest_height(tx, chain)?)?;
    head.ok_or_else(|| WorldError::NotFound(format!("there is no chain {chain}")))
}

/// Whether this world has ever simulated a chain.
pub(crate) fn exists(tx: &Transaction<'_>, chain: Chain) -> Result<bool, WorldError> {
    Ok(tx.row("SELECT 1 FROM chains WHERE name = ?1", [chain.as_str()], |_| Ok(()))?.is_some())
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

    /// The three ports, all of them this chain.
    pub(crate) fn ports(self: &Arc<Self>) -> ChainPorts {
        ChainPorts { reader: self.clone(), writer: self.clone(), signer: self.clone() }
    }

    /// The address of a wallet of ours.
    fn address_of(&self, lane: Lane) -> String {
        let seed = self.file.config.seed;
        match lane {
            Lane::FIRST => self.hot.clone(),
            Lane::Hot(number) => address_of(seed, &self.config, &format!("hot/{number}")),
            Lane::Deposit(index) => {
                let family = self.config.addresses;
                derived(seed, family, family.as_str(), &format!("deposit/{index}"))
            }
        }
    }

    /// Every address that a wallet of ours may spend from. Worlds of an earlier version derived deposit addresses per chain instead of
    /// per address family; coins at such an address are spent from there.
    fn addresses_of(&self, lane: Lane) -> Vec<String> {
        let mut addresses = vec![self.address_of(lane)];
        if let Lane::Deposit(index) = lane {
            let world = &self.file.config;
            let family = world.chains.iter().filter(|chain| chain.addresses == self.config.addresses);
            addresses.extend(family.map(|chain| address_of(world.seed, chain, &format!("deposit/{index}"))));
        }
        addresses
    }

    /// The address that a wallet of ours spends from: the first that has coins.
    fn wallet(&self, tx: &Transaction<'_>, lane: Lane) -> Result<String, WorldError> {
        const FUNDED: &str = "SELECT 1 FROM balances WHERE chain = ?1 AND address = ?2 AND amount <> '0'";
        if matches!(lane, Lane::Hot(_)) {
            return Ok(self.address_of(lane));
        }
        let addresses = self.addresses_of(lane);
        for address in &addresses {
            if tx.value::<i64>(FUNDED, (self.config.name.as_str(), address))?.is_some() {
                return Ok(address.clone());
            }
        }
        Ok(addresses.into_iter().next().unwrap_or_default())
    }

    fn coin(&self, symbol: &str) -> Option<CoinId> {
        let symbol: Symbol = symbol.parse().ok()?;
        self.config.coin(symbol).map(|_| CoinId { symbol, chain: self.config.name })
    }

    /// Changes what is set for this chain.
    fn change<T>(&self, change: impl FnOnce(&mut ChainSettings) -> Result<T, WorldError>) -> Result<T, WorldError> {
        self.file.change_settings(|settings| change(settings.chains.entry(self.config.name).or_default()))
    }
}
