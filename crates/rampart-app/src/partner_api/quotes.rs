//! `quote` and `rampoffQuote`: sealed terms. A quote writes nothing to the database.

use std::time::Duration;

use rampart_core::catalogue::{Coin, Method, PayoutRail};
use rampart_core::identity::country::Country;
use rampart_core::money::amount::{Amount, AmountSent, Overflow};
use rampart_core::money::asset::Currency;
use rampart_core::quote::{AmountIn, AmountUnit, BuyTerms, Quote, QuoteTerms, SellTerms, TermsError};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::time::Timestamp;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::partner_api::token_price;
use crate::request::common::{COIN, CURRENCY, NAME};
use crate::request::field::{FieldKind, optional, required};
use crate::request::{FieldFaults, request};
use crate::views::{FeesView, QuoteView, RampoffQuoteView};
use rampart_http::AuthenticatedPartner;

request! {
    /// The request of `quote`.
    QuoteRequest refused by [MethodNotAllowed, CoinNotSupported, MinPurchase, MaxPurchase, PriceUnavailable] {
        amount: &'a AmountSent = required(FieldKind::Money, "The amount, in major units of the currency, or in whole coins with `amount_in=coin`.").example("100");
        symbol: &'a str = required(COIN, "The coin.").example(r#""USDC""#);
        chain: Option<&'a str> = optional(NAME, "The chain of the coin. Default: the coin's default chain.").example(r#""polygon""#);
        payment_type: &'a str = required(NAME, "The payment method. Upper and lower case are the same.").example(r#""card""#);
        fiat_symbol: Option<&'a str> = optional(CURRENCY, "The currency, if several countries have a method with this name. Default: EUR if `country` is absent too.").example(r#""EUR""#);
        amount_in: Option<AmountUnit> = optional(FieldKind::Choice(&AmountUnit::TEXTS), "Whether `amount` is in the currency or in coins. Default: `fiat`.").example(r#""fiat""#);
        country: Option<Country> = optional(FieldKind::Country, "The customer's country, if several countries have a method with this name. Required if EUR does not identify the method.");
    }
}

request! {
    /// The request of `rampoffQuote`.
    RampoffQuoteRequest refused by [MethodNotAllowed, CoinNotSupported, MinPurchase, MaxPurchase, PriceUnavailable] {
        amount: &'a AmountSent = required(FieldKind::Money, "The amount that the customer sells, in whole coins.").example("50");
        symbol: &'a str = required(COIN, "The coin.").example(r#""USDC""#);
        blockchain: Option<&'a str> = optional(NAME, "The chain of the coin. Default: the coin's default chain.").example(r#""polygon""#);
        fiat_symbol: Option<&'a str> = optional(CURRENCY, "The currency of the payout. Default: EUR if `country` is absent too.").example(r#""EUR""#);
        country: Option<Country> = optional(FieldKind::Country, "The customer's country, if several countries have this currency. Required if EUR does not identify the payout.");
    }
}

const EURO: Currency = Currency::literal("EUR");

/// Chooses among methods or rails that exist in several countries: the one in EUR. Without one in EUR the choice is
/// ambiguous, and the country is required.
fn choose_default<'a, T>(
    faults: &mut FieldFaults,
    found: impl Iterator<Item = &'a T>,
    place: impl Fn(&T) -> (Country, Currency),
) -> Option<&'a T> {
    let found: Vec<&T> = found.collect();
    let first = *found.first()?;
    let in_euro = found.iter().copied().find(|candidate| place(candidate).1 == EURO);
    if in_euro.is_none() && found.iter().any(|candidate| place(candidate).0 != place(first).0) {
        let countries: Vec<String> =
            found.iter().map(|candidate| place(candidate)).map(|(country, fiat)| format!("{country} ({fiat})")).collect();
        faults.fault(
            ErrorCode::FailMandatoryField,
            "country",
            format!("is required, because several countries have this: {}", countries.join(", ")),
        );
    }
    in_euro.or(Some(first))
}

/// Quotes a payment.
///
/// # Errors
/// [`QuoteRequest::CODES`].
pub async fn quote(app: &App, caller: &AuthenticatedPartner, request: &QuoteRequest<'_>) -> AppResult<QuoteView> {
    let mut faults = FieldFaults::default();
    let is_coin_amount = request.amount_in == Some(AmountUnit::Coin);
    let method = find_method(app, &mut faults, request);
    let coin = token_price::find_coin(app, request.symbol, request.chain).and_then(|coin| app.catalogue.coin(coin));
    let decimals = match is_coin_amount {
        true => coin.map_or(18, |coin| coin.decimals),
        false => method.map_or(18, |method| decimals_of(app, method)),
    };
    let amount = faults.amount("amount", request.amount, decimals);
    faults.finish()?;
    let method = method.ok_or(ErrorCode::MethodNotAllowed)?;
    let coin = coin.filter(|coin| coin.buy).ok_or(ErrorCode::CoinNotSupported)?;
    let amount = amount.ok_or(ErrorCode::ValidationFailed)?;
    if !is_coin_amount {
        check_payable(app, "amount", method, amount)?;
        check_method_bounds(app, method, amount)?;
    }
    let now = app.business.now();
    let price = app.prices.buy_price(coin.id.symbol, method.fiat, now).ok_or(ErrorCode::PriceUnavailable)?;
    let asked = if is_coin_amount { AmountIn::Coin(amount) } else { AmountIn::Fiat(amount) };
    let terms = BuyTerms::new(&app.catalogue, method, coin, price, asked).map_err(|fault| terms_refusal(&fault))?;
    check_method_bounds(app, method, terms.fiat_amount)?;
    check_coin_maximum(coin, terms.coin_amount)?;
    let (quote_id, expires_at) = seal_terms(app, caller, now, QuoteTerms::Buy(method.payment_type, terms));
    Ok(QuoteView {
        quote_id,
        amount: amount.to_major_short(decimals),
        amount_in: request.amount_in.unwrap_or(AmountUnit::Fiat),
        fiat_symbol: terms.fiat,
        symbol: terms.coin.symbol,
        chain: terms.coin.chain,
        payment_type: method.payment_type,
        country: method.country,
        priced: method.policy.priced(),
        tokens: terms.coin_amount.to_major_short(terms.coin_decimals),
        price: terms.price.to_string(),
        fees: fees_view(terms.fee_processing, terms.fee_network, Amount::ZERO, terms.fiat_decimals),
        total_fiat: terms.fiat_amount.to_major(terms.fiat_decimals),
        expires_at,
    })
}

/// Quotes a ramp-off.
///
/// # Errors
/// [`RampoffQuoteRequest::CODES`].
pub async fn rampoff_quote(app: &App, caller: &AuthenticatedPartner, request: &RampoffQuoteRequest<'_>) -> AppResult<RampoffQuoteView> {
    let mut faults = FieldFaults::default();
    let coin = token_price::find_coin(app, request.symbol, request.blockchain).and_then(|coin| app.catalogue.coin(coin));
    let rail = find_payout_rail(app, &mut faults, request);
    let amount = faults.amount("amount", request.amount, coin.map_or(18, |coin| coin.decimals));
    faults.finish()?;
    let rail = rail.ok_or_else(|| Refusal::new(ErrorCode::MethodNotAllowed, "there is no payout in this currency for this country"))?;
    let coin = coin.filter(|coin| coin.sell).ok_or(ErrorCode::CoinNotSupported)?;
    let amount = amount.ok_or(ErrorCode::ValidationFailed)?;
    check_coin_bounds(coin, amount)?;
    let now = app.business.now();
    let price = app.prices.sell_price(coin.id.symbol, rail.fiat, now).ok_or(ErrorCode::PriceUnavailable)?;
    let terms = SellTerms::new(&app.catalogue, rail, coin, price, amount).map_err(|fault| terms_refusal(&fault))?;
    check_rail_bounds(app, rail, terms.fiat_amount)?;
    let (quote_id, expires_at) = seal_terms(app, caller, now, QuoteTerms::Sell(terms));
    Ok(RampoffQuoteView {
        quote_id,
        amount: amount.to_major_short(coin.decimals),
        symbol: coin.id.symbol,
        blockchain: coin.id.chain,
        decimals: coin.decimals,
        fiat_symbol: terms.fiat,
        country: rail.country,
        price: terms.price.to_string(),
        fees: fees_view(terms.fee_processing, terms.fee_network, terms.fee_rounding(), terms.fiat_decimals),
        fiat_amount: terms.fiat_amount.to_major(terms.fiat_decimals),
        expires_at,
    })
}

fn seal_terms(app: &App, caller: &AuthenticatedPartner, now: Timestamp, terms: QuoteTerms) -> (String, Timestamp) {
    let expires_at = now.after(Duration::from_secs(app.catalogue.pricing.quote_seconds));
    let quote = Quote { id: app.mint().id(), partner: caller.partner.id, terms, expires_at };
    (app.keys.seal_quote(&quote), expires_at)
}

fn find_method<'a>(app: &'a App, faults: &mut FieldFaults, request: &QuoteRequest<'_>) -> Option<&'a Method> {
    let fits = |method: &&Method| {
        method.enabled
            && method.payment_type.is_spelled(request.payment_type)
            && request.country.is_none_or(|country| method.country == country)
            && request.fiat_symbol.is_none_or(|fiat| method.fiat.is_spelled(fiat))
    };
    choose_default(faults, app.catalogue.methods.iter().filter(fits), |method| (method.country, method.fiat))
}

fn find_payout_rail<'a>(app: &'a App, faults: &mut FieldFaults, request: &RampoffQuoteRequest<'_>) -> Option<&'a PayoutRail> {
    let fits = |rail: &&PayoutRail| {
        rail.enabled
            && request.country.is_none_or(|country| rail.country == country)
            && request.fiat_symbol.is_none_or(|fiat| rail.fiat.is_spelled(fiat))
    };
    choose_default(faults, app.catalogue.payout_rails.iter().filter(fits), |rail| (rail.country, rail.fiat))
}

pub(crate) fn decimals_of(app: &App, method: &Method) -> u8 {
    app.catalogue.decimals(method.fiat.into()).unwrap_or(2)
}

/// Checks that an amount is a multiple of the method's payable step: some take no fractions, such as pesos without
/// centavos.
pub(crate) fn check_payable(app: &App, field: &'static str, method: &Method, amount: Amount) -> AppResult<()> {
    let step = method.payable_step;
    if amount.rounded_down(step) == amount {
        return Ok(());
    }
    let (payment_type, step) = (method.payment_type, step.to_major_short(decimals_of(app, method)));
    let message = format!("must be a multiple of {step} {}, which is what {payment_type} takes", method.fiat);
    Err(Refusal::field(ErrorCode::ValidationFailed, field, message).into())
}

/// Checks an amount against the bounds of a payment method.
pub(crate) fn check_method_bounds(app: &App, method: &Method, amount: Amount) -> AppResult<()> {
    check_bounds(amount, method.minimum, method.maximum, decimals_of(app, method), method.fiat)
}

/// Checks an amount against the bounds of a payout rail.
pub(crate) fn check_rail_bounds(app: &App, rail: &PayoutRail, amount: Amount) -> AppResult<()> {
    let decimals = app.catalogue.decimals(rail.fiat.into()).unwrap_or(2);
    check_bounds(amount, rail.minimum, rail.maximum, decimals, rail.fiat)
}

/// The refusal of an amount that no terms can be computed for.
pub(crate) fn terms_refusal(fault: &TermsError) -> AppError {
    let code = match fault {
        TermsError::BelowFees => ErrorCode::MinPurchase,
        TermsError::Overflow(Overflow) => ErrorCode::MaxPurchase,
    };
    Refusal::new(code, fault.to_string()).into()
}

fn check_bounds(amount: Amount, minimum: Amount, maximum: Amount, decimals: u8, unit: impl std::fmt::Display) -> AppResult<()> {
    if amount < minimum {
        let message = format!("the minimum is {} {unit}", minimum.to_major_short(decimals));
        return Err(Refusal::new(ErrorCode::MinPurchase, message).into());
    }
    if amount > maximum {
        let message = format!("the maximum is {} {unit}", maximum.to_major_short(decimals));
        return Err(Refusal::new(ErrorCode::MaxPurchase, message).into());
    }
    Ok(())
}

/// Checks a sold amount against the coin's bounds per order.
pub(crate) fn check_coin_bounds(coin: &Coin, amount: Amount) -> AppResult<()> {
    check_bounds(amount, coin.minimum, coin.maximum, coin.decimals, coin.id.symbol)
}

/// Checks a bought amount against the coin's maximum per order. The minimum is set by the payment method.
pub(crate) fn check_coin_maximum(coin: &Coin, amount: Amount) -> AppResult<()> {
    check_bounds(amount, Amount::ZERO, coin.maximum, coin.decimals, coin.id.symbol)
}

fn fees_view(processing: Amount, network: Amount, rounding: Amount, decimals: u8) -> FeesView {
    let total = [processing, network, rounding].iter().fold(0_i128, |sum, fee| sum.saturating_add(fee.minor()));
    FeesView {
        processing: processing.to_major(decimals),
        network: network.to_major(decimals),
        rounding: rounding.is_positive().then(|| rounding.to_major(decimals)),
        total: Amount::from_minor(total).to_major(decimals),
    }
}
