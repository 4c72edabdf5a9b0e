//! Another amount than was ordered: what it is exchanged for, what it costs, and what counts in the customer's limits.

use super::Payment;
use crate::amount::Amount;
use crate::limits::{self, Usage};
use crate::order::{Context, HoldReason};
use crate::quote::BuyTerms;
use crate::rate::Rate;
use crate::step::Step;

impl Payment {
    /// The order goes on for what arrived, at this price, as far as one order of this customer may go. What is more than
    /// the method, the coin or the level takes waits for a person: nobody passes a limit by paying more than was asked for.
    pub(super) fn requote(&mut self, price: Rate, reason: HoldReason, context: &Context<'_>, step: &mut Step) {
        match self.terms_for_balance(price, context).filter(|(_, coins)| self.allows(*coins, context)) {
            Some((terms, coins)) => {
                self.take(terms, context, step);
                self.accept(coins, &context.mint, step);
            }
            None => self.put_on_hold(reason, context.mint.now),
        }
    }

    fn allows(&self, coins: Amount, context: &Context<'_>) -> bool {
        let usage = Usage { amount: self.fiat_balance, ..self.usage() };
        self.fiat_balance <= self.method_maximum.max(self.terms.fiat_amount)
            && context.catalogue.coin(self.terms.coin).is_some_and(|coin| coins <= coin.maximum)
            && limits::allows(context.catalogue, &usage, self.level)
    }

    /// The coins for what lies on the account at a price, and the terms with the fee of that amount.
    pub(super) fn terms_for_balance(&self, price: Rate, context: &Context<'_>) -> Option<(BuyTerms, Amount)> {
        let method = context.catalogue.method(self.country, self.method.as_str())?;
        let terms = self.terms.with_fee_of(method, self.fiat_balance).ok()?;
        Some((terms, terms.coins_for(self.fiat_balance, price).ok()?))
    }

    /// Takes over the terms for what arrived. What differs from the order counts in the limits from now on, once.
    pub(super) fn take(&mut self, terms: BuyTerms, context: &Context<'_>, step: &mut Step) {
        let beyond = Amount::from_minor(self.fiat_balance.minor() - self.terms.fiat_amount.minor());
        let change = Amount::from_minor(beyond.minor() - self.counted_beyond.minor());
        step.raises.extend(limits::counted(context.catalogue, &self.usage(), self.level, change));
        self.counted_beyond = beyond;
        let ordered = std::mem::replace(&mut self.terms, terms);
        self.ordered.get_or_insert(ordered);
    }

    /// The order goes on for what was ordered after all: by its own terms, with nothing beyond them counted.
    pub(super) fn take_as_ordered(&mut self, context: &Context<'_>, step: &mut Step) {
        if let Some(ordered) = self.ordered.take() {
            self.terms = ordered;
        }
        let beyond = std::mem::take(&mut self.counted_beyond);
        if !beyond.is_zero() {
            step.raises.extend(limits::counted(context.catalogue, &self.usage(), self.level, beyond.negated()));
        }
    }
}
