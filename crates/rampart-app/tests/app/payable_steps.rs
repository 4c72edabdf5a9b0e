//! Rails that take and pay whole pesos: orders keep to that step, and the remainder of an outgoing amount is booked.

use std::sync::Arc;

use rampart_app::App;
use rampart_app::operate::reviews::{self, ReviewDecision};
use rampart_app::operate::{orders, payouts};
use rampart_core::catalogue::Catalogue;
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::money::amount::Amount;
use rampart_core::outgoing::{Payout, PayoutStatus};
use rampart_core::refusal::ErrorCode;
use rampart_core::review::ReviewKind;
use rampart_sandbox::{BankTransfer, FaultCalls, FaultOutcome, FaultPort};
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm, QuoteForm, RampoffQuoteForm};
use rampart_testkit::{
    CustomerOf, TestApp, TestEngine, buy, catalogue_with, data_of, on_both_engines, partner_api, payable, refusal_of, sell,
};

use crate::workers_buying::{ana, item, operator};

const COLOMBIA: CustomerOf = CustomerOf { country: "COL", document: "CED_CIU", number: "1012345678", account: "007/savings/12345678901" };
const COP: &str = "COP";

/// The configuration of an earlier version, with steps of one centavo.
fn without_steps() -> Catalogue {
    catalogue_with(|table| {
        for (section, path) in [("rails", &["breb"][..]), ("rails", &["co-ach"]), ("methods", &["COL", "PSE"])] {
            let mut place = table.get_mut(section).unwrap();
            for key in path {
                place = place.get_mut(key).unwrap();
            }
            place.as_table_mut().unwrap().remove("payable_step").unwrap();
        }
    })
}

async fn earlier(engine: TestEngine) -> TestApp {
    TestApp::start_with(engine, without_steps()).await
}

on_both_engines!(
    rampart_testkit::TestApp::start => amounts_keep_to_the_step, sales_pay_whole_steps, refunds_and_returns_pay_whole_steps;
    super::earlier => sales_of_before_go_on, payouts_that_wait_are_rounded, quotes_of_before_are_kept;
);

async fn juan(test: &TestApp) -> CustomerId {
    test.verified(COLOMBIA, "juan@example.com").await
}

fn buying(customer: CustomerId, payment_type: &str, amount: &str) -> CreatePaymentForm {
    CreatePaymentForm { payment_type: Some(payment_type.into()), fiat_symbol: Some(COP.into()), ..buy(customer, amount) }
}

/// The balance of an account in centavos.
async fn booked(test: &TestApp, account: &str) -> i128 {
    test.app.store.balance(account.parse().unwrap(), COP.parse().unwrap()).await.unwrap().posted.minor()
}

fn centavos(text: &str) -> i128 {
    Amount::parse_major(text, 2).unwrap().minor()
}

async fn amounts_keep_to_the_step(test: Arc<TestApp>) {
    let customer = juan(&test).await;
    let quote = async |payment_type: &str, amount: &str, amount_in: &str| {
        let request = QuoteForm {
            amount: Some(amount.into()),
            symbol: Some("USDC".into()),
            payment_type: Some(payment_type.into()),
            fiat_symbol: Some(COP.into()),
            amount_in: Some(amount_in.into()),
            ..QuoteForm::default()
        };
        partner_api::quote(&test.app, &test.caller, &request).await
    };
    for payment_type in ["PSE", "BREB"] {
        let refused = refusal_of(quote(payment_type, "20000.50", "fiat").await);
        assert_eq!(refused.code, ErrorCode::ValidationFailed);
        assert!(refused.message.contains("amount must be a multiple of 1 COP"), "{}", refused.message);
        let refused =
            refusal_of(partner_api::create_payment(&test.app, &test.caller, &buying(customer, payment_type, "20000.5"), None).await);
        assert_eq!(refused.code, ErrorCode::ValidationFailed);
        assert!(refused.message.contains("fiat_amount must be a multiple of 1 COP"), "{}", refused.message);
        for amount in ["20000", "20000.00", "2e4"] {
            quote(payment_type, amount, "fiat").await.unwrap();
            partner_api::create_payment(&test.app, &test.caller, &buying(customer, payment_type, amount), None).await.unwrap();
        }
        // Every amount asked for in coins is payable, and the order accepts the quote.
        for coins in ["7.77", "8.123456"] {
            let quoted = quote(payment_type, coins, "coin").await.unwrap();
            assert_eq!(centavos(&quoted.total_fiat) % 100, 0, "{}", quoted.total_fiat);
            assert!(Amount::parse_major(&quoted.tokens, 6).unwrap() >= Amount::parse_major(coins, 6).unwrap(), "{}", quoted.tokens);
            let request = CreatePaymentForm { quote_id: Some(quoted.quote_id), ..buying(customer, payment_type, &quoted.total_fiat) };
            partner_api::create_payment(&test.app, &test.caller, &request, None).await.unwrap();
        }
    }
    // Currencies with cents are unchanged.
    partner_api::create_payment(&test.app, &test.caller, &buy(ana(&test).await, "100.55"), None).await.unwrap();
    let methods = partner_api::payment_methods(&test.app, &test.caller, Some("COL".into()), None).await.unwrap();
    assert!(methods.len() == 2 && methods.iter().all(|method| method.step == "1.00"), "{methods:?}");
}

async fn payout(test: &TestApp, id: OrderId) -> Payout {
    test.app.store.payouts_of_order(id).await.unwrap().pop().unwrap()
}

async fn sales_pay_whole_steps(test: Arc<TestApp>) {
    let customer = juan(&test).await;
    let mut kept = 0;
    for amount in ["20.1", "20.2", "20.3"] {
        let asked = RampoffQuoteForm {
            amount: Some(amount.into()),
            symbol: Some("USDC".into()),
            fiat_symbol: Some(COP.into()),
            ..RampoffQuoteForm::default()
        };
        let quote = partner_api::rampoff_quote(&test.app, &test.caller, &asked).await.unwrap();
        assert_eq!(centavos(&quote.fiat_amount) % 100, 0, "{}", quote.fiat_amount);
        let rounding = quote.fees.rounding.as_deref().map_or(0, centavos);
        assert!((0..100).contains(&rounding));
        assert_eq!(centavos(&quote.fees.total), centavos(&quote.fees.processing) + centavos(&quote.fees.network) + rounding);
        let request = CreateRampoffForm { quote_id: Some(quote.quote_id), ..sell(customer, amount) };
        let answer = partner_api::create_rampoff(&test.app, &test.caller, &request, None).await.unwrap();
        assert_eq!(data_of(&answer)["fiat_amount"], quote.fiat_amount);
        let id = TestApp::order_of(&answer);
        test.deposit(id).await;
        test.rampoff_becomes(id, "finished").await;
        let paid = payout(&test, id).await;
        assert_eq!((paid.amount.minor(), paid.rounding), (centavos(&quote.fiat_amount), Amount::ZERO), "as quoted");
        kept += rounding;
        assert_eq!(booked(&test, "fees:rounding").await, kept);
    }
    assert!(kept > 0, "some of these leave centavos");
}

async fn refunds_and_returns_pay_whole_steps(test: Arc<TestApp>) {
    let customer = juan(&test).await;
    // An operator refunds an order paid with centavos. The payer is unknown, so the money goes to the account the customer gave.
    let request = CreatePaymentForm { refund_account: Some(COLOMBIA.account.into()), ..buying(customer, "BREB", "50000") };
    test.world.list_for_screening(request.wallet.as_deref().unwrap(), true).await.unwrap();
    let id = test.bought(&request).await;
    let due = payable(&test.payment(id).await, "Ana García López");
    test.world.pay_payment(&due, Some(Amount::from_minor(5_000_050)), None).await.unwrap();
    test.payment_becomes(id, "on_hold").await;
    orders::refund(&test.app, &operator(), id).await.unwrap();
    let refunded = test.payment_becomes(id, "refunded").await;
    assert_eq!((refunded.refunded.minor(), refunded.fiat_balance), (5_000_000, Amount::ZERO));
    assert_eq!(booked(&test, "fees:rounding").await, 50);
    let shown = payouts::show(&test.app, payout(&test, id).await.id).await.unwrap().payout;
    assert_eq!((shown.amount.as_str(), shown.rounding.as_deref()), ("50000.00 COP", Some("0.50 COP")));
    // A processor refunds what it captured, to the centavo.
    let request = buying(customer, "PSE", "50000");
    let id = test.bought(&request).await;
    let due = payable(&test.payment(id).await, "Ana García López");
    test.world.pay_payment(&due, Some(Amount::from_minor(5_000_050)), None).await.unwrap();
    test.payment_becomes(id, "on_hold").await;
    orders::refund(&test.app, &operator(), id).await.unwrap();
    let refunded = test.payment_becomes(id, "refunded").await;
    assert_eq!(refunded.refunded.minor(), 5_000_050);
    assert_eq!(booked(&test, "fees:rounding").await, 50);
    // Unmatched money is returned to its sender over a rail.
    let unmatched = BankTransfer { sender_account: Some("@somebody".into()), ..test.transfer_over("breb", 1_234_567, "Rent", "Somebody") };
    test.world.transfer(unmatched).await.unwrap();
    let aside = item(&test, ReviewKind::Suspense).await;
    reviews::resolve(&test.app, &operator(), aside.id, ReviewDecision::Return).await.unwrap();
    test.eventually("it was sent back", || async {
        let settled = test.app.store.payouts_in_state(PayoutStatus::Settled, None, 100).await.unwrap();
        settled.into_iter().find(|payout| payout.resolves == Some(aside.id) && payout.amount.minor() == 1_234_500)
    })
    .await;
    assert_eq!((booked(&test, "suspense").await, booked(&test, "fees:rounding").await), (0, 117));
    // An amount below one step cannot be sent.
    let crumb = test.transfer_over("breb", 99, "", "Somebody");
    test.world.transfer(BankTransfer { concept: None, sender_account: Some("@somebody".into()), ..crumb }).await.unwrap();
    let aside = item(&test, ReviewKind::Suspense).await;
    let refused = refusal_of(reviews::resolve(&test.app, &operator(), aside.id, ReviewDecision::Return).await);
    assert!(refused.message.contains("less than its rail can pay"), "{}", refused.message);
    reviews::resolve(&test.app, &operator(), aside.id, ReviewDecision::Keep).await.unwrap();
}

/// A sale of an earlier version with centavos in its terms.
async fn with_centavos(test: &TestApp, customer: CustomerId) -> OrderId {
    for amount in ["20.1", "20.2", "20.3"] {
        let id = test.sold(&sell(customer, amount)).await;
        if test.rampoff(id).await.terms.fiat_amount.minor() % 100 != 0 {
            return id;
        }
    }
    panic!("none of these leaves centavos")
}

async fn sales_of_before_go_on(test: Arc<TestApp>) {
    let customer = juan(&test).await;
    // Its coins are exchanged already, and the bank has refused its payout.
    test.fault(FaultPort::Bank, FaultCalls::Actions, FaultOutcome::Refuse, 1).await;
    let exchanged = with_centavos(&test, customer).await;
    test.deposit(exchanged).await;
    test.rampoff_becomes(exchanged, "on_hold").await;
    let waiting = with_centavos(&test, customer).await;
    test.stop_workers().await;
    let app: App = test.with_catalogue(rampart_testkit::catalogue()).await;
    test.work_with(&app);
    test.deposit(waiting).await;
    orders::release(&app, &operator(), exchanged).await.unwrap();
    let mut kept = 0;
    for id in [exchanged, waiting] {
        let order = test.rampoff_becomes(id, "finished").await;
        let (agreed, paid) = (order.terms.fiat_amount.minor(), payout(&test, id).await);
        assert_eq!(paid.amount.minor(), agreed - agreed % 100);
        assert_eq!(order.sent_amount(), paid.amount, "it reports what was paid");
        kept += agreed % 100;
    }
    assert_eq!(booked(&test, "fees:rounding").await, kept);
}

/// Payouts ordered by an earlier version, whose rail was not reached before the upgrade.
async fn payouts_that_wait_are_rounded(test: Arc<TestApp>) {
    let customer = juan(&test).await;
    let away = |count| test.fault(FaultPort::Bank, FaultCalls::Actions, FaultOutcome::Fail, count);
    away(100_000).await;
    let sold = with_centavos(&test, customer).await;
    test.deposit(sold).await;
    let agreed = test.rampoff_becomes(sold, "paying_out").await.terms.fiat_amount.minor();
    let request = CreatePaymentForm { refund_account: Some(COLOMBIA.account.into()), ..buying(customer, "BREB", "50000") };
    test.world.list_for_screening(request.wallet.as_deref().unwrap(), true).await.unwrap();
    let bought = test.bought(&request).await;
    let due = payable(&test.payment(bought).await, "Ana García López");
    test.world.pay_payment(&due, Some(Amount::from_minor(5_000_050)), None).await.unwrap();
    test.payment_becomes(bought, "on_hold").await;
    orders::refund(&test.app, &operator(), bought).await.unwrap();
    assert_eq!(payout(&test, bought).await.amount.minor(), 5_000_050);
    test.stop_workers().await;
    let app: App = test.with_catalogue(rampart_testkit::catalogue()).await;
    away(0).await;
    test.work_with(&app);
    test.advance(3_600).await;
    let sold = test.rampoff_becomes(sold, "finished").await;
    let bought = test.payment_becomes(bought, "refunded").await;
    for (order, paid, left) in [(sold.id, agreed - agreed % 100, agreed % 100), (bought.id, 5_000_000, 50)] {
        let payout = payout(&test, order).await;
        assert_eq!((payout.amount.minor(), payout.rounding.minor()), (paid, left));
    }
    assert_eq!(sold.sent_amount().minor(), agreed - agreed % 100, "it reports what was paid");
    assert_eq!((bought.refunded.minor(), bought.fiat_balance), (5_000_000, Amount::ZERO));
    assert_eq!(booked(&test, "fees:rounding").await, agreed % 100 + 50);
}

/// A quote stays valid until it expires, even if the method takes other amounts by then.
async fn quotes_of_before_are_kept(test: Arc<TestApp>) {
    let customer = juan(&test).await;
    let request = QuoteForm {
        amount: Some("20000.50".into()),
        symbol: Some("USDC".into()),
        payment_type: Some("PSE".into()),
        fiat_symbol: Some(COP.into()),
        ..QuoteForm::default()
    };
    let quote = partner_api::quote(&test.app, &test.caller, &request).await.unwrap();
    let app = test.with_catalogue(rampart_testkit::catalogue()).await;
    let request = buying(customer, "PSE", "20000.50");
    let refused = refusal_of(partner_api::create_payment(&app, &test.caller, &request, None).await);
    assert!(refused.message.contains("must be a multiple of 1 COP"), "{}", refused.message);
    let request = CreatePaymentForm { quote_id: Some(quote.quote_id), ..request };
    let id = TestApp::order_of(&partner_api::create_payment(&app, &test.caller, &request, None).await.unwrap());
    let payment = test.payment(id).await;
    assert_eq!(payment.terms.coin_amount, Amount::parse_major(&quote.tokens, 6).unwrap());
    test.world.pay_payment(&payable(&payment, "Ana García López"), None, None).await.unwrap();
    test.payment_becomes(id, "coins_sent").await;
}
