//! Deviations: money that is short, over, late, from another payer or unmatched, and reversals of money and coins.

use std::sync::Arc;

use rampart_app::operate;
use rampart_app::orders::page_links;
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::money::amount::Amount;
use rampart_core::order::arrival::DeviationKind;
use rampart_core::order::limits::{self, Usage};
use rampart_core::order::payment::{PayIn, Payment, PaymentState};
use rampart_core::order::rampoff::RampoffState;
use rampart_core::order::{HoldReason, Reversal};
use rampart_core::review::{ReviewDecision, ReviewKind};
use rampart_sandbox::{BankTransfer, Booked, ChainDeposit, FaultCalls, FaultOutcome, FaultPort};
use rampart_testkit::partner_api::CreatePaymentForm;
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, partner_api, payable, sell};

use crate::workers_buying::operator;

on_both_engines!(rampart_testkit::TestApp::start => short, halves_behind_an_outage, coins_in_halves_behind_an_outage, over, over_the_limits,
    short_card, late, captured_after_the_end, arrived_after_the_end, stranger, nobody, twice, charged_back, screened, expired, coins_short,
    coins_over_the_limits, coins_late, coins_wrong, payout_refused);

const EURO_CENTS: i128 = 100;

async fn transfer_order(test: &TestApp, amount: &str) -> (CustomerId, OrderId) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let request = CreatePaymentForm { payment_type: Some("transfer".into()), ..buy(customer, amount) };
    (customer, test.bought(&request).await)
}

async fn card_order(test: &TestApp, amount: &str) -> OrderId {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    test.bought(&buy(customer, amount)).await
}

/// Money arrives for a payment, from a payer of this name.
async fn pay(test: &TestApp, id: OrderId, amount: i128, payer: &str) {
    let payment = test.payment(id).await;
    let payable = payable(&payment, payer);
    test.world.pay_payment(&payable, Some(Amount::from_minor(amount)), None).await.unwrap();
}

async fn settled(test: &TestApp, id: OrderId) -> Payment {
    test.eventually("the payment is settled", || async { Some(test.payment(id).await).filter(Payment::is_settled) }).await
}

async fn short(test: Arc<TestApp>) {
    let (_, id) = transfer_order(&test, "200").await;
    pay(&test, id, 100 * EURO_CENTS, "Ana García López").await;
    let waiting =
        test.eventually("it is on the order", || async { Some(test.payment(id).await).filter(|it| !it.receipts.is_empty()) }).await;
    assert_eq!((waiting.status().as_str(), waiting.received()), ("started", Amount::from_minor(100 * EURO_CENTS)), "the rest may come");
    // The reading after the price guarantee and the bank's backdating decide.
    test.advance(7_300).await;
    let payment = settled(&test, id).await;
    assert_eq!((payment.status().as_str(), payment.exceptions.first()), ("coins_sent", Some(DeviationKind::Short)));
    let taken = payment.taken.unwrap();
    assert_eq!(
        (taken.fee_processing, taken.promised, taken.market),
        (Amount::from_minor(25), Amount::from_minor(100 * EURO_CENTS), Amount::ZERO)
    );
}

/// The next calls to a port fail.
async fn silence(test: &TestApp, port: FaultPort, count: u32) {
    test.fault(port, FaultCalls::Questions, FaultOutcome::Fail, count).await;
}

/// The bank cannot be read until long after the price guarantee has ended, and then reports both halves at once.
async fn halves_behind_an_outage(test: Arc<TestApp>) {
    let (_, id) = transfer_order(&test, "200").await;
    silence(&test, FaultPort::Bank, 100_000).await;
    pay(&test, id, 80 * EURO_CENTS, "Ana García López").await;
    pay(&test, id, 120 * EURO_CENTS, "Ana García López").await;
    test.advance(4 * 3_600).await;
    silence(&test, FaultPort::Bank, 0).await;
    let payment = settled(&test, id).await;
    assert_eq!((payment.status().as_str(), payment.exceptions.first(), payment.set_aside), ("coins_sent", None, Amount::ZERO));
    assert_eq!(payment.taken.unwrap().promised, Amount::from_minor(200 * EURO_CENTS));
}

/// The same for a chain.
async fn coins_in_halves_behind_an_outage(test: Arc<TestApp>) {
    let id = sale(&test).await;
    silence(&test, FaultPort::Chain, 100_000).await;
    deposit(&test, id, "USDC", 20_000_000).await;
    deposit(&test, id, "USDC", 30_000_000).await;
    test.world.mine(test.rampoff(id).await.chain(), 1).await.unwrap();
    test.advance(4 * 3_600).await;
    silence(&test, FaultPort::Chain, 0).await;
    let rampoff = test.rampoff_becomes(id, "finished").await;
    assert_eq!((rampoff.exceptions.first(), rampoff.set_aside), (None, Amount::ZERO));
    assert_eq!(rampoff.payout_amount(), rampoff.terms.fiat_amount);
}

async fn over(test: Arc<TestApp>) {
    let (_, id) = transfer_order(&test, "200").await;
    assert_eq!(counted(&test, id).await, Amount::from_minor(200 * EURO_CENTS));
    pay(&test, id, 300 * EURO_CENTS, "Garcia Lopez Ana").await;
    let payment = settled(&test, id).await;
    assert_eq!((payment.status().as_str(), payment.exceptions.first()), ("coins_sent", Some(DeviationKind::Over)));
    // A quarter of a percent of the amount that arrived, not of the amount ordered; the arrived amount counts.
    assert_eq!(payment.taken.unwrap().fee_processing, Amount::from_minor(75));
    assert_eq!(counted(&test, id).await, Amount::from_minor(300 * EURO_CENTS));
}

/// What counts towards the customer's daily limit, on the day the order was made.
async fn counted(test: &TestApp, id: OrderId) -> Amount {
    let payment = test.payment(id).await;
    let usage = Usage {
        customer: payment.customer,
        method: payment.method,
        fiat: payment.terms.fiat,
        amount: Amount::from_minor(1),
        at: payment.created_at,
    };
    let raises = limits::raises(&test.app.catalogue, &usage, payment.level).unwrap();
    let day = raises.into_iter().map(|raise| raise.counter).find(|counter| counter.what.contains(":day:")).unwrap();
    test.app.store.counters(&[&day]).await.unwrap()[0]
}

async fn over_the_limits(test: Arc<TestApp>) {
    let (_, id) = transfer_order(&test, "200").await;
    // This customer may trade at most 1,000 in one order.
    pay(&test, id, 40_000 * EURO_CENTS, "Ana García López").await;
    let payment = settled(&test, id).await;
    assert_eq!((payment.status().as_str(), payment.set_aside), ("coins_sent", Amount::from_minor(39_800 * EURO_CENTS)));
    assert_eq!(payment.taken.unwrap().accepted(), Amount::from_minor(200 * EURO_CENTS));
    assert_eq!(counted(&test, id).await, Amount::from_minor(200 * EURO_CENTS));
}

async fn short_card(test: Arc<TestApp>) {
    let id = card_order(&test, "100").await;
    pay(&test, id, 60 * EURO_CENTS, "Ana").await;
    let payment = test.payment_becomes(id, "refunded").await;
    assert_eq!(payment.exceptions.first(), Some(DeviationKind::Short));
}

async fn late(test: Arc<TestApp>) {
    let (_, id) = transfer_order(&test, "200").await;
    test.advance(3_601).await;
    pay(&test, id, 200 * EURO_CENTS, "Ana García López").await;
    let payment = test
        .eventually("the late money is taken", || async {
            let payment = test.payment(id).await;
            let arrived = matches!(payment.status().as_str(), "coins_sent" | "on_hold");
            Some(payment).filter(|_| arrived)
        })
        .await;
    assert_eq!(payment.exceptions.first(), Some(DeviationKind::Late));
}

/// A capture for an ended order is refunded through the processor automatically, and the order says so.
async fn captured_after_the_end(test: Arc<TestApp>) {
    let id = card_order(&test, "200").await;
    let payable = payable(&test.payment(id).await, "Ana García López");
    test.advance(5 * 3_600).await;
    test.payment_becomes(id, "expired").await;
    test.world.pay_payment(&payable, Some(Amount::from_minor(200 * EURO_CENTS)), None).await.unwrap();
    let back = || async { Some(test.payment(id).await).filter(|payment| payment.refunded.is_positive()) };
    let payment = test.eventually("the capture went back", back).await;
    assert_eq!((payment.status().as_str(), payment.exceptions.first()), ("expired", Some(DeviationKind::Late)));
    assert_eq!((payment.refunded, payment.set_aside), (Amount::from_minor(200 * EURO_CENTS), Amount::ZERO));
}

/// A bank credit for an ended order waits for an operator, and the order says where it is.
async fn arrived_after_the_end(test: Arc<TestApp>) {
    let (_, id) = transfer_order(&test, "200").await;
    let order = test.payment(id).await;
    test.advance(8 * 86_400).await;
    test.payment_becomes(id, "expired").await;
    let (PayIn::Bank(rail), Some(instructions)) = (order.pay_in, order.instructions) else { panic!("it is paid by transfer") };
    let transfer = BankTransfer {
        rail,
        account: instructions.account,
        amount: Amount::from_minor(200 * EURO_CENTS),
        currency: order.terms.fiat,
        concept: Some(instructions.concept),
        sender_name: Some("Ana García López".into()),
        sender_account: Some(CustomerOf::SPAIN.account.into()),
        booked: Booked::Now,
    };
    test.world.transfer(transfer).await.unwrap();
    let aside = || async { Some(test.payment(id).await).filter(|payment| payment.set_aside.is_positive()) };
    let payment = test.eventually("the money is set aside", aside).await;
    assert_eq!((payment.set_aside, payment.exceptions.first()), (Amount::from_minor(200 * EURO_CENTS), Some(DeviationKind::Late)));
    let item = async || {
        let items = test.app.store.reviews_of_order(id, 10).await.unwrap();
        items.into_iter().find(|item| item.subject.kind() == ReviewKind::Suspense && item.resolution.is_none())
    };
    let kept = item().await.unwrap().id;
    operate::reviews::resolve(&test.app, &operator(), kept, ReviewDecision::Keep).await.unwrap();
    assert_eq!(test.payment(id).await.set_aside, Amount::ZERO, "it is the company's");
    operate::reviews::resolve(&test.app, &operator(), kept, ReviewDecision::Reopen).await.unwrap();
    assert_eq!(test.payment(id).await.set_aside, Amount::from_minor(200 * EURO_CENTS), "it lies there again");
    operate::reviews::resolve(&test.app, &operator(), item().await.unwrap().id, ReviewDecision::Return).await.unwrap();
    let back = || async { Some(test.payment(id).await).filter(|payment| payment.refunded.is_positive()) };
    let payment = test.eventually("the money went back", back).await;
    assert_eq!((payment.refunded, payment.set_aside), (Amount::from_minor(200 * EURO_CENTS), Amount::ZERO));
}

async fn stranger(test: Arc<TestApp>) {
    let (_, id) = transfer_order(&test, "200").await;
    pay(&test, id, 200 * EURO_CENTS, "Pedro Picapiedra").await;
    let payment = test
        .eventually("the money is set aside", || async {
            Some(test.payment(id).await).filter(|payment| payment.exceptions.first() == Some(DeviationKind::ForeignPayer))
        })
        .await;
    assert_eq!((payment.status().as_str(), payment.set_aside), ("started", Amount::from_minor(200 * EURO_CENTS)));
    assert!(operate::orders::refund(&test.app, &operator(), id).await.is_err(), "none of it is the customer's");
    pay(&test, id, 200 * EURO_CENTS, "Ana García López").await;
    assert_eq!(settled(&test, id).await.status().as_str(), "coins_sent");
}

async fn nobody(test: Arc<TestApp>) {
    let transfer = test.transfer_over("sepa", 123 * EURO_CENTS, "Rent", "Somebody");
    test.world.transfer(transfer).await.unwrap();
    let reviews = || async {
        let found = test.app.store.reviews_waiting(None, 10).await.unwrap();
        found.into_iter().find(|item| item.subject.kind() == ReviewKind::Suspense)
    };
    let item = test.eventually("it is on a person's list", reviews).await;
    assert_eq!(item.amount, Amount::from_minor(123 * EURO_CENTS));
}

async fn twice(test: Arc<TestApp>) {
    let (_, id) = transfer_order(&test, "200").await;
    for _ in 0..2 {
        pay(&test, id, 200 * EURO_CENTS, "Ana García López").await;
    }
    let payment = test
        .eventually("the second one is noticed", || async {
            Some(test.payment(id).await).filter(|payment| payment.exceptions.first() == Some(DeviationKind::Duplicate))
        })
        .await;
    assert_eq!(payment.receipts.len(), 1);
    assert_eq!(settled(&test, id).await.status().as_str(), "coins_sent");
}

async fn charged_back(test: Arc<TestApp>) {
    let id = card_order(&test, "100").await;
    test.pay(id).await;
    settled(&test, id).await;
    test.world.charge_back(id, "stolen card".into()).await.unwrap();
    let reversed = || async { Some(test.payment(id).await).filter(|payment| payment.reversal.is_some()) };
    let payment = test.eventually("the chargeback is known", reversed).await;
    assert_eq!((payment.status().as_str(), payment.reversal), ("coins_sent", Some(Reversal::Chargeback)));
}

async fn screened(test: Arc<TestApp>) {
    test.world.list_for_screening("Ana García López", true).await.unwrap();
    let id = card_order(&test, "100").await;
    test.pay(id).await;
    let payment = test.payment_becomes(id, "on_hold").await;
    assert!(matches!(payment.state, PaymentState::OnHold { reason: HoldReason::Screening, .. }));
    // The operator who decides sees the screening hits.
    let file = operate::orders::show(&test.app, id).await.unwrap();
    assert_eq!((file.hold, file.finding.as_str()), (Some(HoldReason::Screening), "a name is on the sandbox's sanctions list"));
    let held = operate::reviews::held_orders(&test.app, None, 10).await.unwrap();
    assert!(matches!(&held[..], [one] if one.id == file.id && one.finding == file.finding), "{held:?}");
    operate::orders::refund(&test.app, &operator(), id).await.unwrap();
    test.payment_becomes(id, "refunded").await;
}

async fn expired(test: Arc<TestApp>) {
    let id = card_order(&test, "100").await;
    let hot = || async {
        let payment = test.payment(id).await;
        let (account, coin, _) = payment.hold();
        test.app.store.balance(account, coin).await.unwrap().held
    };
    assert!(hot().await.is_positive(), "coins are held while the order is open");
    test.advance(1_801).await;
    test.eventually("the coins are given back", || async { hot().await.is_zero().then_some(()) }).await;
    // The processor may still report a capture made in time.
    test.advance(901).await;
    test.payment_becomes(id, "expired").await;
}

async fn sale(test: &TestApp) -> OrderId {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    test.sold(&sell(customer, "50")).await
}

async fn deposit(test: &TestApp, id: OrderId, symbol: &str, amount: i128) {
    let rampoff = test.rampoff(id).await;
    let deposit = ChainDeposit {
        chain: rampoff.chain(),
        to: rampoff.deposit_address.clone(),
        symbol: symbol.parse().unwrap(),
        amount: Amount::from_minor(amount),
        from: None,
    };
    test.world.deposit(deposit).await.unwrap();
}

async fn coins_short(test: Arc<TestApp>) {
    let id = sale(&test).await;
    deposit(&test, id, "USDC", 30_000_000).await;
    test.eventually("the coins are confirmed", || async { Some(test.rampoff(id).await).filter(|it| it.coin_balance.is_positive()) }).await;
    test.advance(3_700).await;
    let rampoff = test.rampoff_becomes(id, "finished").await;
    assert_eq!(rampoff.exceptions.first(), Some(DeviationKind::Short));
    assert!(rampoff.payout_amount() < rampoff.terms.fiat_amount);
}

async fn coins_over_the_limits(test: Arc<TestApp>) {
    let id = sale(&test).await;
    deposit(&test, id, "USDC", 30_000_000_000).await;
    let rampoff = test.rampoff_becomes(id, "finished").await;
    assert_eq!((rampoff.payout_amount(), rampoff.set_aside), (rampoff.terms.fiat_amount, Amount::from_minor(29_950_000_000)));
}

async fn coins_late(test: Arc<TestApp>) {
    let id = sale(&test).await;
    test.advance(3_601).await;
    deposit(&test, id, "USDC", 50_000_000).await;
    let rampoff = test.rampoff_becomes(id, "finished").await;
    assert_eq!(rampoff.exceptions.first(), Some(DeviationKind::Late));
}

async fn coins_wrong(test: Arc<TestApp>) {
    let id = sale(&test).await;
    deposit(&test, id, "USDT", 50_000_000).await;
    test.eventually("the wrong coin is noticed", || async {
        Some(test.rampoff(id).await).filter(|rampoff| rampoff.exceptions.first() == Some(DeviationKind::WrongAsset))
    })
    .await;
    let waiting = test.app.store.reviews_waiting(None, 10).await.unwrap();
    assert!(waiting.iter().any(|item| item.subject.kind() == ReviewKind::Suspense && item.order == Some(id)));
}

async fn payout_refused(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    // The sandbox's bank refuses payouts to this account.
    let request = rampart_testkit::partner_api::CreateRampoffForm { iban: Some("ES1621000418410006660001".into()), ..sell(customer, "50") };
    let answer = partner_api::create_rampoff(&test.app, &test.caller, &request, None).await.unwrap();
    let id = TestApp::order_of(&answer);
    deposit(&test, id, "USDC", 50_000_000).await;
    let rampoff = test.rampoff_becomes(id, "on_hold").await;
    assert!(matches!(rampoff.state, RampoffState::OnHold { reason: HoldReason::PayoutFailed, .. }));
    // The customer gives a wallet, and an operator sends the coins back.
    let token = page_links::rampoff_token(&test.app, id);
    partner_api::give_refund_wallet(&test.app, &token, "0xb51b2ce243bb1f88880bc8d287ebbfd7f695ac55").await.unwrap();
    operate::orders::refund(&test.app, &operator(), id).await.unwrap();
    let refunded = test.rampoff_becomes(id, "refunded").await;
    assert!(refunded.refund_txid().is_some());
}
