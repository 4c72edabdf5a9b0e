//! What is a payment's own among the rules of an order.

use std::time::Duration;

use super::outgoing::RefundPart;
use super::{Payment, PaymentState, Refund};
use crate::catalogue::Catalogue;
use crate::catalogue::policy::Policy;
use crate::customer::kyc::KycLevel;
use crate::ledger::{Account, FeeKind, Movement, Origin};
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::order::arrival::{ArrivalCase, ArrivalDecision, Exchange, Leg};
use crate::order::leg::OrderLeg;
use crate::order::limits::Usage;
use crate::order::origin::DecidedBy;
use crate::order::{Context, HoldReason, PaymentStatus};
use crate::outgoing::{Payout, PayoutPurpose, Screening, Transfer, TransferPurpose};
use crate::partner::event::EventType;
use crate::step::Step;
use crate::step::job::JobKind;
use crate::time::Timestamp;

/// Smallest backdating of any bank or processor. Before this much time after an order's end it is pointless to check whether
/// its source has been read past that end.
const MIN_BACKDATING: Duration = Duration::from_secs(900);

impl OrderLeg for Payment {
    const LEG: Leg = Leg::Buying;
    const RECEIVED: (PaymentStatus, EventType) = (PaymentStatus::PaymentReceived, EventType::PayIn);
    const GIVEN: (PaymentStatus, EventType) = (PaymentStatus::CoinsSent, EventType::CoinsSent);
    const UPDATED: EventType = EventType::PaymentUpdated;

    fn usage(&self) -> Usage {
        Usage {
            customer: self.counts_as.unwrap_or(self.customer),
            method: self.method,
            fiat: self.terms.fiat,
            amount: self.terms.fiat_amount,
            at: self.created_at,
        }
    }

    fn open_order_maximum(&self) -> Amount {
        self.method_maximum
    }

    fn receives(&self) -> Asset {
        self.terms.fiat.into()
    }

    fn policy<'c>(&self, catalogue: &'c Catalogue) -> Option<&'c Policy> {
        catalogue.method(self.country, self.method.as_str()).map(|method| &method.policy)
    }

    fn backdating(&self, catalogue: &Catalogue) -> Duration {
        catalogue.backdating(self.pay_in)
    }

    fn closing_time(&self) -> Timestamp {
        self.open_until.after(MIN_BACKDATING)
    }

    fn is_empty(&self) -> bool {
        self.fiat_balance.is_zero()
    }

    fn awaits_confirmation(&self) -> bool {
        false
    }

    fn set_received(&mut self, gives: Amount) -> JobKind {
        self.state = PaymentState::PaymentReceived { coins: gives };
        JobKind::ScreenPayment
    }

    fn awaits_screening(&self) -> bool {
        matches!(self.state, PaymentState::PaymentReceived { .. })
    }

    /// An exchange stays owed until an operator undoes it or the money is reversed.
    fn is_exchange_owed(&self) -> bool {
        let is_owed = self.converted || matches!(self.state, PaymentState::OnHold { reason: HoldReason::TransferFailed, .. });
        is_owed && self.taken.is_some()
    }

    fn has_refund_destination(&self, context: &Context<'_>) -> bool {
        self.refund_parts(DecidedBy::Policy, context).is_some()
    }

    fn decide(&self, context: &Context<'_>) -> Option<(ArrivalCase, ArrivalDecision)> {
        let method = context.catalogue.method(self.country, self.method.as_str())?;
        let case = self.case(method, context);
        let check_limits = |exchange: &Exchange, level: KycLevel| self.check_limits(exchange, level, method, context);
        Some((case, self.order_snapshot(method, case, &check_limits, context).decide()))
    }

    fn counted_amounts(exchange: &Exchange) -> [Amount; 2] {
        [exchange.promised, exchange.market]
    }

    /// Money becomes coins: `customer` is debited for the whole amount, `fees` and `fx` credited; `fx` is debited for the
    /// coins, `customer` credited.
    fn conversion(&self, exchange: &Exchange) -> Vec<Movement> {
        let (customer, fiat) = (Account::Customer(self.customer), self.terms.fiat);
        let net = Amount::from_minor(exchange.accepted().minor() - exchange.fees().minor());
        vec![
            Movement::new(customer, Account::Fees(FeeKind::Processing), fiat, exchange.fee_processing),
            Movement::new(customer, Account::Fees(FeeKind::Network), fiat, exchange.fee_network),
            Movement::new(customer, Account::Fx, fiat, net),
            Movement::new(Account::Fx, customer, self.terms.coin, exchange.gives),
        ]
    }

    fn set_taken(&mut self, exchange: Exchange) {
        self.converted &= self.taken == Some(exchange);
        self.taken = Some(exchange);
    }

    /// Sets part of the money aside for an operator, newest receipts first.
    fn set_aside_part(&mut self, amount: Amount, reason: Option<HoldReason>, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        for (receipt, part) in self.take_from_newest(amount) {
            step.post(self.post_set_aside(mint, part));
            let reason = match reason.map(|reason| reason.shown(Leg::Buying)) {
                Some(reason) => format!("more than payment {} can use ({reason})", self.id),
                None => format!("more than payment {} can use", self.id),
            };
            step.write(self.suspense_item(&receipt, part, reason, mint));
        }
    }

    /// Refunds the surplus to its sender, beside the order.
    fn refund_surplus(&mut self, amount: Amount, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        for (receipt, part) in self.take_from_newest(amount) {
            step.post(self.post_set_aside(mint, part));
            let reason = format!("the surplus of payment {}", self.id);
            let item = self.suspense_item(&receipt, part, reason, mint);
            self.return_item(item, &receipt, context, step);
        }
    }

    /// Refunds the whole balance by [`Self::refund_parts`].
    fn refund(&mut self, by: DecidedBy, screening: Screening, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        let Some(parts) = self.refund_parts(by, context) else {
            return self.put_on_hold(HoldReason::Destination, context, step);
        };
        let payouts = parts.into_iter().map(|RefundPart { route, destination, amount }| Payout {
            order: Some(self.id),
            customer: Some(self.customer),
            screening,
            ..Payout::new(mint, PayoutPurpose::Refund, route, self.terms.fiat, amount, destination).payable(context.catalogue)
        });
        let payouts: Vec<Payout> = payouts.collect();
        if payouts.iter().any(|payout| !payout.amount.is_positive()) {
            return self.put_on_hold(HoldReason::Amount, context, step);
        }
        self.release_promise(context, step);
        self.taken = None;
        let refund = |payout: &Payout| Refund { payout: payout.id, amount: payout.amount, rounding: payout.rounding };
        self.state = PaymentState::RefundPending { payouts: payouts.iter().map(refund).collect() };
        payouts.into_iter().for_each(|payout| step.extend(payout.create(Origin::Fact, mint)));
    }

    /// Converts the money and creates the transfer of the coins.
    fn send(&mut self, exchange: Exchange, screening: Screening, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        step.post(self.post_conversion(mint, &exchange));
        let fiat = std::mem::take(&mut self.fiat_balance);
        let transfer = Transfer {
            order: Some(self.id),
            customer: Some(self.customer),
            screening,
            ..Transfer::new(mint, TransferPurpose::Buy, self.terms.coin, exchange.gives, self.wallet.clone())
        };
        self.state = PaymentState::Sending { transfer: transfer.id, coins: exchange.gives, fiat };
        step.extend(transfer.create(Origin::Fact, mint));
    }

    fn resume_exchange(&mut self, context: &Context<'_>, step: &mut Step) {
        if let Some(exchange) = self.taken {
            self.accept(exchange, None, context, step);
        }
    }
}
