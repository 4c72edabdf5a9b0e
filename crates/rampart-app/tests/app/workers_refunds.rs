//! Where money goes back to.

use std::sync::Arc;

use rampart_app::CreatePayment;
use rampart_app::operate::orders;
use rampart_core::id::OrderId;
use rampart_core::order::HoldReason;
use rampart_core::outgoing::{Payout, PayoutState, Route};
use rampart_core::payment::PaymentState;
use rampart_core::refusal::Code;
use rampart_testkit::{CustomerOf, Engine, TestApp, buy, on_both_engines, payable};

use crate::workers_buying::{ana, operator};

async fn whole(engine: Engine) -> TestApp {
    TestApp::start(engine).await
}

on_both_engines!(super::whole => processor_refuses, processor_refuses_and_an_account_is_known, account_with_bank_and_type);

/// A card payment that a person sends back, and whose refund the sandbox's processor refuses.
async fn refused_by_processor(test: &TestApp, refund_account: Option<&str>) -> OrderId {
    let customer = ana(test).await;
    let request = CreatePayment { refund_account: refund_account.map(str::to_owned), ..buy(customer, "144.44") };
    test.world.list_for_screening(request.wallet.as_deref().unwrap(), true).await.unwrap();
    let id = TestApp::order_of(&test.app.create_payment(&test.caller, &request, None).await.unwrap());
    test.pay(id).await;
    test.payment_becomes(id, "on_hold").await;
    orders::refund(&test.app, &operator(), id).await.unwrap();
    id
}

fn routes(payouts: &[Payout]) -> Vec<Route> {
    payouts.iter().map(|payout| payout.route).collect()
}

async fn processor_refuses(test: Arc<TestApp>) {
    let id = refused_by_processor(&test, None).await;
    let held = test
        .eventually("the customer is asked for an account", || async {
            let payment = test.payment(id).await;
            matches!(payment.state, PaymentState::OnHold { reason: HoldReason::RefundDestinationNeeded, .. }).then_some(payment)
        })
        .await;
    assert_eq!(held.fiat_balance, held.terms.fiat_amount);
    let token = held.page_token.reveal();
    assert!(test.app.page_payment(token).await.unwrap().can_give_refund_account);
    test.app.give_refund_account(token, CustomerOf::SPAIN.account, "Ana García López").await.unwrap();
    test.payment_becomes(id, "refunded").await;
    let payouts = test.app.store().payouts_of_order(id).await.unwrap();
    assert!(matches!(payouts[0].state, PayoutState::Failed { .. }), "{payouts:?}");
    assert_eq!(routes(&payouts), [Route::Processor("card".parse().unwrap()), Route::Bank("sepa".parse().unwrap())]);
}

async fn processor_refuses_and_an_account_is_known(test: Arc<TestApp>) {
    let id = refused_by_processor(&test, Some(CustomerOf::SPAIN.account)).await;
    test.payment_becomes(id, "refunded").await;
    let payouts = test.app.store().payouts_of_order(id).await.unwrap();
    assert_eq!(routes(&payouts), [Route::Processor("card".parse().unwrap()), Route::Bank("sepa".parse().unwrap())]);
    assert_eq!(payouts[1].destination.account.reveal(), CustomerOf::SPAIN.account);
}

/// A Chilean bank is told its code and the kind of account, whichever way the account was given.
async fn account_with_bank_and_type(test: Arc<TestApp>) {
    let chile = CustomerOf { country: "CHL", document: "RUT", number: "12345678-5", account: "012/vista/12345678901" };
    let customer = test.verified(chile, "ana@example.com").await;
    let request = CreatePayment {
        payment_type: Some("transfer".into()),
        fiat_symbol: Some("CLP".into()),
        refund_account: Some("001/C/1234567890".into()),
        ..buy(customer, "100000")
    };
    let number = |account: &str| CreatePayment { refund_account: Some(account.to_owned()), ..request.clone() };
    // A number alone is enough only where it is the registered account's.
    assert_eq!(TestApp::code(test.app.create_payment(&test.caller, &number("1234567890"), None).await), Code::InvalidBankAccount);
    for (request, typed, expected) in [
        (&request, None, ("1234567890", "001", "checking")),
        (&number("12345678901"), None, ("12345678901", "012", "vista")),
        (&request, Some("012/R/12345678"), ("12345678", "012", "rut")),
    ] {
        let id = TestApp::order_of(&test.app.create_payment(&test.caller, request, None).await.unwrap());
        let payable = payable(&test.payment(id).await, "Pedro Picapiedra");
        test.world.pay_payment(&payable, None, None).await.unwrap();
        let token = test.payment_becomes(id, "on_hold").await.page_token;
        if let Some(typed) = typed {
            test.app.give_refund_account(token.reveal(), typed, "Ana García López").await.unwrap();
        }
        orders::refund(&test.app, &operator(), id).await.unwrap();
        test.payment_becomes(id, "refunded").await;
        let destination = test.app.store().payouts_of_order(id).await.unwrap().remove(0).destination;
        let (code, kind) = (destination.bank_code.as_deref(), destination.account_type.as_deref());
        assert_eq!((destination.account.reveal(), code, kind), (expected.0, Some(expected.1), Some(expected.2)));
        assert!(destination.bank_name.is_some(), "its code tells the bank's name");
    }
}
