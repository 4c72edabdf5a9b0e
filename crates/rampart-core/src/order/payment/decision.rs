//! Applies the amount policy to a purchase ([`crate::order::arrival`]).

use super::{PayIn, Payment, Receipt};
use crate::catalogue::Method;
use crate::customer::kyc::KycLevel;
use crate::money::amount::Amount;
use crate::order::arrival::{self, ArrivalCase, Exchange, Fees, Leg, OrderSnapshot};
use crate::order::leg::OrderLeg;
use crate::order::limits::{self, Usage};
use crate::order::{Context, HoldReason};

impl Payment {
    /// The exchange made when an operator releases the order.
    pub(super) fn release_at_policy(&self, context: &Context<'_>) -> Result<Exchange, HoldReason> {
        let method = context.catalogue.method(self.country, self.method.as_str()).ok_or(HoldReason::Operator)?;
        let case = self.case(method, context);
        self.order_snapshot(method, case, &|_, _| Ok(()), context).release()
    }

    /// The received amounts in the form the policy expects.
    pub(super) fn case(&self, method: &Method, context: &Context<'_>) -> ArrivalCase {
        let sum = |late: bool| {
            let of = self.receipts.iter().filter(|receipt| self.is_after_promise(receipt) == late);
            Amount::from_minor(of.fold(0_i128, |sum, receipt| sum.saturating_add(receipt.left().minor())))
        };
        ArrivalCase {
            ordered: self.terms.fiat_amount,
            tolerance: self.tolerance(method, context),
            in_time: sum(false),
            late: sum(true),
            minimum: method.minimum,
            maximum: method.maximum,
            no_more_expected: self.is_read_past_promise(&method.policy, context) || matches!(self.pay_in, PayIn::Processor(_)),
            promise_lapsed: self.lost_promise || context.mint.now >= self.honoured_until(&method.policy),
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
    fn is_after_promise(&self, receipt: &Receipt) -> bool {
        receipt.assigned || receipt.at >= self.held_until
    }

    fn tolerance(&self, method: &Method, context: &Context<'_>) -> Amount {
        let cap = context.catalogue.tolerance_cap(self.terms.fiat);
        arrival::tolerance(self.terms.fiat_amount, method.policy.tolerance_basis_points, cap).unwrap_or(Amount::ZERO)
    }

    pub(super) fn order_snapshot<'a>(
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
    pub(super) fn check_limits(
        &self,
        exchange: &Exchange,
        level: KycLevel,
        method: &Method,
        context: &Context<'_>,
    ) -> Result<(), HoldReason> {
        let usage = Usage { amount: exchange.accepted(), at: context.mint.now, ..self.usage() };
        let coin = context.catalogue.coin(self.terms.coin).filter(|coin| coin.buy);
        let is_within = method.enabled
            && coin.is_some_and(|coin| exchange.gives <= coin.maximum)
            && exchange.accepted() <= method.maximum.max(self.terms.fiat_amount)
            && limits::allows(context.catalogue, &usage, level);
        if is_within { Ok(()) } else { Err(HoldReason::Limit) }
    }

    /// Takes this amount from the receipts, newest first; returns the part taken from each.
    pub(super) fn take_from_newest(&mut self, amount: Amount) -> Vec<(Receipt, Amount)> {
        let mut missing = amount;
        let mut taken = Vec::new();
        let mut order: Vec<usize> = (0..self.receipts.len()).rev().collect();
        // Late money is taken first, whenever it was reported: on-time money completed the order.
        order.sort_by_key(|index| !self.is_after_promise(&self.receipts[*index]));
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
}
