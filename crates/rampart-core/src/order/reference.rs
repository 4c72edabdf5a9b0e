//! Payment references (`concept`, the partner API's word): ten digits that a customer writes into a transfer, the last of them
//! a check digit. Their order depends on the installation's key, so nobody can guess one from others.

/// First serial number; with it a reference never begins with a zero that a bank might drop.
pub const FIRST_SERIAL: i64 = 100_000_000;
/// Last serial number that fits.
pub const LAST_SERIAL: i64 = 999_999_999;

/// Damm's totally anti-symmetric quasigroup of order 10 (H. Michael Damm, 2004): detects every wrong digit and every swap of
/// adjacent digits.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

fn interim(digits: &str) -> u8 {
    digits.bytes().fold(0, |interim, digit| DAMM[usize::from(interim)][usize::from(digit - b'0')])
}

/// The reference of a serial number between [`FIRST_SERIAL`] and [`LAST_SERIAL`].
#[must_use]
pub fn from_serial(serial: i64) -> String {
    let digits = format!("{serial:09}");
    format!("{digits}{}", interim(&digits))
}

/// Rounds of the Feistel network, as recommended for format-preserving encryption of so few digits.
const ROUNDS: u8 = 10;
/// Bits of each half: together just above the number of serials.
const HALF_BITS: u32 = 15;
const HALF_MASK: u32 = (1 << HALF_BITS) - 1;

/// The serial of the payment with this number (from 1 on), unpredictable from other serials: a permutation of all serials,
/// keyed by `round`, a pseudorandom function of a round and fifteen bits, of whose result the lowest fifteen bits are used.
/// `None` when every serial is used.
#[must_use]
pub fn scattered(number: i64, round: impl Fn(u8, u16) -> u16) -> Option<i64> {
    let serials = LAST_SERIAL - FIRST_SERIAL + 1;
    let mut place = u32::try_from(number.checked_sub(1)?).ok().filter(|place| i64::from(*place) < serials)?;
    // A result beyond the last serial is permuted again (cycle walking), so every serial is still met exactly once.
    loop {
        let (mut left, mut right) = (place >> HALF_BITS, place & HALF_MASK);
        for number in 0..ROUNDS {
            // A half has fifteen bits.
            let mixed = round(number, u16::try_from(right).unwrap_or_default());
            (left, right) = (right, left ^ (u32::from(mixed) & HALF_MASK));
        }
        place = left << HALF_BITS | right;
        if i64::from(place) < serials {
            return Some(FIRST_SERIAL + i64::from(place));
        }
    }
}

/// Whether ten digits are a reference, by the check digit.
#[must_use]
pub fn is_valid(reference: &str) -> bool {
    reference.len() == 10 && reference.bytes().all(|byte| byte.is_ascii_digit()) && interim(reference) == 0
}

/// The reference in a payer's remittance text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceMatch {
    Reference(String),
    /// Ten digits with a wrong check digit.
    Mistyped(String),
    Nothing,
}

/// References looked at in one text.
const MAX_CANDIDATES: usize = 8;

/// Every valid reference in a remittance text, once: those formed by digits with separators between them removed, and those
/// that stand alone.
#[must_use]
pub fn candidates(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let joined = runs(text);
    let separate = text.split(|letter: char| !letter.is_ascii_digit()).map(str::to_owned);
    for reference in joined.into_iter().chain(separate).filter(|run| is_valid(run)) {
        if found.len() < MAX_CANDIDATES && !found.contains(&reference) {
            found.push(reference);
        }
    }
    found
}

/// Finds a reference in a remittance text. Banks add words, blanks and hyphens, which are removed between digits.
#[must_use]
pub fn find(text: &str) -> ReferenceMatch {
    match candidates(text).into_iter().next() {
        Some(reference) => ReferenceMatch::Reference(reference),
        None => runs(text).into_iter().find(|run| run.len() == 10).map_or(ReferenceMatch::Nothing, ReferenceMatch::Mistyped),
    }
}

/// Runs of digits, without the separators that banks put between them.
fn runs(text: &str) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut open = false;
    for letter in text.chars().take(512) {
        match letter {
            '0'..='9' if open => {
                if let Some(run) = runs.last_mut() {
                    run.push(letter);
                }
            }
            '0'..='9' => {
                runs.push(letter.to_string());
                open = true;
            }
            ' ' | '-' | '.' | '/' => {}
            _ => open = false,
        }
    }
    runs
}
