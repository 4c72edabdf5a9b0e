//! The price source. It follows the simulated market; a price can be fixed, and the source can be made unavailable.

use std::sync::Arc;
use std::time::Duration;

use rampart_core::money::asset::{Currency, Symbol};
use rampart_core::money::rate::Rate;
use rampart_core::ports::{MarketPrice, PortFuture, PricePort, Unavailable};
use rampart_core::time::{Clock, Timestamp};

use crate::error::WorldError;
use crate::file::{FaultPort, SandboxFile, Transaction};
use crate::market::market;

/// The port of the price source.
pub(crate) struct SimulatedPrices {
    pub(crate) file: Arc<SandboxFile>,
}

/// How often prices change, in business time.
const MARKET_INTERVAL: Duration = Duration::from_secs(1);

fn pair(symbol: Symbol, currency: Currency) -> String {
    format!("{symbol}/{currency}")
}

/// All market prices of the moment.
fn prices(tx: &Transaction<'_>) -> Result<Vec<MarketPrice>, WorldError> {
    let (settings, config) = (&tx.settings, tx.config);
    if settings.silent {
        return Err(WorldError::impossible("the price source is unavailable"));
    }
    let second = tx.now.seconds();
    let observed_at = Timestamp::from_micros(second.saturating_mul(1_000_000));
    let mut prices = Vec::with_capacity(config.symbols.len() * config.currencies.len());
    for &symbol in &config.symbols {
        for currency in &config.currencies {
            let fixed = if settings.prices.is_empty() { None } else { settings.prices.get(&pair(symbol, currency.code)).copied() };
            if let Some(rate) = fixed.or_else(|| market(config.seed, symbol, currency.code, second)) {
                prices.push(MarketPrice { symbol, currency: currency.code, rate, observed_at });
            }
        }
    }
    Ok(prices)
}

impl PricePort for SimulatedPrices {
    fn prices(&self) -> PortFuture<'_, Result<Vec<MarketPrice>, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Prices, |tx| prices(tx)))
    }

    fn news(&self, known: Timestamp) -> PortFuture<'_, ()> {
        Box::pin(async move {
            let mut settings = self.file.signals.settings.subscribe();
            tokio::select! {
                () = self.file.clock.sleep_until(known.after(MARKET_INTERVAL)) => {}
                // The file owns the sender, so this cannot fail.
                _ = settings.changed() => {}
            }
        })
    }
}

impl SimulatedPrices {
    /// Fixes a price, or with `None` releases it to the market again.
    pub(crate) fn set(&self, symbol: Symbol, currency: Currency, rate: Option<Rate>) -> Result<(), WorldError> {
        let config = &self.file.config;
        if !config.symbols.contains(&symbol) {
            return Err(WorldError::NotFound(format!("there is no market for {symbol}")));
        }
        if !config.currencies.iter().any(|known| known.code == currency) {
            return Err(WorldError::NotFound(format!("there is no market in {currency}")));
        }
        self.file.change_settings(|settings| {
            match rate {
                Some(rate) => settings.prices.insert(pair(symbol, currency), rate),
                None => settings.prices.remove(&pair(symbol, currency)),
            };
            Ok(())
        })
    }

    /// Makes the price source unavailable, or available again.
    pub(crate) fn silence(&self, silent: bool) -> Result<(), WorldError> {
        self.file.change_settings(|settings| {
            settings.silent = silent;
            Ok(())
        })
    }
}
