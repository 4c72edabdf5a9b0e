//! `tokenPrice`: the market price of a coin, and ours.

use rampart_core::money::asset::{Chain, CoinId, Currency, Symbol};
use rampart_core::refusal::{ErrorCode, Refusal};

use crate::app::App;
use crate::error::AppResult;
use crate::partner_api::fields::{FieldReader, MAX_FIELD_CHARACTERS};
use crate::state::partner_cache::AuthenticatedPartner;
use crate::views::TokenPriceView;

/// The fields of `tokenPrice`, as sent.
#[derive(Debug, Clone, Default)]
pub struct TokenPriceRequest {
    pub symbol: Option<String>,
    pub fiat_symbol: Option<String>,
    pub chain: Option<String>,
}

/// The market price of a coin in a currency, with our buy and sell prices. A stale price is returned and marked.
///
/// # Errors
/// `fail_mandatory_field`, `validation_failed`, `coin_not_supported`, `price_unavailable`.
pub async fn token_price(app: &App, _caller: &AuthenticatedPartner, request: &TokenPriceRequest) -> AppResult<TokenPriceView> {
    let mut fields = FieldReader::new();
    let symbol = fields.required("symbol", &request.symbol, MAX_FIELD_CHARACTERS);
    let fiat = fields.required("fiat_symbol", &request.fiat_symbol, MAX_FIELD_CHARACTERS);
    let chain = fields.optional("chain", &request.chain, MAX_FIELD_CHARACTERS);
    let currency = fiat.and_then(|fiat| find_currency(app, fiat));
    if let (Some(fiat), None) = (fiat, currency) {
        fields.malformed("fiat_symbol", format!("'{fiat}' is not a currency that is traded here"));
    }
    fields.finish()?;
    let coin = symbol.and_then(|symbol| find_coin(app, symbol, chain)).ok_or(ErrorCode::CoinNotSupported)?;
    let currency = currency.ok_or(ErrorCode::ValidationFailed)?;
    let missing = || Refusal::new(ErrorCode::PriceUnavailable, format!("there is no price of {} in {currency}", coin.symbol));
    let market = app.prices.market(coin.symbol, currency).ok_or_else(missing)?;
    let (buy, sell) = (app.prices.buying(market.rate), app.prices.selling(market.rate));
    Ok(TokenPriceView {
        symbol: coin.symbol.to_string(),
        fiat_symbol: currency.to_string(),
        price: market.rate.to_string(),
        buy_price: buy.ok_or_else(missing)?.to_string(),
        sell_price: sell.ok_or_else(missing)?.to_string(),
        updated_at: market.observed_at,
        stale: app.prices.is_stale(&market, app.business.now()),
    })
}

/// A currency of the catalogue, ignoring case.
pub(crate) fn find_currency(app: &App, text: &str) -> Option<Currency> {
    let code: Currency = text.trim().parse().ok()?;
    app.catalogue.fiat(code.to_ascii_uppercase()).map(|fiat| fiat.code)
}

/// A coin of the catalogue, ignoring case. Without a chain, the one on the coin's default chain.
pub(crate) fn find_coin(app: &App, symbol: &str, chain: Option<&str>) -> Option<CoinId> {
    let symbol = symbol.trim().parse::<Symbol>().ok()?.to_ascii_uppercase();
    match chain {
        None => app.catalogue.default_coin(symbol).map(|coin| coin.id),
        Some(chain) => {
            let chain = chain.trim().parse::<Chain>().ok()?.to_ascii_lowercase();
            app.catalogue.coin(CoinId { symbol, chain }).map(|coin| coin.id)
        }
    }
}
