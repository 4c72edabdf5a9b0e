//! How much arrives and when, and what prevents the exchange.

use std::time::Duration;

use super::ArrivalRow;
use super::cell::{Cell, CellBaseline};
use super::simulation::{ArrivalSimulation, CUSTOMER};
use crate::catalogue::policy::Policy;
use crate::catalogue::{Catalogue, Limit};
use crate::customer::kyc::KycLevel;
use crate::example;
use crate::id::Mint;
use crate::identity::country::Country;
use crate::money::amount::Amount;
use crate::order::arrival::{Eligibility, Leg, WindowTotals};
use crate::order::payment::PaymentState;
use crate::order::rampoff::RampoffState;
use crate::order::{HoldReason, Order};
use crate::quote::{AmountIn, BuyTerms, SellTerms};

/// Receipts of one scenario.
struct AmountScenario {
    name: &'static str,
    /// Each part: amount in whole units, hour at which it counts, hour at which it is reported.
    parts: &'static [(i128, u64, u64)],
    /// Whether the source is then read past the end of the promise.
    is_read: bool,
}

const fn scenario(name: &'static str, parts: &'static [(i128, u64, u64)], is_read: bool) -> AmountScenario {
    AmountScenario { name, parts, is_read }
}

/// For 1,000 ordered with a tolerance of 5; the promise ends after 1 hour and is honoured until the 25th.
const AMOUNT_SCENARIOS: [AmountScenario; 15] = [
    scenario("less, during the promise", &[(600, 0, 0)], false),
    scenario("less, and nothing more arrives", &[(600, 0, 0)], true),
    scenario("less than the minimum, and nothing more arrives", &[(5, 0, 0)], true),
    scenario("within the tolerance", &[(996, 0, 0)], false),
    scenario("exactly", &[(1_000, 0, 0)], false),
    scenario("more", &[(1_300, 0, 0)], false),
    scenario("far more than the maximum", &[(900_000, 0, 0)], false),
    scenario("all of it late", &[(1_000, 2, 2)], true),
    scenario("late, another amount", &[(1_700, 2, 2)], true),
    scenario("late, less than the minimum", &[(5, 2, 2)], true),
    scenario("late, more than the maximum", &[(900_000, 2, 2)], true),
    scenario("part in time, the rest late", &[(600, 0, 0), (400, 2, 2)], true),
    scenario("exactly and in time, reported after the honoured day", &[(1_000, 0, 26)], false),
    scenario("in two parts in time, reported after the honoured day", &[(600, 0, 26), (400, 0, 26)], false),
    scenario("part in time, the rest late and reported after the honoured day", &[(600, 0, 0), (400, 23, 26)], false),
];

/// How long the orders of the table are open: one week.
const OPEN_SECONDS: u64 = 604_800;

/// What can prevent the exchange.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    Nothing,
    Limits,
    Price,
    Liquidity,
    Identity,
    Ban,
    Partner,
    Nowhere,
}

impl Obstacle {
    const ALL: [Self; 8] =
        [Self::Nothing, Self::Limits, Self::Price, Self::Liquidity, Self::Identity, Self::Ban, Self::Partner, Self::Nowhere];

    const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Limits => "the customer's limits are used up",
            Self::Price => "no current price",
            Self::Liquidity => "the available balance is promised to other orders",
            Self::Identity => "the identity check was withdrawn",
            Self::Ban => "the customer is banned",
            Self::Partner => "the partner is disabled",
            Self::Nowhere => "no refund destination",
        }
    }
}

/// The table by amount and time, under a policy, with every obstacle.
#[must_use]
pub fn amounts(policy: &Policy) -> Vec<ArrivalRow> {
    let catalogue = catalogue(*policy);
    let mut rows: Vec<ArrivalRow> = Vec::new();
    for obstacle in Obstacle::ALL {
        for scenario in &AMOUNT_SCENARIOS {
            let becomes = [Leg::Buying, Leg::Selling].map(|leg| cell(&catalogue, leg, scenario, obstacle));
            rows.push(ArrivalRow { arrives: scenario.name, but: obstacle.name(), is_strange: false, becomes });
        }
    }
    rows
}

/// The example catalogue with a minimum of 10 and a maximum of 50,000 for money and coins.
fn catalogue(policy: Policy) -> Catalogue {
    let mut catalogue = example::catalogue(Policy { open_seconds: OPEN_SECONDS, ..policy });
    let (money, coins) = (|whole: i128| Amount::from_minor(whole * 100), |whole: i128| Amount::from_minor(whole * 1_000_000));
    for method in &mut catalogue.methods {
        (method.minimum, method.maximum) = (money(10), money(50_000));
    }
    for rail in &mut catalogue.payout_rails {
        (rail.minimum, rail.maximum) = (money(1), money(50_000));
    }
    for coin in catalogue.coins.iter_mut().filter(|coin| coin.id == example::USDC) {
        (coin.minimum, coin.maximum) = (coins(10), coins(50_000));
    }
    let most = money(50_000);
    catalogue.limits.iter_mut().for_each(|limit| *limit = Limit { transaction: most, day: most, month: most, quarter: most, ..*limit });
    catalogue
}

fn cell(catalogue: &Catalogue, leg: Leg, scenario: &AmountScenario, obstacle: Obstacle) -> Option<Cell> {
    let mut simulation = ArrivalSimulation::new(catalogue, |catalogue, mint| order(catalogue, mint, leg, obstacle == Obstacle::Nowhere))?;
    simulation.refuses = match obstacle {
        Obstacle::Limits => Some(HoldReason::Limit),
        Obstacle::Liquidity => Some(HoldReason::Liquidity),
        _ => None,
    };
    simulation.price = simulation.price.filter(|_| obstacle != Obstacle::Price);
    simulation.standing = match obstacle {
        Obstacle::Identity => Eligibility { blocked: Some(HoldReason::Identity), level: None },
        Obstacle::Ban => Eligibility { blocked: Some(HoldReason::Banned), ..simulation.standing },
        Obstacle::Partner => Eligibility { blocked: Some(HoldReason::PartnerDisabled), ..simulation.standing },
        _ => simulation.standing,
    };
    let before = CellBaseline::of(&simulation);
    let hour = |hour: u64| example::START.after(Duration::from_secs(hour * 3_600));
    for (whole, counts_at, reported_at) in scenario.parts {
        // Time passes the end of the promise, and the end of its honouring, before this is reported.
        for passed in
            [2, 25].map(hour).into_iter().filter(|passed| *passed > simulation.now && *passed <= hour(*reported_at)).collect::<Vec<_>>()
        {
            (simulation.now, simulation.read_at) = (passed, None);
            simulation.time_passes();
        }
        simulation.now = hour(*reported_at);
        simulation.read_at = scenario.is_read.then_some(simulation.now);
        match leg {
            // A payer without an account: no refund destination.
            Leg::Buying if obstacle == Obstacle::Nowhere => simulation.paid_by_nobody(whole * 100, hour(*counts_at)),
            Leg::Buying => drop(simulation.paid(whole * 100, hour(*counts_at), Some(CUSTOMER))),
            Leg::Selling => drop(simulation.deposited(whole * 1_000_000, hour(*counts_at))),
        }
    }
    if scenario.is_read {
        simulation.now = simulation.now.max(hour(2));
        simulation.read_at = Some(simulation.now);
        simulation.time_passes();
    }
    simulation.goes_on(None);
    Some(before.cell(&simulation))
}

/// An order of 1,000: euros for USDC, or USDC for euros.
fn order(catalogue: &Catalogue, mint: &Mint<'_>, leg: Leg, has_no_way_back: bool) -> Option<Order> {
    let coin = catalogue.coin(example::USDC)?;
    match leg {
        Leg::Buying => {
            let mut order = example::payment(catalogue, mint, false, PaymentState::Started)?;
            let method = catalogue.method(Country::SPAIN, order.method.as_str())?;
            order.terms = BuyTerms::new(catalogue, method, coin, example::price(), AmountIn::Fiat(Amount::from_minor(100_000))).ok()?;
            order.reserved = order.terms.coin_amount;
            order.counted = WindowTotals::when_created(mint.now, order.terms.fiat_amount, KycLevel::Basic);
            order.refund_account = order.refund_account.filter(|_| !has_no_way_back);
            Some(order.into())
        }
        Leg::Selling => {
            let mut order = example::rampoff(catalogue, mint, RampoffState::Created)?;
            let rail = catalogue.payout_rail(Country::SPAIN)?;
            order.terms = SellTerms::new(catalogue, rail, coin, example::price(), Amount::from_minor(1_000_000_000)).ok()?;
            order.reserved = order.terms.fiat_amount;
            order.counted = WindowTotals::when_created(mint.now, order.terms.fiat_amount, KycLevel::Basic);
            order.refund_wallet = order.refund_wallet.filter(|_| !has_no_way_back);
            Some(order.into())
        }
    }
}
