//! Sending is stopped until an operator resumes it.

use std::path::Path;
use std::sync::Arc;

use rampart_app::operate::reviews::ReviewDecision;
use rampart_app::operate::{audit_log, doctor, reviews};
use rampart_app::{App, operate::health, workers::stops};
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::money::amount::Amount;
use rampart_core::outgoing::Lane;
use rampart_core::review::ReviewItem;
use rampart_store::Store;
use rampart_testkit::partner_api::CreatePaymentForm;
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, sell};

use crate::workers_buying::operator;

on_both_engines!(
    rampart_testkit::TestApp::start => put_back, slots_past_us;
    rampart_testkit::TestApp::start_idle => put_back_in_use;
);

async fn bought(test: &TestApp, customer: CustomerId, chain: &str) -> OrderId {
    let request = CreatePaymentForm { coin_chain: Some(chain.into()), ..buy(customer, "100") };
    let id = test.bought(&request).await;
    test.pay(id).await;
    id
}

async fn sold(test: &TestApp, customer: CustomerId) -> OrderId {
    let id = test.sold(&sell(customer, "50")).await;
    test.deposit(id).await;
    id
}

async fn stopped(app: &App) -> Vec<ReviewItem> {
    app.store.stops().await.unwrap()
}

/// The batch number in a file, once it has one.
async fn kept(test: &TestApp, file: &Path) -> i64 {
    test.eventually("the number is kept", || async { Store::read_batch_number_file(file).map(|(_, number)| number) }).await
}

async fn doctors_word(app: &App) -> (bool, String) {
    let findings = doctor::examine(app).await.unwrap();
    let finding = findings.into_iter().find(|finding| finding.check == "sending is not stopped").unwrap();
    (finding.ok, finding.detail)
}

/// A node that has seen more of the database than it now contains sends nothing, serves the rest, and resumes on an operator's command.
async fn put_back(test: Arc<TestApp>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("batches");
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    test.stop_workers().await;
    stops::compare_with_folder(&test.app, &file).await.unwrap();
    assert!(stopped(&test.app).await.is_empty(), "a missing file stops nothing");
    let installation = test.app.store.installation().await.unwrap().unwrap().id;
    std::fs::write(&file, format!("{installation} 1")).unwrap();
    stops::compare_with_folder(&test.another_node().await, &file).await.unwrap();
    assert!(stopped(&test.app).await.is_empty(), "one that lags behind stops nothing");
    std::fs::write(&file, "another 999999999").unwrap();
    stops::compare_with_folder(&test.another_node().await, &file).await.unwrap();
    assert!(stopped(&test.app).await.is_empty(), "another installation's is no number of ours");

    let seen = test.app.store.batch_number().await.unwrap() + 1_000;
    std::fs::write(&file, format!("{installation} {seen}")).unwrap();
    let app = test.another_node().await;
    stops::compare_with_folder(&app, &file).await.unwrap();
    stops::compare_with_folder(&app, &file).await.unwrap();
    let [item] = &stopped(&app).await[..] else { panic!("one stop") };
    let (ok, word) = doctors_word(&app).await;
    assert!(!ok && word.contains("restored from a copy"), "{word}");

    let (purchase, sale) = (bought(&test, customer, "polygon").await, sold(&test, customer).await);
    test.work_with(&app);
    // Money and coins are received and decided upon; what follows from them waits.
    let transfers = test.eventually("the transfer waits", || async {
        let transfers = app.store.transfers_of_order(purchase).await.unwrap();
        Some(transfers).filter(|transfers| !transfers.is_empty())
    });
    let transfers = transfers.await;
    let payouts = test.eventually("the payout waits", || async {
        let payouts = app.store.payouts_of_order(sale).await.unwrap();
        Some(payouts).filter(|payouts| !payouts.is_empty())
    });
    let payouts = payouts.await;
    bought(&test, customer, "polygon").await;
    let reasons = health::reasons(&app).await;
    assert!(reasons.is_empty(), "{reasons:?}");
    // Several turns pass: workers that run beside the sender have applied the facts.
    for _ in 0..3 {
        let other = bought(&test, customer, "polygon").await;
        test.eventually("another payment is applied", || async {
            Some(app.store.transfers_of_order(other).await.unwrap()).filter(|transfers| !transfers.is_empty())
        })
        .await;
    }
    let transfer = app.store.transfer(transfers[0].id).await.unwrap().unwrap();
    assert!(transfer.state.sent_in().is_none(), "{:?}", transfer.state);
    let payout = app.store.payout(payouts[0].id).await.unwrap().unwrap();
    assert_eq!(payout.state, rampart_core::outgoing::PayoutState::Queued);

    assert!(reviews::resolve(&app, &operator(), item.id, ReviewDecision::Dismiss).await.is_err(), "a stop is not dismissed");
    reviews::resolve(&app, &operator(), item.id, ReviewDecision::GoOn).await.unwrap();
    let audit = audit_log(&app, Some(&item.id.to_string()), None, 5).await.unwrap();
    assert!(audit.iter().any(|line| line.action == "review.go_on" && line.reason == operator().reason), "{audit:?}");
    test.advance(120).await;
    test.payment_becomes(purchase, "coins_sent").await;
    test.rampoff_becomes(sale, "finished").await;
    test.stop_workers().await;
    // The number was accepted: the next start is not stopped again.
    stops::compare_with_folder(&test.another_node().await, &file).await.unwrap();
    assert!(stopped(&app).await.is_empty() && doctors_word(&app).await.0);
}

/// A running node also detects a restored database.
async fn put_back_in_use(test: Arc<TestApp>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("batches");
    stops::compare_with_folder(&test.app, &file).await.unwrap();
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let number = kept(&test, &file).await;
    assert!(number <= test.app.store.batch_number().await.unwrap(), "the file is never ahead");
    test.tamper("UPDATE numbers SET next = 1 WHERE series = 'batches'");
    test.world.start();
    test.work_with(&test.app);
    bought(&test, customer, "polygon").await;
    let item = test.eventually("it is stopped", || async { stopped(&test.app).await.pop() }).await;
    assert!(item.amount >= Amount::from_minor(number.into()), "{item:?}");
    test.stop_workers().await;
}

/// Coins that left the hot wallet outside this system stop their chain, and no other, until an operator has looked.
async fn slots_past_us(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let first = bought(&test, customer, "polygon").await;
    let first = test.payment_becomes(first, "coins_sent").await;
    test.stop_workers().await;
    let chain = first.terms.coin.chain;
    let port = test.app.ports.chain(chain).unwrap().clone();
    test.mine(1).await;
    let nonce = port.reader.spent_nonces(Lane::FIRST).await.unwrap();
    test.world.spend_nonce(chain, Lane::FIRST, None).await.unwrap();
    test.mine(1).await;

    let app = test.another_node().await;
    test.work_with(&app);
    let stopped_order = bought(&test, customer, "polygon").await;
    let item = test.eventually("the chain is stopped", || async { stopped(&app).await.pop() }).await;
    assert_eq!((item.subject.source().as_deref(), item.amount.minor()), (Some("polygon"), i128::from(nonce) + 1));
    let other = bought(&test, customer, "ethereum").await;
    test.payment_becomes(other, "coins_sent").await;
    let transfers = app.store.transfers_of_order(stopped_order).await.unwrap();
    assert!(transfers.iter().all(|transfer| transfer.state.sent_in().is_none()), "{transfers:?}");
    assert!(!doctors_word(&app).await.0);
    reviews::resolve(&app, &operator(), item.id, ReviewDecision::GoOn).await.unwrap();
    test.advance(120).await;
    test.payment_becomes(stopped_order, "coins_sent").await;
    assert!(stopped(&app).await.is_empty());
    test.stop_workers().await;
}
