//! The price board: the last market prices in memory, so that no request waits for the price provider.

use crate::error::{AppError, AppResult};
use rampart_core::step::watch::CursorName;
use rampart_core::text::code::Code;
use rampart_store::Store;
use std::collections::HashMap;
use std::time::Duration;

use parking_lot::RwLock;
use rampart_core::catalogue::Pricing;
use rampart_core::money::asset::{Currency, Symbol};
use rampart_core::money::rate::Rate;
use rampart_core::ports::MarketPrice;
use rampart_core::time::Timestamp;

/// The last known market prices.
#[derive(Debug)]
pub struct PriceBoard {
    prices: RwLock<HashMap<(Symbol, Currency), MarketPrice>>,
    buy_spread: i32,
    sell_spread: i32,
    stale_after: Duration,
}

impl PriceBoard {
    /// An empty board with the catalogue's spreads.
    #[must_use]
    pub fn new(pricing: &Pricing) -> Self {
        let points = |points: u32| i32::try_from(points).unwrap_or(i32::MAX);
        Self {
            prices: RwLock::new(HashMap::new()),
            buy_spread: points(pricing.buy_spread_basis_points),
            sell_spread: -points(pricing.sell_spread_basis_points),
            stale_after: Duration::from_secs(pricing.stale_after_seconds),
        }
    }

    /// Stores new prices; other pairs keep theirs.
    pub fn set(&self, prices: impl IntoIterator<Item = MarketPrice>) {
        let mut board = self.prices.write();
        for price in prices {
            board.insert((price.symbol, price.currency), price);
        }
    }

    /// All prices, including stale ones.
    pub(crate) fn all(&self) -> Vec<MarketPrice> {
        self.prices.read().values().copied().collect()
    }

    /// The last market price of a pair, even if it is stale.
    #[must_use]
    pub fn market(&self, symbol: Symbol, currency: Currency) -> Option<MarketPrice> {
        self.prices.read().get(&(symbol, currency)).copied()
    }

    /// When the newest price was observed.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.prices.read().values().map(|price| price.observed_at).max()
    }

    /// Whether a price is too old to trade at.
    #[must_use]
    pub fn is_stale(&self, price: &MarketPrice, now: Timestamp) -> bool {
        price.observed_at.until(now) > self.stale_after
    }

    fn current(&self, symbol: Symbol, currency: Currency, now: Timestamp) -> Option<Rate> {
        self.market(symbol, currency).filter(|price| !self.is_stale(price, now)).map(|price| price.rate)
    }

    /// The price for buying a coin, with spread. `None` without a current price.
    #[must_use]
    pub fn buy_price(&self, symbol: Symbol, currency: Currency, now: Timestamp) -> Option<Rate> {
        self.current(symbol, currency, now).and_then(|rate| self.buying(rate))
    }

    /// The price for selling a coin, with spread. `None` without a current price.
    #[must_use]
    pub fn sell_price(&self, symbol: Symbol, currency: Currency, now: Timestamp) -> Option<Rate> {
        self.current(symbol, currency, now).and_then(|rate| self.selling(rate))
    }

    /// A market price plus the buy spread.
    #[must_use]
    pub fn buying(&self, rate: Rate) -> Option<Rate> {
        rate.with_spread(self.buy_spread).ok()
    }

    /// A market price minus the sell spread.
    #[must_use]
    pub fn selling(&self, rate: Rate) -> Option<Rate> {
        rate.with_spread(self.sell_spread).ok()
    }
}

/// The cursor record that holds the stored copy of the board.
pub(crate) const CURSOR: CursorName = Code::literal("prices");

/// Fills a price board with the copy stored last. The reader decides whether it is recent enough.
pub(crate) async fn restore(store: &Store, board: &PriceBoard) -> AppResult<()> {
    if let Some(stored) = store.cursor(CURSOR).await? {
        let prices: Vec<MarketPrice> = serde_json::from_str(&stored.position).map_err(|fault| AppError::Defect(Box::new(fault)))?;
        board.set(prices);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_good_until_it_is_stale() {
        let pricing = Pricing { buy_spread_basis_points: 100, sell_spread_basis_points: 50, stale_after_seconds: 60, quote_seconds: 60 };
        let board = PriceBoard::new(&pricing);
        let (symbol, currency) = ("USDC".parse().unwrap(), "EUR".parse().unwrap());
        let observed_at = Timestamp::from_micros(1_000_000);
        assert_eq!(board.buy_price(symbol, currency, observed_at), None);
        board.set([MarketPrice { symbol, currency, rate: "1".parse().unwrap(), observed_at }]);
        let at = |seconds: u64| observed_at.after(Duration::from_secs(seconds));
        assert_eq!(board.buy_price(symbol, currency, at(60)).unwrap().to_string(), "1.01");
        assert_eq!(board.sell_price(symbol, currency, at(60)).unwrap().to_string(), "0.995");
        assert_eq!(board.buy_price(symbol, currency, at(61)), None);
        assert!(board.market(symbol, currency).is_some());
    }
}
