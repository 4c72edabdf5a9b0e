//! The decision about what arrived: the policy's resolution, computed at current prices and within what the customer may do.

use super::{ArrivalCase, ArrivalResolution, Eligibility, Exchange, ExchangeShares, Fees, Grade, MarketShare, resolve};
use crate::catalogue::policy::Policy;
use crate::customer::kyc::KycLevel;
use crate::money::amount::Amount;
use crate::money::rate::Rate;
use crate::order::HoldReason;
use crate::quote::TermsError;
use crate::time::Timestamp;

/// The decision about what arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrivalDecision {
    Wait,
    Exchange {
        exchange: Exchange,
        /// In minor units of what arrived.
        set_aside: Amount,
        set_aside_reason: Option<HoldReason>,
        /// Refunded, in minor units of what arrived.
        refund: Amount,
    },
    Refund,
    Hold(HoldReason),
}

/// Direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    /// Money arrives and is exchanged for coins.
    Buying,
    /// Coins arrive and are exchanged for money.
    Selling,
}

/// What a decision reads of an order.
pub struct OrderSnapshot<'a> {
    pub leg: Leg,
    pub case: ArrivalCase,
    pub policy: &'a Policy,
    /// How much of the outcome is requested.
    pub grade: Grade,
    pub standing: Eligibility,
    pub promise: Rate,
    /// The current market price, if there is one.
    pub price: Option<Rate>,
    pub fees: Fees,
    /// The current fees, which apply if everything is exchanged at the market price.
    pub present_fees: Fees,
    /// Decimals of the currency and of the coin.
    pub decimals: (u8, u8),
    /// Payouts are multiples of this, in minor units.
    pub payable_step: Amount,
    /// Minimum to send automatically, in minor units of what leaves; does not bind within the tolerance.
    pub min_payout: Amount,
    /// Time of the decision (business time).
    pub now: Timestamp,
    /// Whether a customer of this level may make this exchange, part of which is at the market price; else why not.
    pub check_limits: &'a dyn Fn(&Exchange, KycLevel) -> Result<(), HoldReason>,
}

impl OrderSnapshot<'_> {
    /// Decides about what arrived.
    #[must_use]
    pub fn decide(&self) -> ArrivalDecision {
        let resolution = resolve(&self.case, self.policy);
        match (resolution, self.grade, self.standing.blocked) {
            (ArrivalResolution::Wait, ..) => ArrivalDecision::Wait,
            (_, Grade::Hold(reason), _) | (_, _, Some(reason)) | (ArrivalResolution::Hold(reason), ..) => ArrivalDecision::Hold(reason),
            (ArrivalResolution::Refund, ..) => ArrivalDecision::Refund,
            (ArrivalResolution::Exchange { promised, market: MarketShare::Nothing, refund, aside }, ..) => {
                self.promised(promised, aside, None, refund)
            }
            (ArrivalResolution::Exchange { promised, market: MarketShare::Surplus(surplus), aside, .. }, ..) => {
                self.with_surplus(promised, surplus, aside)
            }
            (ArrivalResolution::Exchange { promised, market: MarketShare::Late(late), .. }, ..) => self.late(promised, late),
        }
    }

    /// What an operator releases: everything, on time or not, whatever policy and limits say. A complete on-time amount keeps
    /// the promised price while it is honoured; the rest is exchanged at the market price.
    ///
    /// # Errors
    /// [`HoldReason::Price`] without a current price, [`HoldReason::Amount`] when it does not cover its fees.
    pub fn release(&self) -> Result<Exchange, HoldReason> {
        let all = Amount::from_minor(self.case.in_time.minor().saturating_add(self.case.late.minor()));
        let minimum = self.case.ordered.minor() - self.case.tolerance.minor();
        let maximum = self.case.ordered.minor() + self.case.tolerance.minor();
        let promised = match self.case.in_time.minor() {
            in_time if self.case.promise_lapsed || in_time < minimum => Amount::ZERO,
            in_time if in_time > maximum => self.case.ordered,
            _ => self.case.in_time,
        };
        let market = Amount::from_minor(all.minor() - promised.minor());
        if market.is_positive() && self.price.is_none() {
            return Err(HoldReason::Price);
        }
        self.exchange(promised, market).map_err(|_| HoldReason::Amount)
    }

    fn exchange(&self, promised: Amount, market: Amount) -> Result<Exchange, TermsError> {
        let (fiat_decimals, coin_decimals) = self.decimals;
        let (promise, price, payable_step) = (self.promise, self.price, self.payable_step);
        let shares = ExchangeShares { promised, promise, market, price, fiat_decimals, coin_decimals, payable_step };
        let fees = if promised.is_zero() { &self.present_fees } else { &self.fees };
        match self.leg {
            Leg::Buying => Exchange::buying(&shares, fees, self.now),
            Leg::Selling => Exchange::selling(&shares, fees, self.now),
        }
    }

    fn refund_or_hold(&self) -> ArrivalDecision {
        self.case.refund_obstacle.map_or(ArrivalDecision::Refund, ArrivalDecision::Hold)
    }

    fn promised(&self, promised: Amount, set_aside: Amount, set_aside_reason: Option<HoldReason>, refund: Amount) -> ArrivalDecision {
        let is_complete = promised.minor() >= self.case.ordered.minor() - self.case.tolerance.minor();
        match self.exchange(promised, Amount::ZERO) {
            Ok(exchange) if is_complete || exchange.gives >= self.min_payout => {
                ArrivalDecision::Exchange { exchange, set_aside, set_aside_reason, refund }
            }
            Ok(_) | Err(_) => self.refund_or_hold(),
        }
    }

    /// The surplus is exchanged as a whole or not at all.
    fn with_surplus(&self, promised: Amount, surplus: Amount, aside: Amount) -> ArrivalDecision {
        let along = match self.grade {
            Grade::WithoutSurplus(reason) => Err(reason),
            _ => self.at_market(promised, surplus),
        };
        match along {
            Ok(exchange) => ArrivalDecision::Exchange { exchange, set_aside: aside, set_aside_reason: None, refund: Amount::ZERO },
            Err(reason) => {
                let set_aside = Amount::from_minor(surplus.minor().saturating_add(aside.minor()));
                self.promised(promised, set_aside, Some(reason), Amount::ZERO)
            }
        }
    }

    /// A late receipt completes the decision. A promised share that does not cover its fees is set aside, and the rest bears
    /// the fees.
    fn late(&self, promised: Amount, late: Amount) -> ArrivalDecision {
        let (exchange, set_aside) = match self.at_market(promised, late) {
            Err(HoldReason::Amount) if promised.is_positive() => (self.at_market(Amount::ZERO, late), promised),
            exchange => (exchange, Amount::ZERO),
        };
        match exchange {
            Ok(exchange) => {
                let set_aside_reason = set_aside.is_positive().then_some(HoldReason::Amount);
                ArrivalDecision::Exchange { exchange, set_aside, set_aside_reason, refund: Amount::ZERO }
            }
            Err(HoldReason::Amount) => self.refund_or_hold(),
            Err(reason) => ArrivalDecision::Hold(reason),
        }
    }

    fn at_market(&self, promised: Amount, market: Amount) -> Result<Exchange, HoldReason> {
        let level = self.standing.level.ok_or(HoldReason::Identity)?;
        if self.price.is_none() {
            return Err(HoldReason::Price);
        }
        let exchange = self.exchange(promised, market).map_err(|_| HoldReason::Amount)?;
        if exchange.gives < self.min_payout {
            return Err(HoldReason::Amount);
        }
        (self.check_limits)(&exchange, level).map(|()| exchange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::policy::{Late, Over, Short};

    const POLICY: Policy = Policy {
        tolerance_basis_points: 50,
        short: Short::Promise,
        over: Over::Market,
        late: Late::Market,
        hold_foreign_payer: true,
        hold_seconds: 3_600,
        open_seconds: 604_800,
        hold_honours_seconds: 86_400,
    };

    struct DecisionExample {
        leg: Leg,
        policy: Policy,
        fees: (i128, i128, u32),
        ordered: i128,
        tolerance: i128,
        prices: (&'static str, &'static str),
        level_one: bool,
    }

    /// `ESP.transfer` of the worked examples: USDC at 0.90 promised and 0.95 at market, 1,000.00 EUR ordered.
    const TRANSFER: DecisionExample = DecisionExample {
        leg: Leg::Buying,
        policy: POLICY,
        fees: (0, 2, 25),
        ordered: 100_000,
        tolerance: 500,
        prices: ("0.90", "0.95"),
        level_one: false,
    };
    const CARD: DecisionExample = DecisionExample {
        policy: Policy { tolerance_basis_points: 0, short: Short::Refund, ..POLICY },
        fees: (25, 2, 190),
        ordered: 10_000,
        tolerance: 0,
        ..TRANSFER
    };
    const SALE: DecisionExample = DecisionExample {
        leg: Leg::Selling,
        fees: (50, 2, 50),
        ordered: 500_000_000,
        tolerance: 2_500_000,
        prices: ("0.88", "0.80"),
        ..TRANSFER
    };
    const VOUCHER: DecisionExample = DecisionExample {
        policy: Policy { tolerance_basis_points: 0, short: Short::Refund, hold_seconds: 0, ..POLICY },
        fees: (1_200, 37, 320),
        ordered: 50_000,
        tolerance: 0,
        prices: ("17", "18"),
        ..TRANSFER
    };

    impl DecisionExample {
        fn decide(&self, in_time: i128, late: i128, no_more_expected: bool) -> ArrivalDecision {
            let (fixed, network, basis_points) = self.fees;
            let fees = Fees { fixed: Amount::from_minor(fixed), network: Amount::from_minor(network), basis_points };
            let check_limits = |exchange: &Exchange, _: KycLevel| match self.level_one {
                true if exchange.accepted() > Amount::from_minor(100_000) => Err(HoldReason::Limit),
                _ => Ok(()),
            };
            let case = ArrivalCase {
                ordered: Amount::from_minor(self.ordered),
                tolerance: Amount::from_minor(self.tolerance),
                in_time: Amount::from_minor(in_time),
                late: Amount::from_minor(late),
                minimum: Amount::from_minor(1_000),
                maximum: Amount::from_minor(5_000_000_000),
                no_more_expected,
                promise_lapsed: false,
                awaits_confirmation: false,
                refund_obstacle: None,
            };
            let snapshot = OrderSnapshot {
                leg: self.leg,
                case,
                policy: &self.policy,
                grade: Grade::All,
                standing: Eligibility::good(KycLevel::Basic),
                promise: self.prices.0.parse().expect("a price"),
                price: Some(self.prices.1.parse().expect("a price")),
                fees,
                present_fees: fees,
                decimals: (2, 6),
                payable_step: Amount::SMALLEST,
                min_payout: Amount::ZERO,
                now: Timestamp::from_micros(0),
                check_limits: &check_limits,
            };
            snapshot.decide()
        }

        /// Processing fee, what the customer gets, and what is set aside.
        fn exchanged(&self, in_time: i128, late: i128) -> (i128, i128, i128) {
            match self.decide(in_time, late, true) {
                ArrivalDecision::Exchange { exchange, set_aside, .. } => {
                    (exchange.fee_processing.minor(), exchange.gives.minor(), set_aside.minor())
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// The worked examples about amounts, numbered as in the rules.
    #[test]
    fn worked_examples_come_out_to_the_last_digit() {
        assert_eq!(TRANSFER.exchanged(99_600, 0), (249, 1_103_877_777, 0), "1");
        assert_eq!(TRANSFER.decide(99_600, 0, false), TRANSFER.decide(99_600, 0, true), "1: at once");
        assert_eq!(TRANSFER.exchanged(60_000, 0), (150, 664_977_777, 0), "2");
        assert_eq!(TRANSFER.decide(60_000, 0, false), ArrivalDecision::Wait, "2: more may come");
        assert_eq!(TRANSFER.exchanged(0, 100_000), (250, 1_049_978_947, 0), "3");
        assert_eq!(TRANSFER.exchanged(99_950, 0), (250, 1_107_755_555, 0), "4");
        let level_one = DecisionExample { level_one: true, ..TRANSFER };
        assert_eq!(level_one.exchanged(150_000, 0), (250, 1_108_311_111, 50_000), "5");
        assert_eq!(CARD.decide(6_000, 0, true), ArrivalDecision::Refund, "6");
        assert_eq!(CARD.exchanged(13_000, 0), (215 + 57, 139_678_947, 0), "7");
        assert_eq!(SALE.exchanged(200_000_000, 300_000_000).1, 41_340, "8");
        assert_eq!(SALE.exchanged(500_000_000, 0).1, 43_728, "9");
        assert_eq!(VOUCHER.exchanged(0, 50_000), (2_800, 26_201_666, 0), "10");
        assert_eq!(TRANSFER.exchanged(100_000, 0), (250, 1_108_311_111, 0), "11");
    }

    #[test]
    fn nothing_is_decided_about_nothing() {
        for example in [TRANSFER, CARD, SALE, VOUCHER] {
            assert_eq!(example.decide(0, 0, true), ArrivalDecision::Wait);
        }
    }

    #[test]
    fn a_surplus_never_turns_what_was_promised_into_a_hold() {
        for surplus in [501, 1_000, 100_000, 4_000_000_000] {
            let level_one = DecisionExample { level_one: true, ..TRANSFER };
            let (_, gives, set_aside) = level_one.exchanged(100_000 + surplus, 0);
            assert_eq!((gives, set_aside), (1_108_311_111, surplus));
        }
    }
}
