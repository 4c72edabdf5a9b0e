//! Nothing is refunded or paid again before its receiver was screened.

use std::sync::Arc;

use rampart_app::operate::orders::{self, DestinationInput};
use rampart_app::operate::reviews::{self, ReviewDecision};
use rampart_app::orders::page_links;
use rampart_core::id::OrderId;
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::order::payment::PaymentState;
use rampart_core::order::rampoff::RampoffState;
use rampart_core::order::{HoldReason, ScreeningHits};
use rampart_core::outgoing::{PayoutState, Screening};
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_sandbox::{BankTransfer, ChainDeposit, FaultCalls, FaultOutcome, FaultPort};
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm};
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, partner_api, payable, sell};

use crate::workers_buying::{ana, item, operator};

on_both_engines!(rampart_testkit::TestApp::start => refund_to_a_listed_holder, coins_back_to_a_listed_wallet, suspense_of_a_listed_payer,
    suspense_of_a_listed_wallet, silent_provider);

const LISTED: &str = "Juan Sancionado";
const LISTED_WALLET: &str = "0x6660001666000166600016660001666000166600";

/// A partly paid purchase that an operator refunds to an account the customer has yet to give.
async fn to_be_refunded(test: &TestApp) -> OrderId {
    let customer = ana(test).await;
    let request = CreatePaymentForm { payment_type: Some("transfer".into()), ..buy(customer, "200") };
    let id = test.bought(&request).await;
    let payable = payable(&test.payment(id).await, "Ana García López");
    test.world.pay_payment(&payable, Some(Amount::from_minor(15_000)), None).await.unwrap();
    test.eventually("it is on the order", || async { Some(test.payment(id).await).filter(|it| !it.receipts.is_empty()) }).await;
    orders::refund(&test.app, &operator(), id).await.unwrap();
    id
}

async fn give_account(test: &TestApp, id: OrderId, name: &str) {
    let destination = DestinationInput::Account { account: CustomerOf::SPAIN.account.to_owned(), holder: name.to_owned() };
    orders::give_destination(&test.app, &operator(), id, &destination).await.unwrap();
}

async fn stopped(test: &TestApp, id: OrderId) {
    test.eventually("screening stops it", || async {
        let payment = test.payment(id).await;
        matches!(payment.state, PaymentState::OnHold { reason: HoldReason::Screening, .. }).then_some(())
    })
    .await;
}

async fn refund_to_a_listed_holder(test: Arc<TestApp>) {
    let id = to_be_refunded(&test).await;
    give_account(&test, id, LISTED).await;
    stopped(&test, id).await;
    let payment = test.payment(id).await;
    assert_eq!((payment.fiat_balance, &payment.findings.order), (Amount::from_minor(15_000), &None));
    let payouts = test.app.store.payouts_of_order(id).await.unwrap();
    assert!(
        matches!(&payouts[..], [one] if matches!(&one.state, PayoutState::Failed { reason } if reason.contains("sanctions list"))),
        "{payouts:?}"
    );
    assert_eq!(payment.findings.refund.as_deref(), Some("a name is on the sandbox's sanctions list"));
    // A new account is screened, also when an operator decides.
    give_account(&test, id, "Juana Sancionado").await;
    assert_eq!(test.payment(id).await.findings, ScreeningHits::default());
    orders::refund(&test.app, &operator(), id).await.unwrap();
    stopped(&test, id).await;
    // An operator who has seen the hit decides, and no second screening follows.
    orders::refund(&test.app, &operator(), id).await.unwrap();
    test.payment_becomes(id, "refunded").await;
    let payouts = test.app.store.payouts_of_order(id).await.unwrap();
    assert_eq!(payouts.iter().map(|payout| payout.screening).collect::<Vec<_>>(), [Screening::Due, Screening::Due, Screening::Overruled]);
}

async fn coins_back_to_a_listed_wallet(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    // The sandbox's bank refuses payouts to this account.
    let request = CreateRampoffForm { iban: Some("ES1621000418410006660001".into()), ..sell(customer, "50") };
    let id = test.sold(&request).await;
    let order = test.rampoff(id).await;
    deposit(&test, &order.deposit_address, "USDC", None).await;
    test.rampoff_becomes(id, "on_hold").await;
    partner_api::give_refund_wallet(&test.app, &page_links::rampoff_token(&test.app, id), LISTED_WALLET).await.unwrap();
    let held = || async {
        let order = test.rampoff(id).await;
        matches!(order.state, RampoffState::OnHold { reason: HoldReason::Screening, .. }).then_some(order)
    };
    orders::refund(&test.app, &operator(), id).await.unwrap();
    let order = test.eventually("screening stops it", held).await;
    assert_eq!(order.coin_balance, order.terms.coin_amount);
    assert_eq!(order.findings.describe(), "a wallet is on the sandbox's sanctions list");
    let sent = || test.world.transactions("polygon".parse().unwrap(), Some(LISTED_WALLET), None, 10);
    assert!(sent().await.unwrap().is_empty());
    orders::refund(&test.app, &operator(), id).await.unwrap();
    test.rampoff_becomes(id, "refunded").await;
    assert_eq!(sent().await.unwrap().len(), 1);
}

async fn deposit(test: &TestApp, to: &str, symbol: &str, from: Option<&str>) {
    let (chain, symbol, amount) = ("polygon".parse().unwrap(), symbol.parse().unwrap(), Amount::from_minor(50_000_000));
    test.world.deposit(ChainDeposit { chain, to: to.to_owned(), symbol, amount, from: from.map(str::to_owned) }).await.unwrap();
}

/// Returns an item, waits until screening has reopened it, and returns it again.
async fn returned_twice(test: &TestApp, first: &ReviewItem) {
    let asset = first.asset.unwrap();
    let suspense = || async { test.app.store.balance(Account::Suspense, asset).await.unwrap() };
    reviews::resolve(&test.app, &operator(), first.id, ReviewDecision::Return).await.unwrap();
    let again = item(test, ReviewKind::Suspense).await;
    assert_eq!((again.fact, again.order, &again.subject, again.screening_hit), (first.fact, first.order, &first.subject, true));
    assert!(again.reason.contains("stopped by screening"), "{}", again.reason);
    let balance = suspense().await;
    assert_eq!((balance.posted, balance.held), (first.amount, Amount::ZERO));
    reviews::resolve(&test.app, &operator(), again.id, ReviewDecision::Return).await.unwrap();
    test.eventually("it went back", || async {
        test.mine(1).await;
        let balance = suspense().await;
        (balance.posted.is_zero() && balance.held.is_zero()).then_some(())
    })
    .await;
    assert!(test.app.store.reviews_waiting(None, 10).await.unwrap().is_empty());
}

async fn suspense_of_a_listed_payer(test: Arc<TestApp>) {
    let transfer =
        BankTransfer { sender_account: Some(CustomerOf::SPAIN.account.into()), ..test.transfer_over("sepa", 12_300, "Rent", LISTED) };
    test.world.transfer(transfer).await.unwrap();
    let first = item(&test, ReviewKind::Suspense).await;
    returned_twice(&test, &first).await;
}

async fn suspense_of_a_listed_wallet(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let id = test.sold(&sell(customer, "50")).await;
    deposit(&test, &test.rampoff(id).await.deposit_address, "USDT", Some(LISTED_WALLET)).await;
    let first = item(&test, ReviewKind::Suspense).await;
    returned_twice(&test, &first).await;
    let deposits = test.app.store.deposits_of_order(id).await.unwrap();
    assert!(deposits[0].swept, "they left from their own address");
}

async fn silent_provider(test: Arc<TestApp>) {
    let id = to_be_refunded(&test).await;
    test.fault(FaultPort::Screening, FaultCalls::Actions, FaultOutcome::Fail, 1).await;
    give_account(&test, id, "Ana García López").await;
    let asked = || async {
        let payouts = test.app.store.payouts_of_order(id).await.unwrap();
        let jobs = test.app.store.jobs_of_subject(&payouts.first()?.id.to_string()).await.unwrap();
        jobs.iter().any(|job| job.last_error.is_some()).then_some(())
    };
    test.eventually("the provider was asked in vain", asked).await;
    assert_eq!(test.payment(id).await.status().as_str(), "refund_pending");
    test.advance(2).await;
    test.payment_becomes(id, "refunded").await;
}
