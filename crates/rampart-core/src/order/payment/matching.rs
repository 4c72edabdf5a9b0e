//! Matches money that arrives on a customer's own account number to an order.

use super::Payment;
use crate::catalogue::Catalogue;
use crate::money::amount::Amount;
use crate::order::arrival::tolerance;

impl Payment {
    /// Amount still missing, in minor units.
    fn lacks(&self) -> i128 {
        let came = self.receipts.iter().fold(0_i128, |sum, receipt| sum.saturating_add(receipt.left().minor()));
        self.terms.fiat_amount.minor() - came
    }

    fn tolerates(&self, difference: i128, catalogue: &Catalogue) -> bool {
        let policy = catalogue.method(self.country, self.method.as_str()).map(|method| method.policy);
        let cap = catalogue.tolerance_cap(self.terms.fiat);
        let most = policy.and_then(|policy| tolerance(self.terms.fiat_amount, policy.tolerance_basis_points, cap).ok());
        most.is_some_and(|most| difference.abs() <= most.minor())
    }
}

/// The order, as an index into `open`, that an amount without a reference pays (all of one rail and currency). In this order:
/// the oldest order that lacks exactly this amount; the oldest that it completes within the tolerance; the only open order. The
/// last does not apply when the amount equals that of a recently decided order (`decided`): it may be a duplicate payment of
/// that one.
#[must_use]
pub fn for_amount(open: &[Payment], amount: Amount, decided: &[Amount], catalogue: &Catalogue) -> Option<usize> {
    let mut oldest: Vec<usize> = (0..open.len()).collect();
    oldest.sort_by_key(|index| open[*index].id);
    let difference = |index: usize| open[index].lacks() - amount.minor();
    let exact = oldest.iter().copied().find(|index| difference(*index) == 0);
    let within = || oldest.iter().copied().find(|index| open[*index].tolerates(difference(*index), catalogue));
    let only = || if open.len() == 1 && !decided.contains(&amount) { Some(0) } else { None };
    exact.or_else(within).or_else(only)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::{self, CountingRandomness};
    use crate::id::Mint;
    use crate::order::payment::PaymentState;

    #[test]
    fn money_without_a_reference_finds_the_order_it_is_for() {
        let catalogue = example::catalogue(example::MARKET);
        let randomness = CountingRandomness::default();
        let mint = Mint { now: example::START, randomness: &randomness };
        let of = |minor: i128| {
            let mut order = example::payment(&catalogue, &mint, false, PaymentState::Started).unwrap();
            order.terms.fiat_amount = Amount::from_minor(minor);
            order
        };
        let none: &[Amount] = &[];
        let duplicate = &[Amount::from_minor(10_000)][..];
        for (orders, amount, decided, expected) in [
            (&[10_000, 20_000][..], 20_000, none, Some(1)),
            (&[10_000, 10_000], 10_000, none, Some(0)),
            (&[20_000, 10_000], 9_970, none, Some(1)),
            (&[20_000, 10_000], 5_000, none, None),
            (&[20_000], 5_000, none, Some(0)),
            (&[20_000], 10_000, duplicate, None),
            (&[10_000], 10_000, duplicate, Some(0)),
            (&[], 10_000, none, None),
        ] {
            let open: Vec<Payment> = orders.iter().map(|minor| of(*minor)).collect();
            assert_eq!(for_amount(&open, Amount::from_minor(amount), decided, &catalogue), expected, "{orders:?} {amount}");
        }
    }
}
