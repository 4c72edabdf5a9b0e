//! Transfers that the wallet's signer cannot sign.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rampart_app::operate::reviews::ReviewDecision;
use rampart_app::operate::{Operator, doctor, orders, reviews, treasury};
use rampart_app::{App, operate::health, workers};
use rampart_core::id::OrderId;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Chain, CoinId};
use rampart_core::outgoing::{Lane, SignedAttempt, Slot};
use rampart_core::ports::{
    Block, BlockHead, CallOutcome, ChainReader, ChainTip, Followed, LookupResult, PortFuture, Signature, SignerPort, SigningMeaning,
    SigningOrder, SlotStatus, Unavailable,
};
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_testkit::partner_api::CreatePaymentForm;
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines};

on_both_engines!(rampart_testkit::TestApp::start_idle => is_put_aside, a_chain_that_says_nothing);

/// A signer that refuses some receivers.
struct SelectiveSigner {
    signer: Arc<dyn SignerPort>,
    refused: Arc<Mutex<BTreeSet<String>>>,
}

impl SignerPort for SelectiveSigner {
    fn sign<'a>(&'a self, order: &'a SigningOrder) -> PortFuture<'a, CallOutcome<Signature>> {
        let refused = self.refused.lock();
        let SigningMeaning::Moves(movements) = &order.meaning else { return self.signer.sign(order) };
        if movements.iter().any(|movement| refused.contains(&movement.to)) {
            return Box::pin(async { CallOutcome::Refused { reason: "the vault's policy says no".into() } });
        }
        self.signer.sign(order)
    }

    fn find<'a>(&'a self, order: &'a SigningOrder) -> PortFuture<'a, Result<LookupResult<Signature>, Unavailable>> {
        self.signer.find(order)
    }
}

/// A chain that never says how many nonces are spent and what a wallet holds, and counts how often it was asked.
struct SilentReader {
    reader: Arc<dyn ChainReader>,
    asked: Arc<AtomicU64>,
}

impl SilentReader {
    fn silence<'a, T: 'a>(&self) -> PortFuture<'a, T> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::pending())
    }
}

impl ChainReader for SilentReader {
    fn chain(&self) -> Chain {
        self.reader.chain()
    }

    fn address(&self, lane: Lane) -> String {
        self.reader.address(lane)
    }

    fn tip(&self) -> PortFuture<'_, Result<ChainTip, Unavailable>> {
        self.reader.tip()
    }

    fn block_interval(&self) -> PortFuture<'_, Result<Option<Duration>, Unavailable>> {
        self.reader.block_interval()
    }

    fn header(&self, height: u64) -> PortFuture<'_, Result<Option<BlockHead>, Unavailable>> {
        self.reader.header(height)
    }

    fn blocks<'a>(&'a self, height: u64, hash: &'a str, limit: usize) -> PortFuture<'a, Result<Followed, Unavailable>> {
        self.reader.blocks(height, hash, limit)
    }

    fn read_again(&self, first: u64, last: u64) -> PortFuture<'_, Result<Vec<Block>, Unavailable>> {
        self.reader.read_again(first, last)
    }

    fn slot<'a>(&'a self, slot: &'a Slot, attempts: &'a [SignedAttempt]) -> PortFuture<'a, Result<SlotStatus, Unavailable>> {
        self.reader.slot(slot, attempts)
    }

    fn spent_nonces(&self, _lane: Lane) -> PortFuture<'_, Result<u64, Unavailable>> {
        self.silence()
    }

    fn balance(&self, _lane: Lane, _coin: CoinId) -> PortFuture<'_, Result<Amount, Unavailable>> {
        self.silence()
    }
}

const GOOD: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";
const REFUSED: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

async fn bought(test: &TestApp, customer: rampart_core::id::CustomerId, wallet: &str) -> OrderId {
    let request = CreatePaymentForm { wallet: Some(wallet.into()), ..buy(customer, "100") };
    let id = test.bought(&request).await;
    test.pay(id).await;
    id
}

/// The review item about an unsigned transfer, once it exists; business time has to pass for it.
async fn listed(test: &TestApp, order: OrderId) -> ReviewItem {
    test.eventually("the transfer is listed", || async {
        test.advance(30).await;
        let items = test.app.store.reviews_of_order(order, 10).await.unwrap();
        items.into_iter().find(|item| item.subject.kind() == ReviewKind::Unsigned && item.resolution.is_none())
    })
    .await
}

/// A transfer that cannot be signed waits alone: the others are sent without a nonce gap, readiness stays, and an operator sees it and can
/// act. Once it can be signed, its review item is settled.
async fn is_put_aside(test: Arc<TestApp>) {
    let refused: Arc<Mutex<BTreeSet<String>>> = Arc::new(Mutex::new(BTreeSet::from([REFUSED.to_owned()])));
    let app: App = test
        .with_ports(|ports| {
            for chain in &mut ports.chains {
                chain.signer = Arc::new(SelectiveSigner { signer: chain.signer.clone(), refused: refused.clone() });
            }
        })
        .await;
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let mut good = Vec::new();
    let waits = bought(&test, customer, REFUSED).await;
    good.push(bought(&test, customer, GOOD).await);
    let given_up = bought(&test, customer, REFUSED).await;
    good.push(bought(&test, customer, GOOD).await);
    let retried = bought(&test, customer, REFUSED).await;
    test.world.start();
    let running = workers::start(&app);
    for order in good {
        test.payment_becomes(order, "coins_sent").await;
    }
    let operator = Operator { actor: "op".into(), reason: "looked at it".into() };
    let item = listed(&test, given_up).await;
    assert!(item.reason.contains("the vault's policy says no"), "{}", item.reason);
    let reasons = health::reasons(&app).await;
    assert!(reasons.is_empty(), "{reasons:?}");
    let findings = doctor::examine(&app).await.unwrap();
    let finding = findings.iter().find(|finding| finding.check == "transfers can be signed").unwrap();
    assert!(!finding.ok && finding.detail.starts_with("3 cannot"), "{}", finding.detail);
    let file = orders::show(&app, given_up).await.unwrap();
    assert!(file.jobs.iter().any(|job| job.state.contains("it cannot be signed")), "{:?}", file.jobs);
    reviews::resolve(&app, &operator, item.id, ReviewDecision::GiveUp).await.unwrap();
    test.payment_becomes(given_up, "on_hold").await;
    // The others can be signed after all: one is retried at once, and the item of the other is settled.
    let item = listed(&test, retried).await;
    let waiting = listed(&test, waits).await;
    refused.lock().clear();
    reviews::resolve(&app, &operator, item.id, ReviewDecision::Retry).await.unwrap();
    test.advance(120).await;
    for order in [retried, waits] {
        test.payment_becomes(order, "coins_sent").await;
    }
    let settled = test.app.store.review(waiting.id).await.unwrap().unwrap().resolution.unwrap();
    assert_eq!(settled.decision.to_string(), "signed");
    let findings = doctor::examine(&app).await.unwrap();
    assert!(findings.iter().find(|finding| finding.check == "transfers can be signed").unwrap().ok);
    running.stop().await;
}

/// A chain that never answers the question for its nonces blocks neither a command nor the stop of the workers.
async fn a_chain_that_says_nothing(test: Arc<TestApp>) {
    let unanswered: Arc<AtomicU64> = Arc::default();
    let app: App = test
        .with_settings_and_ports(
            |config| config.workers.call_seconds = 1,
            |ports| {
                for chain in &mut ports.chains {
                    chain.reader = Arc::new(SilentReader { reader: chain.reader.clone(), asked: unanswered.clone() });
                }
            },
        )
        .await;
    let lines = tokio::time::timeout(Duration::from_secs(60), treasury::show(&app)).await.expect("the command ends").unwrap();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.outside.is_none()), "{lines:?}");
    let asked = unanswered.load(Ordering::Relaxed);
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    bought(&test, customer, GOOD).await;
    test.world.start();
    let running = workers::start(&app);
    test.eventually("it is asked for a nonce", || async { (unanswered.load(Ordering::Relaxed) > asked).then_some(()) }).await;
    tokio::time::timeout(Duration::from_secs(60), running.stop()).await.expect("the workers stop");
}
