//! What becomes of what arrives, as a table: computed by asking the policy, for the documentation and its snapshot.

use std::fmt;

use super::{Case, Decision, Exchange, Fees, Grade, Leg, Question, Standing};
use crate::amount::Amount;
use crate::kyc::KycLevel;
use crate::order::HoldReason;
use crate::policy::Policy;
use crate::rate::Rate;
use crate::time::Timestamp;

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What arrived, and when.
    pub arrives: &'static str,
    /// What speaks against going on.
    pub but: &'static str,
    /// What becomes of it when it is money for coins, and when it is coins for money.
    pub becomes: [String; 2],
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [buying, selling] = &self.becomes;
        write!(formatter, "| {} | {} | {buying} | {selling} |", self.arrives, self.but)
    }
}

/// What arrives, of 1,000 ordered with a tolerance of 5: in time, late, whether nothing more can turn up, and whether
/// the promise is not honoured any more.
const ARRIVES: [(&str, i128, i128, bool, bool); 14] = [
    ("less, the promise is running", 600, 0, false, false),
    ("less, and nothing more came", 600, 0, true, false),
    ("less than the minimum, and nothing more came", 5, 0, true, false),
    ("within the tolerance", 996, 0, false, false),
    ("exactly", 1_000, 0, false, false),
    ("more", 1_300, 0, false, false),
    ("far more than the maximum", 900_000, 0, false, false),
    ("all of it late", 0, 1_000, true, false),
    ("late, another amount", 0, 1_700, true, false),
    ("late, less than the minimum", 0, 5, true, false),
    ("late, more than the maximum", 0, 900_000, true, false),
    ("part in time, the rest late", 600, 400, true, false),
    ("exactly and in time, told behind the honoured day", 1_000, 0, true, true),
    ("part in time, told behind the honoured day, the rest late", 600, 400, true, true),
];

/// What can speak against going on.
const BUT: [&str; 6] = [
    "",
    "the customer's limits take no more",
    "no current price",
    "the identity was withdrawn",
    "the customer is banned",
    "nowhere to send it back",
];

/// Every row under a policy.
#[must_use]
pub fn rows(policy: &Policy) -> Vec<Row> {
    let cells = ARRIVES.iter().flat_map(|arrives| BUT.iter().map(move |but| (arrives, *but)));
    let mut rows: Vec<Row> = Vec::new();
    for ((arrives, in_time, late, is_all, lapsed), but) in cells {
        let becomes = [Leg::Buying, Leg::Selling].map(|leg| told(&decide(leg, policy, (*in_time, *late, *is_all, *lapsed), but)));
        // What speaks against it is worth a row where it changes something.
        let plain = rows.iter().rev().find(|row| row.arrives == *arrives && row.but.is_empty());
        if plain.is_none_or(|plain| plain.becomes != becomes) {
            rows.push(Row { arrives, but, becomes });
        }
    }
    rows
}

fn decide(leg: Leg, policy: &Policy, (in_time, late, is_all, lapsed): (i128, i128, bool, bool), but: &str) -> Decision {
    // Money has two decimals and coins six; a coin is about a unit of money.
    let unit = if leg == Leg::Buying { 100 } else { 1_000_000 };
    let amount = |whole: i128| Amount::from_minor(whole * unit);
    let fees = Fees { fixed: Amount::from_minor(50), network: Amount::from_minor(2), basis_points: 50 };
    let price = |scaled: u128| Rate::from_scaled(scaled * 10_u128.pow(16)).ok();
    let Some(promise) = price(90) else { return Decision::Wait };
    let may = |exchange: &Exchange, _: KycLevel| match exchange.accepted() > amount(50_000) || but == BUT[1] {
        true => Err(HoldReason::Limit),
        false => Ok(()),
    };
    let standing = match but {
        _ if but == BUT[3] => Standing { blocked: Some(HoldReason::Identity), level: None },
        _ if but == BUT[4] => Standing { blocked: Some(HoldReason::Banned), level: Some(KycLevel::Basic) },
        _ => Standing::good(KycLevel::Basic),
    };
    let question = Question {
        leg,
        case: Case {
            ordered: amount(1_000),
            tolerance: amount(5),
            in_time: amount(in_time),
            late: amount(late),
            minimum: amount(10),
            maximum: amount(50_000),
            is_all,
            lapsed,
            can_go_back: but != BUT[5],
        },
        policy,
        grade: Grade::All,
        standing,
        promise,
        price: price(95).filter(|_| but != BUT[2]),
        fees,
        present_fees: fees,
        decimals: (2, 6),
        least: Amount::ZERO,
        now: Timestamp::from_micros(0),
        may: &may,
    };
    question.decide()
}

/// A decision in words.
fn told(decision: &Decision) -> String {
    match decision {
        Decision::Wait => "waits".to_owned(),
        Decision::Back => "goes back".to_owned(),
        Decision::Hold(reason) => format!("`on_hold` ({})", reason.shown(Leg::Buying)),
        Decision::Exchange { exchange, set_aside, because, back } => {
            let mut parts = Vec::new();
            if exchange.promised.is_positive() {
                parts.push("at the promise".to_owned());
            }
            if exchange.market.is_positive() {
                parts.push(if parts.is_empty() { "at the market price".to_owned() } else { "the rest at the market price".to_owned() });
            }
            if set_aside.is_positive() {
                let why = because.map_or_else(String::new, |reason| format!(" ({})", reason.shown(Leg::Buying)));
                parts.push(format!("the rest set aside{why}"));
            }
            if back.is_positive() {
                parts.push("the surplus goes back".to_owned());
            }
            parts.join(", ")
        }
    }
}
