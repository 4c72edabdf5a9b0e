//! The terms of an order: what is paid, what is received, and the fees.

use crate::catalogue::{Catalogue, Coin, Method, PayoutRail, fee};
use crate::money::amount::{Amount, Overflow};
use crate::money::asset::{CoinId, Currency};
use crate::money::rate::{Rate, Rounding};
use crate::text::words::words;

words! {
    /// Whether an amount is in the currency or in coins.
    AmountUnit as AmountIn {
        Fiat = "fiat",
        Coin = "coin",
    }
}

/// A requested amount in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountIn {
    /// Minor units of the currency: what the customer pays in total.
    Fiat(Amount),
    /// Minor units of the coin: what the customer receives.
    Coin(Amount),
}

/// Why a request yields no terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    #[error("the amount does not cover the fees")]
    BelowFees,
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// The terms of a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BuyTerms {
    pub fiat: Currency,
    pub fiat_decimals: u8,
    /// What the customer pays in total, fees included, in minor units.
    pub fiat_amount: Amount,
    /// In minor units of the currency.
    pub fee_processing: Amount,
    /// In minor units of the currency.
    pub fee_network: Amount,
    pub price: Rate,
    pub coin: CoinId,
    pub coin_decimals: u8,
    /// What the customer receives, in minor units of the coin.
    pub coin_amount: Amount,
}

impl BuyTerms {
    /// The terms of a purchase by this method at this price.
    ///
    /// # Errors
    /// [`TermsError`] when the fees exceed the amount, or a number is too large.
    pub fn new(catalogue: &Catalogue, method: &Method, coin: &Coin, price: Rate, amount: AmountIn) -> Result<Self, TermsError> {
        let fiat_decimals = catalogue.decimals(method.fiat.into()).unwrap_or(2);
        let fee_network = catalogue.network_fee(coin.id.chain, method.fiat);
        let fiat_amount = match amount {
            AmountIn::Fiat(total) => total,
            AmountIn::Coin(coins) => {
                let net = price.coins_to_fiat(coins, coin.decimals, fiat_decimals, Rounding::Up)?;
                gross_up(net.plus(fee_network)?.plus(method.fee_fixed)?, method.fee_basis_points)?.rounded_up(method.payable_step)?
            }
        };
        let fee_processing = fee(fiat_amount, method.fee_fixed, method.fee_basis_points)?;
        let terms = Self {
            fiat: method.fiat,
            fiat_decimals,
            fiat_amount,
            fee_processing,
            fee_network,
            price,
            coin: coin.id,
            coin_decimals: coin.decimals,
            coin_amount: Amount::ZERO,
        };
        Ok(Self { coin_amount: terms.coins_for(fiat_amount, price)?, ..terms })
    }

    /// Both fees, in minor units of the currency.
    #[must_use]
    pub fn fees(&self) -> Amount {
        Amount::from_minor(self.fee_processing.minor().saturating_add(self.fee_network.minor()))
    }

    /// The coins for a received amount at a price: `floor((received − fees) / price)`.
    ///
    /// # Errors
    /// [`TermsError::BelowFees`] when nothing would be left.
    pub fn coins_for(&self, received: Amount, price: Rate) -> Result<Amount, TermsError> {
        let net = received.minus(self.fees())?;
        if !net.is_positive() {
            return Err(TermsError::BelowFees);
        }
        let coins = price.fiat_to_coins(net, self.fiat_decimals, self.coin_decimals, Rounding::Down)?;
        if coins.is_positive() { Ok(coins) } else { Err(TermsError::BelowFees) }
    }
}

/// The smallest total from which a proportional fee (rounded up) leaves `rest`.
fn gross_up(rest: Amount, basis_points: u32) -> Result<Amount, Overflow> {
    let share = i128::from(10_000_u32.saturating_sub(basis_points).max(1));
    let scaled = rest.minor().checked_mul(10_000).ok_or(Overflow)?;
    let total = scaled.div_euclid(share) + i128::from(scaled.rem_euclid(share) != 0);
    let total = Amount::from_minor(total);
    // The fee is rounded up separately, which can take one more unit.
    let left = total.minus(total.basis_points_up(basis_points)?)?;
    if left < rest { total.plus(Amount::from_minor(1)) } else { Ok(total) }
}

/// The terms of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SellTerms {
    pub coin: CoinId,
    pub coin_decimals: u8,
    /// What the customer sends, in minor units of the coin.
    pub coin_amount: Amount,
    pub price: Rate,
    pub fiat: Currency,
    pub fiat_decimals: u8,
    /// Fee of the payout, in minor units of the currency.
    pub fee_processing: Amount,
    /// In minor units of the currency.
    pub fee_network: Amount,
    /// What the customer receives, in minor units of the currency.
    pub fiat_amount: Amount,
}

impl SellTerms {
    /// The terms of a sale paid out over this rail at this price.
    ///
    /// # Errors
    /// [`TermsError`] when the fees exceed the amount, or a number is too large.
    pub fn new(catalogue: &Catalogue, rail: &PayoutRail, coin: &Coin, price: Rate, coin_amount: Amount) -> Result<Self, TermsError> {
        let fiat_decimals = catalogue.decimals(rail.fiat.into()).unwrap_or(2);
        let gross = price.coins_to_fiat(coin_amount, coin.decimals, fiat_decimals, Rounding::Down)?;
        let fee_processing = fee(gross, rail.fee_fixed, rail.fee_basis_points)?;
        let fee_network = catalogue.network_fee(coin.id.chain, rail.fiat);
        let terms = Self {
            coin: coin.id,
            coin_decimals: coin.decimals,
            coin_amount,
            price,
            fiat: rail.fiat,
            fiat_decimals,
            fee_processing,
            fee_network,
            fiat_amount: Amount::ZERO,
        };
        let fiat_amount = terms.net()?.rounded_down(rail.payable_step);
        if fiat_amount.is_positive() { Ok(Self { fiat_amount, ..terms }) } else { Err(TermsError::BelowFees) }
    }

    /// Processing and network fee, in minor units of the currency.
    #[must_use]
    pub fn fees(&self) -> Amount {
        Amount::from_minor(self.fee_processing.minor().saturating_add(self.fee_network.minor()))
    }

    /// The rest the rail cannot pay, kept as a fee, in minor units of the currency.
    #[must_use]
    pub fn fee_rounding(&self) -> Amount {
        self.net().map_or(Amount::ZERO, |net| net.less(self.fiat_amount))
    }

    /// The money for the coins, less fees.
    fn net(&self) -> Result<Amount, Overflow> {
        self.price.coins_to_fiat(self.coin_amount, self.coin_decimals, self.fiat_decimals, Rounding::Down)?.minus(self.fees())
    }
}
