//! A small world for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use rampart_core::address::AddressKind;
use rampart_core::id::{Mint, OrderId, Randomness};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::CoinId;
use rampart_core::outgoing::{Payout, PayoutDestination, PayoutPurpose, PayoutRoute, Screening, SignedTransaction, TransferSource};
use rampart_core::ports::{ChainPort, SigningRequest};
use rampart_core::time::Timestamp;
use rampart_sandbox::{
    ChainConfig, CoinConfig, CurrencyConfig, FaultCalls, FaultOutcome, FaultPort, FaultRule, RailConfig, World, WorldConfig,
};
use tempfile::TempDir;

pub(crate) const IBAN: &str = "ES9121000418450200051332";
pub(crate) const WALLET: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";

pub(crate) struct CountingRandomness(AtomicU8);

impl Randomness for CountingRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

static COUNTING_RANDOMNESS: CountingRandomness = CountingRandomness(AtomicU8::new(0));

pub(crate) fn chain(name: &str, addresses: AddressKind, native: &str, coins: &[(&str, u8)]) -> ChainConfig {
    let coins = coins.iter().map(|(symbol, decimals)| CoinConfig {
        symbol: symbol.parse().unwrap(),
        decimals: *decimals,
        opening: Amount::from_minor(1_000 * 10_i128.pow(u32::from(*decimals))),
    });
    ChainConfig { name: name.parse().unwrap(), addresses, native: native.parse().unwrap(), coins: coins.collect(), block_seconds: 2 }
}

pub(crate) fn config() -> WorldConfig {
    let rail = |name: &str, currency: &str, account: &str, payable_step| RailConfig {
        name: name.parse().unwrap(),
        currency: currency.parse().unwrap(),
        decimals: 2,
        account: account.to_owned(),
        payable_step,
        opening: Amount::from_minor(1_000_000),
    };
    let currency = |code: &str, decimals| CurrencyConfig { code: code.parse().unwrap(), decimals };
    WorldConfig {
        seed: 42,
        currencies: vec![currency("EUR", 2), currency("CLP", 0)],
        chains: vec![
            chain("polygon", AddressKind::Evm, "POL", &[("POL", 18), ("USDC", 6)]),
            chain("bitcoin", AddressKind::Bitcoin, "BTC", &[("BTC", 8)]),
        ],
        rails: vec![rail("sepa", "EUR", IBAN, Amount::SMALLEST), rail("spei", "MXN", "646180157000000004", Amount::from_minor(100))],
        processors: vec!["card".parse().unwrap()],
    }
}

pub(crate) struct TestWorld {
    pub(crate) world: Arc<World>,
    pub(crate) folder: TempDir,
}

impl TestWorld {
    /// A world without its scheduler: blocks, settlements and decisions wait for [`World::start`].
    pub(crate) async fn paused() -> Self {
        Self::with(config()).await
    }

    /// The same with another configuration.
    pub(crate) async fn with(config: WorldConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = World::open(folder.path().join("sandbox.db"), config).await.unwrap();
        Self { world, folder }
    }

    /// A world with its scheduler.
    pub(crate) async fn running() -> Self {
        let test = Self::paused().await;
        test.world.start();
        test
    }

    pub(crate) async fn reopen(&self) -> Arc<World> {
        World::open(self.folder.path().join("sandbox.db"), config()).await.unwrap()
    }

    pub(crate) fn polygon(&self) -> Arc<dyn ChainPort> {
        self.world.chain("polygon".parse().unwrap()).unwrap()
    }

    pub(crate) async fn fault(&self, port: FaultPort, outcome: FaultOutcome) {
        let rule = FaultRule { port, calls: FaultCalls::Actions, outcome, count: 1, delay_seconds: 0 };
        self.world.add_fault(rule).await.unwrap();
    }

    pub(crate) fn order(&self) -> OrderId {
        OrderId::mint(self.world.clock().now(), &COUNTING_RANDOMNESS)
    }

    pub(crate) fn payout(&self, route: PayoutRoute, amount: i128, account: &str) -> Payout {
        let destination =
            PayoutDestination { account: account.into(), bank_code: None, account_type: None, bank_name: None, name: "Ana".into() };
        let (mint, euros) = (Mint { now: self.world.clock().now(), randomness: &COUNTING_RANDOMNESS }, "EUR".parse().unwrap());
        let purpose = PayoutPurpose::Rampoff;
        Payout { screening: Screening::Cleared, ..Payout::new(&mint, purpose, route, euros, Amount::from_minor(amount), destination) }
    }
}

pub(crate) fn usdc() -> CoinId {
    CoinId { symbol: "USDC".parse().unwrap(), chain: "polygon".parse().unwrap() }
}

pub(crate) fn pol() -> CoinId {
    CoinId { symbol: "POL".parse().unwrap(), chain: "polygon".parse().unwrap() }
}

pub(crate) async fn signed(port: &Arc<dyn ChainPort>, to: &str, amount: i128, nonce: u64) -> SignedTransaction {
    let request =
        SigningRequest { coin: usdc(), amount: Amount::from_minor(amount), source: TransferSource::Hot, to: to.to_owned(), nonce };
    port.sign(&request).await.unwrap()
}

/// Awaits a future, at most 20 seconds.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it did not happen in time")
}

pub(crate) fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    from.until(to).as_secs()
}
