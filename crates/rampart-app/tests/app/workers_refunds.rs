//! Destinations of refunds.

use std::sync::Arc;

use rampart_app::operate::orders;
use rampart_app::operate::reviews::{self, ReviewDecision};
use rampart_app::orders::page_links;
use rampart_app::pages;
use rampart_core::id::OrderId;
use rampart_core::money::amount::Amount;
use rampart_core::order::HoldReason;
use rampart_core::order::payment::PaymentState;
use rampart_core::outgoing::{Payout, PayoutRoute, PayoutState, PayoutStatus, Screening};
use rampart_core::refusal::ErrorCode;
use rampart_core::review::ReviewKind;
use rampart_sandbox::BankTransfer;
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm, SetRefundAccountForm};
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, partner_api, payable, sell};

use crate::workers_buying::{ana, item, operator};

on_both_engines!(rampart_testkit::TestApp::start => processor_refuses, processor_refuses_and_an_account_is_known,
    account_with_bank_and_type, returned_item_stays_whole, paid_once_more);

/// A card payment that an operator refunds, and whose refund the sandbox's processor refuses.
async fn refused_by_processor(test: &TestApp, refund_account: Option<&str>) -> OrderId {
    let customer = ana(test).await;
    let request = CreatePaymentForm { refund_account: refund_account.map(str::to_owned), ..buy(customer, "144.44") };
    test.world.list_for_screening(request.wallet.as_deref().unwrap(), true).await.unwrap();
    let id = test.bought(&request).await;
    test.pay(id).await;
    test.payment_becomes(id, "on_hold").await;
    orders::refund(&test.app, &operator(), id).await.unwrap();
    id
}

fn routes(payouts: &[Payout]) -> Vec<PayoutRoute> {
    payouts.iter().map(|payout| payout.route).collect()
}

async fn processor_refuses(test: Arc<TestApp>) {
    let id = refused_by_processor(&test, None).await;
    let held = test
        .eventually("the customer is asked for an account", || async {
            let payment = test.payment(id).await;
            matches!(payment.state, PaymentState::OnHold { reason: HoldReason::Destination, .. }).then_some(payment)
        })
        .await;
    assert_eq!(held.fiat_balance, held.terms.fiat_amount);
    let token = &page_links::payment_token(&test.app, id);
    assert!(pages::page_payment(&test.app, token).await.unwrap().can_give_refund_account);
    partner_api::give_refund_account(&test.app, token, CustomerOf::SPAIN.account, "Ana García López").await.unwrap();
    test.payment_becomes(id, "refunded").await;
    let payouts = test.app.store.payouts_of_order(id).await.unwrap();
    assert!(matches!(payouts[0].state, PayoutState::Failed { .. }), "{payouts:?}");
    assert_eq!(routes(&payouts), [PayoutRoute::Processor("card".parse().unwrap()), PayoutRoute::Bank("sepa".parse().unwrap())]);
}

async fn processor_refuses_and_an_account_is_known(test: Arc<TestApp>) {
    let id = refused_by_processor(&test, Some(CustomerOf::SPAIN.account)).await;
    test.payment_becomes(id, "refunded").await;
    let payouts = test.app.store.payouts_of_order(id).await.unwrap();
    assert_eq!(routes(&payouts), [PayoutRoute::Processor("card".parse().unwrap()), PayoutRoute::Bank("sepa".parse().unwrap())]);
    assert_eq!(payouts[1].destination.account.reveal(), CustomerOf::SPAIN.account);
}

/// A Chilean bank gets its code and the account type, however the account was given.
async fn account_with_bank_and_type(test: Arc<TestApp>) {
    let chile = CustomerOf { country: "CHL", document: "RUT", number: "12345678-5", account: "012/vista/12345678901" };
    let customer = test.verified(chile, "ana@example.com").await;
    let request = CreatePaymentForm {
        payment_type: Some("transfer".into()),
        fiat_symbol: Some("CLP".into()),
        refund_account: Some("001/C/1234567890".into()),
        ..buy(customer, "100000")
    };
    let number = |account: &str| CreatePaymentForm { refund_account: Some(account.to_owned()), ..request.clone() };
    // An account number alone suffices only for the registered account.
    assert_eq!(test.refused_payment(&number("1234567890")).await, ErrorCode::InvalidBankAccount);
    for (request, typed, expected) in [
        (&request, None, ("1234567890", "001", "checking")),
        (&number("12345678901"), None, ("12345678901", "012", "vista")),
        (&request, Some("012/R/12345678"), ("12345678", "012", "rut")),
    ] {
        let id = test.bought(request).await;
        // Half of the amount, from an account that the bank does not name.
        let payable = payable(&test.payment(id).await, "Ana García López");
        test.world.pay_payment(&payable, Some(Amount::from_minor(50_000)), None).await.unwrap();
        test.eventually("it is on the order", || async { Some(test.payment(id).await).filter(|it| !it.receipts.is_empty()) }).await;
        if let Some(typed) = typed {
            // The page cannot change the partner's account; the partner can.
            assert!(
                partner_api::give_refund_account(&test.app, &page_links::payment_token(&test.app, id), typed, "Ana García López")
                    .await
                    .is_err()
            );
            let asked = SetRefundAccountForm { payment_id: Some(id.to_string()), refund_account: Some(typed.to_owned()) };
            partner_api::set_refund_account(&test.app, &test.caller, asked, None).await.unwrap();
        }
        orders::refund(&test.app, &operator(), id).await.unwrap();
        test.payment_becomes(id, "refunded").await;
        let destination = test.app.store.payouts_of_order(id).await.unwrap().remove(0).destination;
        let (code, kind) = (destination.bank_code.as_deref(), destination.account_type.as_deref());
        assert_eq!((destination.account.reveal(), code, kind), (expected.0, Some(expected.1), Some(expected.2)));
        assert!(destination.bank_name.is_some(), "the bank's name follows from its code");
    }
}

/// An item whose return from suspense failed is in the queue unchanged: it can be assigned to an order.
async fn returned_item_stays_whole(test: Arc<TestApp>) {
    // The sandbox's bank refuses payouts to this account.
    let transfer = BankTransfer {
        sender_account: Some("ES1621000418410006660001".into()),
        ..test.transfer_over("sepa", 20_000, "Rent", "Ana García López")
    };
    test.world.transfer(transfer).await.unwrap();
    let first = item(&test, ReviewKind::Suspense).await;
    let mut waiting = first.clone();
    for _ in 0..2 {
        reviews::resolve(&test.app, &operator(), waiting.id, ReviewDecision::Return).await.unwrap();
        waiting = item(&test, ReviewKind::Suspense).await;
        assert_eq!((waiting.fact, &waiting.subject, waiting.screening_hit), (first.fact, &first.subject, false));
        assert!(waiting.reason.contains("did not work"), "{}", waiting.reason);
    }
    let customer = ana(&test).await;
    let request = CreatePaymentForm { payment_type: Some("transfer".into()), ..buy(customer, "200") };
    let id = test.bought(&request).await;
    reviews::assign(&test.app, &operator(), waiting.id, id).await.unwrap();
    test.payment_becomes(id, "coins_sent").await;
}

/// A returned payout is paid again to the order's own account, whatever account the customer has registered; returned a second time, it
/// waits for an operator again.
async fn paid_once_more(test: Arc<TestApp>) {
    const RETURNS: &str = "ES9421000418440006660002";
    let customer = ana(&test).await;
    let request = CreateRampoffForm { iban: Some(RETURNS.into()), ..sell(customer, "50") };
    let id = test.sold(&request).await;
    test.deposit(id).await;
    test.rampoff_becomes(id, "finished").await;
    test.advance(5).await;
    let first = item(&test, ReviewKind::Reversal).await;
    reviews::resolve(&test.app, &operator(), first.id, ReviewDecision::Return).await.unwrap();
    let once_more = test
        .eventually("it is paid once more", || async {
            test.advance(1).await;
            let returned = test.app.store.payouts_in_state(PayoutStatus::Returned, None, 10).await.unwrap();
            returned.into_iter().find(|payout| payout.resolves == Some(first.id))
        })
        .await;
    assert_eq!((once_more.destination.account.reveal(), once_more.screening), (RETURNS, Screening::Cleared));
    let again = item(&test, ReviewKind::Reversal).await;
    assert_eq!((again.order, again.amount, &again.subject), (Some(id), first.amount, &first.subject));
    reviews::resolve(&test.app, &operator(), again.id, ReviewDecision::Keep).await.unwrap();
}
