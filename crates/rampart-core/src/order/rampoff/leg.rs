//! What is a ramp-off's own among the rules of an order.

use std::time::Duration;

use super::{Rampoff, RampoffState};
use crate::catalogue::Catalogue;
use crate::catalogue::policy::Policy;
use crate::customer::kyc::KycLevel;
use crate::ledger::{Account, FeeKind, Movement, Origin};
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::order::arrival::{ArrivalCase, ArrivalDecision, Exchange, Leg};
use crate::order::leg::OrderLeg;
use crate::order::limits::{self, Usage};
use crate::order::origin::DecidedBy;
use crate::order::{Context, HoldReason, RampoffStatus};
use crate::outgoing::{Screening, Transfer, TransferPurpose};
use crate::partner::event::EventType;
use crate::step::Step;
use crate::step::job::JobKind;
use crate::time::Timestamp;

impl OrderLeg for Rampoff {
    const LEG: Leg = Leg::Selling;
    const RECEIVED: (RampoffStatus, EventType) = (RampoffStatus::CryptoReceived, EventType::CryptoReceived);
    const GIVEN: (RampoffStatus, EventType) = (RampoffStatus::Finished, EventType::RampoffFinished);
    const UPDATED: EventType = EventType::RampoffUpdated;

    fn usage(&self) -> Usage {
        Usage {
            customer: self.counts_as.unwrap_or(self.customer),
            method: limits::RAMPOFF,
            fiat: self.terms.fiat,
            amount: self.terms.fiat_amount,
            at: self.created_at,
        }
    }

    fn open_order_maximum(&self) -> Amount {
        self.rail_maximum
    }

    fn receives(&self) -> Asset {
        self.terms.coin.into()
    }

    fn policy<'c>(&self, catalogue: &'c Catalogue) -> Option<&'c Policy> {
        catalogue.payout_rail(self.country).map(|rail| &rail.policy)
    }

    fn backdating(&self, catalogue: &Catalogue) -> Duration {
        catalogue.chain_backdating(self.chain())
    }

    fn closing_time(&self) -> Timestamp {
        self.open_until
    }

    fn is_empty(&self) -> bool {
        self.deposits.is_empty()
    }

    fn awaits_confirmation(&self) -> bool {
        self.deposits.iter().any(|deposit| deposit.confirmations == 0)
    }

    fn set_received(&mut self, gives: Amount) -> JobKind {
        self.state = RampoffState::CryptoReceived { fiat: gives };
        JobKind::ScreenRampoff
    }

    fn awaits_screening(&self) -> bool {
        matches!(self.state, RampoffState::CryptoReceived { .. })
    }

    /// Money that coins were converted to stays owed until it is converted back.
    fn is_exchange_owed(&self) -> bool {
        self.converted.is_positive()
    }

    fn has_refund_destination(&self, _: &Context<'_>) -> bool {
        self.refund_wallet.is_some()
    }

    fn decide(&self, context: &Context<'_>) -> Option<(ArrivalCase, ArrivalDecision)> {
        let (rail, coin) = (context.catalogue.payout_rail(self.country)?, context.catalogue.coin(self.terms.coin)?);
        let case = self.case(rail, coin, context);
        let check_limits = |exchange: &Exchange, level: KycLevel| self.check_limits(exchange, level, rail, coin, context);
        Some((case, self.order_snapshot(rail, case, &check_limits, context).decide()))
    }

    fn counted_amounts(exchange: &Exchange) -> [Amount; 2] {
        [exchange.gives_promised, Amount::from_minor(exchange.gives.minor() - exchange.gives_promised.minor())]
    }

    /// Coins become money: `customer` is debited for the coins, `fx` credited; `fx` is debited for the money, `customer`
    /// credited; `customer` is debited for the fees and for what the rail cannot pay, `fees` credited.
    fn conversion(&self, exchange: &Exchange) -> Vec<Movement> {
        let (customer, currency) = (Account::Customer(self.customer), self.terms.fiat);
        let gross = Amount::from_minor(exchange.gives.minor() + exchange.fees().minor());
        vec![
            Movement::new(customer, Account::Fx, self.terms.coin, exchange.accepted()),
            Movement::new(Account::Fx, customer, currency, gross),
            Movement::new(customer, Account::Fees(FeeKind::Processing), currency, exchange.fee_processing),
            Movement::new(customer, Account::Fees(FeeKind::Network), currency, exchange.fee_network),
            Movement::new(customer, Account::Fees(FeeKind::Rounding), currency, exchange.fee_rounding),
        ]
    }

    fn set_taken(&mut self, exchange: Exchange) {
        self.taken = Some(exchange);
    }

    /// Sets part of the coins aside for an operator, newest deposits first.
    fn set_aside_part(&mut self, amount: Amount, reason: Option<HoldReason>, context: &Context<'_>, step: &mut Step) {
        let reason = match reason.map(|reason| reason.shown(Leg::Selling)) {
            Some(reason) => format!("more than ramp-off {} can use ({reason})", self.id),
            None => format!("more than ramp-off {} can use", self.id),
        };
        self.take_from_newest(amount, &reason, &context.mint, step).into_iter().for_each(|item| step.write(item));
    }

    /// Refunds the surplus to the customer's wallet, beside the order.
    fn refund_surplus(&mut self, amount: Amount, context: &Context<'_>, step: &mut Step) {
        let reason = format!("the surplus of ramp-off {}", self.id);
        for item in self.take_from_newest(amount, &reason, &context.mint, step) {
            self.return_item(item, context, step);
        }
    }

    /// Refunds the whole balance to the given wallet, less the network fee; converted coins are converted back first.
    fn refund(&mut self, by: DecidedBy, screening: Screening, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        let Some(to) = self.usable_refund_wallet(by, context) else {
            return self.put_on_hold(HoldReason::Destination, context, step);
        };
        self.convert_back(mint, step);
        if !self.covers_refund_fee(self.coin_balance) {
            return self.put_on_hold(HoldReason::Amount, context, step);
        }
        self.release_promise(context, step);
        self.taken = None;
        let withheld = self.refund_network_fee();
        let transfer = Transfer {
            order: Some(self.id),
            customer: Some(self.customer),
            withheld,
            screening,
            ..Transfer::new(mint, TransferPurpose::Refund, self.terms.coin, self.coin_balance.less(withheld), to)
        };
        self.state = RampoffState::RefundPending { transfer: transfer.id, txid: None };
        step.extend(transfer.create(Origin::Fact, mint));
    }

    /// Converts the coins and creates the payout of the money.
    fn send(&mut self, exchange: Exchange, screening: Screening, context: &Context<'_>, step: &mut Step) {
        step.post(self.post_conversion(&context.mint, &exchange));
        self.converted = std::mem::take(&mut self.coin_balance);
        self.fiat_balance = exchange.gives;
        self.pay(screening, context, step);
    }

    fn resume_exchange(&mut self, context: &Context<'_>, step: &mut Step) {
        self.pay(Screening::Due, context, step);
    }
}
