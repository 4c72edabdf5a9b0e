//! `tokenPrice`: the market price of a coin, and ours.

use rampart_core::money::asset::{Chain, CoinId, Currency, Symbol};
use rampart_core::refusal::{ErrorCode, Refusal};

use crate::app::App;
use crate::error::AppResult;
use crate::request::common::{COIN, CURRENCY, NAME};
use crate::request::field::{optional, required};
use crate::request::request;
use crate::views::TokenPriceView;

request! {
    /// The request of `tokenPrice`.
    TokenPriceRequest refused by [CoinNotSupported, PriceUnavailable] {
        symbol: &'a str = required(COIN, "The coin.").example(r#""USDC""#);
        fiat_symbol: &'a str = required(CURRENCY, "The currency.").example(r#""EUR""#);
        chain: Option<&'a str> = optional(NAME, "The chain of the coin. Default: the coin's default chain.").example(r#""polygon""#);
    }
}

/// The market price of a coin in a currency, with our buy and sell prices. A stale price is returned and marked.
///
/// # Errors
/// `validation_failed` for an unknown currency; [`TokenPriceRequest::CODES`].
pub async fn token_price(app: &App, request: &TokenPriceRequest<'_>) -> AppResult<TokenPriceView> {
    let fiat = request.fiat_symbol;
    let unknown = || Refusal::field(ErrorCode::ValidationFailed, "fiat_symbol", format!("'{fiat}' is not a currency that is traded here"));
    let currency = find_currency(app, fiat).ok_or_else(unknown)?;
    let coin = find_coin(app, request.symbol, request.chain).ok_or(ErrorCode::CoinNotSupported)?;
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
    let code: Currency = text.parse().ok()?;
    app.catalogue.fiat(code.to_ascii_uppercase()).map(|fiat| fiat.code)
}

/// A coin of the catalogue, ignoring case. Without a chain, the one on the coin's default chain.
pub(crate) fn find_coin(app: &App, symbol: &str, chain: Option<&str>) -> Option<CoinId> {
    let symbol = symbol.parse::<Symbol>().ok()?.to_ascii_uppercase();
    match chain {
        None => app.catalogue.default_coin(symbol).map(|coin| coin.id),
        Some(chain) => {
            let chain = chain.parse::<Chain>().ok()?.to_ascii_lowercase();
            app.catalogue.coin(CoinId { symbol, chain }).map(|coin| coin.id)
        }
    }
}
