//! Applies the amount policy to a purchase ([`crate::order::arrival`]).

use super::{PayIn, Payment, PaymentState, Receipt};
use crate::catalogue::Method;
use crate::customer::kyc::KycLevel;
use crate::ledger::Origin;
use crate::money::amount::Amount;
use crate::order::arrival::{self, ArrivalCase, ArrivalDecision, Exchange, Fees, Leg, OrderSnapshot, WindowTotals};
use crate::order::limits::{self, Usage};
use crate::order::origin::DecidedBy;
use crate::order::{Context, HoldReason};
use crate::outgoing::Screening;
use crate::step::Step;
use crate::step::job::{Job, JobKind};

impl Payment {
    /// Decides about the received money, if that is possible yet.
    pub(super) fn apply_amount_policy(&mut self, context: &Context<'_>, step: &mut Step) {
        let Some(method) = context.catalogue.method(self.country, self.method.as_str()) else {
            // The method was removed from the configuration while money was under way.
            return self.put_on_hold(HoldReason::Operator, context, step);
        };
        let case = self.case(method, context);
        let check_limits = |exchange: &Exchange, level: KycLevel| self.check_limits(exchange, level, method, context);
        match self.order_snapshot(method, case, &check_limits, context).decide() {
            ArrivalDecision::Wait => {}
            ArrivalDecision::Refund => self.refund_received(&case, method, context, step),
            ArrivalDecision::Hold(reason) => {
                self.exceptions.note(&case, !method.policy.hold().is_zero(), context.mint.now);
                self.put_on_hold(reason, context, step);
            }
            ArrivalDecision::Exchange { exchange, set_aside, set_aside_reason, refund } => {
                self.exceptions.note(&case, !method.policy.hold().is_zero(), context.mint.now);
                self.set_aside_part(set_aside, set_aside_reason, context, step);
                self.refund_surplus(refund, context, step);
                self.accept(exchange, Some(exchange.at), context, step);
            }
        }
    }

    fn refund_received(&mut self, case: &ArrivalCase, method: &Method, context: &Context<'_>, step: &mut Step) {
        self.exceptions.note(case, !method.policy.hold().is_zero(), context.mint.now);
        self.refund(DecidedBy::Policy, Screening::Due, context, step);
    }

    /// The exchange made when an operator releases the order.
    pub(super) fn release_at_policy(&self, context: &Context<'_>) -> Result<Exchange, HoldReason> {
        let method = context.catalogue.method(self.country, self.method.as_str()).ok_or(HoldReason::Operator)?;
        let case = self.case(method, context);
        self.order_snapshot(method, case, &|_, _| Ok(()), context).release()
    }

    /// The received amounts in the form the policy expects.
    fn case(&self, method: &Method, context: &Context<'_>) -> ArrivalCase {
        let now = context.mint.now;
        let sum = |late: bool| {
            let of = self.receipts.iter().filter(|receipt| self.is_late(receipt) == late);
            Amount::from_minor(of.fold(0_i128, |sum, receipt| sum.saturating_add(receipt.left().minor())))
        };
        let is_read = context.read_at.is_some_and(|read| read >= self.held_until.after(context.catalogue.backdating(self.pay_in)))
            || now >= self.held_until.after(method.policy.honour_period());
        ArrivalCase {
            ordered: self.terms.fiat_amount,
            tolerance: self.tolerance(method, context),
            in_time: sum(false),
            late: sum(true),
            minimum: method.minimum,
            maximum: method.maximum,
            no_more_expected: is_read || matches!(self.pay_in, PayIn::Processor(_)),
            promise_lapsed: self.lost_promise || now >= self.held_until.after(method.policy.honour_period()),
            awaits_confirmation: false,
            refund_obstacle: if !self.has_refund_destination(context) {
                Some(HoldReason::Destination)
            } else {
                Some(HoldReason::Amount).filter(|_| !self.meets_refund_minimum(self.fiat_balance, context))
            },
        }
    }

    /// Whether this amount is refunded without an operator's decision.
    pub(super) fn meets_refund_minimum(&self, amount: Amount, context: &Context<'_>) -> bool {
        let method = context.catalogue.method(self.country, self.method.as_str());
        let minimum = method.map_or(Amount::ZERO, |method| method.minimum);
        amount >= context.catalogue.refund_minimum(self.terms.fiat).min(minimum)
    }

    /// On time means before the price promise ends. What an operator assigned never is.
    fn is_late(&self, receipt: &Receipt) -> bool {
        receipt.assigned || receipt.at >= self.held_until
    }

    fn tolerance(&self, method: &Method, context: &Context<'_>) -> Amount {
        let cap = context.catalogue.tolerance_cap(self.terms.fiat);
        arrival::tolerance(self.terms.fiat_amount, method.policy.tolerance_basis_points, cap).unwrap_or(Amount::ZERO)
    }

    fn order_snapshot<'a>(
        &self,
        method: &'a Method,
        case: ArrivalCase,
        check_limits: &'a dyn Fn(&Exchange, KycLevel) -> Result<(), HoldReason>,
        context: &Context<'_>,
    ) -> OrderSnapshot<'a> {
        let network = context.catalogue.network_fee(self.terms.coin.chain, self.terms.fiat);
        let present_fees = Fees { fixed: method.fee_fixed, network, basis_points: method.fee_basis_points };
        OrderSnapshot {
            leg: Leg::Buying,
            case,
            policy: &method.policy,
            grade: context.grade,
            standing: context.standing,
            promise: self.terms.price,
            price: context.price,
            fees: self.fees.unwrap_or(Fees { network: self.terms.fee_network, ..present_fees }),
            present_fees,
            decimals: (self.terms.fiat_decimals, self.terms.coin_decimals),
            payable_step: method.payable_step,
            min_payout: Amount::ZERO,
            now: context.mint.now,
            check_limits,
        }
    }

    /// Whether a customer of this level may exchange at the market price.
    fn check_limits(&self, exchange: &Exchange, level: KycLevel, method: &Method, context: &Context<'_>) -> Result<(), HoldReason> {
        let usage = Usage { amount: exchange.accepted(), at: context.mint.now, ..self.usage() };
        let coin = context.catalogue.coin(self.terms.coin).filter(|coin| coin.buy);
        let is_within = method.enabled
            && coin.is_some_and(|coin| exchange.gives <= coin.maximum)
            && exchange.accepted() <= method.maximum.max(self.terms.fiat_amount)
            && limits::allows(context.catalogue, &usage, level);
        if is_within { Ok(()) } else { Err(HoldReason::Limit) }
    }

    /// The order proceeds: its coins are reserved and the order is screened. An exchange at the promised price uses the coins
    /// reserved for the order; anything else needs available coins.
    pub(super) fn accept(&mut self, exchange: Exchange, asked: Option<crate::time::Timestamp>, context: &Context<'_>, step: &mut Step) {
        self.record_decision(exchange, asked, context, step);
        self.state = PaymentState::PaymentReceived { coins: exchange.gives };
        step.write(Job::due_now(&context.mint, JobKind::ScreenPayment, self.id));
    }

    /// Records a decision: reserves what it gives and counts it in the limits.
    pub(super) fn record_decision(
        &mut self,
        exchange: Exchange,
        asked: Option<crate::time::Timestamp>,
        context: &Context<'_>,
        step: &mut Step,
    ) {
        self.release_open_place(context, step);
        let level = context.standing.level.unwrap_or(self.level);
        let wanted = vec![
            WindowTotals { at: self.created_at, amount: exchange.promised, level: self.level },
            WindowTotals { at: exchange.at, amount: exchange.market, level },
        ];
        self.count(wanted, asked.filter(|_| exchange.market.is_positive()), context, step);
        let was_promised = self.reserved.is_positive() && exchange.market.is_zero();
        self.reserve(exchange.gives, if was_promised { Origin::Fact } else { Origin::Request }, step);
        self.converted &= self.taken == Some(exchange);
        self.taken = Some(exchange);
    }

    /// Sets part of the money aside for an operator, newest receipts first.
    pub(super) fn set_aside_part(&mut self, amount: Amount, reason: Option<HoldReason>, context: &Context<'_>, step: &mut Step) {
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

    /// Takes this amount from the receipts, newest first; returns the part taken from each.
    fn take_from_newest(&mut self, amount: Amount) -> Vec<(Receipt, Amount)> {
        let mut missing = amount;
        let mut taken = Vec::new();
        let mut order: Vec<usize> = (0..self.receipts.len()).rev().collect();
        // Late money is taken first, whenever it was reported: on-time money completed the order.
        order.sort_by_key(|index| !self.is_late(&self.receipts[*index]));
        for index in order {
            let receipt = &mut self.receipts[index];
            let part = missing.min(receipt.left());
            if part.is_positive() {
                receipt.set_aside = Amount::from_minor(receipt.set_aside.minor() + part.minor());
                missing = Amount::from_minor(missing.minor() - part.minor());
                taken.push((receipt.clone(), part));
            }
        }
        let taken_in_all = Amount::from_minor(amount.minor() - missing.minor());
        self.fiat_balance = Amount::from_minor(self.fiat_balance.minor() - taken_in_all.minor());
        self.set_aside = Amount::from_minor(self.set_aside.minor() + taken_in_all.minor());
        taken
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
}
