//! Reversals of money and coins: what was not sent yet does not leave, and each reversal concerns its own receipt.

use std::sync::Arc;

use rampart_app::operate::{customers, orders};
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::order::payment::{PayIn, Payment, PaymentState};
use rampart_core::order::rampoff::RampoffState;
use rampart_core::order::{HoldReason, Reversal};
use rampart_core::outgoing::{PayoutState, Transfer, TransferState};
use rampart_core::ports::SlotStatus;
use rampart_core::review::ReviewKind;
use rampart_core::step::fact::{Fact, FactBody, ProcessorPaid, ReceiptReference, Reversed};
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_sandbox::{FaultCalls, FaultOutcome, FaultPort};
use rampart_testkit::partner_api::CreatePaymentForm;
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, sell};

use crate::workers_buying::{ana, item, operator};

on_both_engines!(rampart_testkit::TestApp::start => queued_transfer, signed_transfer, called_back, queued_payout, second_capture,
    before_its_receipt, recalled, banned_meanwhile, listed_meanwhile, others_of_the_customer);

const EURO_CENTS: i128 = 100;

async fn faults(test: &TestApp, port: FaultPort, calls: FaultCalls, count: u32) {
    test.fault(port, calls, FaultOutcome::Fail, count).await;
}

async fn card(test: &TestApp, customer: CustomerId, amount: &str) -> OrderId {
    test.bought(&buy(customer, amount)).await
}

async fn transfer_of(test: &TestApp, id: OrderId, state: &str) -> Transfer {
    test.eventually("its transfer is in that state", || async {
        test.app.store.transfers_of_order(id).await.unwrap().into_iter().find(|transfer| transfer.state.status().as_str() == state)
    })
    .await
}

async fn balance(test: &TestApp, account: &str, asset: &str) -> Amount {
    test.app.store.balance(account.parse().unwrap(), asset.parse().unwrap()).await.unwrap().posted
}

/// No wallet was used yet, and the chain does not answer: nothing is signed.
async fn queued_transfer(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    faults(&test, FaultPort::Chain, FaultCalls::Questions, 100_000).await;
    faults(&test, FaultPort::Chain, FaultCalls::Actions, 100_000).await;
    let id = card(&test, customer, "100").await;
    test.pay(id).await;
    let transfer = transfer_of(&test, id, "queued").await;
    test.world.charge_back(id, "stolen card".into()).await.unwrap();
    let payment = test.payment_becomes(id, "failed").await;
    assert_eq!((payment.lost, payment.reserved, payment.fiat_balance), (Amount::ZERO, Amount::ZERO, Amount::ZERO));
    assert_eq!(payment.reversal, Some(Reversal::Chargeback));
    let stored = test.app.store.transfer(transfer.id).await.unwrap().unwrap();
    assert!(matches!(stored.state, TransferState::Failed { .. }), "{stored:?}");
    assert!(balance(&test, "losses:chargeback", "EUR").await.is_zero());
}

/// The chain stops answering when the transfer is signed: its nonce goes to a transfer to ourselves, and nothing is lost.
async fn signed_transfer(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let first = card(&test, customer, "100").await;
    test.pay(first).await;
    test.payment_becomes(first, "coins_sent").await;
    faults(&test, FaultPort::Chain, FaultCalls::Actions, 100_000).await;
    let id = card(&test, customer, "100").await;
    test.pay(id).await;
    let signed = transfer_of(&test, id, "signed").await;
    test.world.charge_back(id, "stolen card".into()).await.unwrap();
    transfer_of(&test, id, "recalled").await;
    faults(&test, FaultPort::Chain, FaultCalls::Actions, 0).await;
    let failed = || async {
        test.mine(1).await;
        Some(test.payment(id).await).filter(|payment| payment.status().as_str() == "failed")
    };
    let payment = test.eventually("it never left", failed).await;
    assert_eq!((payment.lost, payment.reserved, payment.reversal), (Amount::ZERO, Amount::ZERO, Some(Reversal::Chargeback)));
    let chain = test.world.chain("polygon".parse().unwrap()).unwrap();
    let transmission = test.app.store.transmission(signed.state.sent_in().unwrap().transmission.unwrap()).await.unwrap().unwrap();
    let SlotStatus::Spent(spent) = chain.reader.slot(&transmission.slot, &transmission.attempts).await.unwrap() else { panic!("spent") };
    assert!(transmission.attempt(&spent.txid).unwrap().cancels, "its nonce was spent for nothing");
    assert!(balance(&test, "losses:chargeback", "EUR").await.is_zero(), "it went against the loss");
    // The missing nonce does not block the next transfer.
    let next = card(&test, customer, "100").await;
    test.pay(next).await;
    test.payment_becomes(next, "coins_sent").await;
}

/// An operator recalls what is pending: the signed transfer of a purchase, and the waiting payout of a sale.
async fn called_back(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let first = card(&test, customer, "100").await;
    test.pay(first).await;
    test.payment_becomes(first, "coins_sent").await;
    assert!(orders::recall(&test.app, &operator(), first).await.is_err(), "the chain has it");
    faults(&test, FaultPort::Chain, FaultCalls::Actions, 100_000).await;
    let id = card(&test, customer, "100").await;
    assert!(orders::recall(&test.app, &operator(), id).await.is_err(), "nothing is on its way");
    test.pay(id).await;
    transfer_of(&test, id, "signed").await;
    orders::recall(&test.app, &operator(), id).await.unwrap();
    faults(&test, FaultPort::Chain, FaultCalls::Actions, 0).await;
    let held = || async {
        test.mine(1).await;
        Some(test.payment(id).await).filter(|payment| payment.status().as_str() == "on_hold")
    };
    let payment = test.eventually("its coins are back", held).await;
    assert_eq!(payment.fiat_balance, Amount::from_minor(100 * EURO_CENTS));
    orders::release(&test.app, &operator(), id).await.unwrap();
    test.payment_becomes(id, "coins_sent").await;
    assert!(orders::show(&test.app, id).await.unwrap().audit.iter().any(|line| line.action == "order.recall"));

    faults(&test, FaultPort::Bank, FaultCalls::Actions, 100_000).await;
    let (sale, _) = sold(&test, customer).await;
    let payout = waiting_payout(&test, sale).await;
    let recall = || async {
        // During the handover the outcome is unknown.
        orders::recall(&test.app, &operator(), sale).await.ok()
    };
    test.eventually("it is called back", recall).await;
    test.rampoff_becomes(sale, "on_hold").await;
    assert!(matches!(test.app.store.payout(payout).await.unwrap().unwrap().state, PayoutState::Failed { .. }));
}

async fn sold(test: &TestApp, customer: CustomerId) -> (OrderId, String) {
    let id = test.sold(&sell(customer, "50")).await;
    let txid = test.deposit(id).await;
    test.mine(6).await;
    (id, txid)
}

/// The payout of a sale that was attempted without success and waits for its next attempt.
async fn waiting_payout(test: &TestApp, id: OrderId) -> rampart_core::id::PayoutId {
    let waits = || async {
        let payout = test.app.store.payouts_of_order(id).await.unwrap().pop()?;
        let jobs = test.app.store.jobs_of_subject(&payout.id.to_string()).await.unwrap();
        (payout.can_be_stopped(&jobs) && jobs.iter().any(|job| job.last_error.is_some())).then_some(payout.id)
    };
    test.eventually("its payout waits", waits).await
}

/// The chain undoes the deposit while the bank does not answer: nothing is paid out.
async fn queued_payout(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    faults(&test, FaultPort::Bank, FaultCalls::Actions, 100_000).await;
    test.mine(10).await;
    let (id, txid) = sold(&test, customer).await;
    let payout = waiting_payout(&test, id).await;
    let before = balance(&test, "bank:sepa", "EUR").await;
    test.world.reorganise("polygon".parse().unwrap(), 8, vec![txid]).await.unwrap();
    let held = || async {
        let rampoff = test.rampoff(id).await;
        matches!(rampoff.state, RampoffState::OnHold { reason: HoldReason::Reorganised, .. }).then_some(rampoff)
    };
    let rampoff = test.eventually("it is on hold", held).await;
    assert_eq!((rampoff.coin_balance, rampoff.fiat_balance, rampoff.reversal), (Amount::ZERO, Amount::ZERO, None));
    faults(&test, FaultPort::Bank, FaultCalls::Actions, 0).await;
    let stopped = test.app.store.payout(payout).await.unwrap().unwrap();
    assert!(matches!(stopped.state, PayoutState::Failed { .. }), "{stopped:?}");
    assert_eq!(balance(&test, "bank:sepa", "EUR").await, before);
    assert!(balance(&test, "losses:reorganisation", &rampoff.terms.coin.to_string()).await.is_zero());
}

/// The customer is banned while coins and money wait to leave: nothing leaves.
async fn banned_meanwhile(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    test.mine(10).await;
    faults(&test, FaultPort::Bank, FaultCalls::Actions, 100_000).await;
    let (sale, _) = sold(&test, customer).await;
    let payout = waiting_payout(&test, sale).await;
    faults(&test, FaultPort::Chain, FaultCalls::Questions, 100_000).await;
    let purchase = card(&test, customer, "100").await;
    test.pay(purchase).await;
    transfer_of(&test, purchase, "queued").await;
    customers::ban(&test.app, &operator(), customer).await.unwrap();
    faults(&test, FaultPort::Chain, FaultCalls::Questions, 0).await;
    faults(&test, FaultPort::Bank, FaultCalls::Actions, 0).await;
    let held = || async {
        test.advance(60).await;
        let (payment, rampoff) = (test.payment(purchase).await, test.rampoff(sale).await);
        let is_held = matches!(payment.state, PaymentState::OnHold { reason: HoldReason::Banned, .. })
            && matches!(rampoff.state, RampoffState::OnHold { reason: HoldReason::Banned, .. });
        is_held.then_some((payment, rampoff))
    };
    let (payment, rampoff) = test.eventually("both are on hold", held).await;
    // The exchange is not undone.
    assert_eq!((payment.converted, payment.taken.map(|taken| taken.gives)), (true, Some(payment.reserved)));
    assert!(rampoff.converted.is_positive() && rampoff.fiat_balance == rampoff.reserved);
    transfer_of(&test, purchase, "failed").await;
    assert!(matches!(test.app.store.payout(payout).await.unwrap().unwrap().state, PayoutState::Failed { .. }));
}

/// Coins waited for two days, and their receiver was listed after its screening: it is screened again.
async fn listed_meanwhile(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    faults(&test, FaultPort::Chain, FaultCalls::Questions, 100_000).await;
    let id = card(&test, customer, "100").await;
    test.pay(id).await;
    transfer_of(&test, id, "queued").await;
    test.world.list_for_screening(&test.payment(id).await.wallet, true).await.unwrap();
    test.advance(2 * 86_400).await;
    let held = test.payment_becomes(id, "on_hold").await;
    assert!(matches!(held.state, PaymentState::OnHold { reason: HoldReason::Screening, .. }), "{:?}", held.state);
    assert!(held.findings.order.is_some() && held.converted, "what was converted stays converted");
    faults(&test, FaultPort::Chain, FaultCalls::Questions, 0).await;
    // An operator has seen the hit and releases the transfer.
    orders::release(&test.app, &operator(), id).await.unwrap();
    let sent = || async {
        test.mine(1).await;
        Some(test.payment(id).await).filter(|payment| payment.status().as_str() == "coins_sent")
    };
    test.eventually("its coins are sent", sent).await;
}

/// The money was reversed after the coins had left: the customer's other paid orders wait for an operator.
async fn others_of_the_customer(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let first = card(&test, customer, "100").await;
    test.pay(first).await;
    test.payment_becomes(first, "coins_sent").await;
    test.world.charge_back(first, "stolen card".into()).await.unwrap();
    let lost = || async { Some(test.payment(first).await).filter(|payment| payment.lost.is_positive()) };
    test.eventually("it is lost", lost).await;
    let next = card(&test, customer, "100").await;
    test.pay(next).await;
    let payment = test.payment_becomes(next, "on_hold").await;
    assert!(matches!(payment.state, PaymentState::OnHold { reason: HoldReason::Reversed, .. }), "{:?}", payment.state);
    customers::unban(&test.app, &operator(), customer).await.unwrap();
    orders::release(&test.app, &operator(), next).await.unwrap();
    test.payment_becomes(next, "coins_sent").await;
}

async fn report(test: &TestApp, natural_key: &str, body: FactBody) {
    let mint = test.app.mint();
    let natural_key = natural_key.to_owned();
    let (id, observed_at) = (mint.id(), mint.now);
    let fact = Fact::new(id, natural_key, body, observed_at);
    let mut step = Step::new();
    step.claims.push(Claim::forever(ClaimScope::Fact, fact.natural_key.clone(), fact.id));
    step.write(fact);
    test.app.commit(step).await.unwrap();
    test.app.wake.everybody();
}

fn capture(payment: &Payment, reference: &str, amount: i128) -> (String, FactBody) {
    let PayIn::Processor(processor) = payment.pay_in else { panic!("it is paid by card") };
    let paid = ProcessorPaid {
        processor,
        payment: payment.id,
        reference: reference.to_owned(),
        amount: Amount::from_minor(amount),
        currency: payment.terms.fiat,
        holder: None,
        paid_at: None,
    };
    (format!("processor:{processor}:paid:{reference}"), FactBody::ProcessorPaid(paid))
}

fn taken_back(payment: &Payment, reference: &str, amount: i128) -> FactBody {
    let PayIn::Processor(processor) = payment.pay_in else { panic!("it is paid by card") };
    FactBody::Reversed(Reversed {
        payment: Some(payment.id),
        receipt: Some(ReceiptReference::Capture { processor, reference: reference.to_owned() }),
        currency: Some(payment.terms.fiat),
        amount: Amount::from_minor(amount),
        reason: "stolen card".to_owned(),
    })
}

/// A second capture lies in suspense and is being returned: its chargeback takes it from there, and the order goes on.
async fn second_capture(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let id = card(&test, customer, "100").await;
    test.pay(id).await;
    let payment = test.payment_becomes(id, "coins_sent").await;
    faults(&test, FaultPort::Card, FaultCalls::Actions, 100_000).await;
    let (key, body) = capture(&payment, "second", 100 * EURO_CENTS);
    report(&test, &key, body).await;
    let aside = || async { Some(test.payment(id).await).filter(|payment| payment.set_aside.is_positive()) };
    test.eventually("it is set aside", aside).await;
    report(&test, "reversal-1", taken_back(&payment, "second", 100 * EURO_CENTS)).await;
    let payment = test.eventually("it is taken back", || async { Some(test.payment(id).await).filter(|it| it.set_aside.is_zero()) }).await;
    assert_eq!((payment.status().as_str(), payment.reversal, payment.lost), ("coins_sent", None, Amount::ZERO));
    assert!(balance(&test, "suspense", "EUR").await.is_zero());
    assert!(balance(&test, "losses:chargeback", "EUR").await.is_zero());
    // A second time: it is no longer there.
    report(&test, "reversal-2", taken_back(&payment, "second", 30 * EURO_CENTS)).await;
    let loss = item(&test, ReviewKind::Reversal).await;
    assert_eq!((loss.order, loss.amount), (Some(id), Amount::from_minor(30 * EURO_CENTS)));
    assert_eq!(test.payment(id).await.status().as_str(), "coins_sent");
    // In another currency it cannot concern this capture.
    let FactBody::Reversed(reversal) = taken_back(&payment, "second", 1) else { unreachable!() };
    report(&test, "reversal-3", FactBody::Reversed(Reversed { currency: Some("MXN".parse().unwrap()), ..reversal })).await;
    let odd = item(&test, ReviewKind::Quarantine).await;
    assert_eq!(odd.order, Some(id));
}

/// A chargeback is reported before its capture: the order goes on waiting, and accepts another capture.
async fn before_its_receipt(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let id = card(&test, customer, "100").await;
    let payment = test.payment(id).await;
    report(&test, "reversal", taken_back(&payment, "early", 100 * EURO_CENTS)).await;
    test.eventually("it waits", || async { Some(test.payment(id).await).filter(|payment| !payment.reversed_first.is_empty()) }).await;
    assert_eq!(test.payment(id).await.status().as_str(), "started");
    let (key, body) = capture(&payment, "early", 100 * EURO_CENTS);
    report(&test, &key, body).await;
    let payment =
        test.eventually("it came", || async { Some(test.payment(id).await).filter(|payment| !payment.receipts.is_empty()) }).await;
    assert_eq!((payment.status().as_str(), payment.fiat_balance, payment.reversal), ("started", Amount::ZERO, Some(Reversal::Chargeback)));
    assert!(balance(&test, "losses:chargeback", "EUR").await.is_zero());
    test.pay(id).await;
    let payment = test.payment_becomes(id, "coins_sent").await;
    assert_eq!(payment.taken.unwrap().promised, Amount::from_minor(100 * EURO_CENTS));
}

/// A bank recalls credits: of a waiting order, of a completed one, and an unmatched one.
async fn recalled(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let order = async || {
        let request = CreatePaymentForm { payment_type: Some("transfer".into()), ..buy(customer, "200") };
        test.bought(&request).await
    };
    let transfer = async |id: Option<OrderId>, amount: i128| {
        let concept = match id {
            Some(id) => test.payment(id).await.instructions.unwrap().concept,
            None => "Rent".to_owned(),
        };
        test.world.transfer(test.transfer_over("sepa", amount, &concept, "Ana García López")).await.unwrap()
    };
    let recall = async |line: &str| test.world.recall(line, None, "sent in error".to_owned()).await.unwrap();

    let waits = order().await;
    let line = transfer(Some(waits), 90 * EURO_CENTS).await;
    test.eventually("it came", || async { Some(test.payment(waits).await).filter(|it| it.fiat_balance.is_positive()) }).await;
    recall(&line).await;
    let payment = test.eventually("it went", || async { Some(test.payment(waits).await).filter(|it| it.fiat_balance.is_zero()) }).await;
    assert_eq!((payment.status().as_str(), payment.lost), ("started", Amount::ZERO));
    transfer(Some(waits), 200 * EURO_CENTS).await;
    let payment = test.payment_becomes(waits, "coins_sent").await;
    assert_eq!(payment.taken.unwrap().promised, Amount::from_minor(200 * EURO_CENTS));

    let done = order().await;
    let line = transfer(Some(done), 200 * EURO_CENTS).await;
    test.payment_becomes(done, "coins_sent").await;
    recall(&line).await;
    let lost = || async { Some(test.payment(done).await).filter(|payment| payment.lost.is_positive()) };
    let payment = test.eventually("it is lost", lost).await;
    assert_eq!((payment.status().as_str(), payment.lost), ("coins_sent", Amount::from_minor(200 * EURO_CENTS)));

    // A second credit for it was assigned to another order: its reversal concerns that order and nothing of the first.
    let line = transfer(Some(waits), 150 * EURO_CENTS).await;
    let second = item(&test, ReviewKind::Suspense).await;
    let another = order().await;
    customers::unban(&test.app, &operator(), customer).await.unwrap();
    rampart_app::operate::reviews::assign(&test.app, &operator(), second.id, another).await.unwrap();
    test.payment_becomes(another, "coins_sent").await;
    recall(&line).await;
    let lost = || async { Some(test.payment(another).await).filter(|payment| payment.lost.is_positive()) };
    let payment = test.eventually("it is lost", lost).await;
    assert_eq!(payment.lost, Amount::from_minor(150 * EURO_CENTS));
    assert_eq!(test.payment(waits).await.lost, Amount::ZERO);

    let line = transfer(None, 70 * EURO_CENTS).await;
    let unmatched = item(&test, ReviewKind::Suspense).await;
    recall(&line).await;
    let settled = || async { test.app.store.review(unmatched.id).await.unwrap().unwrap().resolution };
    assert_eq!(test.eventually("nobody decides about it", settled).await.decision.to_string(), "taken back");
    assert!(test.app.store.balance(Account::Suspense, "EUR".parse().unwrap()).await.unwrap().posted.is_zero());
    assert!(!matches!(test.payment(done).await.state, PaymentState::Failed { .. }));
}
