//! How a chain is followed: nodes that are behind, reorganisations, incomplete readings, and when a deposit is final.

use std::sync::Arc;
use std::time::Duration;

use rampart_app::operate::chains;
use rampart_core::catalogue::finality::{Confirmations, FinalityRule, StalledFinality};
use rampart_core::id::OrderId;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Chain, CoinId};
use rampart_core::order::rampoff::Rampoff;
use rampart_core::outgoing::{Lane, SignedAttempt, Slot};
use rampart_core::ports::{Block, BlockHead, ChainReader, ChainTip, Followed, PortFuture, SlotStatus, Unavailable};
use rampart_core::step::followed::FollowedBlocks;
use rampart_core::step::watch::{Cursor, Deposit, DepositState};
use rampart_core::step::{ClaimScope, Step};
use rampart_sandbox::{ChainDeposit, Misreading, SharedDeposit};
use rampart_testkit::{CustomerOf, TestApp, on_both_engines, partner_api, sell};

use crate::workers_buying::operator;

on_both_engines!(rampart_testkit::TestApp::start => a_node_that_is_behind, mined_in_another_block, several_in_a_transaction,
    an_older_block_stands, deeper_than_remembered, another_block_at_its_height, a_claim_of_an_earlier_version, missing_at_first, never_there, a_second_reading_that_fails, by_amount, finality_stands, a_new_chain, rescanned);

/// The chain makes blocks only on request, and has some.
async fn by_hand(test: &TestApp) {
    test.world.automine("polygon".parse().unwrap(), 0).await.unwrap();
    test.mine(10).await;
    test.settle().await;
}

async fn order(test: &TestApp, amount: &str) -> Rampoff {
    let customer = test.verified(CustomerOf::SPAIN, &format!("ana{amount}@example.com")).await;
    let answer = partner_api::create_rampoff(&test.app, &test.caller, &sell(customer, amount), None).await.unwrap();
    test.rampoff(TestApp::order_of(&answer)).await
}

async fn pay(test: &TestApp, order: &Rampoff) -> String {
    let (chain, to, amount) = (order.chain(), order.deposit_address.clone(), order.terms.coin_amount);
    test.world.deposit(ChainDeposit { chain, to, symbol: "USDC".parse().unwrap(), amount, from: None }).await.unwrap()
}

/// Blocks are mined and read.
async fn mine(test: &TestApp, blocks: u32) {
    test.mine(blocks).await;
    test.settle().await;
}

async fn deposits(test: &TestApp, order: OrderId) -> Vec<Deposit> {
    test.app.store.deposits_of_order(order).await.unwrap()
}

async fn only_deposit(test: &TestApp, order: OrderId) -> Deposit {
    let [deposit] = deposits(test, order).await.try_into().expect("one deposit");
    deposit
}

async fn cursor(test: &TestApp) -> (Cursor, FollowedBlocks) {
    let cursor = test.app.store.cursor("chain-polygon".parse().unwrap()).await.unwrap().unwrap();
    let followed = serde_json::from_str(&cursor.position).unwrap();
    (cursor, followed)
}

/// The workers go on with another rule for the coin.
async fn with_rule(test: &TestApp, rule: FinalityRule) {
    test.stop_workers().await;
    let mut catalogue = test.app.catalogue.clone();
    let usdc = catalogue.coins.iter_mut().find(|coin| coin.id.to_string() == "USDC:polygon").unwrap();
    usdc.finality = rule;
    test.work_with(&test.with_catalogue(catalogue).await);
}

async fn set_finality(test: &TestApp, depth: Option<u32>, stalled: bool) {
    test.world.set_finality("polygon".parse().unwrap(), depth, stalled).await.unwrap();
}

/// Neither a missing block nor a lower newest one undoes anything, and neither confirms the reading.
async fn a_node_that_is_behind(test: Arc<TestApp>) {
    by_hand(&test).await;
    let order = order(&test, "50").await;
    pay(&test, &order).await;
    mine(&test, 2).await;
    let seen = only_deposit(&test, order.id).await;
    let (before, _) = cursor(&test).await;
    for lag in [1, 2, 5] {
        test.world.set_lag(order.chain(), lag).await.unwrap();
        test.advance(120).await;
        test.settle().await;
        assert_eq!(only_deposit(&test, order.id).await, seen, "{lag} blocks behind");
        assert_eq!(cursor(&test).await.0, before, "{lag} blocks behind");
        assert_eq!(test.rampoff(order.id).await.status().as_str(), "confirming");
    }
    let line = &chains::status(&test.app, Some(order.chain())).await.unwrap()[0];
    assert!(line.stalled.as_ref().is_some_and(|reason| reason.contains("behind")), "{line:?}");
    test.world.set_lag(order.chain(), 0).await.unwrap();
    mine(&test, 6).await;
    test.rampoff_becomes(order.id, "finished").await;
    let line = &chains::status(&test.app, None).await.unwrap().into_iter().find(|line| line.chain == "polygon").unwrap();
    assert_eq!((line.stalled.as_ref(), line.behind, line.pending_deposits), (None, Some(0), 0), "{line:?}");
}

/// The same deposit, in another block at another place, counts once and from its first sighting.
async fn mined_in_another_block(test: Arc<TestApp>) {
    by_hand(&test).await;
    let (first, other) = (order(&test, "50").await, order(&test, "60").await);
    let txid = pay(&test, &first).await;
    mine(&test, 2).await;
    let seen = only_deposit(&test, first.id).await;
    test.advance(30).await;
    // It waits again, and comes into a later block behind another transaction.
    pay(&test, &other).await;
    test.world.reorganise(first.chain(), 2, Vec::new()).await.unwrap();
    test.settle().await;
    mine(&test, 1).await;
    let again = only_deposit(&test, first.id).await;
    assert_eq!((again.id, again.index, again.state), (seen.id, 0, DepositState::Pending));
    assert_ne!(again.block, seen.block);
    assert!(again.height > seen.height);
    assert_eq!((again.seen_at, again.block_time, again.read_before), (seen.seen_at, seen.block_time, seen.read_before));
    mine(&test, 6).await;
    let finished = test.rampoff_becomes(first.id, "finished").await;
    assert_eq!((finished.deposits.len(), finished.deposits[0].txid.clone(), finished.exceptions.first()), (1, txid, None));
}

async fn several_in_a_transaction(test: Arc<TestApp>) {
    by_hand(&test).await;
    let (first, other) = (order(&test, "50").await, order(&test, "60").await);
    let usdc = "USDC".parse().unwrap();
    let half = Amount::from_minor(first.terms.coin_amount.minor() / 2);
    let to = |order: &Rampoff, amount| (order.deposit_address.clone(), usdc, amount);
    let transfers = vec![to(&first, half), to(&other, other.terms.coin_amount), to(&first, half), to(&first, Amount::ZERO)];
    test.world.deposit_shared(SharedDeposit { chain: first.chain(), from: None, transfers }).await.unwrap();
    mine(&test, 2).await;
    let numbers = |deposits: &[Deposit]| {
        let mut numbers: Vec<(u32, Amount)> = deposits.iter().map(|deposit| (deposit.index, deposit.amount)).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(numbers(&deposits(&test, first.id).await), [(0, half), (1, half)]);
    assert_eq!(numbers(&deposits(&test, other.id).await), [(0, other.terms.coin_amount)]);
    test.world.reorganise(first.chain(), 2, Vec::new()).await.unwrap();
    mine(&test, 8).await;
    for (order, count) in [(&first, 2), (&other, 1)] {
        let finished = test.rampoff_becomes(order.id, "finished").await;
        assert_eq!((finished.deposits.len(), deposits(&test, order.id).await.len()), (count, count));
    }
}

/// Of older blocks few are remembered: the ancestor that is found lies below a deposit whose own block still stands.
async fn an_older_block_stands(test: Arc<TestApp>) {
    by_hand(&test).await;
    mine(&test, 7).await;
    let order = order(&test, "50").await;
    pay(&test, &order).await;
    mine(&test, 1).await;
    let height = only_deposit(&test, order.id).await.height;
    assert_ne!(height % 16, 0);
    mine(&test, 150).await;
    test.rampoff_becomes(order.id, "finished").await;
    test.settle().await;
    let before = only_deposit(&test, order.id).await;
    test.world.reorganise(order.chain(), 150, Vec::new()).await.unwrap();
    mine(&test, 10).await;
    let newest = cursor(&test).await.1.newest().0;
    assert!(newest > height + 150, "the new fork is followed");
    assert_eq!(only_deposit(&test, order.id).await, before);
    assert_eq!(test.rampoff(order.id).await.reversal, None);
}

/// None of the remembered blocks stands: what stands by its own hash stays, the rest is found again.
async fn deeper_than_remembered(test: Arc<TestApp>) {
    by_hand(&test).await;
    let (older, newer, newest) = (order(&test, "50").await, order(&test, "60").await, order(&test, "70").await);
    let gone = order(&test, "80").await;
    pay(&test, &older).await;
    mine(&test, 8).await;
    test.rampoff_becomes(older.id, "finished").await;
    test.settle().await;
    let confirmed = only_deposit(&test, older.id).await;
    pay(&test, &newer).await;
    let forgotten = pay(&test, &gone).await;
    mine(&test, 2).await;
    pay(&test, &newest).await;
    mine(&test, 1).await;
    let (cursor, followed) = cursor(&test).await;
    // As an earlier version would have stored it, and less of it.
    let mut remembered: Vec<(u64, &str)> = followed.newest_first().take(2).collect();
    remembered.reverse();
    let mut step = Step::new();
    step.write(Cursor { position: serde_json::to_string(&remembered).unwrap(), ..cursor });
    test.app.store.commit(step).await.unwrap();
    let before = only_deposit(&test, newer.id).await;
    test.world.reorganise(older.chain(), 4, vec![forgotten]).await.unwrap();
    mine(&test, 8).await;
    for order in [&newer, &newest] {
        assert_eq!(test.rampoff_becomes(order.id, "finished").await.deposits.len(), 1);
    }
    let after = only_deposit(&test, newer.id).await;
    assert_eq!(after.id, before.id);
    assert_ne!(after.block, before.block, "its block is undone, and was not among the remembered ones");
    assert_eq!(only_deposit(&test, older.id).await, confirmed);
    assert_eq!(only_deposit(&test, gone.id).await.state, DepositState::Dropped);
}

/// A deposit whose block is not the chain's is not confirmed, however deep it would be; the second reading finds where it is.
async fn another_block_at_its_height(test: Arc<TestApp>) {
    by_hand(&test).await;
    set_finality(&test, Some(20), false).await;
    mine(&test, 20).await;
    let order = order(&test, "50").await;
    pay(&test, &order).await;
    mine(&test, 2).await;
    let deposit = only_deposit(&test, order.id).await;
    let block = deposit.block.clone();
    let mut step = Step::new();
    step.write(Deposit { block: "another".to_owned(), ..deposit });
    test.app.store.commit(step).await.unwrap();
    let (needed, usdc) = (6, test.app.catalogue.coin(order.terms.coin).unwrap());
    assert!(usdc.finality.usual.blocks <= needed);
    mine(&test, needed).await;
    assert_eq!(only_deposit(&test, order.id).await.state, DepositState::Pending);
    mine(&test, 300).await;
    test.rampoff_becomes(order.id, "finished").await;
    assert_eq!(only_deposit(&test, order.id).await.block, block);
}

async fn a_claim_of_an_earlier_version(test: Arc<TestApp>) {
    by_hand(&test).await;
    let order = order(&test, "50").await;
    let txid = pay(&test, &order).await;
    mine(&test, 2).await;
    let seen = only_deposit(&test, order.id).await;
    let prefix = format!("fact:deposit:polygon:{txid}");
    test.tamper(&format!("UPDATE claims SET id = '{prefix}:0' WHERE id = '{prefix}:USDC:{}:0'", order.deposit_address));
    let claim = test.app.store.claim(ClaimScope::Fact, &format!("deposit:polygon:{txid}:0")).await.unwrap();
    assert_eq!(claim.map(|claim| claim.subject), Some(seen.id.to_string()));
    test.world.reorganise(order.chain(), 2, Vec::new()).await.unwrap();
    mine(&test, 8).await;
    let finished = test.rampoff_becomes(order.id, "finished").await;
    assert_eq!((finished.deposits.len(), only_deposit(&test, order.id).await.id), (1, seen.id));
}

/// The first reading of a block lacks its transfers; the second, once it is final, has them.
async fn missing_at_first(test: Arc<TestApp>) {
    by_hand(&test).await;
    let order = order(&test, "50").await;
    test.world.misread_blocks(order.chain(), Misreading::Missing, 1).await.unwrap();
    pay(&test, &order).await;
    mine(&test, 1).await;
    assert_eq!(deposits(&test, order.id).await, []);
    test.advance(120).await;
    mine(&test, 300).await;
    let finished = test.rampoff_becomes(order.id, "finished").await;
    assert_eq!((finished.deposits.len(), finished.exceptions.first()), (1, None));
    let (_, followed) = cursor(&test).await;
    let deposit = only_deposit(&test, order.id).await;
    assert!(followed.read_again_to() > deposit.height);
    assert_eq!(deposit.read_before, None, "no complete reading lacked it: it counts at the time of its block");
}

async fn never_there(test: Arc<TestApp>) {
    by_hand(&test).await;
    set_finality(&test, Some(3), false).await;
    let rule = FinalityRule { usual: Confirmations { blocks: 50, finality: false }, large: None, stalled: None };
    with_rule(&test, rule).await;
    let order = order(&test, "50").await;
    let txid = pay(&test, &order).await;
    test.world.misread_transactions(order.chain(), Misreading::NotThere, &[txid]).await.unwrap();
    mine(&test, 1).await;
    assert_eq!(only_deposit(&test, order.id).await.state, DepositState::Pending);
    mine(&test, 4).await;
    assert_eq!(only_deposit(&test, order.id).await.state, DepositState::Dropped);
    assert_eq!(test.rampoff(order.id).await.deposits.len(), 0);
    mine(&test, 60).await;
    assert_eq!(only_deposit(&test, order.id).await.state, DepositState::Dropped);
}

/// A chain of which no block can be read a second time.
struct ReadOnce(Arc<dyn ChainReader>);

impl ChainReader for ReadOnce {
    fn chain(&self) -> Chain {
        self.0.chain()
    }

    fn address(&self, lane: Lane) -> String {
        self.0.address(lane)
    }

    fn tip(&self) -> PortFuture<'_, Result<ChainTip, Unavailable>> {
        self.0.tip()
    }

    fn block_interval(&self) -> PortFuture<'_, Result<Option<Duration>, Unavailable>> {
        self.0.block_interval()
    }

    fn header(&self, height: u64) -> PortFuture<'_, Result<Option<BlockHead>, Unavailable>> {
        self.0.header(height)
    }

    fn blocks<'a>(&'a self, height: u64, hash: &'a str, limit: usize) -> PortFuture<'a, Result<Followed, Unavailable>> {
        self.0.blocks(height, hash, limit)
    }

    fn read_again(&self, first: u64, _last: u64) -> PortFuture<'_, Result<Vec<Block>, Unavailable>> {
        Box::pin(async move { Err(Unavailable(format!("there is no second source for block {first}"))) })
    }

    fn slot<'a>(&'a self, slot: &'a Slot, attempts: &'a [SignedAttempt]) -> PortFuture<'a, Result<SlotStatus, Unavailable>> {
        self.0.slot(slot, attempts)
    }

    fn spent_nonces(&self, lane: Lane) -> PortFuture<'_, Result<u64, Unavailable>> {
        self.0.spent_nonces(lane)
    }

    fn balance(&self, lane: Lane, coin: CoinId) -> PortFuture<'_, Result<Amount, Unavailable>> {
        self.0.balance(lane, coin)
    }
}

/// It holds up neither following nor confirming, and is made up for.
async fn a_second_reading_that_fails(test: Arc<TestApp>) {
    by_hand(&test).await;
    test.stop_workers().await;
    let failing =
        test.with_ports(|ports| ports.chains.iter_mut().for_each(|chain| chain.reader = Arc::new(ReadOnce(chain.reader.clone())))).await;
    test.work_with(&failing);
    let read_again_to = cursor(&test).await.1.read_again_to();
    let (order, late) = (order(&test, "50").await, order(&test, "60").await);
    pay(&test, &order).await;
    let txid = pay(&test, &late).await;
    test.world.misread_transactions(order.chain(), Misreading::Missing, &[txid]).await.unwrap();
    mine(&test, 300).await;
    test.rampoff_becomes(order.id, "finished").await;
    assert_eq!(cursor(&test).await.1.read_again_to(), read_again_to);
    assert_eq!(deposits(&test, late.id).await, []);
    test.stop_workers().await;
    test.work_with(&test.app);
    test.settle().await;
    test.rampoff_becomes(late.id, "finished").await;
    assert!(cursor(&test).await.1.read_again_to() > read_again_to + 100, "in several batches");
}

async fn by_amount(test: Arc<TestApp>) {
    by_hand(&test).await;
    set_finality(&test, Some(20), false).await;
    let (small, large) = (order(&test, "50").await, order(&test, "200").await);
    let from = Amount::from_minor(100_000_000);
    let waits = Confirmations { blocks: 1, finality: true };
    with_rule(&test, FinalityRule { large: Some((from, waits)), ..FinalityRule::blocks(3) }).await;
    pay(&test, &small).await;
    pay(&test, &large).await;
    let states = async || (only_deposit(&test, small.id).await.state, only_deposit(&test, large.id).await.state);
    mine(&test, 2).await;
    assert_eq!(states().await, (DepositState::Pending, DepositState::Pending));
    mine(&test, 1).await;
    assert_eq!(states().await, (DepositState::Confirmed, DepositState::Pending));
    mine(&test, 17).await;
    assert_eq!(states().await, (DepositState::Confirmed, DepositState::Pending));
    mine(&test, 1).await;
    assert_eq!(states().await, (DepositState::Confirmed, DepositState::Confirmed));
}

async fn finality_stands(test: Arc<TestApp>) {
    by_hand(&test).await;
    set_finality(&test, Some(2), true).await;
    let stalled = Some(StalledFinality { after: Duration::from_secs(120), blocks: 30 });
    with_rule(&test, FinalityRule { usual: Confirmations { blocks: 5, finality: true }, large: None, stalled }).await;
    let order = order(&test, "50").await;
    pay(&test, &order).await;
    mine(&test, 40).await;
    assert_eq!(only_deposit(&test, order.id).await.state, DepositState::Pending);
    test.advance(100).await;
    test.settle().await;
    assert_eq!(only_deposit(&test, order.id).await.state, DepositState::Pending);
    // Without another block: time alone has passed.
    test.advance(30).await;
    test.settle().await;
    assert_eq!(only_deposit(&test, order.id).await.state, DepositState::Confirmed);
}

async fn a_new_chain(test: Arc<TestApp>) {
    by_hand(&test).await;
    set_finality(&test, Some(4), false).await;
    test.tamper("DELETE FROM cursors WHERE id = 'chain-polygon'");
    test.settle().await;
    let (cursor, followed) = cursor(&test).await;
    assert_eq!((followed.oldest().0 + 4, followed.last_final()), (followed.newest().0, Some(followed.oldest().0)));
    assert!(followed.oldest().0 > 0);
    assert!(cursor.read_at.is_some(), "it was read to the end");
}

async fn rescanned(test: Arc<TestApp>) {
    by_hand(&test).await;
    // Nothing is read a second time.
    set_finality(&test, Some(0), true).await;
    let (missing, phantom) = (order(&test, "50").await, order(&test, "60").await);
    let chain = missing.chain();
    let txid = pay(&test, &missing).await;
    test.world.misread_transactions(chain, Misreading::Missing, &[txid]).await.unwrap();
    let txid = pay(&test, &phantom).await;
    test.world.misread_transactions(chain, Misreading::NotThere, &[txid]).await.unwrap();
    mine(&test, 2).await;
    assert_eq!(deposits(&test, missing.id).await, []);
    let pending = only_deposit(&test, phantom.id).await;
    let newest = cursor(&test).await.1.newest().0;
    let above = chains::rescan(&test.app, &operator(), chain, newest + 1, None).await;
    assert!(above.is_err_and(|error| error.to_string().contains("newest followed block")));
    let unknown = chains::rescan(&test.app, &operator(), "fantom".parse().unwrap(), 1, None).await;
    assert!(unknown.is_err_and(|error| error.to_string().contains("not traded")));
    let report = chains::rescan(&test.app, &operator(), chain, 1, None).await.unwrap();
    assert_eq!((report.from, report.to, report.next), (1, newest, None));
    let found = |deposits: &[chains::RescannedDeposit]| deposits.iter().map(|deposit| deposit.order.clone()).collect::<Vec<_>>();
    assert_eq!(found(&report.added), [Some(missing.id.to_string())]);
    assert_eq!(found(&report.not_found), [Some(phantom.id.to_string())]);
    assert_eq!(only_deposit(&test, phantom.id).await, pending, "it is listed, not dropped");
    let again = chains::rescan(&test.app, &operator(), chain, 1, Some(newest)).await.unwrap();
    assert_eq!((again.added.len(), again.not_found.len()), (0, 1));
    let audit = rampart_app::operate::audit_log(&test.app, Some("polygon"), None, 10).await.unwrap();
    assert_eq!((audit.len(), audit[1].action.as_str()), (2, "chain.rescan"));
    assert!(audit[1].detail.contains("1 deposits added, 1 not found"), "{:?}", audit[1]);
    mine(&test, 6).await;
    test.rampoff_becomes(missing.id, "finished").await;
    mine(&test, 600).await;
    let bounded = chains::rescan(&test.app, &operator(), chain, 1, None).await.unwrap();
    assert_eq!((bounded.to, bounded.next), (500, Some(501)));
}
