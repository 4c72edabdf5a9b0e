//! Suspense beside a sale: coins it cannot use and amounts below the receipt minimum, of any coin and chain.

use super::{DepositReceipt, Rampoff};
use crate::id::{DepositId, Mint, OrderId, ReviewId};
use crate::money::amount::Amount;
use crate::money::asset::CoinId;
use crate::money::rate::{Rate, Rounding};
use crate::order::Context;
use crate::order::arrival::DeviationKind;
use crate::review::{ReviewItem, ReviewSubject};
use crate::step::Step;

/// Coins that arrived at the order's address.
pub(super) struct ArrivedCoins<'a> {
    pub coin: CoinId,
    pub deposit: DepositId,
    /// In minor units.
    pub amount: Amount,
    pub from: &'a str,
}

impl<'a> ArrivedCoins<'a> {
    pub(super) fn of(receipt: &'a DepositReceipt, coin: CoinId) -> Self {
        Self { coin, deposit: receipt.deposit, amount: receipt.amount, from: &receipt.from }
    }

    /// Their review item in suspense.
    pub(super) fn item(&self, order: OrderId, reason: String, mint: &Mint<'_>) -> ReviewItem {
        let item = ReviewItem::new(mint, ReviewSubject::Suspense(Some(self.from.to_owned())), reason);
        ReviewItem { order: Some(order), fact: Some(self.deposit.as_fact()), asset: Some(self.coin.into()), amount: self.amount, ..item }
    }
}

impl Rampoff {
    /// The review item that collects amounts of this coin below the receipt minimum.
    #[must_use]
    pub fn running_item_of(&self, coin: CoinId) -> Option<ReviewId> {
        match coin == self.terms.coin {
            true => self.running_item,
            false => self.running_items_beside.iter().find(|(of, _)| *of == coin).map(|(_, item)| *item),
        }
    }

    /// Whether the deposit is new and below the receipt minimum.
    pub(super) fn is_below_receipt_minimum(&self, receipt: &DepositReceipt, context: &Context<'_>) -> bool {
        let is_known = self.deposits.iter().any(|known| known.deposit == receipt.deposit);
        !receipt.assigned && !is_known && !self.is_enough(receipt.amount, context)
    }

    /// Whether an amount of another coin counts: by its value at the last known price, and at most its trading minimum.
    fn is_enough_of(&self, coin: CoinId, amount: Amount, price: Option<Rate>, context: &Context<'_>) -> bool {
        let Some(traded) = context.catalogue.coin(coin) else { return true };
        let least = context.catalogue.fiat(self.terms.fiat).map_or(Amount::ZERO, |fiat| fiat.receipt_minimum);
        // The same coin on another chain has the same value.
        let price = price.or_else(|| (coin.symbol == self.terms.coin.symbol).then_some(self.terms.price));
        let worth = price.and_then(|price| price.fiat_to_coins(least, self.terms.fiat_decimals, traded.decimals, Rounding::Down).ok());
        amount >= worth.map_or(traded.minimum, |worth| worth.min(traded.minimum))
    }

    /// Coins of another kind than ordered. The partner is notified if they are enough to count.
    pub(super) fn wrong_asset(&mut self, arrived: &ArrivedCoins<'_>, price: Option<Rate>, context: &Context<'_>, step: &mut Step) {
        if !self.is_enough_of(arrived.coin, arrived.amount, price, context) {
            return self.add_to_running_item(arrived, context, step);
        }
        let kind = if arrived.coin.chain == self.chain() { DeviationKind::WrongAsset } else { DeviationKind::WrongNetwork };
        self.exceptions.add(kind, Amount::ZERO, context.mint.now);
        self.to_suspense(arrived, &context.mint, step);
    }

    /// Amounts below the receipt minimum go to suspense, on one review item per coin, without an event.
    pub(super) fn add_to_running_item(&mut self, arrived: &ArrivedCoins<'_>, context: &Context<'_>, step: &mut Step) {
        let (mint, coin, is_its) = (&context.mint, arrived.coin, arrived.coin == self.terms.coin);
        step.post(self.post_suspense(mint, coin, arrived.amount));
        let running = self.running_item_of(coin);
        let item = match context.running_item.filter(|item| Some(item.id) == running && item.resolution.is_none()) {
            Some(item) => {
                ReviewItem { amount: Amount::from_minor(item.amount.minor().saturating_add(arrived.amount.minor())), ..item.clone() }
            }
            None => {
                let reason = format!("amounts for ramp-off {} that are too small to count", self.id);
                arrived.item(self.id, reason, mint)
            }
        };
        if is_its {
            self.set_aside = Amount::from_minor(self.set_aside.minor().saturating_add(arrived.amount.minor()));
            self.running_item = Some(item.id);
        } else {
            self.running_items_beside.retain(|(of, _)| *of != coin);
            self.running_items_beside.push((coin, item.id));
        }
        step.write(item);
    }

    /// Coins that the order cannot use go to suspense, on a review item of their own.
    pub(super) fn to_suspense(&self, arrived: &ArrivedCoins<'_>, mint: &Mint<'_>, step: &mut Step) {
        let (coin, id, chain, status) = (arrived.coin, self.id, self.chain(), self.status());
        step.post(self.post_suspense(mint, coin, arrived.amount));
        let reason = match coin.chain == chain {
            true => format!("arrived at the address of ramp-off {id} when it was {status}"),
            false => {
                format!("arrived on {} at the address of ramp-off {id}, which takes coins on {chain}, when it was {status}", coin.chain)
            }
        };
        step.write(arrived.item(id, reason, mint));
    }
}
