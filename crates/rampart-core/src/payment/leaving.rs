//! What a payment has leave: coins to the customer, or money back.

use super::{PayIn, Payment, PaymentState};
use crate::amount::Amount;
use crate::catalogue::Catalogue;
use crate::ledger::Rail;
use crate::order::{Context, HoldReason};
use crate::outgoing::{
    Payout, PayoutDestination, PayoutPurpose, PayoutState, Route, Screening, Transfer, TransferPurpose, TransferSource, TransferState,
};
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

    /// Where money of this order goes back to, where that is known: through the processor it came by; after that has refused
    /// it for good, or when it came over a bank, to the account the customer gave.
    pub(super) fn refund_destination(&self, catalogue: &Catalogue) -> Option<(Route, PayoutDestination)> {
        let rail = match self.pay_in {
            PayIn::Bank(rail) => Some(rail),
            PayIn::Processor(_) if self.refused_by_processor => self.payout_rail(catalogue),
            PayIn::Processor(_) => None,
        };
        match (rail, self.pay_in) {
            (Some(rail), _) => Some((Route::Bank(rail), self.refund_account.clone()?)),
            (None, PayIn::Processor(processor)) => Some((Route::Processor(processor), self.captured()?)),
            (None, PayIn::Bank(_)) => None,
        }
    }

    /// The rail that pays this order's currency out in its country.
    fn payout_rail(&self, catalogue: &Catalogue) -> Option<Rail> {
        catalogue.payout_rail(self.country).filter(|rail| rail.fiat == self.terms.fiat).map(|rail| rail.rail)
    }

    /// What the processor captured, and from whom.
    fn captured(&self) -> Option<PayoutDestination> {
        let receipt = self.receipts.iter().find(|receipt| receipt.source.is_some())?;
        let (account, name) = (receipt.source.clone()?, receipt.holder.clone().unwrap_or_default());
        Some(PayoutDestination { account, bank_code: None, account_type: None, bank_name: None, name })
    }

    /// The refund did not arrive. When it was a processor that refused it, the money goes to the account the customer gave
    /// instead, or waits for one; asking the processor again would end the same.
    pub(super) fn refund_failed(&mut self, context: &Context<'_>, step: &mut Step) {
        let by_processor = matches!(self.refund_destination(context.catalogue), Some((Route::Processor(_), _)));
        self.came_back(HoldReason::RefundFailed, Amount::ZERO, &context.mint, step);
        if by_processor && self.payout_rail(context.catalogue).is_some() {
            self.refused_by_processor = true;
            if matches!(self.state, PaymentState::OnHold { .. }) {
                self.refund(Screening::Due, context, step);
            }
        }
    }

    /// Everything on the account goes back: through the processor it came by, or to the account the customer gave.
    pub(super) fn refund(&mut self, screening: Screening, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        self.reserve(Amount::ZERO, step);
        let Some((route, destination)) = self.refund_destination(context.catalogue) else {
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
            destination,
            screening,
            resolves: None,
            said_by: None,
            lost: false,
            state: PayoutState::Queued,
            created_at: mint.now,
        };
        self.state = PaymentState::RefundPending { payout: payout.id };
        step.write(payout.first_job(mint));
        step.write(payout);
    }
}
