//! What people and tests do to the chains of a world.

use rampart_core::money::asset::Chain;
use rampart_core::outgoing::Lane;
use rampart_core::ports::{BlockHead, FeeMarket};

use crate::chain::{ChainDeposit, ChainTransaction, Reorganisation, ReorganisationPlan, SharedDeposit};
use crate::error::WorldError;
use crate::file::{FeeSettings, Misreading, SignerRule};
use crate::world::World;

impl World {
    /// A third party sends coins to an address; they are in the next block. Returns the transaction's identifier.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for an invalid address.
    pub async fn deposit(&self, deposit: ChainDeposit) -> Result<String, WorldError> {
        self.simulated_chain(deposit.chain)?.deposit(&deposit)
    }

    /// The transactions from or to an address (`None`: all), newest first, at most `limit`, with ids below `before`.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for an invalid address.
    pub async fn transactions(
        &self,
        chain: Chain,
        address: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<ChainTransaction>, WorldError> {
        self.simulated_chain(chain)?.transactions(address, before, limit)
    }

    /// Mines blocks now.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for no blocks or more than 1,000.
    pub async fn mine(&self, chain: Chain, count: u32) -> Result<BlockHead, WorldError> {
        self.simulated_chain(chain)?.mine(count)
    }

    /// Sets the interval between automatic blocks in seconds of business time; 0 stops them.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for more than a day.
    pub async fn automine(&self, chain: Chain, every_seconds: u32) -> Result<(), WorldError> {
        self.simulated_chain(chain)?.automine(every_seconds)
    }

    /// Undoes the newest blocks of a chain. Their transactions wait again, except those in `drop`, which the chain forgets.
    /// `drop` may also name waiting transactions.
    /// [`WorldError::NotFound`] for an unknown chain. [`WorldError::Impossible`] for more blocks than the chain has, for more
    /// than 200, and for a transaction to drop that is neither undone nor waiting.
    pub async fn reorganise(&self, chain: Chain, depth: u32, drop: Vec<String>) -> Result<Reorganisation, WorldError> {
        self.reorganise_by(chain, ReorganisationPlan { depth, drop, again: Vec::new() }).await
    }

    /// As [`World::reorganise`]; some transactions may be mined again in the new fork, in another block and with the same identifier.
    /// [`WorldError::Impossible`] also for a transaction that cannot be mined again.
    pub async fn reorganise_by(&self, chain: Chain, plan: ReorganisationPlan) -> Result<Reorganisation, WorldError> {
        self.simulated_chain(chain)?.reorganise(&plan)
    }

    /// A third party sends coins to several addresses, or several times to one, in a single transaction. Returns its identifier.
    /// Those of [`World::deposit`], and [`WorldError::Impossible`] for no transfers or more than 1,000.
    pub async fn deposit_shared(&self, deposit: SharedDeposit) -> Result<String, WorldError> {
        self.simulated_chain(deposit.chain)?.deposit_all(deposit.from.as_deref(), &deposit.transfers)
    }

    /// Makes the node of a chain lag: its reader answers as if the newest blocks did not exist, while a broadcast reaches a node that
    /// has them. 0: it lags no more.
    /// [`WorldError::NotFound`] for an unknown chain.
    pub async fn set_lag(&self, chain: Chain, blocks: u32) -> Result<(), WorldError> {
        self.simulated_chain(chain)?.set_lag(blocks)
    }

    /// Sets how many blocks the newest final block of a chain is behind the newest (`None`: the chain does not say what is final), and
    /// whether it stands where it is now.
    /// [`WorldError::NotFound`] for an unknown chain.
    pub async fn set_finality(&self, chain: Chain, depth: Option<u32>, stalled: bool) -> Result<Option<BlockHead>, WorldError> {
        self.simulated_chain(chain)?.set_finality(depth, stalled)
    }

    /// Sets the prices of a chain. The default is a calm market. Returns what the market asks.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for a negative price, and 0 times.
    pub async fn set_fees(&self, chain: Chain, fees: FeeSettings) -> Result<FeeMarket, WorldError> {
        self.simulated_chain(chain)?.set_fees(fees)
    }

    /// Makes the first reading wrong for all transfers of the next blocks; 0: for no more of them.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for more than 1,000 blocks.
    pub async fn misread_blocks(&self, chain: Chain, misreading: Misreading, blocks: u32) -> Result<(), WorldError> {
        self.simulated_chain(chain)?.misread_blocks(misreading, blocks)
    }

    /// Makes the first reading wrong for transactions that wait for a block.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for a transaction that does not wait.
    pub async fn misread_transactions(&self, chain: Chain, misreading: Misreading, txids: &[String]) -> Result<(), WorldError> {
        self.simulated_chain(chain)?.misread_transactions(misreading, txids)
    }

    /// Makes the signer of a chain leave orders unsigned. A count of 0 removes all rules.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for more than 100 rules, more than a day of delay
    /// and an invalid address.
    pub async fn add_signer_rule(&self, chain: Chain, rule: SignerRule) -> Result<(), WorldError> {
        self.simulated_chain(chain)?.add_signer_rule(rule)
    }

    /// Somebody uses a wallet of ours elsewhere: a transaction that moves nothing waits for a nonce (`None`: the next to be mined), and
    /// replaces what waited for it. No other replaces it, whatever it offers. Returns its identifier.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for a nonce that is spent and without coins for the fee.
    pub async fn spend_nonce(&self, chain: Chain, lane: Lane, nonce: Option<u64>) -> Result<String, WorldError> {
        self.simulated_chain(chain)?.spend_nonce(lane, nonce)
    }
}
