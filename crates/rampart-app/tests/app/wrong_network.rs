//! Coins sent on another chain of the family than the order's: they still arrive at an address of ours.

use std::sync::Arc;

use rampart_app::operate::orders::DestinationInput;
use rampart_app::operate::reviews::{self, ReviewDecision};
use rampart_app::operate::treasury;
use rampart_core::id::{DepositId, OrderId};
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Chain;
use rampart_core::order::arrival::DeviationKind;
use rampart_core::order::rampoff::Rampoff;
use rampart_core::outgoing::{Lane, TransferState, TransferStatus};
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::step::Step;
use rampart_core::step::record::Record;
use rampart_core::step::watch::DepositState;
use rampart_sandbox::ChainDeposit;
use rampart_testkit::partner_api::CreateRampoffForm;
use rampart_testkit::{TestApp, TestEngine, data_of, on_both_engines, partner_api, refusal_of, sell};

use crate::workers_buying::{ana, item, operator};

const AMOUNT: Amount = Amount::from_minor(50_000_000);
const WALLET: &str = "0x52908400098527886E0F7030069857D2E4169EE7";

on_both_engines!(rampart_testkit::TestApp::start => listed_and_sent_back, sent_where_a_person_says, collected, undone_before_it_was_final,
    undone_in_suspense, undone_after_it_went_back, an_address_of_earlier_orders, dust_is_one_item_for_each_coin,
    what_came_from_an_address_of_ours);

fn ethereum() -> Chain {
    "ethereum".parse().unwrap()
}

async fn sale_on(test: &TestApp, customer: rampart_core::id::CustomerId, chain: &str) -> Rampoff {
    let request = CreateRampoffForm { blockchain: Some(chain.to_owned()), ..sell(customer, "50") };
    let answer = partner_api::create_rampoff(&test.app, &test.caller, &request, None).await.unwrap();
    test.rampoff(TestApp::order_of(&answer)).await
}

async fn sale(test: &TestApp) -> Rampoff {
    sale_on(test, ana(test).await, "polygon").await
}

async fn deposit(test: &TestApp, chain: &str, to: &str) -> String {
    let deposit =
        ChainDeposit { chain: chain.parse().unwrap(), to: to.to_owned(), symbol: "USDC".parse().unwrap(), amount: AMOUNT, from: None };
    test.world.deposit(deposit).await.unwrap()
}

async fn mine(test: &TestApp, chain: &str, blocks: u32) {
    test.world.mine(chain.parse().unwrap(), blocks).await.unwrap();
}

async fn on(test: &TestApp, account: Account) -> Amount {
    test.app.store.balance(account, "USDC:ethereum".parse().unwrap()).await.unwrap().posted
}

async fn in_suspense(test: &TestApp) -> Amount {
    on(test, Account::Suspense).await
}

/// The sale with its coins on ethereum, which makes blocks only on request; with the transaction and its review item.
async fn arrived(test: &TestApp) -> (Rampoff, String, ReviewItem) {
    test.world.automine(ethereum(), 0).await.unwrap();
    mine(test, "ethereum", 10).await;
    let order = sale(test).await;
    let txid = deposit(test, "ethereum", &order.deposit_address).await;
    mine(test, "ethereum", 6).await;
    let item = item(test, ReviewKind::Suspense).await;
    (order, txid, item)
}

async fn is_out(test: &TestApp) {
    test.eventually("nothing of it lies here any more", || async {
        mine(test, "ethereum", 1).await;
        let deposits = on(test, Account::ChainDeposits(ethereum())).await;
        (in_suspense(test).await.is_zero() && deposits.is_zero()).then_some(())
    })
    .await;
}

async fn books_agree(test: &TestApp) {
    test.eventually("our books and the chain's agree", || async {
        mine(test, "ethereum", 1).await;
        let lines = treasury::show(&test.app).await.unwrap();
        lines.iter().filter(|line| line.outside.is_some()).all(|line| line.outside.as_ref() == Some(&line.posted)).then_some(())
    })
    .await;
}

async fn listed_and_sent_back(test: Arc<TestApp>) {
    let (order, txid, item) = arrived(&test).await;
    assert_eq!((item.order, item.amount, item.asset), (Some(order.id), AMOUNT, "USDC:ethereum".parse().ok()));
    assert!(item.reason.contains("on ethereum") && item.reason.contains("polygon"), "{}", item.reason);
    assert_eq!(in_suspense(&test).await, AMOUNT);
    assert_eq!(on(&test, Account::ChainDeposits(ethereum())).await, AMOUNT);
    let after = test.rampoff(order.id).await;
    assert_eq!((after.status().as_str(), after.coin_balance, after.deposits.len()), ("created", Amount::ZERO, 0));
    assert_eq!(after.exceptions.first(), Some(DeviationKind::WrongNetwork));
    let view = partner_api::rampoff(&test.app, &test.caller, &order.id.to_string()).await.unwrap();
    let view = serde_json::to_value(view).unwrap();
    assert_eq!(view["exception"], "wrong_network", "{view}");
    // It leaves from the deposit address, to its sender.
    let sender = test.app.store.deposit(DepositId::named_by(item.fact.unwrap())).await.unwrap().unwrap().from;
    reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::Return).await.unwrap();
    is_out(&test).await;
    let sent = test.world.transactions(ethereum(), Some(&sender), None, 10).await.unwrap();
    let back = sent.iter().find(|transaction| transaction.to == sender).unwrap();
    assert_eq!((back.from.as_str(), back.amount), (order.deposit_address.as_str(), AMOUNT));
    assert!(sent.iter().any(|transaction| transaction.txid == txid));
    books_agree(&test).await;
    // The order still accepts its own coin.
    deposit(&test, "polygon", &order.deposit_address).await;
    mine(&test, "polygon", 6).await;
    test.rampoff_becomes(order.id, "finished").await;
}

async fn sent_where_a_person_says(test: Arc<TestApp>) {
    let (order, _, item) = arrived(&test).await;
    let ours = DestinationInput::Wallet(order.deposit_address.clone());
    assert!(reviews::return_to(&test.app, &operator(), item.id, &ours).await.is_err(), "an address of ours");
    reviews::return_to(&test.app, &operator(), item.id, &DestinationInput::Wallet(WALLET.to_owned())).await.unwrap();
    is_out(&test).await;
    let sent = test.world.transactions(ethereum(), Some(WALLET), None, 10).await.unwrap();
    assert_eq!((sent.len(), sent[0].from.as_str(), sent[0].amount), (1, order.deposit_address.as_str(), AMOUNT));
}

/// An amount too small to count, of a coin without other deposits, on any chain: one item per coin, and no event.
async fn dust_is_one_item_for_each_coin(test: Arc<TestApp>) {
    let order = sale(&test).await;
    let deposit = async |chain: &str, symbol: &str, minor: i128| {
        let (chain, to, symbol) = (chain.parse().unwrap(), order.deposit_address.clone(), symbol.parse().unwrap());
        test.world.deposit(ChainDeposit { chain, to, symbol, amount: Amount::from_minor(minor), from: None }).await.unwrap();
        test.world.mine(chain, 6).await.unwrap();
    };
    let dust = [("bsc", "USDC", 1_000_000_000_000), ("bsc", "BNB", 1_000_000_000_000), ("polygon", "USDT", 1)];
    let event_count = async || test.app.store.events_of_subject(test.caller.partner.id, &order.id.to_string(), 0, 100).await.unwrap().len();
    let items = async |amounts: &[(&str, i128)]| {
        let look = || async {
            let waiting = test.app.store.reviews_waiting(None, 100).await.unwrap();
            let mut found: Vec<(String, i128)> =
                waiting.iter().map(|item| (item.asset.unwrap().to_string(), item.amount.minor())).collect();
            found.sort();
            let mut wanted: Vec<(String, i128)> = amounts.iter().map(|(asset, minor)| ((*asset).to_owned(), *minor)).collect();
            wanted.sort();
            (found == wanted).then_some(waiting)
        };
        test.eventually("the items", look).await
    };
    let before = event_count().await;
    for _ in 0..3 {
        for (chain, symbol, minor) in dust {
            deposit(chain, symbol, minor).await;
        }
    }
    let small = [("BNB:bsc", 3_000_000_000_000), ("USDC:bsc", 3_000_000_000_000), ("USDT:polygon", 3)];
    let waiting = items(&small).await;
    assert!(waiting.iter().all(|item| item.order == Some(order.id) && item.reason.contains("too small to count")), "{waiting:?}");
    assert_eq!((test.rampoff(order.id).await.exceptions.first(), event_count().await), (None, before));
    // A settled item is followed by another one.
    let kept = waiting.iter().find(|item| item.asset == "USDT:polygon".parse().ok()).unwrap();
    reviews::resolve(&test.app, &operator(), kept.id, ReviewDecision::Keep).await.unwrap();
    deposit("polygon", "USDT", 2).await;
    items(&[small[0], small[1], ("USDT:polygon", 2)]).await;
    // An amount large enough to count is reported once, on an item of its own.
    deposit("bsc", "USDC", 5_000_000_000_000_000_000).await;
    items(&[small[0], small[1], ("USDC:bsc", 5_000_000_000_000_000_000), ("USDT:polygon", 2)]).await;
    assert_eq!(test.rampoff(order.id).await.exceptions.first(), Some(DeviationKind::WrongNetwork));
    assert_eq!(event_count().await, before + 1);
    deposit("polygon", "USDC", AMOUNT.minor()).await;
    test.rampoff_becomes(order.id, "finished").await;
}

/// Coins from an address of ours are not returned there automatically.
async fn what_came_from_an_address_of_ours(test: Arc<TestApp>) {
    test.world.automine(ethereum(), 0).await.unwrap();
    let order = sale(&test).await;
    let another = sale_on(&test, order.customer, "ethereum").await;
    let hot = test.app.ports.chain(ethereum()).unwrap().reader.address(Lane::FIRST);
    let contract = "0xdAC17F958D2ee523a2206206994597C13D831ec7".to_owned();
    for from in [another.deposit_address, hot, contract] {
        let (to, symbol) = (order.deposit_address.clone(), "USDC".parse().unwrap());
        test.world.deposit(ChainDeposit { chain: ethereum(), to, symbol, amount: AMOUNT, from: Some(from.clone()) }).await.unwrap();
        mine(&test, "ethereum", 7).await;
        let item = item(&test, ReviewKind::Suspense).await;
        assert!(item.subject.source().unwrap().eq_ignore_ascii_case(&from), "{item:?}");
        let refused = refusal_of(reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::Return).await);
        assert!(refused.message.contains("of ours") && refused.message.contains("--wallet"), "{}", refused.message);
        assert!(test.app.store.review(item.id).await.unwrap().unwrap().resolution.is_none());
        reviews::return_to(&test.app, &operator(), item.id, &DestinationInput::Wallet(WALLET.to_owned())).await.unwrap();
        is_out(&test).await;
    }
    let sent = test.world.transactions(ethereum(), Some(WALLET), None, 10).await.unwrap();
    assert_eq!(sent.len(), 3);
}

/// Coins that are kept, or assigned to an order of that chain, are swept into the hot wallet of that chain.
async fn collected(test: Arc<TestApp>) {
    let (order, _, item) = arrived(&test).await;
    let right = sale_on(&test, order.customer, "ethereum").await;
    reviews::assign(&test.app, &operator(), item.id, right.id).await.unwrap();
    test.rampoff_becomes(right.id, "finished").await;
    let moved = treasury::sweep(&test.app, &operator(), ethereum()).await.unwrap();
    assert_eq!(moved.transfers.len(), 1);
    is_out(&test).await;
    books_agree(&test).await;
}

async fn deposit_of(test: &TestApp, order: OrderId, state: DepositState) {
    test.eventually("the deposit is as the chain says", || async {
        let deposits = test.app.store.deposits_of_order(order).await.unwrap();
        let waits = test.app.store.oldest_fact_waiting_at().await.unwrap().is_some();
        (!waits && deposits.len() == 1 && deposits[0].state == state).then_some(())
    })
    .await;
}

async fn undone_before_it_was_final(test: Arc<TestApp>) {
    test.world.automine(ethereum(), 0).await.unwrap();
    let order = sale(&test).await;
    let txid = deposit(&test, "ethereum", &order.deposit_address).await;
    mine(&test, "ethereum", 2).await;
    deposit_of(&test, order.id, DepositState::Pending).await;
    assert_eq!(test.rampoff(order.id).await.status().as_str(), "created", "it does not wait for these");
    test.world.reorganise(ethereum(), 2, vec![txid]).await.unwrap();
    deposit_of(&test, order.id, DepositState::Dropped).await;
    mine(&test, "ethereum", 8).await;
    deposit_of(&test, order.id, DepositState::Dropped).await;
    assert!(in_suspense(&test).await.is_zero());
    assert_eq!(test.app.store.reviews_waiting(None, 9).await.unwrap(), []);
}

async fn undone_in_suspense(test: Arc<TestApp>) {
    let (order, txid, item) = arrived(&test).await;
    test.world.reorganise(ethereum(), 7, vec![txid]).await.unwrap();
    test.eventually("suspense is empty", || async { Some(in_suspense(&test).await).filter(|amount| amount.is_zero()) }).await;
    assert!(on(&test, Account::ChainDeposits(ethereum())).await.is_zero());
    assert!(test.app.store.review(item.id).await.unwrap().unwrap().is_undone());
    assert!(reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::Return).await.is_err());
    assert_eq!(test.rampoff(order.id).await.reversal, None);
}

/// The deposit and its return are undone together and included again: it was returned once.
async fn undone_after_it_went_back(test: Arc<TestApp>) {
    let (_, _, item) = arrived(&test).await;
    reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::Return).await.unwrap();
    let sent = async |state: TransferStatus| {
        let look = || async {
            let found = test.app.store.transfers_in_state(ethereum(), state, None, 10).await.unwrap();
            found.into_iter().find(|transfer| transfer.resolves == Some(item.id))
        };
        test.eventually(state.as_str(), look).await
    };
    sent(TransferStatus::Broadcast).await;
    mine(&test, "ethereum", 6).await;
    let transfer = sent(TransferStatus::Confirmed).await;
    test.world.reorganise(ethereum(), 6 + 6 + 1, Vec::new()).await.unwrap();
    let undone = || async { Some(test.app.store.review(item.id).await.unwrap().unwrap()).filter(ReviewItem::is_undone) };
    test.eventually("the deposit is undone", undone).await;
    let settled = async || {
        mine(&test, "ethereum", 1).await;
        let items = test.app.store.reviews_of_fact(item.fact.unwrap()).await.unwrap();
        let again = items.into_iter().rfind(|other| other.subject.kind() == ReviewKind::Suspense && other.id != item.id)?;
        let transfer = test.app.store.transfer(transfer.id).await.unwrap().unwrap();
        let is_final = matches!(transfer.state, TransferState::Confirmed(_)) && transfer.resolves == Some(again.id);
        (is_final && in_suspense(&test).await.is_zero()).then_some(again)
    };
    let again = test.eventually("it is as it was", settled).await;
    assert_eq!(again.resolution.as_ref().map(|resolution| resolution.decision.to_string()).as_deref(), Some("return"));
}

/// Earlier versions numbered the addresses of each chain separately, so that orders on two chains could share one. Each takes the coins of
/// its own chain; those on a third chain lead to an item that names both, and neither order changes.
async fn an_address_of_earlier_orders(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let here = sale_on(&test, customer, "polygon").await;
    let there = sale_on(&test, customer, "ethereum").await;
    assert_ne!((&here.deposit_address, here.deposit_index), (&there.deposit_address, there.deposit_index));
    let shared = Rampoff { deposit_address: here.deposit_address.clone(), deposit_index: here.deposit_index, ..there.clone() };
    let mut step = Step::new();
    step.write(Record::from(shared));
    test.app.commit(step).await.unwrap();
    deposit(&test, "bsc", &here.deposit_address).await;
    mine(&test, "bsc", 6).await;
    let unmatched = item(&test, ReviewKind::Suspense).await;
    assert_eq!((unmatched.asset, unmatched.amount), ("USDC:bsc".parse().ok(), AMOUNT));
    for order in [&here, &there] {
        assert!(unmatched.reason.contains(&order.id.to_string()), "{}", unmatched.reason);
        assert_eq!(test.rampoff(order.id).await.exceptions.first(), None);
    }
    for (order, chain, other) in [(&there, "ethereum", &here), (&here, "polygon", &there)] {
        let before = test.rampoff(other.id).await;
        deposit(&test, chain, &here.deposit_address).await;
        mine(&test, chain, 7).await;
        let finished = test.rampoff_becomes(order.id, "finished").await;
        assert_eq!((finished.deposits.len(), finished.exceptions.first()), (1, None));
        assert_eq!(test.rampoff(other.id).await, before);
    }
    reviews::resolve(&test.app, &operator(), unmatched.id, ReviewDecision::Return).await.unwrap();
    test.eventually("it went back", || async {
        mine(&test, "bsc", 1).await;
        let lies = test.app.store.balance(Account::ChainDeposits("bsc".parse().unwrap()), unmatched.asset.unwrap()).await.unwrap();
        lies.posted.is_zero().then_some(())
    })
    .await;
}

/// One index series per family: the addresses of its chains all differ, in whatever order the chains take them.
#[tokio::test]
async fn one_series_of_indexes() {
    let test = TestApp::start_idle(TestEngine::Sqlite).await;
    let customer = ana(&test).await;
    let mut indexes = std::collections::HashSet::new();
    for chain in ["polygon", "ethereum", "polygon", "bsc", "ethereum"] {
        let request = CreateRampoffForm { blockchain: Some(chain.to_owned()), ..sell(customer, "50") };
        let answer = partner_api::create_rampoff(&test.app, &test.caller, &request, None).await.unwrap();
        let order = test.rampoff(TestApp::order_of(&answer)).await;
        assert_eq!(data_of(&answer)["wallet"], order.deposit_address.as_str());
        assert!(indexes.insert(order.deposit_index), "{chain}");
        for same in ["polygon", "ethereum", "bsc"] {
            let port = test.app.ports.chain(same.parse().unwrap()).unwrap();
            assert_eq!(port.reader.address(Lane::Deposit(order.deposit_index)), order.deposit_address, "{same} has its key too");
        }
    }
}
