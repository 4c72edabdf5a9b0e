//! The numbering plans of the served countries.

use super::{Checked, Doubt};
use crate::country::Country;

/// A country's numbering plan.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) country: Country,
    /// The country's calling code.
    pub(super) code: &'static str,
    /// A number, as it is written abroad.
    pub(super) example: &'static str,
    /// Reads what stands behind the calling code, or is dialled at home.
    read: fn(&str) -> Option<National>,
    /// Writes a national number in groups.
    group: fn(&str) -> String,
}

/// A national number as it stands in E.164.
pub(super) struct National {
    number: String,
    /// Whether it was written as numbers are no longer written.
    is_old: bool,
}

static PLANS: [Plan; 6] = [
    Plan { country: Country::SPAIN, code: "34", example: "+34 612 345 678", read: spain, group: |number| groups(number, &[3, 3, 3]) },
    Plan { country: Country::CHILE, code: "56", example: "+56 9 1234 5678", read: chile, group: |number| groups(number, &[1, 4, 4]) },
    Plan { country: Country::MEXICO, code: "52", example: "+52 55 1234 5678", read: mexico, group: mexican_groups },
    Plan {
        country: Country::COLOMBIA,
        code: "57",
        example: "+57 321 123 4567",
        read: colombia,
        group: |number| groups(number, &[3, 3, 4]),
    },
    Plan { country: Country::PERU, code: "51", example: "+51 912 345 678", read: peru, group: peruvian_groups },
    Plan { country: Country::ARGENTINA, code: "54", example: "+54 9 11 2345-6789", read: argentina, group: argentine_groups },
];

/// The plan of a country.
pub(super) fn of(country: Country) -> Option<&'static Plan> {
    PLANS.iter().find(|plan| plan.country == country)
}

/// The plan whose calling code a number begins with.
pub(super) fn by_calling_code(digits: &str) -> Option<&'static Plan> {
    PLANS.iter().find(|plan| digits.starts_with(plan.code))
}

impl Plan {
    /// The national number, if the plan has such a one.
    pub(super) fn national(&self, digits: &str) -> Option<National> {
        (self.read)(digits)
    }

    /// A number of the plan.
    pub(super) fn checked(&self, national: &National) -> Checked {
        Checked {
            e164: format!("+{}{}", self.code, national.number),
            display: format!("+{} {}", self.code, (self.group)(&national.number)),
            doubts: national.is_old.then_some(Doubt::OldForm).into_iter().collect(),
        }
    }
}

fn today(number: &str) -> National {
    National { number: number.to_owned(), is_old: false }
}

/// Drops the 0 that is dialled in front of a number inside a country.
fn without_trunk(digits: &str) -> &str {
    digits.strip_prefix('0').unwrap_or(digits)
}

/// Nine digits: 6 and 71–74, 78 are mobiles, 8 and 9 are fixed. (51 is for machines.)
fn spain(digits: &str) -> Option<National> {
    let begins = digits.starts_with(['6', '8', '9']) || ["71", "72", "73", "74", "78"].iter().any(|prefix| digits.starts_with(prefix));
    (digits.len() == 9 && begins).then(|| today(digits))
}

/// Nine digits: 9 is a mobile, 2 to 7 begin an area's code.
fn chile(digits: &str) -> Option<National> {
    let number = if digits.len() == 10 { without_trunk(digits) } else { digits };
    (number.len() == 9 && number.starts_with(['2', '3', '4', '5', '6', '7', '9'])).then(|| today(number))
}

/// Ten digits from 2 on. Until 2019 mobiles had a 1 behind the calling code, and 01, 044 or 045 were dialled in front.
fn mexico(digits: &str) -> Option<National> {
    let number = match digits.len() {
        10 => digits,
        11 => digits.strip_prefix('1')?,
        12 => digits.strip_prefix("01")?,
        13 => digits.strip_prefix("044").or_else(|| digits.strip_prefix("045"))?,
        _ => return None,
    };
    let is_old = digits.len() > 10;
    (!number.starts_with(['0', '1'])).then(|| National { number: number.to_owned(), is_old })
}

/// Ten digits: 3 is a mobile, 601 to 608 are fixed.
fn colombia(digits: &str) -> Option<National> {
    let number = if digits.len() == 11 { without_trunk(digits) } else { digits };
    let fixed = number.starts_with("60") && matches!(number.as_bytes().get(2), Some(b'1'..=b'8'));
    (number.len() == 10 && (number.starts_with('3') || fixed)).then(|| today(number))
}

/// Mobiles have nine digits and begin with 9; fixed numbers have eight: 1 for Lima, or an area's code from 41 to 84.
fn peru(digits: &str) -> Option<National> {
    let number = without_trunk(digits);
    let holds = match number.len() {
        9 => number.starts_with('9'),
        8 => number.starts_with(['1', '4', '5', '6', '7', '8']),
        _ => false,
    };
    holds.then(|| today(number))
}

/// The areas of Argentina with a code of three digits; 11 has two, all others have four.
const THREE_DIGIT_AREAS: &str = "220 221 223 230 236 237 249 260 261 263 264 266 280 291 297 298 299 336 341 342 343 345 348 351 353 358 362 364 370 376 379 380 381 383 385 387 388";

fn area_length(number: &str) -> usize {
    match number.get(..3) {
        _ if number.starts_with("11") => 2,
        Some(area) if THREE_DIGIT_AREAS.split(' ').any(|listed| listed == area) => 3,
        _ => 4,
    }
}

/// Ten digits with the area's code, and a 9 in front for mobiles. At home mobiles are dialled with 15 behind the area's
/// code in its place.
fn argentina(digits: &str) -> Option<National> {
    let digits = without_trunk(digits);
    let in_plan = |number: &str| number.len() == 10 && number.starts_with(['1', '2', '3']);
    if digits.len() == 11 {
        return digits.strip_prefix('9').filter(|number| in_plan(number)).map(|_| today(digits));
    }
    if digits.len() == 12 {
        let (area, rest) = digits.split_at(area_length(digits));
        let number = format!("{area}{}", rest.strip_prefix("15")?);
        return in_plan(&number).then(|| today(&format!("9{number}")));
    }
    in_plan(digits).then(|| today(digits))
}

/// A number cut into groups; what is left over stays with the last.
fn groups(number: &str, lengths: &[usize]) -> String {
    let mut rest = number;
    let mut parts = Vec::with_capacity(lengths.len());
    for length in &lengths[..lengths.len() - 1] {
        let (part, behind) = rest.split_at((*length).min(rest.len()));
        parts.push(part);
        rest = behind;
    }
    parts.push(rest);
    parts.join(" ")
}

fn mexican_groups(number: &str) -> String {
    let city = ["55", "56", "33", "81"].iter().any(|area| number.starts_with(area));
    groups(number, if city { &[2, 4, 4] } else { &[3, 3, 4] })
}

fn peruvian_groups(number: &str) -> String {
    match number.len() {
        9 => groups(number, &[3, 3, 3]),
        _ if number.starts_with('1') => groups(number, &[1, 3, 4]),
        _ => groups(number, &[2, 3, 3]),
    }
}

fn argentine_groups(number: &str) -> String {
    let (mobile, number) = number.strip_prefix('9').map_or(("", number), |number| ("9 ", number));
    let (area, rest) = number.split_at(area_length(number));
    let (first, last) = rest.split_at(rest.len() - 4);
    format!("{mobile}{area} {first}-{last}")
}
