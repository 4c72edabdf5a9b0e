//! The simulated market: slowly moving prices of every coin in every currency, a pure function of seed, business time and pair, in
//! integer arithmetic.

use rampart_core::money::asset::{Currency, Symbol};
use rampart_core::money::rate::Rate;

/// A [`Rate`] has eighteen decimals.
const PARTS_PER_UNIT: u128 = 1_000_000_000_000_000_000;

/// Approximate price of a coin, in millionths of a USD.
fn coin_in_usd(symbol: Symbol) -> Option<u128> {
    Some(match symbol.as_str() {
        "USDC" | "USDT" | "DAI" | "USDP" => 1_000_000,
        "EURC" => 1_160_000,
        "BTC" | "WBTC" => 97_250_000_000,
        "ETH" | "WETH" => 3_310_000_000,
        "BNB" => 648_000_000,
        "POL" | "MATIC" => 420_000,
        "SOL" => 168_000_000,
        "LINK" => 14_800_000,
        "LTC" => 92_000_000,
        _ => return None,
    })
}

/// Approximate price of a USD, in millionths of a currency unit.
fn usd_in_currency(currency: Currency) -> Option<u128> {
    Some(match currency.as_str() {
        "USD" => 1_000_000,
        "EUR" => 862_000,
        "CLP" => 941_500_000,
        "MXN" => 18_420_000,
        "COP" => 3_870_000_000,
        "PEN" => 3_380_000,
        "ARS" => 1_438_000_000,
        "BRL" => 5_340_000,
        "UYU" => 39_800_000,
        "GBP" => 761_000,
        _ => return None,
    })
}

/// The price of a coin in whole USD, at least one. For opening balances.
pub(crate) fn usd_of_coin(symbol: Symbol) -> i128 {
    coin_in_usd(symbol).map_or(1, |micros| i128::try_from(micros / 1_000_000).unwrap_or(1).max(1))
}

/// Currency units per USD, rounded up. For opening balances.
pub(crate) fn units_per_usd(currency: Currency) -> i128 {
    usd_in_currency(currency).map_or(1, |micros| i128::try_from(micros.div_ceil(1_000_000)).unwrap_or(1))
}

/// A pseudorandom number, the same for the same input (SplitMix64).
fn hash(seed: u64, text: &str, step: i64) -> u64 {
    let mixed = text.bytes().fold(seed ^ 0x9E37_79B9_7F4A_7C15, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    let mut state = mixed.wrapping_add(step.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15));
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

/// A piecewise linear deviation between `-swing` and `swing` millionths that changes direction every `period` seconds.
fn wave(seed: u64, text: &str, second: i64, period: i64, swing: i64) -> i64 {
    let step = second.div_euclid(period);
    let at = |step| i64::try_from(hash(seed, text, step) % 2_000_001).unwrap_or(0) - 1_000_000;
    let (from, to) = (at(step), at(step + 1));
    let position = second.rem_euclid(period);
    (from + (to - from) * position / period) * swing / 1_000_000
}

/// The mid-market rate at a second of business time. `None` for a pair without a market.
pub(crate) fn market(seed: u64, symbol: Symbol, currency: Currency, second: i64) -> Option<Rate> {
    let base = coin_in_usd(symbol)?.checked_mul(usd_in_currency(currency)?)?.checked_mul(PARTS_PER_UNIT / 1_000_000_000_000)?;
    // A coin pegged to a currency hardly moves; the others move a little within minutes and more within hours.
    let pegged = coin_in_usd(symbol) == Some(1_000_000);
    let (slow, fast) = if pegged { (150, 50) } else { (9_000, 700) };
    let mut millionths = 1_000_000 + wave(seed, symbol.as_str(), second, 7_200, slow) + wave(seed, symbol.as_str(), second, 90, fast);
    if currency.as_str() != "USD" {
        millionths += wave(seed, currency.as_str(), second, 10_800, 2_500) + wave(seed, currency.as_str(), second, 120, 120);
    }
    let scaled = base.checked_mul(u128::try_from(millionths).ok()?)? / 1_000_000;
    // Markets quote at most eight decimals.
    let tick = PARTS_PER_UNIT / 100_000_000;
    Rate::from_scaled(scaled / tick * tick).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_market_moves_gently_and_is_the_same_for_everybody() {
        let symbol: Symbol = "BTC".parse().unwrap();
        let currency: Currency = "EUR".parse().unwrap();
        let mut last = market(7, symbol, currency, 1_800_000_000).unwrap();
        assert_eq!(Some(last), market(7, symbol, currency, 1_800_000_000));
        assert_ne!(Some(last), market(8, symbol, currency, 1_800_000_000));
        let mut changes = 0;
        for second in 1_800_000_001..1_800_003_600 {
            let rate = market(7, symbol, currency, second).unwrap();
            assert!(last.distance_basis_points(rate) <= 2, "{last} to {rate} within a second");
            changes += i32::from(rate != last);
            last = rate;
        }
        assert!(changes > 1_000, "the market moved {changes} times in an hour");
    }

    #[test]
    fn rates_are_believable() {
        let rate = |symbol: &str, currency: &str| market(1, symbol.parse().unwrap(), currency.parse().unwrap(), 1_800_000_000).unwrap();
        let within = |rate: Rate, least: &str, most: &str| rate > least.parse().unwrap() && rate < most.parse().unwrap();
        assert!(within(rate("USDC", "EUR"), "0.85", "0.87"));
        assert!(within(rate("ETH", "ARS"), "4500000", "5000000"));
        assert!(within(rate("BTC", "CLP"), "90000000", "93000000"));
        assert!(within(rate("POL", "PEN"), "1.3", "1.5"));
    }
}
