//! What a payment has leave: coins to the customer, or money back.

use super::{PayIn, Payment, PaymentState};
use crate::amount::Amount;
use crate::order::{Context, HoldReason};
use crate::outgoing::{
    Payout, PayoutDestination, PayoutPurpose, PayoutState, Route, Screening, Transfer, TransferPurpose, TransferSource, TransferState,
};
use crate::redacted::Redacted;
use crate::step::Step;

impl Payment {
    /// Money becomes coins, and a transfer of them is ordered.
    pub(super) fn send(&mut self, coins: Amount, screening: Screening, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        step.post(self.post_conversion(mint, coins));
        let fiat = std::mem::take(&mut self.fiat_balance);
        self.reserve(coins, step);
        let transfer = Transfer {
            id: mint.id(),
            version: 0,
            purpose: TransferPurpose::Buy,
            order: Some(self.id),
            customer: Some(self.customer),
            coin: self.terms.coin,
            amount: coins,
            source: TransferSource::Hot,
            to: self.wallet.clone(),
            screening,
            resolves: None,
            deposits: Vec::new(),
            fee_booked: false,
            state: TransferState::Queued,
            created_at: mint.now,
        };
        self.state = PaymentState::Sending { transfer: transfer.id, coins, fiat };
        step.write(transfer.first_job(mint));
        step.write(transfer);
    }

    /// Where money of this order goes back to, where that is known.
    pub(super) fn refund_destination(&self) -> Option<(Route, Redacted, Redacted)> {
        match self.pay_in {
            PayIn::Processor(processor) => {
                let receipt = self.receipts.iter().find(|receipt| receipt.source.is_some());
                receipt.and_then(|receipt| {
                    let account = receipt.source.clone()?;
                    Some((Route::Processor(processor), account, receipt.holder.clone().unwrap_or_default()))
                })
            }
            PayIn::Bank(rail) => self.refund_account.clone().map(|given| (Route::Bank(rail), given.account, given.name)),
        }
    }

    /// Everything on the account goes back: through the processor it came by, or to the account the customer gave.
    pub(super) fn refund(&mut self, screening: Screening, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        self.reserve(Amount::ZERO, step);
        let Some((route, account, name)) = self.refund_destination() else {
            return self.put_on_hold(HoldReason::RefundDestinationNeeded, mint.now);
        };
        let payout = Payout {
            id: mint.id(),
            version: 0,
            purpose: PayoutPurpose::Refund,
            order: Some(self.id),
            customer: Some(self.customer),
            route,
            currency: self.terms.fiat,
            amount: self.fiat_balance,
            destination: PayoutDestination { account, bank_code: None, account_type: None, bank_name: None, name },
            screening,
            resolves: None,
            state: PayoutState::Queued,
            created_at: mint.now,
        };
        self.state = PaymentState::RefundPending { payout: payout.id };
        step.write(payout.first_job(mint));
        step.write(payout);
    }
}
