//! Payment references and names.

use proptest::prelude::*;
use rampart_core::order::reference::{self, FIRST_SERIAL, LAST_SERIAL, ReferenceMatch};

proptest! {
    #[test]
    fn every_single_error_and_swap_is_seen(serial in FIRST_SERIAL..=LAST_SERIAL, position in 0_usize..10, digit in 0_u8..10) {
        let right = reference::from_serial(serial);
        prop_assert!(reference::is_valid(&right));
        let mut wrong = right.clone().into_bytes();
        wrong[position] = b'0' + digit;
        let wrong = String::from_utf8(wrong).expect("digits");
        prop_assert_eq!(reference::is_valid(&wrong), wrong == right);
        if position < 9 {
            let mut swapped = right.clone().into_bytes();
            swapped.swap(position, position + 1);
            let swapped = String::from_utf8(swapped).expect("digits");
            prop_assert_eq!(reference::is_valid(&swapped), swapped == right);
        }
    }

    #[test]
    fn looking_never_panics(text in "\\PC{0,600}") {
        let _ = reference::find(&text);
    }
}

/// Every round function makes a permutation; this one mixes enough to separate neighbours.
fn mixing(round: u8, half: u16) -> u16 {
    let mut state = u64::from(half) ^ (u64::from(round) << 40) ^ 0x9e37_79b9_7f4a_7c15;
    for _ in 0..3 {
        state = (state ^ (state >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    (state >> 33) as u16
}

#[test]
fn serials_are_scattered_and_none_comes_twice() {
    let serials: Vec<i64> = (1..=200_000).map(|number| reference::scattered(number, mixing).unwrap()).collect();
    assert!(serials.iter().all(|serial| (FIRST_SERIAL..=LAST_SERIAL).contains(serial)));
    let distinct: std::collections::HashSet<i64> = serials.iter().copied().collect();
    assert_eq!(distinct.len(), serials.len());
    let near = serials.windows(2).filter(|pair| (pair[0] - pair[1]).abs() < 1_000_000).count();
    assert!(near < 1_000, "{near} of 200,000 neighbours lie within a thousandth of each other");
    let last = LAST_SERIAL - FIRST_SERIAL + 1;
    assert!(reference::scattered(last, mixing).is_some());
    for beyond in [last + 1, 0, -1, i64::MIN, i64::MAX] {
        assert_eq!(reference::scattered(beyond, mixing), None, "{beyond}");
    }
}

/// A permutation for every round function: two numbers never share a serial.
#[test]
fn a_constant_round_is_a_permutation_too() {
    let last = LAST_SERIAL - FIRST_SERIAL + 1;
    let numbers = (1..=1_000).chain(last - 1_000..=last);
    let serials: Vec<i64> = numbers.map(|number| reference::scattered(number, |_, _| 0x5a5a).unwrap()).collect();
    assert_eq!(serials.iter().collect::<std::collections::HashSet<_>>().len(), serials.len());
}

#[test]
fn references_are_found_in_what_banks_make_of_them() {
    let right = reference::from_serial(123_456_789);
    let spaced = format!("{} {}", &right[..5], &right[5..]);
    for text in [
        right.clone(),
        format!("PAGO {right}"),
        format!("/INV/{right}/ gracias"),
        spaced.clone(),
        format!("Ref: {}-{}", &right[..3], &right[3..]),
        format!("factura 12 ref {right}"),
    ] {
        assert_eq!(reference::find(&text), ReferenceMatch::Reference(right.clone()), "{text}");
    }
    let mut wrong = right.into_bytes();
    wrong[9] = if wrong[9] == b'0' { b'1' } else { b'0' };
    let wrong = String::from_utf8(wrong).expect("digits");
    assert_eq!(reference::find(&wrong), ReferenceMatch::Mistyped(wrong.clone()));
    assert_eq!(reference::find("gracias"), ReferenceMatch::Nothing);
}
