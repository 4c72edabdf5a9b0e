//! Quotes: their terms, their owner, single use and expiry.

use std::sync::Arc;

use rampart_core::refusal::ErrorCode;
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm, QuoteForm, RampoffQuoteForm, TokenPriceForm};
use rampart_testkit::{CustomerOf, TestApp, buy, data_of, on_both_engines, partner_api, sell};

on_both_engines!(rampart_testkit::TestApp::start_idle => used_once, sales, prices);

fn asked(amount: &str, amount_in: Option<&str>) -> QuoteForm {
    QuoteForm {
        amount: Some(amount.into()),
        symbol: Some("USDC".into()),
        payment_type: Some("card".into()),
        amount_in: amount_in.map(str::to_owned),
        ..QuoteForm::default()
    }
}

async fn used_once(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let quote = partner_api::quote(&test.app, &test.caller, &asked("100", None)).await.unwrap();
    assert_eq!((quote.total_fiat.as_str(), quote.fiat_symbol.as_str(), quote.chain.as_str()), ("100.00", "EUR", "polygon"));
    let with = |sealed: &str, amount: &str| CreatePaymentForm { quote_id: Some(sealed.to_owned()), ..buy(customer, amount) };
    let code = async |request: CreatePaymentForm| test.refused_payment(&request).await;
    assert_eq!(code(with(&quote.quote_id, "101")).await, ErrorCode::QuoteMismatch);
    assert_eq!(code(with(&format!("x{}", quote.quote_id), "100")).await, ErrorCode::QuoteMismatch);
    let answer = partner_api::create_payment(&test.app, &test.caller, &with(&quote.quote_id, "100"), None).await.unwrap();
    let view = partner_api::payment(&test.app, &test.caller, data_of(&answer)["payment_id"].as_str().unwrap()).await.unwrap();
    let trimmed = view.coin_amount_decimal.trim_end_matches('0').trim_end_matches('.').to_owned();
    assert_eq!(trimmed, quote.tokens);
    assert_eq!(code(with(&quote.quote_id, "100")).await, ErrorCode::QuoteUsed);
    // Another partner's quote does not exist for this one.
    let foreign = partner_api::quote(&test.app, &test.stranger, &asked("100", None)).await.unwrap();
    assert_eq!(code(with(&foreign.quote_id, "100")).await, ErrorCode::QuoteMismatch);
    // Of two concurrent orders one gets the quote.
    let quote = partner_api::quote(&test.app, &test.caller, &asked("50", None)).await.unwrap();
    let request = with(&quote.quote_id, "50");
    let (one, two) = tokio::join!(
        partner_api::create_payment(&test.app, &test.caller, &request, None),
        partner_api::create_payment(&test.app, &test.caller, &request, None)
    );
    let lost = if one.is_ok() { two } else { one };
    assert_eq!(TestApp::code(lost), ErrorCode::QuoteUsed);
    let quote = partner_api::quote(&test.app, &test.caller, &asked("60", None)).await.unwrap();
    test.advance(test.app.catalogue.pricing.quote_seconds + 1).await;
    assert_eq!(code(with(&quote.quote_id, "60")).await, ErrorCode::QuoteExpired);
    // Asked for in coins, it gives at least this many.
    let quote = partner_api::quote(&test.app, &test.caller, &asked("80", Some("coin"))).await.unwrap();
    assert!(quote.tokens.starts_with("80"), "{}", quote.tokens);
    partner_api::create_payment(&test.app, &test.caller, &with(&quote.quote_id, &quote.total_fiat), None).await.unwrap();
}

async fn sales(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let asked = RampoffQuoteForm { amount: Some("50".into()), symbol: Some("USDC".into()), ..RampoffQuoteForm::default() };
    let quote = partner_api::rampoff_quote(&test.app, &test.caller, &asked).await.unwrap();
    let request = CreateRampoffForm { quote_id: Some(quote.quote_id), ..sell(customer, "50") };
    let answer = partner_api::create_rampoff(&test.app, &test.caller, &request, None).await.unwrap();
    assert_eq!(data_of(&answer)["fiat_amount"], quote.fiat_amount);
    assert_eq!(test.refused_rampoff(&request).await, ErrorCode::QuoteUsed);
    let buying = partner_api::quote(&test.app, &test.caller, &self::asked("50", None)).await.unwrap();
    let request = CreateRampoffForm { quote_id: Some(buying.quote_id), ..sell(customer, "50") };
    assert_eq!(test.refused_rampoff(&request).await, ErrorCode::QuoteMismatch);
}

async fn prices(test: Arc<TestApp>) {
    let request = TokenPriceForm { symbol: Some("usdc".into()), fiat_symbol: Some("eur".into()), chain: None };
    let price = partner_api::token_price(&test.app, &test.caller, &request).await.unwrap();
    assert!(!price.stale);
    test.world.advance(86_400).await.unwrap();
    assert!(partner_api::token_price(&test.app, &test.caller, &request).await.unwrap().stale);
    let unknown = TokenPriceForm { symbol: Some("XYZ".into()), ..request };
    assert_eq!(TestApp::code(partner_api::token_price(&test.app, &test.caller, &unknown).await), ErrorCode::CoinNotSupported);
    let methods = partner_api::payment_methods(&test.app, &test.caller, Some("Spain".into()), None).await.unwrap();
    let names: Vec<_> = methods.iter().map(|method| method.payment_type.as_str()).collect();
    for documented in ["card", "paypal", "psd2", "transfer"] {
        assert!(names.contains(&documented), "{names:?}");
    }
    assert!(
        partner_api::available_assets(&test.app).await.unwrap().coins.iter().any(|coin| coin.symbol == "ETH" && coin.chain == "polygon")
    );
}
