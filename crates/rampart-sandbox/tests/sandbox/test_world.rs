//! A small world for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use rampart_core::address::AddressKind;
use rampart_core::id::{Mint, OrderId, Randomness, TransferId, TransmissionId};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Chain, CoinId};
use rampart_core::outgoing::{
    FeeRules, FeeTerms, Lane, Payout, PayoutDestination, PayoutPurpose, PayoutRoute, Screening, SignedAttempt, Slot,
};
use rampart_core::ports::{
    Block, BlockHead, CallOutcome, ChainPorts, CoinMovement, Followed, SigningMeaning, SigningOrder, SlotStatus, SpentSlot,
};
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
    ChainConfig {
        name: name.parse().unwrap(),
        addresses,
        native: native.parse().unwrap(),
        coins: coins.collect(),
        block_seconds: 2,
        finality_blocks: None,
    }
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
        symbols: ["BTC", "POL", "USDC"].map(|symbol| symbol.parse().unwrap()).to_vec(),
        chains: vec![
            chain("polygon", AddressKind::Evm, "POL", &[("POL", 18), ("USDC", 6)]),
            chain("bitcoin", AddressKind::Bitcoin, "BTC", &[("BTC", 8)]),
        ],
        real_chains: Vec::new(),
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

    pub(crate) fn polygon(&self) -> ChainPorts {
        self.world.chain(polygon()).unwrap()
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

pub(crate) fn polygon() -> Chain {
    "polygon".parse().unwrap()
}

pub(crate) const WEI_PER_GWEI: i128 = 1_000_000_000;

/// The rules of the chain's fees, as an installation would have them.
pub(crate) fn fee_rules() -> FeeRules {
    FeeRules {
        least_tip: Amount::from_minor(25 * WEI_PER_GWEI),
        most_cost: None,
        replace_after: Some(Duration::from_secs(20)),
        max_attempts: 8,
    }
}

/// What is offered at first for a transfer of a token.
pub(crate) async fn first_terms(port: &ChainPorts) -> FeeTerms {
    fee_rules().first(port.writer.fee_market().await.unwrap(), 65_000)
}

pub(crate) fn movement(coin: CoinId, amount: i128, to: &str) -> CoinMovement {
    let transfer: TransferId = "trf_0000000000000000000000001".parse().unwrap();
    CoinMovement { transfer, coin, amount: Amount::from_minor(amount), to: to.to_owned() }
}

pub(crate) fn hot(nonce: u64) -> Slot {
    Slot::Nonce { lane: Lane::FIRST, nonce }
}

/// The order for a signature of the transaction that makes these movements.
pub(crate) fn signing_order(port: &ChainPorts, slot: &Slot, movements: Vec<CoinMovement>, fee: FeeTerms) -> SigningOrder {
    let unsigned = port.writer.compose(slot, &movements, fee).unwrap();
    let meaning = if movements.is_empty() { SigningMeaning::Cancels } else { SigningMeaning::Moves(movements) };
    let transmission: TransmissionId = "tms_0000000000000000000000001".parse().unwrap();
    // A number stands for one transaction.
    let number = unsigned.body.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    SigningOrder { transmission, number, chain: port.reader.chain(), lane: slot.lane(), unsigned, meaning }
}

/// The signed transaction that makes these movements.
pub(crate) async fn attempt(port: &ChainPorts, slot: &Slot, movements: Vec<CoinMovement>, fee: FeeTerms) -> SignedAttempt {
    let order = signing_order(port, slot, movements, fee);
    let CallOutcome::Accepted(signature) = port.signer.sign(&order).await else { panic!("it is signed") };
    let (txid, bytes) = port.writer.assemble(order.lane, &order.unsigned, &signature).unwrap();
    let signed_at = Timestamp::from_micros(0);
    SignedAttempt { txid, bytes, fee, cancels: order.unsigned.cancels, taken: false, signed_at }
}

/// A transfer of dollars from the hot wallet, at the price of a first attempt.
pub(crate) async fn signed(port: &ChainPorts, to: &str, amount: i128, nonce: u64) -> SignedAttempt {
    attempt(port, &hot(nonce), vec![movement(usdc(), amount, to)], first_terms(port).await).await
}

pub(crate) async fn head(port: &ChainPorts) -> BlockHead {
    port.reader.tip().await.unwrap().newest
}

/// The block at a height, as it is read at first.
pub(crate) async fn block(port: &ChainPorts, height: u64) -> Block {
    let before = port.reader.header(height - 1).await.unwrap().expect("a block before it");
    let Followed::Blocks(mut blocks) = port.reader.blocks(height - 1, &before.hash, 1).await.unwrap() else { panic!("undone") };
    blocks.pop().expect("a block")
}

pub(crate) async fn slot(port: &ChainPorts, nonce: u64, attempts: &[&SignedAttempt]) -> SlotStatus {
    let attempts: Vec<SignedAttempt> = attempts.iter().map(|attempt| (*attempt).clone()).collect();
    port.reader.slot(&hot(nonce), &attempts).await.unwrap()
}

pub(crate) async fn spent(port: &ChainPorts, nonce: u64, attempts: &[&SignedAttempt]) -> SpentSlot {
    match slot(port, nonce, attempts).await {
        SlotStatus::Spent(spent) => spent,
        other => panic!("{other:?}"),
    }
}

/// Awaits a future, at most 20 seconds.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it did not happen in time")
}

pub(crate) fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    from.until(to).as_secs()
}
