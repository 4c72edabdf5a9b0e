//! Another amount than was ordered: what it is exchanged for, what it costs, and what counts in the customer's limits.

use super::Rampoff;
use crate::amount::Amount;
use crate::limits::{self, Usage};
use crate::order::{Context, HoldReason};
use crate::quote::SellTerms;
use crate::rate::Rate;
use crate::step::Step;

impl Rampoff {
    /// The order goes on for what arrived, at this price, as far as one order of this customer may go. What is more than
    /// the rail, the coin or the level takes waits for a person: nobody passes a limit by sending more than was asked for.
    pub(super) fn requote(&mut self, price: Rate, reason: HoldReason, context: &Context<'_>, step: &mut Step) {
        match self.terms_for_balance(price, context).filter(|(_, fiat)| self.allows(*fiat, context)) {
            Some((terms, fiat)) => {
                self.take(terms, fiat, context, step);
                self.accept(fiat, &context.mint, step);
            }
            None => self.put_on_hold(reason, context.mint.now),
        }
    }

    fn allows(&self, fiat: Amount, context: &Context<'_>) -> bool {
        let usage = Usage { amount: fiat, ..self.usage() };
        fiat <= self.rail_maximum.max(self.terms.fiat_amount)
            && context.catalogue.coin(self.terms.coin).is_some_and(|coin| self.coin_balance <= coin.maximum.max(self.terms.coin_amount))
            && limits::allows(context.catalogue, &usage, self.level)
    }

    /// The money for what lies on the account at a price, and the terms with the fee of that amount.
    pub(super) fn terms_for_balance(&self, price: Rate, context: &Context<'_>) -> Option<(SellTerms, Amount)> {
        let rail = context.catalogue.payout_rail(self.country)?;
        let terms = self.terms.with_fee_of(rail, self.coin_balance, price).ok()?;
        Some((terms, terms.fiat_for(self.coin_balance, price).ok()?))
    }

    /// Takes over the terms for what arrived. What differs from the order counts in the limits from now on, once.
    pub(super) fn take(&mut self, terms: SellTerms, fiat: Amount, context: &Context<'_>, step: &mut Step) {
        let beyond = Amount::from_minor(fiat.minor() - self.terms.fiat_amount.minor());
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
