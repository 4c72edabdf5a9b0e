//! Selling with deviations from the order.

use std::sync::Arc;

use rampart_app::operate::reviews::{self, ReviewDecision};
use rampart_app::operate::{orders, treasury};
use rampart_app::orders::page_links;
use rampart_app::pages;
use rampart_core::id::{DepositId, OrderId};
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::order::rampoff::{Rampoff, RampoffState};
use rampart_core::order::{HoldReason, Reversal};
use rampart_core::outgoing::{PayoutState, PayoutStatus, Transfer, TransferState, TransferStatus};
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::step::watch::DepositState;
use rampart_sandbox::{ChainDeposit, FaultCalls, FaultOutcome, FaultPort};
use rampart_testkit::partner_api::{CreateRampoffForm, SetPayoutAccountForm};
use rampart_testkit::{TestApp, on_both_engines, partner_api, sell};

use crate::workers_buying::{ana, item, operator};

on_both_engines!(rampart_testkit::TestApp::start => undone_before, undone_after, answers_lost, refused_and_returned, wrong_coin, twice,
    undone_in_suspense, undone_after_assignment, undone_after_it_went_back, undone_for_good_after_it_went_back, undone_after_it_was_kept,
    swept, sweep_refused);

async fn order(test: &TestApp) -> Rampoff {
    let customer = ana(test).await;
    let request = CreateRampoffForm { refund_wallet: Some("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".into()), ..sell(customer, "50") };
    let answer = partner_api::create_rampoff(&test.app, &test.caller, &request, None).await.unwrap();
    test.rampoff(TestApp::order_of(&answer)).await
}

async fn deposit(test: &TestApp, order: &Rampoff, symbol: &str, amount: Amount) -> String {
    let deposit =
        ChainDeposit { chain: order.chain(), to: order.deposit_address.clone(), symbol: symbol.parse().unwrap(), amount, from: None };
    test.world.deposit(deposit).await.unwrap()
}

/// The chain makes blocks only on request.
async fn by_hand(test: &TestApp) {
    test.world.automine("polygon".parse().unwrap(), 0).await.unwrap();
}

async fn finished(test: &TestApp, id: OrderId) -> Rampoff {
    test.mine(6).await;
    test.rampoff_becomes(id, "finished").await
}

async fn undone_before(test: Arc<TestApp>) {
    by_hand(&test).await;
    let order = order(&test).await;
    let txid = deposit(&test, &order, "USDC", order.terms.coin_amount).await;
    test.mine(2).await;
    test.rampoff_becomes(order.id, "confirming").await;
    test.world.reorganise(order.chain(), 2, vec![txid]).await.unwrap();
    test.eventually("the deposit is gone", || async { Some(test.rampoff(order.id).await).filter(|order| order.deposits.is_empty()) }).await;
    // Another deposit is moved to a different block by a reorganisation, and counts once.
    let txid = deposit(&test, &order, "USDC", order.terms.coin_amount).await;
    test.mine(2).await;
    test.eventually("another deposit is seen", || async { Some(test.rampoff(order.id).await).filter(|order| order.deposits.len() == 1) })
        .await;
    test.world.reorganise(order.chain(), 2, Vec::new()).await.unwrap();
    let finished = finished(&test, order.id).await;
    assert_eq!(finished.deposits.len(), 1);
    assert_eq!(finished.deposits[0].txid, txid);
    let deposits = test.app.store.deposits_of_order(order.id).await.unwrap();
    assert_eq!(deposits.len(), 2);
}

async fn undone_after(test: Arc<TestApp>) {
    by_hand(&test).await;
    test.mine(10).await;
    let order = order(&test).await;
    let txid = deposit(&test, &order, "USDC", order.terms.coin_amount).await;
    finished(&test, order.id).await;
    test.world.reorganise(order.chain(), 8, vec![txid]).await.unwrap();
    let alarm = item(&test, ReviewKind::Reversal).await;
    assert_eq!(alarm.order, Some(order.id));
    let after = test.rampoff(order.id).await;
    assert_eq!((after.status().as_str(), after.reversal), ("finished", Some(Reversal::Reorganisation)));
    let losses = test.app.store.balance("losses:reorganisation".parse().unwrap(), order.terms.coin.into()).await.unwrap();
    assert_eq!(losses.posted, order.terms.coin_amount);
}

async fn answers_lost(test: Arc<TestApp>) {
    for (number, outcome) in [FaultOutcome::UnknownDone, FaultOutcome::UnknownNotDone, FaultOutcome::Fail].into_iter().enumerate() {
        test.fault(FaultPort::Bank, FaultCalls::Actions, outcome, 1).await;
        let customer = test.verified(rampart_testkit::CustomerOf::SPAIN, &format!("ana{number}@example.com")).await;
        let answer = partner_api::create_rampoff(&test.app, &test.caller, &sell(customer, "50"), None).await.unwrap();
        let order = test.rampoff(TestApp::order_of(&answer)).await;
        deposit(&test, &order, "USDC", order.terms.coin_amount).await;
        finished(&test, order.id).await;
        assert_eq!(test.app.store.payouts_of_order(order.id).await.unwrap().len(), 1);
    }
    // By the sandbox's books the bank paid three times and not more.
    let rail = "sepa".parse().unwrap();
    let ours = test.app.store.balance(Account::Bank(rail), "EUR".parse().unwrap()).await.unwrap();
    assert_eq!(test.world.bank_balance(rail).await.unwrap(), ours.posted);
}

async fn refused_and_returned(test: Arc<TestApp>) {
    test.fault(FaultPort::Bank, FaultCalls::Actions, FaultOutcome::Refuse, 1).await;
    let order = order(&test).await;
    deposit(&test, &order, "USDC", order.terms.coin_amount).await;
    test.mine(6).await;
    let held = test.rampoff_becomes(order.id, "on_hold").await;
    assert!(matches!(held.state, RampoffState::OnHold { reason: HoldReason::PayoutFailed, .. }));
    orders::release(&test.app, &operator(), order.id).await.unwrap();
    let finished = finished(&test, order.id).await;
    let RampoffState::Finished { payout, .. } = finished.state else { panic!("finished") };
    test.world.return_payout(payout, "account closed".to_owned()).await.unwrap();
    let item = item(&test, ReviewKind::Reversal).await;
    let after = test.rampoff(order.id).await;
    assert_eq!((after.status().as_str(), after.reversal), ("finished", Some(Reversal::BankReturn)));
    // The money lies in suspense until it is paid again.
    let suspense = || async { test.app.store.balance(Account::Suspense, "EUR".parse().unwrap()).await.unwrap() };
    assert_eq!(suspense().await.posted, finished.payout_amount());
    // The partner names another account of the customer; the page shows the payout as returned until an operator has paid it there.
    let token = &page_links::rampoff_token(&test.app, order.id);
    let returned = || async { pages::page_rampoff(&test.app, token).await.unwrap().payout_returned };
    assert!(returned().await);
    let give = |iban: &str| SetPayoutAccountForm {
        rampoff_id: Some(order.id.to_string()),
        iban: Some(iban.to_owned()),
        ..SetPayoutAccountForm::default()
    };
    partner_api::set_payout_account(&test.app, &test.caller, give("DE89370400440532013000"), None).await.unwrap();
    // An operator who has seen the former account does not pay the new one unseen.
    let unseen = reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::Return).await;
    assert!(unseen.is_err_and(|error| error.to_string().contains("another account")));
    let item = self::item(&test, ReviewKind::Reversal).await;
    assert_eq!(item.subject.source().as_deref(), Some("DE89370400440532013000"));
    reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::Return).await.unwrap();
    assert!(!returned().await);
    assert!(partner_api::set_payout_account(&test.app, &test.caller, give("ES9121000418450200051332"), None).await.is_err());
    test.eventually("suspense is empty", || async { Some(suspense().await).filter(|balance| balance.posted.is_zero()) }).await;
    assert_eq!(suspense().await.held, Amount::ZERO);
    let settled = test.app.store.payouts_in_state(PayoutStatus::Settled, None, 10).await.unwrap();
    let again = settled.iter().find(|payout| payout.resolves == Some(item.id)).unwrap();
    assert_eq!(again.destination.account.reveal(), "DE89370400440532013000");
    let failed = test.app.store.payouts_of_order(order.id).await.unwrap();
    assert!(matches!(failed[0].state, PayoutState::Failed { .. }), "{:?}", failed[0].state);
}

async fn wrong_coin(test: Arc<TestApp>) {
    let order = order(&test).await;
    deposit(&test, &order, "USDT", Amount::from_minor(7_000_000)).await;
    test.mine(6).await;
    let wrong = item(&test, ReviewKind::Suspense).await;
    assert_eq!((wrong.order, wrong.amount), (Some(order.id), Amount::from_minor(7_000_000)));
    reviews::resolve(&test.app, &operator(), wrong.id, ReviewDecision::Return).await.unwrap();
    let asset = wrong.asset.unwrap();
    test.eventually("it went back", || async {
        test.mine(1).await;
        let balance = test.app.store.balance(Account::Suspense, asset).await.unwrap();
        (balance.posted.is_zero() && balance.held.is_zero()).then_some(())
    })
    .await;
    // The order still accepts its own coin.
    deposit(&test, &order, "USDC", order.terms.coin_amount).await;
    finished(&test, order.id).await;
}

async fn twice(test: Arc<TestApp>) {
    let order = order(&test).await;
    deposit(&test, &order, "USDC", order.terms.coin_amount).await;
    finished(&test, order.id).await;
    deposit(&test, &order, "USDC", order.terms.coin_amount).await;
    test.mine(6).await;
    let surplus = item(&test, ReviewKind::Suspense).await;
    assert_eq!(surplus.amount, order.terms.coin_amount);
    assert!(reviews::assign(&test.app, &operator(), surplus.id, order.id).await.is_err());
    reviews::resolve(&test.app, &operator(), surplus.id, ReviewDecision::Return).await.unwrap();
    test.eventually("it went back", || async {
        test.mine(1).await;
        let balance = test.app.store.balance(Account::Suspense, order.terms.coin.into()).await.unwrap();
        balance.posted.is_zero().then_some(())
    })
    .await;
}

/// A completed order and a second deposit of the same amount at its address, which lies in suspense.
async fn surplus(test: &TestApp) -> (Rampoff, String, ReviewItem) {
    by_hand(test).await;
    test.mine(10).await;
    let order = order(test).await;
    deposit(test, &order, "USDC", order.terms.coin_amount).await;
    finished(test, order.id).await;
    let txid = deposit(test, &order, "USDC", order.terms.coin_amount).await;
    test.mine(6).await;
    (order, txid, item(test, ReviewKind::Suspense).await)
}

async fn in_suspense(test: &TestApp, order: &Rampoff) -> Amount {
    test.app.store.balance(Account::Suspense, order.terms.coin.into()).await.unwrap().posted
}

/// Coins in suspense that the chain undoes leave suspense, and their review item is settled.
async fn undone_in_suspense(test: Arc<TestApp>) {
    let (order, txid, surplus) = surplus(&test).await;
    assert_eq!(in_suspense(&test, &order).await, order.terms.coin_amount);
    test.world.reorganise(order.chain(), 7, vec![txid]).await.unwrap();
    test.eventually("suspense is empty", || async { Some(in_suspense(&test, &order).await).filter(|amount| amount.is_zero()) }).await;
    let settled = test.app.store.review(surplus.id).await.unwrap().unwrap();
    assert!(settled.is_undone(), "{settled:?}");
    assert!(reviews::resolve(&test.app, &operator(), surplus.id, ReviewDecision::Return).await.is_err());
}

/// Coins assigned to another order belong to that order, also when the chain undoes them.
async fn undone_after_assignment(test: Arc<TestApp>) {
    let (order, txid, surplus) = surplus(&test).await;
    let answer = partner_api::create_rampoff(&test.app, &test.caller, &sell(order.customer, "50"), None).await.unwrap();
    let another = TestApp::order_of(&answer);
    reviews::assign(&test.app, &operator(), surplus.id, another).await.unwrap();
    test.rampoff_becomes(another, "finished").await;
    test.world.reorganise(order.chain(), 7, Vec::new()).await.unwrap();
    test.eventually("the other order knows", || async {
        Some(test.rampoff(another).await).filter(|rampoff| rampoff.reversal == Some(Reversal::Reorganisation))
    })
    .await;
    assert!(in_suspense(&test, &order).await.is_zero());
    let loss = item(&test, ReviewKind::Reversal).await;
    // In a block again, and dropped before its confirmation: that takes nothing from suspense and settles no loss.
    let becomes = async |state: DepositState| {
        let deposit = || async {
            let deposit = test.app.store.deposit(DepositId::named_by(loss.fact.unwrap())).await.unwrap().unwrap();
            let applied = test.app.store.oldest_fact_waiting_at().await.unwrap().is_none();
            (deposit.state == state && applied).then_some(())
        };
        test.eventually("the deposit is seen as it is", deposit).await;
    };
    test.mine(1).await;
    becomes(DepositState::Pending).await;
    test.world.reorganise(order.chain(), 1, vec![txid]).await.unwrap();
    becomes(DepositState::Dropped).await;
    assert!(in_suspense(&test, &order).await.is_zero());
    assert_eq!(test.app.store.review(loss.id).await.unwrap().unwrap().resolution, None);
}

/// Coins in suspense that were returned with finality; with the number of blocks since they arrived.
async fn sent_back(test: &TestApp) -> (Rampoff, String, ReviewItem, Transfer, u32) {
    let (order, txid, surplus) = surplus(test).await;
    reviews::resolve(&test.app, &operator(), surplus.id, ReviewDecision::Return).await.unwrap();
    let returned = |transfer: &Transfer| transfer.resolves == Some(surplus.id);
    let in_state = async |state: TransferStatus| {
        let look = || async {
            let found = test.app.store.transfers_in_state(order.chain(), state, None, 10).await.unwrap();
            found.into_iter().find(returned)
        };
        test.eventually(state.as_str(), look).await
    };
    in_state(TransferStatus::Broadcast).await;
    test.mine(6).await;
    let transfer = in_state(TransferStatus::Confirmed).await;
    assert!(in_suspense(test, &order).await.is_zero());
    (order, txid, surplus, transfer, 6 + 6 + 1)
}

/// The open review items about suspense.
async fn waiting(test: &TestApp) -> Vec<ReviewItem> {
    let mut items = test.app.store.reviews_waiting(None, 20).await.unwrap();
    items.retain(|item| matches!(item.subject.kind(), ReviewKind::Suspense | ReviewKind::Shortage));
    items
}

/// A deposit and the transfer that returned it are undone together and included again: it was returned once, and no second item is opened.
async fn undone_after_it_went_back(test: Arc<TestApp>) {
    let (order, _, surplus, transfer, blocks) = sent_back(&test).await;
    test.world.reorganise(order.chain(), blocks, Vec::new()).await.unwrap();
    let undone = || async { Some(test.app.store.review(surplus.id).await.unwrap().unwrap()).filter(ReviewItem::is_undone) };
    test.eventually("the deposit is undone", undone).await;
    let settled = async || {
        test.mine(1).await;
        let items = test.app.store.reviews_of_fact(surplus.fact.unwrap()).await.unwrap();
        let again = items.into_iter().rfind(|item| item.subject.kind() == ReviewKind::Suspense && item.id != surplus.id)?;
        let transfer = test.app.store.transfer(transfer.id).await.unwrap().unwrap();
        let is_final = matches!(transfer.state, TransferState::Confirmed(_)) && transfer.resolves == Some(again.id);
        (is_final && in_suspense(&test, &order).await.is_zero()).then_some(again)
    };
    let again = test.eventually("it is as it was", settled).await;
    assert_eq!(again.resolution.as_ref().map(|resolution| resolution.decision.to_string()).as_deref(), Some("return"));
    assert_eq!(waiting(&test).await, []);
    assert!(reviews::resolve(&test.app, &operator(), again.id, ReviewDecision::Return).await.is_err(), "it has gone back");
}

/// The deposit is gone for good: the failed return is not put into the queue again.
async fn undone_for_good_after_it_went_back(test: Arc<TestApp>) {
    let (order, txid, surplus, transfer, blocks) = sent_back(&test).await;
    let back = transfer.state.sent_in().unwrap().txid.clone().unwrap();
    test.world.reorganise(order.chain(), blocks, vec![txid, back]).await.unwrap();
    let gone = || async {
        let item = test.app.store.review(surplus.id).await.unwrap().unwrap();
        let transfer = test.app.store.transfer(transfer.id).await.unwrap().unwrap();
        let is_out = matches!(transfer.state, TransferState::Confirmed(_));
        (item.is_undone() && !is_out && in_suspense(&test, &order).await.is_zero()).then_some(())
    };
    test.eventually("both are undone", gone).await;
    test.mine(2).await;
    assert_eq!(waiting(&test).await, []);
}

/// A kept deposit that is undone leaves a shortage in suspense, until an operator books the loss.
async fn undone_after_it_was_kept(test: Arc<TestApp>) {
    let (order, txid, surplus) = surplus(&test).await;
    reviews::resolve(&test.app, &operator(), surplus.id, ReviewDecision::Keep).await.unwrap();
    test.world.reorganise(order.chain(), 7, vec![txid]).await.unwrap();
    let lacking = item(&test, ReviewKind::Shortage).await;
    assert_eq!((lacking.order, lacking.amount, lacking.asset), (Some(order.id), surplus.amount, surplus.asset));
    assert_eq!(in_suspense(&test, &order).await, surplus.amount.negated());
    assert!(reviews::resolve(&test.app, &operator(), lacking.id, ReviewDecision::Dismiss).await.is_err(), "it would stay so");
    reviews::resolve(&test.app, &operator(), lacking.id, ReviewDecision::WriteOff).await.unwrap();
    assert!(in_suspense(&test, &order).await.is_zero());
    let losses = test.app.store.balance("losses:written_off".parse().unwrap(), order.terms.coin.into()).await.unwrap();
    assert_eq!(losses.posted, surplus.amount);
}

/// Deposits are swept into the hot wallet; afterwards the books agree with the chain.
async fn swept(test: Arc<TestApp>) {
    let order = order(&test).await;
    deposit(&test, &order, "USDC", order.terms.coin_amount).await;
    finished(&test, order.id).await;
    let moved = treasury::sweep(&test.app, &operator(), order.chain()).await.unwrap();
    assert_eq!(moved.transfers.len(), 1);
    assert!(treasury::sweep(&test.app, &operator(), order.chain()).await.unwrap().transfers.is_empty(), "only once");
    test.eventually("it was collected", || async {
        test.mine(1).await;
        let balance = test.app.store.balance(Account::ChainDeposits(order.chain()), order.terms.coin.into()).await.unwrap();
        balance.posted.is_zero().then_some(())
    })
    .await;
    let account = Account::ChainHot(order.chain());
    let (someone, coin, to) = (operator(), order.terms.coin.into(), order.refund_wallet.as_deref());
    treasury::withdraw(&test.app, &someone, account, coin, "10", to).await.unwrap();
    assert!(treasury::withdraw(&test.app, &someone, account, coin, "99999999999", to).await.is_err());
    test.eventually("our books and the chain's agree", || async {
        test.mine(1).await;
        let lines = treasury::show(&test.app).await.unwrap();
        lines.iter().filter(|line| line.outside.is_some()).all(|line| line.outside.as_ref() == Some(&line.posted)).then_some(())
    })
    .await;
}

/// A sweep that a node refuses is offered again until the chain has it, and collects its deposits once.
async fn sweep_refused(test: Arc<TestApp>) {
    let order = order(&test).await;
    deposit(&test, &order, "USDC", order.terms.coin_amount).await;
    finished(&test, order.id).await;
    test.fault(FaultPort::Chain, FaultCalls::Actions, FaultOutcome::Refuse, 1).await;
    treasury::sweep(&test.app, &operator(), order.chain()).await.unwrap();
    // What a node refuses may be in the chain all the same: the same bytes are offered again, and nothing else is sent for it.
    assert!(treasury::sweep(&test.app, &operator(), order.chain()).await.unwrap().transfers.is_empty(), "only once");
    test.eventually("it was collected", || async {
        test.mine(1).await;
        let balance = test.app.store.balance(Account::ChainDeposits(order.chain()), order.terms.coin.into()).await.unwrap();
        balance.posted.is_zero().then_some(())
    })
    .await;
    let swept = test.app.store.deposits_of_order(order.id).await.unwrap();
    assert!(swept.iter().all(|deposit| deposit.swept));
}
