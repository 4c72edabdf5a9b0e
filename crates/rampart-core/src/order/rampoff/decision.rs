//! Applies the amount policy to a sale ([`crate::order::arrival`]).

use super::suspense::ArrivedCoins;
use super::{DepositReceipt, Rampoff};
use crate::catalogue::{Coin, PayoutRail};
use crate::customer::kyc::KycLevel;
use crate::id::Mint;
use crate::money::amount::Amount;
use crate::money::asset::Currency;
use crate::money::rate::Rounding;
use crate::order::arrival::{self, ArrivalCase, Exchange, Fees, Leg, OrderSnapshot};
use crate::order::leg::OrderLeg;
use crate::order::limits::{self, Usage};
use crate::order::origin::DecidedBy;
use crate::order::{Context, HoldReason};
use crate::review::ReviewItem;
use crate::step::Step;

impl Rampoff {
    /// The exchange made when an operator releases the order.
    pub(super) fn release_at_policy(&self, context: &Context<'_>) -> Result<Exchange, HoldReason> {
        let rail = context.catalogue.payout_rail(self.country).ok_or(HoldReason::Operator)?;
        let coin = context.catalogue.coin(self.terms.coin).ok_or(HoldReason::Operator)?;
        let case = self.case(rail, coin, context);
        self.order_snapshot(rail, case, &|_, _| Ok(()), context).release()
    }

    /// The received amounts in the form the policy expects.
    pub(super) fn case(&self, rail: &PayoutRail, coin: &Coin, context: &Context<'_>) -> ArrivalCase {
        let confirmed = || self.deposits.iter().filter(|deposit| deposit.confirmations > 0 && !deposit.lost);
        let sum = |late: bool| {
            let of = confirmed().filter(|deposit| self.is_after_promise(deposit) == late);
            Amount::from_minor(of.fold(0_i128, |sum, deposit| sum.saturating_add(deposit.left().minor())))
        };
        ArrivalCase {
            ordered: self.terms.coin_amount,
            tolerance: self.tolerance(rail, context),
            in_time: sum(false),
            late: sum(true),
            minimum: coin.minimum,
            maximum: coin.maximum,
            no_more_expected: self.is_read_past_promise(&rail.policy, context) && !self.awaits_confirmation(),
            promise_lapsed: self.lost_promise || context.mint.now >= self.honoured_until(&rail.policy),
            awaits_confirmation: self.deposits.iter().any(|deposit| deposit.confirmations == 0 && !self.is_after_promise(deposit)),
            refund_obstacle: match self.usable_refund_wallet(DecidedBy::Policy, context) {
                None => Some(HoldReason::Destination),
                Some(_) if !self.meets_refund_minimum(self.coin_balance, context) => Some(HoldReason::Amount),
                Some(_) => None,
            },
        }
    }

    /// Whether this amount is refunded without an operator's decision.
    pub(super) fn meets_refund_minimum(&self, coins: Amount, context: &Context<'_>) -> bool {
        let minimum = context.catalogue.coin(self.terms.coin).map_or(Amount::ZERO, |coin| coin.minimum);
        coins >= self.coins_worth(context.catalogue.refund_minimum(self.terms.fiat)).min(minimum) && self.covers_refund_fee(coins)
    }

    /// The value of an amount of money in coins at the promised price, in minor units, rounded down.
    fn coins_worth(&self, money: Amount) -> Amount {
        let terms = &self.terms;
        terms.price.fiat_to_coins(money, terms.fiat_decimals, terms.coin_decimals, Rounding::Down).unwrap_or(Amount::ZERO)
    }

    /// Whether this amount reaches the receipt minimum.
    pub(super) fn is_enough(&self, coins: Amount, context: &Context<'_>) -> bool {
        let currency: Currency = self.terms.fiat;
        let least = context.catalogue.fiat(currency).map_or(Amount::ZERO, |fiat| self.coins_worth(fiat.receipt_minimum));
        let minimum = context.catalogue.coin(self.terms.coin).map_or(Amount::ZERO, |coin| coin.minimum);
        coins >= least.min(minimum)
    }

    /// On time means before the price promise ends. What an operator assigned never is.
    fn is_after_promise(&self, receipt: &DepositReceipt) -> bool {
        receipt.assigned || receipt.at >= self.held_until
    }

    fn tolerance(&self, rail: &PayoutRail, context: &Context<'_>) -> Amount {
        let cap = self.coins_worth(context.catalogue.tolerance_cap(self.terms.fiat));
        arrival::tolerance(self.terms.coin_amount, rail.policy.tolerance_basis_points, cap).unwrap_or(Amount::ZERO)
    }

    pub(super) fn order_snapshot<'a>(
        &self,
        rail: &'a PayoutRail,
        case: ArrivalCase,
        check_limits: &'a dyn Fn(&Exchange, KycLevel) -> Result<(), HoldReason>,
        context: &Context<'_>,
    ) -> OrderSnapshot<'a> {
        let network = context.catalogue.network_fee(self.terms.coin.chain, self.terms.fiat);
        let present_fees = Fees { fixed: rail.fee_fixed, network, basis_points: rail.fee_basis_points };
        OrderSnapshot {
            leg: Leg::Selling,
            case,
            policy: &rail.policy,
            grade: context.grade,
            standing: context.standing,
            promise: self.terms.price,
            price: context.price,
            fees: self.fees.unwrap_or(Fees { network: self.terms.fee_network, ..present_fees }),
            present_fees,
            decimals: (self.terms.fiat_decimals, self.terms.coin_decimals),
            payable_step: context.catalogue.payable_step(self.rail),
            min_payout: rail.minimum,
            now: context.mint.now,
            check_limits,
        }
    }

    /// Whether a customer of this level may exchange at the market price.
    pub(super) fn check_limits(
        &self,
        exchange: &Exchange,
        level: KycLevel,
        rail: &PayoutRail,
        coin: &Coin,
        context: &Context<'_>,
    ) -> Result<(), HoldReason> {
        let usage = Usage { amount: exchange.gives, at: context.mint.now, ..self.usage() };
        let is_within = rail.enabled
            && coin.sell
            && exchange.accepted() <= coin.maximum.max(self.terms.coin_amount)
            && exchange.gives <= rail.maximum.max(self.terms.fiat_amount)
            && limits::allows(context.catalogue, &usage, level);
        if is_within { Ok(()) } else { Err(HoldReason::Limit) }
    }

    /// Moves this amount to suspense, newest deposits first; returns the review items, not yet written.
    pub(super) fn take_from_newest(&mut self, amount: Amount, reason: &str, mint: &Mint<'_>, step: &mut Step) -> Vec<ReviewItem> {
        let mut missing = amount;
        let mut items = Vec::new();
        let mut order: Vec<usize> = (0..self.deposits.len()).rev().collect();
        // Late coins are taken first, whenever they were reported: on-time coins completed the order.
        order.sort_by_key(|index| !self.is_after_promise(&self.deposits[*index]));
        for index in order {
            let deposit = &mut self.deposits[index];
            let part = missing.min(deposit.left());
            if deposit.confirmations == 0 || deposit.lost || !part.is_positive() {
                continue;
            }
            deposit.set_aside = Amount::from_minor(deposit.set_aside.minor() + part.minor());
            missing = Amount::from_minor(missing.minor() - part.minor());
            self.coin_balance = Amount::from_minor(self.coin_balance.minor() - part.minor());
            self.set_aside = Amount::from_minor(self.set_aside.minor() + part.minor());
            step.post(self.post_set_aside(mint, part));
            let taken = ArrivedCoins { amount: part, ..ArrivedCoins::of(&self.deposits[index], self.terms.coin) };
            items.push(taken.item(self.id, reason.to_owned(), mint));
        }
        items
    }
}
