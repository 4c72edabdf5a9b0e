//! What a ramp-off has leave: money to the customer, or coins back.

use super::{Rampoff, RampoffState};
use crate::amount::Amount;
use crate::arrival::Exchange;
use crate::id::Mint;
use crate::ledger::Origin;
use crate::order::{Context, HoldReason};
use crate::outgoing::{Payout, PayoutPurpose, PayoutState, Route, Screening, Transfer, TransferPurpose, TransferSource, TransferState};
use crate::step::Step;

impl Rampoff {
    /// Coins become money, and a payout of it is ordered.
    pub(super) fn convert_and_pay(&mut self, exchange: Exchange, screening: Screening, mint: &Mint<'_>, step: &mut Step) {
        step.post(self.post_conversion(mint, &exchange));
        self.converted = std::mem::take(&mut self.coin_balance);
        self.fiat_balance = exchange.gives;
        self.pay(screening, mint, step);
    }

    /// The money on the account, if any, becomes the coins it came from.
    pub(super) fn convert_back(&mut self, mint: &Mint<'_>, step: &mut Step) {
        if let Some(exchange) = self.taken.filter(|_| self.converted.is_positive()) {
            step.post(self.post_conversion_undone(mint, &exchange));
            self.coin_balance = std::mem::take(&mut self.converted);
            self.fiat_balance = Amount::ZERO;
        }
    }

    /// A payout of the money on the account is ordered.
    pub(super) fn pay(&mut self, screening: Screening, mint: &Mint<'_>, step: &mut Step) {
        self.reserve(self.fiat_balance, Origin::Fact, step);
        let payout = Payout {
            id: mint.id(),
            version: 0,
            purpose: PayoutPurpose::Rampoff,
            order: Some(self.id),
            customer: Some(self.customer),
            route: Route::Bank(self.rail),
            currency: self.terms.fiat,
            amount: self.fiat_balance,
            destination: self.destination.clone(),
            screening,
            resolves: None,
            put_back: None,
            said_by: None,
            asked_at: None,
            lost: false,
            state: PayoutState::Queued,
            created_at: mint.now,
        };
        self.state = RampoffState::PayingOut { payout: payout.id, fiat: self.fiat_balance };
        step.write(payout.first_job(mint));
        step.write(payout);
    }

    /// Everything on the account goes back to the wallet the customer gave; converted coins are converted back first.
    pub(super) fn refund(&mut self, screening: Screening, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        let Some(to) = self.refund_wallet.clone() else {
            return self.put_on_hold(HoldReason::Destination, context, step);
        };
        self.convert_back(mint, step);
        self.give_back(context, step);
        self.taken = None;
        let transfer = Transfer {
            id: mint.id(),
            version: 0,
            purpose: TransferPurpose::Refund,
            order: Some(self.id),
            customer: Some(self.customer),
            coin: self.terms.coin,
            amount: self.coin_balance,
            source: TransferSource::Hot,
            to,
            screening,
            resolves: None,
            deposits: Vec::new(),
            fee_booked: false,
            asked_at: None,
            state: TransferState::Queued,
            created_at: mint.now,
        };
        self.state = RampoffState::RefundPending { transfer: transfer.id, txid: None };
        step.write(transfer.first_job(mint));
        step.write(transfer);
    }
}
