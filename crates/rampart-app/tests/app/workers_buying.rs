//! Buying with deviations from the order.

use rampart_core::outgoing::PayoutStatus;
use std::sync::Arc;

use rampart_app::operate::reviews::{self, ReviewDecision};
use rampart_app::operate::{Operator, orders};
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::ledger::PostingKind;
use rampart_core::money::amount::Amount;
use rampart_core::order::arrival::DeviationKind;
use rampart_core::order::payment::{Payment, PaymentState};
use rampart_core::order::view::PaymentView;
use rampart_core::order::{HoldReason, Reversal};
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::step::fact::{Fact, FactBody, Reversed};
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_sandbox::{BankTransfer, Booked, FaultCalls, FaultOutcome, FaultPort, PayResult};
use rampart_testkit::partner_api::CreatePaymentForm;
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, payable};

on_both_engines!(rampart_testkit::TestApp::start => short_over_and_twice, late, unknown_reference, foreign_payer, names_as_banks_write_them,
    taken_back_before, taken_back_after, refund_returned, answers_lost, burnt_nonce, reverted, undone, quarantine);

pub(crate) fn operator() -> Operator {
    Operator { actor: "test".to_owned(), reason: "because".to_owned() }
}

/// A Spanish customer that may trade.
pub(crate) async fn ana(test: &TestApp) -> CustomerId {
    test.verified(CustomerOf::SPAIN, "ana@example.com").await
}

async fn order(test: &TestApp, request: &CreatePaymentForm) -> OrderId {
    test.bought(request).await
}

fn by_transfer(customer: CustomerId, amount: &str) -> CreatePaymentForm {
    CreatePaymentForm { payment_type: Some("transfer".into()), ..buy(customer, amount) }
}

async fn pay(test: &TestApp, id: OrderId, amount: Option<i128>, holder: Option<&str>) -> PayResult {
    let payable = payable(&test.payment(id).await, "Ana García López");
    test.world.pay_payment(&payable, amount.map(Amount::from_minor), holder.map(str::to_owned)).await.unwrap()
}

/// Waits until the coins are final.
pub(crate) async fn settled(test: &TestApp, id: OrderId) -> Payment {
    test.eventually("the coins are final", || async { Some(test.payment(id).await).filter(Payment::is_settled) }).await
}

/// Waits for a review item of this kind.
pub(crate) async fn item(test: &TestApp, kind: ReviewKind) -> ReviewItem {
    test.eventually(&format!("an item of kind {kind:?}"), || async {
        test.app.store.reviews_waiting(None, 100).await.unwrap().into_iter().find(|item| item.subject.kind() == kind)
    })
    .await
}

async fn short_over_and_twice(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let short = order(&test, &by_transfer(customer, "250")).await;
    pay(&test, short, Some(20_000), None).await;
    test.eventually("it is on the order", || async { Some(test.payment(short).await).filter(|it| !it.receipts.is_empty()) }).await;
    test.advance(7_300).await;
    let sent = test.payment_becomes(short, "coins_sent").await;
    assert_eq!(sent.exceptions.first(), Some(DeviationKind::Short));
    let PaymentState::CoinsSent { coins, .. } = sent.state else { panic!("coins sent") };
    assert!(coins < sent.terms.coin_amount, "fewer coins for less money");

    let over = order(&test, &by_transfer(customer, "100")).await;
    pay(&test, over, Some(15_000), None).await;
    let sent = test.payment_becomes(over, "coins_sent").await;
    assert_eq!(sent.exceptions.first(), Some(DeviationKind::Over));

    // Within the tolerance the order's rate holds for the amount that arrived: paying less gains nothing.
    let almost = order(&test, &by_transfer(customer, "100")).await;
    pay(&test, almost, Some(99_60), None).await;
    let PaymentState::CoinsSent { coins, .. } = test.payment_becomes(almost, "coins_sent").await.state else { panic!("coins sent") };
    let expected = test.payment(almost).await;
    assert!(coins < expected.terms.coin_amount && expected.exceptions.first().is_none());

    // A second payment is unmatched, and an operator returns it.
    pay(&test, over, Some(15_000), None).await;
    let item = item(&test, ReviewKind::Suspense).await;
    assert_eq!((item.order, item.amount), (Some(over), Amount::from_minor(15_000)));
    test.eventually("the order says so", || async {
        Some(test.payment(over).await)
            .filter(|payment| payment.exceptions.as_slice().iter().any(|each| each.kind == DeviationKind::Duplicate))
    })
    .await;
    // The sandbox's payer has no account to return it to, so it becomes the company's.
    assert!(reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::Return).await.is_err());
    reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::Keep).await.unwrap();
    assert!(reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::Keep).await.is_err(), "only once");
}

async fn late(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let id = order(&test, &by_transfer(customer, "250")).await;
    test.advance(3_700).await;
    pay(&test, id, None, None).await;
    let sent = test.payment_becomes(id, "coins_sent").await;
    assert_eq!(sent.exceptions.first(), Some(DeviationKind::Late));
    test.mine(6).await;
    settled(&test, id).await;
}

async fn unknown_reference(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let id = order(&test, &by_transfer(customer, "250")).await;
    let instructions = test.payment(id).await.instructions.unwrap();
    let transfer = |concept: &str| BankTransfer {
        rail: "sepa".parse().unwrap(),
        account: instructions.account.clone(),
        amount: Amount::from_minor(25_000),
        currency: "EUR".parse().unwrap(),
        concept: Some(concept.to_owned()),
        sender_name: Some("Ana García López".to_owned()),
        sender_account: Some("ES9121000418450200051332".to_owned()),
        booked: Booked::Now,
    };
    test.world.transfer(transfer("for the coins")).await.unwrap();
    let first = item(&test, ReviewKind::Suspense).await;
    assert!(first.reason.contains("no reference"), "{}", first.reason);
    reviews::assign(&test.app, &operator(), first.id, id).await.unwrap();
    test.payment_becomes(id, "coins_sent").await;
    // One with a mistyped reference is returned to its sender.
    let mut mistyped = instructions.concept.clone();
    let last = if mistyped.pop() == Some('1') { '2' } else { '1' };
    mistyped.push(last);
    test.world.transfer(transfer(&mistyped)).await.unwrap();
    let second = item(&test, ReviewKind::Suspense).await;
    assert!(second.reason.contains("mistyped"), "{}", second.reason);
    let again = reviews::assign(&test.app, &operator(), second.id, id).await;
    assert!(again.is_err(), "an order that is complete takes no more");
    reviews::resolve(&test.app, &operator(), second.id, ReviewDecision::Return).await.unwrap();
    test.eventually("it arrived back", || async {
        let payouts = test.app.store.payouts_in_state(PayoutStatus::Settled, None, 10).await.unwrap();
        (payouts.len() == 1).then_some(())
    })
    .await;
    let balance = test.app.store.balance("suspense".parse().unwrap(), "EUR".parse().unwrap()).await.unwrap();
    assert_eq!((balance.posted, balance.held), (Amount::ZERO, Amount::ZERO));
}

async fn foreign_payer(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let id = order(&test, &by_transfer(customer, "250")).await;
    pay(&test, id, None, Some("Pedro Pérez Gil")).await;
    let item = item(&test, ReviewKind::Suspense).await;
    assert_eq!((item.order, test.payment(id).await.status().as_str()), (Some(id), "started"));
    // An operator may decide that the payer is the customer: then the market price applies.
    reviews::assign(&test.app, &operator(), item.id, id).await.unwrap();
    let sent = test.payment_becomes(id, "coins_sent").await;
    assert_eq!(sent.taken.unwrap().promised, Amount::ZERO);
    let file = orders::show(&test.app, id).await.unwrap();
    let actions: Vec<&str> = file.audit.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["review.assign_strangers"], "a right of its own");
    assert!(file.entries.len() >= 8 && file.events.len() >= 3 && file.transfers.len() == 1, "{file:?}");
    assert!(orders::release(&test.app, &operator(), id).await.is_err());
}

/// Capital letters, name order and abbreviations of banks match the customer; a relative's or a company's account does not.
async fn names_as_banks_write_them(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let asked = || async { order(&test, &by_transfer(customer, "100")).await };
    for own in ["GARCIA LOPEZ, ANA", "Ana Garci\u{301}a Lo\u{301}pez", "ANA Gª LPZ", "SRA. ANA GARCIA"] {
        let id = asked().await;
        pay(&test, id, None, Some(own)).await;
        assert!(test.payment_becomes(id, "coins_sent").await.exceptions.first().is_none(), "{own}");
    }
    for other in [
        "GARCIA LOPEZ",
        "A GARCIA LOPEZ",
        "AN A GARCIA LOPEZ",
        "EVA GARCIA LOPEZ",
        "ANA LOPEZ GARCIA",
        "ANA GARCIA LOPEZ SL",
        "ANA GARCIA LOPEZ HIJA, EVA",
    ] {
        let id = asked().await;
        pay(&test, id, None, Some(other)).await;
        let aside = || async { Some(test.payment(id).await).filter(|payment| payment.set_aside.is_positive()) };
        let payment = test.eventually("it is set aside", aside).await;
        assert_eq!((payment.status().as_str(), payment.exceptions.first()), ("started", Some(DeviationKind::ForeignPayer)), "{other}");
    }
}

async fn taken_back_before(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let request = buy(customer, "100");
    test.world.list_for_screening(request.wallet.as_deref().unwrap(), true).await.unwrap();
    let id = order(&test, &request).await;
    pay(&test, id, None, None).await;
    let held = test.payment_becomes(id, "on_hold").await;
    assert!(matches!(held.state, PaymentState::OnHold { reason: HoldReason::Screening, .. }));
    test.world.charge_back(id, "fraud".to_owned()).await.unwrap();
    let failed = test.payment_becomes(id, "failed").await;
    assert_eq!(failed.reversal, Some(Reversal::Chargeback));
    assert_eq!(failed.reserved, Amount::ZERO);
}

async fn taken_back_after(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let id = order(&test, &buy(customer, "100")).await;
    pay(&test, id, None, None).await;
    test.payment_becomes(id, "coins_sent").await;
    test.world.charge_back(id, "fraud".to_owned()).await.unwrap();
    let item = item(&test, ReviewKind::Reversal).await;
    assert_eq!((item.order, item.amount), (Some(id), Amount::from_minor(10_000)));
    let payment = test.payment(id).await;
    assert_eq!((payment.status().as_str(), payment.reversal), ("coins_sent", Some(Reversal::Chargeback)));
    reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::Dismiss).await.unwrap();
    test.mine(6).await;
    settled(&test, id).await;
}

/// A refund returned by the receiving bank is a reversal on an order that stays refunded, and can be paid again.
async fn refund_returned(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let account = Some("ES9121000418450200051332".to_owned());
    let id = order(&test, &CreatePaymentForm { refund_account: account, ..by_transfer(customer, "250") }).await;
    pay(&test, id, Some(12_000), None).await;
    test.eventually("it is on the order", || async { Some(test.payment(id).await).filter(|it| !it.receipts.is_empty()) }).await;
    orders::refund(&test.app, &operator(), id).await.unwrap();
    let PaymentState::Refunded { payout, .. } = test.payment_becomes(id, "refunded").await.state else { panic!("refunded") };
    test.world.return_payout(payout, "account closed".to_owned()).await.unwrap();
    let item = item(&test, ReviewKind::Reversal).await;
    assert_eq!((item.order, item.amount), (Some(id), Amount::from_minor(12_000)));
    let payment = test.payment(id).await;
    assert_eq!((payment.status().as_str(), payment.reversal), ("refunded", Some(Reversal::BankReturn)));
    reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::Return).await.unwrap();
    test.eventually("suspense is empty", || async {
        let suspense = test.app.store.balance("suspense".parse().unwrap(), "EUR".parse().unwrap()).await.unwrap();
        (suspense.posted.is_zero() && suspense.held.is_zero()).then_some(())
    })
    .await;
}

async fn answers_lost(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    for outcome in [FaultOutcome::UnknownDone, FaultOutcome::UnknownNotDone, FaultOutcome::Fail] {
        test.fault(FaultPort::Chain, FaultCalls::Actions, outcome, 1).await;
        let id = order(&test, &buy(customer, "50")).await;
        pay(&test, id, None, None).await;
        test.payment_becomes(id, "coins_sent").await;
    }
    let wallet = buy(customer, "50").wallet.unwrap();
    let sent = test.world.transactions("polygon".parse().unwrap(), Some(&wallet), None, 10).await.unwrap();
    assert_eq!(sent.len(), 3, "each once: {sent:?}");
}

/// A refusal leaves its nonce unused: transfers signed after it must not wait forever.
async fn burnt_nonce(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let mut ids = Vec::new();
    for number in 0..6 {
        let mut request = buy(customer, "50");
        if number == 2 || number == 5 {
            request.wallet = Some("0x6660003666000366600036660003666000366600".to_owned());
        }
        ids.push(order(&test, &request).await);
    }
    for id in &ids {
        pay(&test, *id, None, None).await;
    }
    for (number, id) in ids.iter().enumerate() {
        if number == 2 || number == 5 {
            let held = test.payment_becomes(*id, "on_hold").await;
            assert!(matches!(held.state, PaymentState::OnHold { reason: HoldReason::TransferFailed, .. }), "{:?}", held.state);
        } else {
            test.payment_becomes(*id, "coins_sent").await;
        }
    }
    for (number, id) in ids.iter().enumerate().filter(|(number, _)| *number != 2 && *number != 5) {
        test.eventually(&format!("payment {number} is final"), || async {
            test.mine(1).await;
            Some(test.payment(*id).await).filter(Payment::is_settled)
        })
        .await;
    }
}

/// A reverted transaction moved no coins: an operator lets the order go on with another transaction, or the order ends if its money was
/// reversed in the meantime.
async fn reverted(test: Arc<TestApp>) {
    test.world.automine("polygon".parse().unwrap(), 0).await.unwrap();
    let customer = ana(&test).await;
    let request = CreatePaymentForm { wallet: Some("0x6660002666000266600026660002666000266600".into()), ..buy(customer, "50") };
    let id = order(&test, &request).await;
    pay(&test, id, None, None).await;
    let sent = test.payment_becomes(id, "coins_sent").await;
    let txid = PaymentView::of(&sent).txid;
    assert!(txid.is_some());
    test.mine(6).await;
    let held = test.payment_becomes(id, "on_hold").await;
    assert!(matches!(held.state, PaymentState::OnHold { reason: HoldReason::TransferFailed, .. }), "{:?}", held.state);
    assert_eq!(PaymentView::of(&held).txid, None, "that one will never deliver");
    orders::release(&test.app, &operator(), id).await.unwrap();
    let sent = test.payment_becomes(id, "coins_sent").await;
    let another = PaymentView::of(&sent).txid;
    assert!(another.is_some() && another != txid, "{another:?}");
    assert_eq!(test.app.store.transfers_of_order(id).await.unwrap().len(), 2);
    test.world.charge_back(id, "stolen card".to_owned()).await.unwrap();
    test.eventually("the chargeback is booked as lost", || async {
        Some(test.payment(id).await).filter(|payment| payment.reversal == Some(Reversal::Chargeback))
    })
    .await;
    let losses = || async { test.app.store.balance("losses:chargeback".parse().unwrap(), "EUR".parse().unwrap()).await.unwrap().posted };
    assert_eq!(losses().await, sent.terms.fiat_amount);
    let lost = item(&test, ReviewKind::Reversal).await;
    assert!(reviews::resolve(&test.app, &operator(), lost.id, ReviewDecision::Keep).await.is_err(), "nothing of it lies in suspense");
    test.mine(6).await;
    let failed = test.payment_becomes(id, "failed").await;
    assert_eq!((failed.reversal, losses().await), (Some(Reversal::Chargeback), Amount::ZERO));
    assert!(orders::refund(&test.app, &operator(), id).await.is_err());
    assert!(orders::release(&test.app, &operator(), id).await.is_err());
}

/// A final transaction that the chain drops is pending again with the same bytes.
async fn undone(test: Arc<TestApp>) {
    let chain = "polygon".parse().unwrap();
    test.world.automine(chain, 0).await.unwrap();
    test.mine(10).await;
    let customer = ana(&test).await;
    let id = order(&test, &buy(customer, "50")).await;
    pay(&test, id, None, None).await;
    let PaymentState::CoinsSent { txid, .. } = test.payment_becomes(id, "coins_sent").await.state else { panic!("coins sent") };
    test.mine(6).await;
    settled(&test, id).await;
    for drop in [Vec::new(), vec![txid.clone()]] {
        test.world.reorganise(chain, 8, drop).await.unwrap();
        test.eventually("the coins are not final", || async { Some(test.payment(id).await).filter(|payment| !payment.is_settled()) }).await;
        test.eventually("the coins are final again", || async {
            test.mine(1).await;
            Some(test.payment(id).await).filter(Payment::is_settled)
        })
        .await;
    }
    let PaymentState::CoinsSent { txid: after, .. } = test.payment(id).await.state else { panic!("coins sent") };
    assert_eq!(after, txid, "the same bytes");
    let postings = test.app.store.postings_of_order(id).await.unwrap();
    let count = |kind| postings.iter().filter(|posting| posting.kind == kind).count();
    assert_eq!((count(PostingKind::CoinsConfirmed), count(PostingKind::CoinsUnconfirmed), count(PostingKind::NetworkFee)), (3, 2, 1));
}

/// A fact that cannot be applied is quarantined, and the next one is not delayed.
async fn quarantine(test: Arc<TestApp>) {
    let mint = test.app.mint();
    let body = FactBody::Reversed(Reversed {
        payment: Some(mint.id()),
        receipt: None,
        currency: None,
        amount: Amount::from_minor(1),
        reason: "odd".to_owned(),
    });
    let fact = Fact::new(mint.id(), "odd".to_owned(), body, mint.now);
    let mut step = Step::new();
    step.claims.push(Claim::forever(ClaimScope::Fact, fact.natural_key.clone(), fact.id));
    step.write(fact.clone());
    test.app.commit(step).await.unwrap();
    let customer = ana(&test).await;
    let id = order(&test, &buy(customer, "50")).await;
    pay(&test, id, None, None).await;
    test.payment_becomes(id, "coins_sent").await;
    let odd = item(&test, ReviewKind::Quarantine).await;
    assert_eq!(odd.fact, Some(fact.id));
    // The second attempt fails the same way.
    reviews::resolve(&test.app, &operator(), odd.id, ReviewDecision::Retry).await.unwrap();
    let again = item(&test, ReviewKind::Quarantine).await;
    assert_ne!(again.id, odd.id);
    reviews::resolve(&test.app, &operator(), again.id, ReviewDecision::Dismiss).await.unwrap();
    assert!(test.app.store.facts_waiting(None, 10).await.unwrap().is_empty());
}
