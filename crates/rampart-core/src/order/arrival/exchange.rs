//! The exchange: what the customer gets for the accepted amount, and its fees.

use crate::money::amount::{Amount, Overflow};
use crate::money::rate::{Rate, Rounding};
use crate::quote::TermsError;
use crate::stored::is_default;
use crate::time::Timestamp;

/// Agreed fees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fees {
    /// Fixed part of the processing fee, in minor units of the currency.
    pub fixed: Amount,
    /// Network fee, in minor units of the currency.
    pub network: Amount,
    /// Proportional part of the processing fee, in basis points of the money, rounded up.
    pub basis_points: u32,
}

/// The shares of an exchange at the promised and at the market price, in minor units of what arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeShares {
    pub promised: Amount,
    pub promise: Rate,
    pub market: Amount,
    /// The market price, if that share is not zero.
    pub price: Option<Rate>,
    pub fiat_decimals: u8,
    pub coin_decimals: u8,
    /// Payouts are multiples of this, in minor units of the currency.
    pub payable_step: Amount,
}

/// A decided exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Exchange {
    /// Time of the decision (business time).
    pub at: Timestamp,
    /// Share at the promised price, in minor units of what arrived.
    pub promised: Amount,
    /// Share at the market price, in minor units of what arrived.
    #[serde(default)]
    pub market: Amount,
    /// The market price, if that share is not zero.
    #[serde(default)]
    pub price: Option<Rate>,
    /// In minor units of the currency.
    pub fee_processing: Amount,
    /// In minor units of the currency.
    pub fee_network: Amount,
    /// Money that cannot be paid because its rail pays whole steps only, in minor units of the currency.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fee_rounding: Amount,
    /// What the customer gets, in minor units: coins when buying, money when selling.
    pub gives: Amount,
    /// The part of that from the share at the promised price.
    #[serde(default)]
    pub gives_promised: Amount,
}

impl Exchange {
    /// An exchange at the promised price alone. The fees are processing, network and rounding, in minor units of the currency.
    #[must_use]
    pub const fn at_promise(at: Timestamp, promised: Amount, gives: Amount, fees: [Amount; 3]) -> Self {
        let [fee_processing, fee_network, fee_rounding] = fees;
        let (market, price) = (Amount::ZERO, None);
        Self { at, promised, market, price, fee_processing, fee_network, fee_rounding, gives, gives_promised: gives }
    }

    /// The whole exchanged amount, in minor units of what arrived.
    #[must_use]
    pub fn accepted(&self) -> Amount {
        Amount::from_minor(self.promised.minor().saturating_add(self.market.minor()))
    }

    /// All fees, in minor units of the currency.
    #[must_use]
    pub fn fees(&self) -> Amount {
        let fees = self.fee_processing.minor().saturating_add(self.fee_network.minor());
        Amount::from_minor(fees.saturating_add(self.fee_rounding.minor()))
    }

    /// Coins for money: `⌊(P − fixed − network − ⌈bps·P⌉) / promise⌋ + ⌊(R − ⌈bps·R⌉) / market⌋`. If the promised share is
    /// zero, the market share bears all fees.
    ///
    /// # Errors
    /// [`TermsError::BelowFees`] when a share does not cover its fees.
    pub fn buying(shares: &ExchangeShares, fees: &Fees, at: Timestamp) -> Result<Self, TermsError> {
        let coins = |net: Amount, price: Rate| price.fiat_to_coins(net, shares.fiat_decimals, shares.coin_decimals, Rounding::Down);
        let costs = Costs::of(shares.promised, shares.market, fees)?;
        let share = |gross: Amount, cost: Amount, price: Option<Rate>| match (gross.is_zero(), price) {
            (true, _) => Ok(Amount::ZERO),
            (false, Some(price)) => positive(coins(positive(gross.minus(cost)?)?, price)?),
            (false, None) => Err(TermsError::BelowFees),
        };
        let promised = share(shares.promised, costs.promised, Some(shares.promise))?;
        let market = share(shares.market, costs.market, shares.price)?;
        Ok(costs.exchange(shares, fees, [promised, market], at)?)
    }

    /// Money for coins: `gross_P − fixed − network − ⌈bps·gross_P⌉ + gross_R − ⌈bps·gross_R⌉`, each gross rounded down, and the
    /// sum rounded down to the payable step.
    ///
    /// # Errors
    /// [`TermsError::BelowFees`] when a share does not cover its fees.
    pub fn selling(shares: &ExchangeShares, fees: &Fees, at: Timestamp) -> Result<Self, TermsError> {
        let gross = |coins: Amount, price: Option<Rate>| match (coins.is_zero(), price) {
            (true, _) => Ok(Amount::ZERO),
            (false, Some(price)) => {
                price.coins_to_fiat(coins, shares.coin_decimals, shares.fiat_decimals, Rounding::Down).map_err(TermsError::from)
            }
            (false, None) => Err(TermsError::BelowFees),
        };
        let (promised, market) = (gross(shares.promised, Some(shares.promise))?, gross(shares.market, shares.price)?);
        let costs = Costs::of(promised, market, fees)?;
        let net = |coins: Amount, gross: Amount, cost: Amount| match coins.is_zero() {
            true => Ok(Amount::ZERO),
            false => positive(gross.minus(cost)?),
        };
        let gives = [net(shares.promised, promised, costs.promised)?, net(shares.market, market, costs.market)?];
        let exchange = costs.exchange(shares, fees, gives, at)?;
        let payable = positive(exchange.gives.rounded_down(shares.payable_step))?;
        Ok(Self {
            fee_rounding: exchange.gives.minus(payable)?,
            gives_promised: exchange.gives_promised.min(payable),
            gives: payable,
            ..exchange
        })
    }
}

fn positive(amount: Amount) -> Result<Amount, TermsError> {
    if amount.is_positive() { Ok(amount) } else { Err(TermsError::BelowFees) }
}

/// Fees of each share, in minor units of the currency.
struct Costs {
    promised: Amount,
    market: Amount,
}

impl Costs {
    fn of(promised: Amount, market: Amount, fees: &Fees) -> Result<Self, Overflow> {
        let fixed = fees.fixed.plus(fees.network)?;
        let (of_promised, of_market) = if promised.is_zero() { (Amount::ZERO, fixed) } else { (fixed, Amount::ZERO) };
        Ok(Self {
            promised: promised.basis_points_up(fees.basis_points)?.plus(of_promised)?,
            market: market.basis_points_up(fees.basis_points)?.plus(of_market)?,
        })
    }

    fn exchange(&self, shares: &ExchangeShares, fees: &Fees, [promised, market]: [Amount; 2], at: Timestamp) -> Result<Exchange, Overflow> {
        Ok(Exchange {
            at,
            promised: shares.promised,
            market: shares.market,
            price: shares.price.filter(|_| shares.market.is_positive()),
            fee_processing: self.promised.plus(self.market)?.minus(fees.network)?,
            fee_network: fees.network,
            fee_rounding: Amount::ZERO,
            gives: promised.plus(market)?,
            gives_promised: promised,
        })
    }
}
