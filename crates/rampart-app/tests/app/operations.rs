//! Housekeeping of an installation, and what operators can see and do.

use std::sync::Arc;
use std::time::Duration;

use rampart_app::operate::reviews::{self, ReviewDecision};
use rampart_app::operate::{orders, treasury};
use rampart_app::{ledger_check, operate::metrics};
use rampart_core::id::FactId;
use rampart_core::ledger::{Account, Origin};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::order::HoldReason;
use rampart_core::order::payment::{Payment, PaymentState};
use rampart_core::outgoing::{Lane, TransferState};
use rampart_core::refusal::ErrorCode;
use rampart_core::review::ReviewKind;
use rampart_core::step::fact::{Fact, FactBody, Reversed};
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_sandbox::{FaultCalls, FaultOutcome, FaultPort};
use rampart_testkit::{TestApp, buy, on_both_engines, partner_api, payable, sell};

use crate::workers_buying::{ana, item, operator, settled};

on_both_engines!(
    rampart_testkit::TestApp::start_idle => much_that_expired_is_forgotten, ledger_checks, withdrawals;
    rampart_testkit::TestApp::start => unreadable_fact, unreadable_order, vanished;
);

/// More rows have expired than one transaction deletes: one turn of the sweep deletes them all.
async fn much_that_expired_is_forgotten(test: Arc<TestApp>) {
    let expires_at = Some(test.app.mint().now.after(Duration::from_secs(1)));
    for part in 0..5 {
        let mut step = Step::new();
        step.claims = (0..700)
            .map(|number| Claim { expires_at, ..Claim::forever(ClaimScope::IdempotencyKey, format!("{part}:{number}"), "") })
            .collect();
        test.app.commit(step).await.unwrap();
    }
    test.advance(2).await;
    test.work_with(&test.app);
    test.eventually("the sweep has had a turn", || async {
        let text = metrics::render(&test.app).await.unwrap();
        text.contains(r#"rampart_worker_turns_total{what="sweep",outcome="completed"}"#).then_some(())
    })
    .await;
    test.stop_workers().await;
    assert_eq!(test.app.store.prune(test.app.mint().now, 10_000).await.unwrap().claims, 0, "nothing was left");
}

/// One process checks the ledger in the background; every process reports the result.
async fn ledger_checks(test: Arc<TestApp>) {
    // By a process without a cached result.
    let rendered = || async { metrics::render(&test.with_settings(|_| ()).await).await.unwrap() };
    assert!(rendered().await.contains("rampart_ledger_checked_timestamp_seconds 0\n"), "never yet");
    let serving = test.with_settings(|config| config.workers.ledger_check_seconds = 1).await;
    test.work_with(&serving);
    let checked = |least: u64| {
        let test = test.clone();
        async move {
            let look = || async { Some(ledger_check::last(&test.app).await.unwrap()).filter(|known| known.checks >= least) };
            test.eventually("the ledger was checked", look).await
        }
    };
    let first = checked(1).await;
    assert_eq!(first.findings, 0);
    assert!(first.entries > 0 && first.ended_at.is_some(), "{first:?}");
    let text = rendered().await;
    assert!(text.contains("rampart_ledger_findings 0\n"), "{text}");
    assert!(text.contains(&format!("rampart_ledger_checked_timestamp_seconds {}\n", first.ended_at.unwrap().seconds())), "{text}");

    // A hold without an order.
    let promise = |amount| {
        let mut step = Step::new();
        let coin = "USDC:polygon".parse::<Asset>().unwrap();
        step.hold(Account::ChainHot("polygon".parse().unwrap()), coin, Amount::from_minor(amount), Origin::Fact);
        test.app.commit(step)
    };
    promise(1).await.unwrap();
    let found = test
        .eventually("it is found", || async { Some(ledger_check::last(&test.app).await.unwrap()).filter(|known| known.findings > 0) })
        .await;
    assert!(rendered().await.contains("rampart_ledger_findings 1\n"));
    let alarm = item(&test, ReviewKind::Ledger).await;
    assert_eq!(found.review, Some(alarm.id));
    // One review item is written, and another when the finding recurs after its decision.
    checked(found.checks + 1).await;
    assert_eq!(test.app.store.reviews_waiting(None, 10).await.unwrap().len(), 1);
    reviews::resolve(&test.app, &operator(), alarm.id, ReviewDecision::Dismiss).await.unwrap();
    let again = item(&test, ReviewKind::Ledger).await;
    assert_ne!(again.id, alarm.id);

    promise(-1).await.unwrap();
    test.eventually("it holds again", || async { (ledger_check::last(&test.app).await.unwrap().findings == 0).then_some(()) }).await;
    test.stop_workers().await;
    assert_eq!(ledger_check::last(&test.app).await.unwrap().leased_until, None, "a stop leaves no lease");
    let before = ledger_check::last(&test.app).await.unwrap().checks;
    assert!(ledger_check::verify(&test.app).await.unwrap().holds());
    assert_eq!(ledger_check::last(&test.app).await.unwrap().checks, before + 1, "one by hand counts too");
}

/// An unreadable fact is in the review queue once, delays no other, and is applied once it can be read.
async fn unreadable_fact(test: Arc<TestApp>) {
    let mint = test.app.mint();
    let body = FactBody::Reversed(Reversed {
        payment: Some(mint.id()),
        receipt: None,
        currency: None,
        amount: Amount::from_minor(1),
        reason: "odd".to_owned(),
    });
    let id: FactId = mint.id();
    let fact = Fact::new(id, "odd".to_owned(), body, mint.now);
    let mut step = Step::new();
    step.write(fact);
    test.app.commit(step).await.unwrap();
    test.tamper(&format!("UPDATE facts SET data = '#' || data WHERE id = '{id}'"));
    let customer = ana(&test).await;
    let order = test.bought(&buy(customer, "50")).await;
    test.pay(order).await;
    test.payment_becomes(order, "coins_sent").await;
    let item_found = item(&test, ReviewKind::Quarantine).await;
    assert_eq!(item_found.fact, Some(id));
    assert!(item_found.reason.contains("cannot be read"), "{}", item_found.reason);
    test.stop_workers().await;
    // Another process writes no second item.
    test.work_with(&test.app);
    test.tamper(&format!("UPDATE facts SET data = substr(data, 2) WHERE id = '{id}'"));
    test.eventually("it was looked at", || async { test.app.store.fact(id).await.unwrap().filter(|fact| fact.quarantined.is_some()) })
        .await;
    test.stop_workers().await;
    let items = test.app.store.reviews_waiting(None, 10).await.unwrap();
    assert_eq!(items.len(), 2, "unreadable, and then odd: {items:?}");
}

/// A fact whose order cannot be read is quarantined, and applied when an operator says so.
async fn unreadable_order(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let create = || async { test.bought(&buy(customer, "50")).await };
    let (spoilt, sound) = (create().await, create().await);
    let payable = payable(&test.payment(spoilt).await, "Ana García López");
    test.tamper(&format!("UPDATE payments SET data = '#' || data WHERE id = '{spoilt}'"));
    test.world.pay_payment(&payable, None, None).await.unwrap();
    let aside = item(&test, ReviewKind::Quarantine).await;
    assert_eq!(aside.order, Some(spoilt), "it names the order that the fact names");
    test.pay(sound).await;
    test.payment_becomes(sound, "coins_sent").await;
    test.tamper(&format!("UPDATE payments SET data = substr(data, 2) WHERE id = '{spoilt}'"));
    reviews::resolve(&test.app, &operator(), aside.id, ReviewDecision::Retry).await.unwrap();
    test.payment_becomes(spoilt, "coins_sent").await;
}

/// A vanished transaction that the chain refuses is in the review queue; it can be abandoned once it can never be included.
async fn vanished(test: Arc<TestApp>) {
    let chain = "polygon".parse().unwrap();
    test.world.automine(chain, 0).await.unwrap();
    let mine = |blocks| test.world.mine(chain, blocks);
    let customer = ana(&test).await;
    let request = buy(customer, "50");
    let id = test.bought(&request).await;
    test.pay(id).await;
    let PaymentState::CoinsSent { txid, transfer, .. } = test.payment_becomes(id, "coins_sent").await.state else { panic!("coins sent") };
    // The node refuses the bytes.
    test.world.reorganise(chain, 0, vec![txid.clone()]).await.unwrap();
    test.fault(FaultPort::Chain, FaultCalls::Actions, FaultOutcome::Refuse, 1).await;
    mine(1).await.unwrap();
    let item_found = item(&test, ReviewKind::Vanished).await;
    assert_eq!((item_found.order, item_found.subject.source()), (Some(id), Some(transfer.to_string())));
    // Giving up spends its nonce for nothing: only then can it never be included.
    reviews::resolve(&test.app, &operator(), item_found.id, ReviewDecision::GiveUp).await.unwrap();
    assert!(
        matches!(test.app.store.transfer(transfer).await.unwrap().unwrap().state, TransferState::Broadcast(_)),
        "it may yet be included"
    );
    test.eventually("the cancellation is final", || async {
        mine(1).await.unwrap();
        Some(test.payment(id).await).filter(|payment| payment.status().as_str() == "on_hold")
    })
    .await;
    let held = test.payment_becomes(id, "on_hold").await;
    assert!(matches!(held.state, PaymentState::OnHold { reason: HoldReason::TransferFailed, .. }), "{:?}", held.state);
    assert_eq!(test.app.store.reviews_waiting(None, 10).await.unwrap(), [], "one item is written");
    // The order goes on.
    orders::release(&test.app, &operator(), id).await.unwrap();
    let PaymentState::CoinsSent { txid: anew, .. } = test.payment_becomes(id, "coins_sent").await.state else { panic!("coins sent") };
    assert_ne!(anew, txid);
    test.eventually("the coins are final", || async {
        mine(1).await.unwrap();
        Some(test.payment(id).await).filter(Payment::is_settled)
    })
    .await;
    settled(&test, id).await;
}

/// Withdrawals to destinations where the coins would be lost are refused.
async fn withdrawals(test: Arc<TestApp>) {
    let app = &test.app;
    let chain = "polygon".parse().unwrap();
    let customer = ana(&test).await;
    let sale = partner_api::create_rampoff(app, &test.caller, &sell(customer, "50"), None).await.unwrap();
    let deposit_address = test.rampoff(TestApp::order_of(&sale)).await.deposit_address;
    let coin = app.catalogue.coins.iter().find(|coin| coin.id.to_string() == "USDC:polygon").unwrap();
    let hot = app.ports.chain(chain).unwrap().reader.address(Lane::FIRST);
    let zero = "0x0000000000000000000000000000000000000000".to_owned();
    let withdraw =
        |to: String| async move { treasury::withdraw(app, &operator(), Account::ChainHot(chain), coin.id.into(), "1.5", Some(&to)).await };
    for to in [zero, coin.contract.clone().unwrap(), hot, deposit_address, "nowhere".to_owned()] {
        assert_eq!(TestApp::code(withdraw(to.clone()).await), ErrorCode::InvalidWallet, "{to}");
    }
    assert_eq!(withdraw("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".to_owned()).await.unwrap().transfers.len(), 1);
}
