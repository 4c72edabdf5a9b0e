//! How much arrives and when, and what speaks against going on.

use std::time::Duration;

use super::Row;
use super::cell::{Before, Cell};
use super::course::{CUSTOMER, Course};
use crate::amount::Amount;
use crate::arrival::{Eligibility, Leg, WindowTotals};
use crate::catalogue::{Catalogue, Limit};
use crate::country::Country;
use crate::example;
use crate::id::Mint;
use crate::kyc::KycLevel;
use crate::order::{HoldReason, Order};
use crate::payment::PaymentState;
use crate::policy::Policy;
use crate::quote::{AmountIn, BuyTerms, SellTerms};
use crate::rampoff::RampoffState;

/// What arrives, and when.
struct Arrives {
    name: &'static str,
    /// Of what was ordered, in whole units: how much, which hour it counts at, and in which hour it is told of.
    parts: &'static [(i128, u64, u64)],
    /// Whether the source is read past the end of the promise then.
    is_read: bool,
}

const fn arrives(name: &'static str, parts: &'static [(i128, u64, u64)], is_read: bool) -> Arrives {
    Arrives { name, parts, is_read }
}

/// Of 1,000 ordered, with a tolerance of 5: the promise ends after one hour, and is honoured until the 25th.
const ARRIVES: [Arrives; 15] = [
    arrives("less, the promise is running", &[(600, 0, 0)], false),
    arrives("less, and nothing more came", &[(600, 0, 0)], true),
    arrives("less than the minimum, and nothing more came", &[(5, 0, 0)], true),
    arrives("within the tolerance", &[(996, 0, 0)], false),
    arrives("exactly", &[(1_000, 0, 0)], false),
    arrives("more", &[(1_300, 0, 0)], false),
    arrives("far more than the maximum", &[(900_000, 0, 0)], false),
    arrives("all of it late", &[(1_000, 2, 2)], true),
    arrives("late, another amount", &[(1_700, 2, 2)], true),
    arrives("late, less than the minimum", &[(5, 2, 2)], true),
    arrives("late, more than the maximum", &[(900_000, 2, 2)], true),
    arrives("part in time, the rest late", &[(600, 0, 0), (400, 2, 2)], true),
    arrives("exactly and in time, told behind the honoured day", &[(1_000, 0, 26)], false),
    arrives("in two parts in time, told behind the honoured day", &[(600, 0, 26), (400, 0, 26)], false),
    arrives("part in time, the rest late and told behind the honoured day", &[(600, 0, 0), (400, 23, 26)], false),
];

/// How long orders of the table are open: a week, in seconds.
const OPEN_SECONDS: u64 = 604_800;

/// What can speak against going on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum But {
    Nothing,
    Limits,
    Price,
    Liquidity,
    Identity,
    Ban,
    Partner,
    Nowhere,
}

impl But {
    const ALL: [Self; 8] =
        [Self::Nothing, Self::Limits, Self::Price, Self::Liquidity, Self::Identity, Self::Ban, Self::Partner, Self::Nowhere];

    const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Limits => "the customer's limits take no more",
            Self::Price => "no current price",
            Self::Liquidity => "everything there is was promised to others",
            Self::Identity => "the identity was withdrawn",
            Self::Ban => "the customer is banned",
            Self::Partner => "the partner is disabled",
            Self::Nowhere => "nowhere to send it back",
        }
    }
}

/// How much and when, under a policy, with everything that can speak against going on.
#[must_use]
pub fn amounts(policy: &Policy) -> Vec<Row> {
    let catalogue = catalogue(*policy);
    let mut rows: Vec<Row> = Vec::new();
    for but in But::ALL {
        for arrives in &ARRIVES {
            let becomes = [Leg::Buying, Leg::Selling].map(|leg| cell(&catalogue, leg, arrives, but));
            rows.push(Row { arrives: arrives.name, but: but.name(), is_strange: false, becomes });
        }
    }
    rows
}

/// The catalogue of the examples with a minimum of 10 and a maximum of 50,000 for money and coins alike.
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

fn cell(catalogue: &Catalogue, leg: Leg, arrives: &Arrives, but: But) -> Option<Cell> {
    let mut course = Course::new(catalogue, |catalogue, mint| order(catalogue, mint, leg, but == But::Nowhere))?;
    course.refuses = match but {
        But::Limits => Some(HoldReason::Limit),
        But::Liquidity => Some(HoldReason::Liquidity),
        _ => None,
    };
    course.price = course.price.filter(|_| but != But::Price);
    course.standing = match but {
        But::Identity => Eligibility { blocked: Some(HoldReason::Identity), level: None },
        But::Ban => Eligibility { blocked: Some(HoldReason::Banned), ..course.standing },
        But::Partner => Eligibility { blocked: Some(HoldReason::PartnerDisabled), ..course.standing },
        _ => course.standing,
    };
    let before = Before::of(&course);
    let hour = |hour: u64| example::START.after(Duration::from_secs(hour * 3_600));
    for (whole, counts_at, told_at) in arrives.parts {
        // Time goes by behind the end of the promise, and behind the time for which it is honoured, before this is read.
        for passed in [2, 25].map(hour).into_iter().filter(|passed| *passed > course.now && *passed <= hour(*told_at)).collect::<Vec<_>>() {
            (course.now, course.read_at) = (passed, None);
            course.time_passes();
        }
        course.now = hour(*told_at);
        course.read_at = arrives.is_read.then_some(course.now);
        match leg {
            // A payer without an account: there is nowhere to send it back to.
            Leg::Buying if but == But::Nowhere => course.paid_by_nobody(whole * 100, hour(*counts_at)),
            Leg::Buying => drop(course.paid(whole * 100, hour(*counts_at), Some(CUSTOMER))),
            Leg::Selling => drop(course.deposited(whole * 1_000_000, hour(*counts_at))),
        }
    }
    if arrives.is_read {
        course.now = course.now.max(hour(2));
        course.read_at = Some(course.now);
        course.time_passes();
    }
    course.goes_on(None);
    Some(before.cell(&course))
}

/// An order of 1,000, of euros for USDC or the other way round.
fn order(catalogue: &Catalogue, mint: &Mint<'_>, leg: Leg, has_no_way_back: bool) -> Option<Order> {
    let coin = catalogue.coin(example::USDC)?;
    match leg {
        Leg::Buying => {
            let mut order = example::payment(catalogue, mint, false, PaymentState::Started)?;
            let method = catalogue.method(Country::SPAIN, order.method.as_str())?;
            order.terms = BuyTerms::new(catalogue, method, coin, example::price(), AmountIn::Fiat(Amount::from_minor(100_000))).ok()?;
            order.reserved = order.terms.coin_amount;
            order.counted = WindowTotals::when_made(mint.now, order.terms.fiat_amount, KycLevel::Basic);
            order.refund_account = order.refund_account.filter(|_| !has_no_way_back);
            Some(order.into())
        }
        Leg::Selling => {
            let mut order = example::rampoff(catalogue, mint, RampoffState::Created)?;
            let rail = catalogue.payout_rail(Country::SPAIN)?;
            order.terms = SellTerms::new(catalogue, rail, coin, example::price(), Amount::from_minor(1_000_000_000)).ok()?;
            order.reserved = order.terms.fiat_amount;
            order.counted = WindowTotals::when_made(mint.now, order.terms.fiat_amount, KycLevel::Basic);
            order.refund_wallet = order.refund_wallet.filter(|_| !has_no_way_back);
            Some(order.into())
        }
    }
}
