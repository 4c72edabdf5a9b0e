//! The configuration changes while there are orders, money and coins.

use std::sync::Arc;

use rampart_app::{AppError, operate::required_configuration};
use rampart_core::catalogue::{Catalogue, Coin};
use rampart_core::refusal::ErrorCode;
use rampart_testkit::partner_api::{CreatePaymentForm, QuoteForm, RampoffQuoteForm};
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, partner_api, sell, some};

on_both_engines!(rampart_testkit::TestApp::start_idle => switched_off, cannot_vanish);

/// A disabled method or payout takes no new orders and still serves the open ones.
async fn switched_off(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let payment = test.bought(&buy(customer, "100")).await;
    partner_api::create_rampoff(&test.app, &test.caller, &sell(customer, "50"), None).await.unwrap();
    let catalogue = rampart_testkit::catalogue_with(|sections| {
        sections["methods"]["ESP"]["card"]["enabled"] = false.into();
        sections["payouts"]["ESP"]["enabled"] = false.into();
    });
    let app = test.with_catalogue(catalogue).await;
    required_configuration::check(&app).await.unwrap();
    let refused = partner_api::create_payment(&app, &test.caller, &buy(customer, "100"), None).await;
    assert_eq!(TestApp::code(refused), ErrorCode::MethodNotAllowed);
    assert_eq!(
        TestApp::code(partner_api::create_rampoff(&app, &test.caller, &sell(customer, "50"), None).await),
        ErrorCode::MethodNotAllowed
    );
    let quote = QuoteForm { amount: Some("100".into()), symbol: some("USDC"), payment_type: some("card"), ..QuoteForm::default() };
    assert_eq!(TestApp::code(partner_api::quote(&app, &test.caller, &quote).await), ErrorCode::MethodNotAllowed);
    let quote = RampoffQuoteForm {
        amount: Some("50".into()),
        symbol: some("USDC"),
        fiat_symbol: some("EUR"),
        country: some("ESP"),
        ..Default::default()
    };
    assert_eq!(TestApp::code(partner_api::rampoff_quote(&app, &test.caller, &quote).await), ErrorCode::MethodNotAllowed);
    let offered = partner_api::payment_methods(&app, &test.caller, some("ESP"), None).await.unwrap();
    assert!(offered.iter().all(|method| method.payment_type != "card") && !offered.is_empty());
    let transfer = CreatePaymentForm { payment_type: some("transfer"), ..buy(customer, "100") };
    partner_api::create_payment(&app, &test.caller, &transfer, None).await.unwrap();
    // Existing orders still find their policy and fees.
    let payment = test.payment(payment).await;
    let method = app.catalogue.method(payment.country, payment.method.as_str()).unwrap();
    assert_eq!(Some(&method.policy), test.app.catalogue.method(payment.country, "card").map(|method| &method.policy));
    assert!(app.catalogue.payout_rail(payment.country).is_some());
}

fn is_on_polygon(coin: &Coin, symbol: &str) -> bool {
    coin.id.symbol.as_str() == symbol && coin.id.chain.as_str() == "polygon"
}

fn without(change: impl FnOnce(&mut Catalogue)) -> Catalogue {
    let mut catalogue = rampart_testkit::catalogue();
    change(&mut catalogue);
    catalogue
}

/// An entry that unfinished work needs is reported by name when it is missing; an entry that nothing needs may go.
async fn cannot_vanish(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    partner_api::create_payment(&test.app, &test.caller, &buy(customer, "100"), None).await.unwrap();
    partner_api::create_rampoff(&test.app, &test.caller, &sell(customer, "50"), None).await.unwrap();
    let missed = async |catalogue: Catalogue| match required_configuration::check(&test.with_catalogue(catalogue).await).await {
        Ok(()) => String::new(),
        Err(AppError::Defect(defect)) => defect.to_string(),
        Err(other) => panic!("{other}"),
    };
    for (name, catalogue) in [
        ("coins.USDC.polygon", without(|catalogue| catalogue.coins.retain(|coin| !is_on_polygon(coin, "USDC")))),
        ("chains.polygon", without(|catalogue| catalogue.chains.retain(|chain| chain.name.as_str() != "polygon"))),
        ("fiats.EUR", without(|catalogue| catalogue.fiats.retain(|fiat| fiat.code.as_str() != "EUR"))),
        ("methods.ESP.card", without(|catalogue| catalogue.methods.retain(|method| method.payment_type.as_str() != "card"))),
        ("payouts.ESP", without(|catalogue| catalogue.payout_rails.retain(|rail| rail.country.to_string() != "ESP"))),
        ("rails.sepa", without(|catalogue| catalogue.rail_accounts.retain(|account| account.rail.as_str() != "sepa"))),
        // No order uses it; the wallet still has a balance.
        ("coins.USDT.polygon", without(|catalogue| catalogue.coins.retain(|coin| !is_on_polygon(coin, "USDT")))),
        ("chain:polygon:hot", without(|catalogue| catalogue.coins.retain(|coin| !is_on_polygon(coin, "USDT")))),
    ] {
        let missed = missed(catalogue).await;
        assert!(missed.contains(name), "{name}: {missed}");
    }
    let unused = without(|catalogue| catalogue.methods.retain(|method| method.country.to_string() != "ARG"));
    assert_eq!(missed(unused).await, "");
}
