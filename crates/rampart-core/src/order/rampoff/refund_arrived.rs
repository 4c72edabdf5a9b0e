//! A payout that settles after it was treated as failed.

use super::{Rampoff, RampoffState};
use crate::id::{Mint, PayoutId};
use crate::ledger::Origin;
use crate::money::amount::Amount;
use crate::order::arrival::Exchange;
use crate::order::leg::OrderLeg;
use crate::step::Step;

impl Rampoff {
    /// Whether exactly this amount, or the coins it was for, waits on the customer's account with nothing outgoing: a payout of
    /// it that settles late is what became of it.
    pub(crate) fn holds_unsent(&self, amount: Amount) -> bool {
        let waits = matches!(self.state, RampoffState::OnHold { .. } | RampoffState::CryptoReceived { .. });
        let as_money = self.converted.is_positive() && self.fiat_balance == amount;
        let as_coins = self.converted.is_zero() && self.coin_balance == self.terms.coin_amount && self.terms.fiat_amount == amount;
        waits && (as_money || as_coins)
    }

    pub(super) fn payout_arrived(
        &mut self,
        payout: PayoutId,
        [amount, rounding]: [Amount; 2],
        reference: String,
        mint: &Mint<'_>,
        step: &mut Step,
    ) {
        let owed = Amount::from_minor(amount.minor() + rounding.minor());
        if !self.holds_unsent(owed) {
            return;
        }
        if self.converted.is_zero() {
            let exchange = Exchange::at_promise(
                mint.now,
                self.coin_balance,
                owed,
                [self.terms.fee_processing, self.terms.fee_network, self.terms.fee_rounding()],
            );
            step.post(self.post_conversion(mint, &exchange));
            self.taken = Some(exchange);
        }
        (self.coin_balance, self.fiat_balance, self.converted) = (Amount::ZERO, Amount::ZERO, Amount::ZERO);
        self.reserve(Amount::ZERO, Origin::Fact, step);
        self.state = RampoffState::Finished { payout, fiat: amount, reference };
    }
}
