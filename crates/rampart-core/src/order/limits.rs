//! Trading limits: per order, day, month and quarter (UTC), by level of the identity check and by method.

use std::time::Duration;

use crate::catalogue::{Catalogue, Limit};
use crate::customer::kyc::KycLevel;
use crate::id::{CustomerId, PartnerId};
use crate::money::amount::Amount;
use crate::money::asset::Currency;
use crate::step::CounterChange;
use crate::step::counter::{Counter, CounterOwner};
use crate::text::code::Code;
use crate::time::Timestamp;

/// The method name under which sales are counted.
pub const RAMPOFF: Code<16> = Code::literal("rampoff");

/// What one order takes from its customer's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub customer: CustomerId,
    /// Upper case as in the catalogue; [`RAMPOFF`] for sales.
    pub method: Code<16>,
    pub fiat: Currency,
    /// In minor units.
    pub amount: Amount,
    /// When the order was created: it counts in the windows of this moment.
    pub at: Timestamp,
}

/// Why an order exceeds a customer's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitExceeded {
    /// A higher level of identity check would allow it.
    HigherLevelNeeded,
    Beyond,
}

/// Prefix of the subject of open-order counters.
const OPEN_ORDERS_PREFIX: &str = "open:";

/// Whether a counter is a cap on open orders and not a limit.
#[must_use]
pub fn is_of_open_orders(counter: &Counter) -> bool {
    counter.what.starts_with(OPEN_ORDERS_PREFIX)
}

fn applying<'a>(catalogue: &'a Catalogue, usage: &'a Usage, level: KycLevel) -> impl Iterator<Item = &'a Limit> {
    catalogue.limits.iter().filter(move |limit| {
        limit.fiat == usage.fiat && limit.level == level && limit.method.is_none_or(|method| method.is_spelled(usage.method.as_str()))
    })
}

/// A window over which a limit is summed.
struct Window {
    /// `day`, `month` or `quarter`.
    length: &'static str,
    /// `2026-01-31`, `2026-01` or `2026-Q1`.
    name: String,
    /// When its counters may be deleted: after its end, and equal for all orders of a month (of a day for the day's window), so
    /// that a customer's counters rarely change their expiry.
    expires_at: Timestamp,
}

/// The windows that contain a moment.
fn windows(at: Timestamp) -> [Window; 3] {
    const DAY: Duration = Duration::from_secs(86_400);
    let (year, month, day) = at.date();
    let quarter = (month - 1) / 3 + 1;
    let day_begins = at.midnight();
    let month_begins = day_begins.before(DAY * u32::from(day.unsigned_abs() - 1));
    let date = format!("{year}-{month:02}-{day:02}");
    let month = date[..date.len() - 3].to_owned();
    [
        Window { length: "day", name: date, expires_at: day_begins.after(DAY * 2) },
        Window { length: "month", name: month, expires_at: month_begins.after(DAY * 33) },
        Window { length: "quarter", name: format!("{year}-Q{quarter}"), expires_at: month_begins.after(DAY * 94) },
    ]
}

/// The counter changes of an order at this level, each with its ceiling.
fn raises_by(catalogue: &Catalogue, usage: &Usage, level: KycLevel, by: Amount) -> Vec<CounterChange> {
    let windows = windows(usage.at);
    let mut raises = Vec::new();
    for limit in applying(catalogue, usage, level) {
        let method = limit.method.map(Code::to_ascii_lowercase);
        for (window, ceiling) in windows.iter().zip([limit.day, limit.month, limit.quarter]) {
            let named = ["limit", usage.fiat.as_str(), method.as_ref().map_or("all", Code::as_str), window.length, &window.name];
            raises.push(CounterChange {
                counter: Counter { owner: CounterOwner::Customer(usage.customer), what: named.join(":") },
                by,
                ceiling: Some(ceiling),
                expires_at: Some(window.expires_at),
            });
        }
    }
    raises
}

/// Whether the order alone is within the level's limit per transaction.
#[must_use]
pub fn allows(catalogue: &Catalogue, usage: &Usage, level: KycLevel) -> bool {
    applying(catalogue, usage, level).all(|limit| usage.amount <= limit.transaction)
}

/// The counters to raise for a new order at this level.
///
/// # Errors
/// [`LimitExceeded`] when the order alone exceeds the level's limit.
pub fn raises(catalogue: &Catalogue, usage: &Usage, level: KycLevel) -> Result<Vec<CounterChange>, LimitExceeded> {
    if !allows(catalogue, usage, level) {
        return Err(excess(catalogue, usage, level));
    }
    Ok(raises_by(catalogue, usage, level, usage.amount))
}

/// Changes the same counters by what facts have made of the order, without a ceiling: facts are not bound, but later requests
/// have to see them. A negative amount gives back.
#[must_use]
pub fn counted(catalogue: &Catalogue, usage: &Usage, level: KycLevel, by: Amount) -> Vec<CounterChange> {
    if by.is_zero() {
        return Vec::new();
    }
    raises_by(catalogue, usage, level, by).into_iter().map(|raise| CounterChange { ceiling: None, ..raise }).collect()
}

/// Raises the same counters for an exchange beyond the order, as a request bound by the ceilings of this level.
#[must_use]
pub fn asked(catalogue: &Catalogue, usage: &Usage, level: KycLevel, by: Amount) -> Vec<CounterChange> {
    raises_by(catalogue, usage, level, by)
}

/// Whether a higher level would allow an order that exceeded a ceiling, by itself or by a window's sum.
#[must_use]
pub fn excess(catalogue: &Catalogue, usage: &Usage, level: KycLevel) -> LimitExceeded {
    let allowed_above = level < KycLevel::Reinforced
        && applying(catalogue, usage, KycLevel::Reinforced).all(|limit| usage.amount <= limit.transaction && usage.amount <= limit.day);
    if allowed_above { LimitExceeded::HigherLevelNeeded } else { LimitExceeded::Beyond }
}

/// Changes the caps on open orders, in number and value: raised when an order is created (`open`), released when it is paid or
/// ends.
#[must_use]
pub fn open_orders(catalogue: &Catalogue, partner: PartnerId, usage: &Usage, maximum: Amount, open: bool) -> Vec<CounterChange> {
    let caps = &catalogue.open_caps;
    let raises = |owner: CounterOwner, orders: u32, multiple: u32| {
        let value = Amount::from_minor(maximum.minor().saturating_mul(i128::from(multiple)));
        let signed = |amount: Amount| if open { amount } else { amount.negated() };
        [("orders", Amount::from_minor(1), Amount::from_minor(i128::from(orders))), (usage.fiat.as_str(), usage.amount, value)].map(
            |(what, by, ceiling)| CounterChange {
                counter: Counter { owner, what: [OPEN_ORDERS_PREFIX, what].concat() },
                by: signed(by),
                ceiling: open.then_some(ceiling),
                expires_at: None,
            },
        )
    };
    let customer = raises(CounterOwner::Customer(usage.customer), caps.customer_orders, caps.customer_value_multiple);
    let partner = raises(CounterOwner::Partner(partner), caps.partner_orders, caps.partner_value_multiple);
    customer.into_iter().chain(partner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MICROS: i64 = 86_400_000_000;

    #[test]
    fn a_windows_counters_outlive_it() {
        // Every day of four years including a leap year, in the morning and at its last microsecond.
        for day in 0..1_461 {
            let morning = Timestamp::from_micros(1_767_225_600_000_000 + day * DAY_MICROS);
            let last = Timestamp::from_micros(morning.micros() + DAY_MICROS - 1);
            for (window, at_last) in windows(morning).into_iter().zip(windows(last)) {
                let (length, name, expires_at) = (window.length, window.name, window.expires_at);
                assert_eq!((length, &name, expires_at), (at_last.length, &at_last.name, at_last.expires_at), "{morning}");
                let days_left = (expires_at.micros() - morning.micros()) / DAY_MICROS;
                // It may be deleted from the first moment outside the window on, and not much later.
                let ended = (1..=days_left).find(|later| {
                    let then = Timestamp::from_micros(morning.micros() + later * DAY_MICROS);
                    windows(then).iter().all(|other| other.name != name)
                });
                assert!(ended.is_some_and(|ended| days_left - ended <= 66), "{morning} {length} {name} {expires_at}");
            }
        }
    }
}
