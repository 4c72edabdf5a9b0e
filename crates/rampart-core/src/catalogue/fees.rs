//! What is offered for a transaction, and for the attempts that replace it.
//!
//! Nodes take a replacement only if both the price and the tip rise by a tenth
//! (<https://geth.ethereum.org/docs/fundamentals/command-line-options>, `--txpool.pricebump`): ours rise by an eighth, rounded up.

use std::time::Duration;

use crate::money::amount::Amount;

/// The margin on an estimate of units, in percent: a transaction that runs out of them fails and is paid for.
const UNITS_MARGIN_PERCENT: u64 = 25;
/// A price beyond this share of the market's is not offered.
const MAX_PRICE_PERCENT: i128 = 500;
/// From this attempt on, the wait before the next one doubles.
const PATIENT_ATTEMPTS: usize = 3;
const MAX_DOUBLINGS: usize = 6;

/// What a unit of work costs now, in minor units of the native coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeMarket {
    /// What the chain itself takes; zero on chains without a base fee.
    pub base: Amount,
    /// What gets a transaction into one of the next blocks beside it.
    pub tip: Amount,
}

/// What is offered for a transaction. Amounts are minor units of the chain's native coin for one unit of work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FeeTerms {
    /// Most units of work, such as gas, that it may take.
    pub units: u64,
    /// Most for a unit, the tip included.
    pub price: Amount,
    pub tip: Amount,
}

impl FeeTerms {
    /// The most it can cost, in minor units of the native coin.
    #[must_use]
    pub fn most(&self) -> Amount {
        Amount::from_minor(self.price.minor().saturating_mul(i128::from(self.units)))
    }
}

/// A chain's rules for fees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeRules {
    /// The least tip for a unit of work that nodes take, in minor units of the native coin.
    pub least_tip: Amount,
    /// The most that a transaction may cost, in minor units of the native coin; `None`: no limit of its own.
    pub most_cost: Option<Amount>,
    /// How long an attempt waits for a block before it is replaced (business time); `None` if the chain replaces nothing.
    pub replace_after: Option<Duration>,
    pub max_attempts: usize,
}

impl FeeRules {
    /// What to offer at first.
    #[must_use]
    pub fn first(&self, market: FeeMarket, estimated_units: u64) -> FeeTerms {
        let tip = market.tip.max(self.least_tip);
        // Twice the base fee stays above it for six full blocks in a row.
        let price = Amount::from_minor(market.base.minor().saturating_mul(2).saturating_add(tip.minor()));
        FeeTerms { units: with_margin(estimated_units), price, tip }
    }

    /// What to offer instead of an earlier attempt; `None` at the ceiling, where the earlier ones are offered again.
    #[must_use]
    pub fn replacement(&self, before: FeeTerms, market: FeeMarket, estimated_units: u64) -> Option<FeeTerms> {
        let now = self.first(market, estimated_units);
        let terms = self.dearer(before, market, estimated_units);
        let is_affordable = self.most_cost.is_none_or(|most| terms.most() <= most);
        (is_affordable && terms.price.minor().saturating_mul(100) <= now.price.minor().saturating_mul(MAX_PRICE_PERCENT)).then_some(terms)
    }

    /// As [`replacement`](Self::replacement), without a ceiling: what a person decided.
    #[must_use]
    pub fn dearer(&self, before: FeeTerms, market: FeeMarket, estimated_units: u64) -> FeeTerms {
        let raised = self.above(before, market, estimated_units);
        FeeTerms { units: raised.units.max(before.units), ..raised }
    }

    /// The least that replaces an earlier attempt and is worth the market. Without a ceiling: for a transaction that only spends the
    /// slot, since everything behind it waits.
    #[must_use]
    pub fn above(&self, before: FeeTerms, market: FeeMarket, estimated_units: u64) -> FeeTerms {
        let now = self.first(market, estimated_units);
        FeeTerms { units: now.units, price: now.price.max(raised(before.price)), tip: now.tip.max(raised(before.tip)) }
    }

    /// How long the newest of this many attempts waits before it is replaced; `None` if it is not replaced any more.
    #[must_use]
    pub fn patience(&self, attempts: usize) -> Option<Duration> {
        let doublings = attempts.saturating_sub(PATIENT_ATTEMPTS).min(MAX_DOUBLINGS);
        self.replace_after.filter(|_| attempts < self.max_attempts).map(|wait| wait * (1 << doublings))
    }
}

fn with_margin(units: u64) -> u64 {
    units.saturating_add(units.saturating_mul(UNITS_MARGIN_PERCENT).div_ceil(100))
}

/// An eighth more, rounded up, and more in any case.
fn raised(amount: Amount) -> Amount {
    let minor = amount.minor();
    Amount::from_minor(minor.saturating_add((minor.saturating_add(7) / 8).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEI_PER_GWEI: i128 = 1_000_000_000;

    fn rules() -> FeeRules {
        FeeRules {
            least_tip: Amount::from_minor(25 * WEI_PER_GWEI),
            most_cost: None,
            replace_after: Some(Duration::from_secs(20)),
            max_attempts: 8,
        }
    }

    fn market(base: i128, tip: i128) -> FeeMarket {
        FeeMarket { base: Amount::from_minor(base), tip: Amount::from_minor(tip) }
    }

    #[test]
    fn the_first_offer_has_the_least_tip_and_a_margin_on_units() {
        let terms = rules().first(market(10 * WEI_PER_GWEI, WEI_PER_GWEI), 65_001);
        assert_eq!(
            terms,
            FeeTerms { units: 81_252, price: Amount::from_minor(45 * WEI_PER_GWEI), tip: Amount::from_minor(25 * WEI_PER_GWEI) }
        );
        assert_eq!(terms.most(), Amount::from_minor(81_252 * 45 * WEI_PER_GWEI));
    }

    #[test]
    fn a_replacement_is_a_tenth_dearer_on_both_numbers_whatever_the_market() {
        for (base, tip) in [(0, 0), (1, 1), (9, 3), (10 * WEI_PER_GWEI, WEI_PER_GWEI), (200 * WEI_PER_GWEI, 60 * WEI_PER_GWEI)] {
            let before = rules().first(market(10 * WEI_PER_GWEI, 30 * WEI_PER_GWEI), 65_000);
            let after = rules().replacement(before, market(base, tip), 21_000).unwrap_or(before);
            for (before, after) in [(before.price, after.price), (before.tip, after.tip)] {
                assert!(after.minor() * 10 >= before.minor() * 11 || after == before, "{before:?} {after:?}");
            }
            assert!(after.units >= before.units);
        }
    }

    #[test]
    fn small_numbers_rise_too() {
        for minor in 0..200 {
            let after = raised(Amount::from_minor(minor)).minor();
            assert!(after > minor && after * 10 >= minor * 11, "{minor} {after}");
        }
    }

    #[test]
    fn nothing_is_offered_above_the_ceilings() {
        let before = rules().first(market(10 * WEI_PER_GWEI, 30 * WEI_PER_GWEI), 65_000);
        let capped = FeeRules { most_cost: Some(before.most()), ..rules() };
        assert_eq!(capped.replacement(before, market(10 * WEI_PER_GWEI, 30 * WEI_PER_GWEI), 65_000), None);
        let mut terms = before;
        let mut raises = 0;
        while let Some(next) = rules().replacement(terms, market(10 * WEI_PER_GWEI, 30 * WEI_PER_GWEI), 65_000) {
            (terms, raises) = (next, raises + 1);
        }
        assert!(raises > 5 && terms.price.minor() <= 5 * before.price.minor(), "{raises} {terms:?}");
    }

    #[test]
    fn attempts_are_replaced_ever_more_rarely_and_never_beyond_the_last() {
        let waits: Vec<_> = (1..=8).map(|attempts| rules().patience(attempts).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits, [Some(20), Some(20), Some(20), Some(40), Some(80), Some(160), Some(320), None]);
        assert_eq!(FeeRules { replace_after: None, ..rules() }.patience(1), None);
    }
}
