//! Which deposits the transfers of a reading are.

use super::watch::{Deposit, DepositState};
use crate::money::amount::Amount;

/// What a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// The known deposit at this position.
    Known(usize),
    /// A deposit that is not known; this is the number it gets.
    New(u32),
}

/// What the transfers of one transaction, one coin and one receiver are, given by their amounts in the order of the block; `known` are all
/// deposits of the same, by number from 0.
///
/// A complete reading has them in the same order each time, whichever block they are in, and the n-th is the n-th. A reading that lacked
/// one must not make the others into different deposits: equal amounts come first, and those still in the chain before dropped ones.
/// A dropped deposit may return with another amount, because a contract can pay another one in another block.
#[must_use]
pub fn sightings(known: &[Deposit], amounts: &[Amount]) -> Vec<Sighting> {
    let mut found: Vec<Option<usize>> = vec![None; amounts.len()];
    for fits in [stands_with, is_dropped_with, is_dropped] {
        for position in 0..amounts.len() {
            if found[position].is_none() {
                found[position] = (0..known.len()).find(|of| !found.contains(&Some(*of)) && fits(&known[*of], amounts[position]));
            }
        }
    }
    let mut next = u32::try_from(known.len()).unwrap_or(u32::MAX)..;
    found.into_iter().map(|of| of.map_or_else(|| Sighting::New(next.next().unwrap_or(u32::MAX)), Sighting::Known)).collect()
}

fn stands_with(known: &Deposit, amount: Amount) -> bool {
    known.state != DepositState::Dropped && known.amount == amount
}

fn is_dropped_with(known: &Deposit, amount: Amount) -> bool {
    known.state == DepositState::Dropped && known.amount == amount
}

fn is_dropped(known: &Deposit, _: Amount) -> bool {
    known.state == DepositState::Dropped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::{CountingRandomness, START, USDC};
    use crate::id::Mint;

    fn deposit(state: DepositState, amount: i128) -> Deposit {
        Deposit {
            id: Mint { now: START, randomness: &CountingRandomness::default() }.id(),
            version: 1,
            txid: "0x1".to_owned(),
            index: 0,
            coin: USDC,
            amount: Amount::from_minor(amount),
            from: "0x2".to_owned(),
            to: "0x3".to_owned(),
            height: 7,
            block: "0x7".to_owned(),
            state,
            order: None,
            swept: false,
            seen_at: START,
            block_time: None,
            read_before: None,
        }
    }

    #[test]
    fn the_same_transfers_are_the_same_deposits() {
        use DepositState::{Confirmed, Dropped, Pending};
        use Sighting::{Known, New};
        /// Name, known deposits, amounts seen, and what they are.
        type Case<'a> = (&'a str, &'a [(DepositState, i128)], &'a [i128], &'a [Sighting]);
        let cases: [Case<'_>; 10] = [
            ("nothing is known", &[], &[5, 7], &[New(0), New(1)]),
            ("the same again", &[(Pending, 5), (Confirmed, 7)], &[5, 7], &[Known(0), Known(1)]),
            ("equal amounts are counted", &[(Pending, 5), (Pending, 5)], &[5, 5, 5], &[Known(0), Known(1), New(2)]),
            ("undone, and mined in another block", &[(Dropped, 5), (Dropped, 7)], &[5, 7], &[Known(0), Known(1)]),
            ("the first reading lacked the first", &[(Confirmed, 7)], &[5, 7], &[New(1), Known(0)]),
            ("and both are mined in another block", &[(Dropped, 7), (Dropped, 5)], &[5, 7], &[Known(1), Known(0)]),
            ("the first reading had one too many", &[(Pending, 5), (Pending, 7)], &[7], &[Known(1)]),
            ("one that was dropped stays dropped", &[(Dropped, 5), (Confirmed, 5)], &[5], &[Known(1)]),
            ("another amount in another block", &[(Dropped, 5)], &[6], &[Known(0)]),
            ("another amount of one that stands", &[(Confirmed, 5)], &[6], &[New(1)]),
        ];
        for (name, known, amounts, expected) in cases {
            let known: Vec<Deposit> = known.iter().map(|(state, amount)| deposit(*state, *amount)).collect();
            let amounts: Vec<Amount> = amounts.iter().map(|amount| Amount::from_minor(*amount)).collect();
            assert_eq!(sightings(&known, &amounts), expected, "{name}");
        }
    }
}
