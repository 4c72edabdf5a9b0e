//! `availableAssets`: the coins and currencies that are traded.

use crate::app::App;
use crate::error::AppResult;
use crate::views::{AssetsView, CoinView, FiatView};

/// The coins, each on its chain, and the currencies.
pub async fn available_assets(app: &App) -> AppResult<AssetsView> {
    let coins = app.catalogue.coins.iter().map(|coin| CoinView {
        symbol: coin.id.symbol.to_string(),
        chain: coin.id.chain.to_string(),
        decimals: coin.decimals,
        contract: coin.contract.clone(),
        minimum: coin.minimum.to_major_short(coin.decimals),
        maximum: coin.maximum.to_major_short(coin.decimals),
        confirmations: coin.finality.usual.blocks,
        buy_enabled: coin.buy,
        sell_enabled: coin.sell,
        default_chain: app.catalogue.default_coin(coin.id.symbol).is_some_and(|default| default.id == coin.id),
    });
    let fiats = app.catalogue.fiats.iter().map(|fiat| FiatView { symbol: fiat.code.to_string(), decimals: fiat.decimals });
    Ok(AssetsView { coins: coins.collect(), fiats: fiats.collect() })
}
