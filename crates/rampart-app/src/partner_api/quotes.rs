//! `quote` and `rampoffQuote`: sealed terms. A quote writes nothing to the database.

use std::time::Duration;

use rampart_core::catalogue::{Coin, Method, PayoutRail};
use rampart_core::identity::country::Country;
use rampart_core::money::amount::{Amount, AmountSent, Overflow};
use rampart_core::money::asset::Currency;
use rampart_core::quote::{AmountIn, BuyTerms, Quote, QuoteTerms, SellTerms, TermsError};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::time::Timestamp;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::partner_api::authenticate::AuthenticatedPartner;
use crate::partner_api::fields::{FieldReader, MAX_FIELD_CHARACTERS};
use crate::partner_api::token_price;
use crate::views::{AmountUnit, FeesView, QuoteView, RampoffQuoteView};

/// The fields of `quote`, as sent.
#[derive(Debug, Clone, Default)]
pub struct QuoteRequest {
    /// In major units.
    pub amount: Option<AmountSent>,
    pub symbol: Option<String>,
    pub chain: Option<String>,
    pub payment_type: Option<String>,
    pub fiat_symbol: Option<String>,
    /// `fiat` (the default) or `coin`: the unit of the amount.
    pub amount_in: Option<String>,
    pub country: Option<String>,
}

/// The fields of `rampoffQuote`, as sent.
#[derive(Debug, Clone, Default)]
pub struct RampoffQuoteRequest {
    pub amount: Option<AmountSent>,
    pub symbol: Option<String>,
    pub blockchain: Option<String>,
    pub fiat_symbol: Option<String>,
    pub country: Option<String>,
}

const EURO: Currency = Currency::literal("EUR");

/// Chooses among methods or rails that exist in several countries: the one in EUR. Without one in EUR the choice is
/// ambiguous, and the country is required.
fn choose_default<'a, T>(
    fields: &mut FieldReader,
    found: impl Iterator<Item = &'a T>,
    place: impl Fn(&T) -> (Country, Currency),
) -> Option<&'a T> {
    let found: Vec<&T> = found.collect();
    let first = *found.first()?;
    let in_euro = found.iter().copied().find(|candidate| place(candidate).1 == EURO);
    if in_euro.is_none() && !fields.has("country") && found.iter().any(|candidate| place(candidate).0 != place(first).0) {
        let countries: Vec<String> =
            found.iter().map(|candidate| place(candidate)).map(|(country, fiat)| format!("{country} ({fiat})")).collect();
        fields.fault(
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
/// `fail_mandatory_field`, `validation_failed`, `method_not_allowed`, `coin_not_supported`, `min_purchase`,
/// `max_purchase`, `price_unavailable`.
pub async fn quote(app: &App, caller: &AuthenticatedPartner, request: &QuoteRequest) -> AppResult<QuoteView> {
    let mut fields = FieldReader::new();
    let symbol = fields.required("symbol", &request.symbol, MAX_FIELD_CHARACTERS);
    let chain = fields.optional("chain", &request.chain, MAX_FIELD_CHARACTERS);
    let payment_type = fields.required("payment_type", &request.payment_type, MAX_FIELD_CHARACTERS);
    let fiat = fields.optional("fiat_symbol", &request.fiat_symbol, MAX_FIELD_CHARACTERS);
    let country = read_country(&mut fields, &request.country);
    let is_coin_amount = match fields.optional("amount_in", &request.amount_in, MAX_FIELD_CHARACTERS) {
        None | Some("fiat") => false,
        Some("coin") => true,
        Some(_) => {
            fields.malformed("amount_in", "must be fiat or coin");
            false
        }
    };
    let method = payment_type.and_then(|payment_type| find_method(app, &mut fields, payment_type, fiat, country));
    let coin = symbol.and_then(|symbol| token_price::find_coin(app, symbol, chain)).and_then(|coin| app.catalogue.coin(coin));
    let decimals = match is_coin_amount {
        true => coin.map_or(18, |coin| coin.decimals),
        false => method.map_or(18, |method| decimals_of(app, method)),
    };
    let amount = fields.amount("amount", &request.amount, decimals);
    fields.finish()?;
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
        amount_in: if is_coin_amount { AmountUnit::Coin } else { AmountUnit::Fiat },
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
/// As [`App::quote`].
pub async fn rampoff_quote(app: &App, caller: &AuthenticatedPartner, request: &RampoffQuoteRequest) -> AppResult<RampoffQuoteView> {
    let mut fields = FieldReader::new();
    let symbol = fields.required("symbol", &request.symbol, MAX_FIELD_CHARACTERS);
    let chain = fields.optional("blockchain", &request.blockchain, MAX_FIELD_CHARACTERS);
    let fiat = fields.optional("fiat_symbol", &request.fiat_symbol, MAX_FIELD_CHARACTERS);
    let country = read_country(&mut fields, &request.country);
    let coin = symbol.and_then(|symbol| token_price::find_coin(app, symbol, chain)).and_then(|coin| app.catalogue.coin(coin));
    let amount = fields.amount("amount", &request.amount, coin.map_or(18, |coin| coin.decimals));
    let rail = find_payout_rail(app, &mut fields, fiat, country);
    fields.finish()?;
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

fn read_country(fields: &mut FieldReader, text: &Option<String>) -> Option<Country> {
    let text = fields.optional("country", text, MAX_FIELD_CHARACTERS)?;
    let country = Country::find(text);
    if country.is_none() {
        fields.malformed("country", "must be the name or the ISO code of a served country, such as ESP");
    }
    country
}

fn find_method<'a>(
    app: &'a App,
    fields: &mut FieldReader,
    payment_type: &str,
    fiat: Option<&str>,
    country: Option<Country>,
) -> Option<&'a Method> {
    let fits = |method: &&Method| {
        method.enabled
            && method.payment_type.is_spelled(payment_type)
            && country.is_none_or(|country| method.country == country)
            && fiat.is_none_or(|fiat| method.fiat.is_spelled(fiat))
    };
    choose_default(fields, app.catalogue.methods.iter().filter(fits), |method| (method.country, method.fiat))
}

fn find_payout_rail<'a>(app: &'a App, fields: &mut FieldReader, fiat: Option<&str>, country: Option<Country>) -> Option<&'a PayoutRail> {
    let fits = |rail: &&PayoutRail| {
        rail.enabled && country.is_none_or(|country| rail.country == country) && fiat.is_none_or(|fiat| rail.fiat.is_spelled(fiat))
    };
    choose_default(fields, app.catalogue.payout_rails.iter().filter(fits), |rail| (rail.country, rail.fiat))
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
