//! An operator moves a sale's coins to suspense, where they can be returned, assigned to another order, or kept.

use super::suspense::ArrivedCoins;
use super::{Rampoff, RampoffState};
use crate::money::amount::Amount;
use crate::order::Context;
use crate::order::leg::OrderLeg;
use crate::step::Step;

impl Rampoff {
    /// Each deposit becomes a review item of its own, which follows its chain. The order ends without them. Money they were
    /// converted to is converted back first.
    pub(super) fn set_aside(&mut self, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        self.convert_back(mint, step);
        // Nothing was exchanged.
        self.release_promise(context, step);
        self.taken = None;
        step.post(self.post_set_aside(mint, self.coin_balance));
        self.set_aside = Amount::from_minor(self.set_aside.minor() + self.coin_balance.minor());
        let reason = format!("moved to suspense from ramp-off {}", self.id);
        for deposit in self.deposits.iter().filter(|deposit| deposit.confirmations > 0 && !deposit.lost) {
            let arrived = ArrivedCoins { amount: deposit.left(), ..ArrivedCoins::of(deposit, self.terms.coin) };
            step.write(arrived.item(self.id, reason.clone(), mint));
        }
        self.deposits.retain(|deposit| deposit.lost);
        self.coin_balance = Amount::ZERO;
        self.state = RampoffState::Failed { reason: "its coins were moved to suspense".to_owned() };
    }

    /// Whether all confirmed coins are on the account, as received, and none are pending.
    pub(super) fn has_all_coins(&self) -> bool {
        let confirmed = self.deposits.iter().filter(|deposit| deposit.confirmations > 0 && !deposit.lost);
        let came = confirmed.fold(0_i128, |sum, deposit| sum.saturating_add(deposit.left().minor()));
        let pending = self.deposits.iter().any(|deposit| deposit.confirmations == 0);
        let there = if self.converted.is_positive() { self.converted } else { self.coin_balance };
        !pending && there.is_positive() && there.minor() == came
    }
}
