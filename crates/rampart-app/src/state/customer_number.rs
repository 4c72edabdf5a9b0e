//! Customers' numbers (`user_id`) are random, so that they reveal neither how many customers there are nor how fast
//! others gain theirs. The commit detects a number that is taken, and another is drawn.

use rampart_core::id::{CustomerId, Randomness};

/// A virtual CLABE has space for seven digits of the number, so those are drawn first.
const MAX_NUMBER_OF_SEVEN_DIGITS: u64 = 9_999_999;
/// Clients store the number in a signed 32-bit integer.
const MAX_NUMBER_OF_32_BITS: u64 = 2_147_483_647;
/// Attempts with seven digits. With half of those numbers taken, one registration in 32 gets a longer one.
const SHORT_NUMBER_ATTEMPTS: usize = 5;

/// Draws a number. `attempts` is how many numbers drawn for this registration were already taken.
pub(crate) fn draw(randomness: &dyn Randomness, attempts: usize) -> CustomerId {
    let mut bytes = [0; 8];
    randomness.fill(&mut bytes);
    let largest = if attempts < SHORT_NUMBER_ATTEMPTS { MAX_NUMBER_OF_SEVEN_DIGITS } else { MAX_NUMBER_OF_32_BITS };
    // The modulo bias is below one in a billion.
    CustomerId(i64::try_from(u64::from_le_bytes(bytes) % largest + 1).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the same bytes every time.
    struct FixedRandomness(u64);

    impl Randomness for FixedRandomness {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.to_le_bytes());
        }
    }

    #[test]
    fn numbers_fit_where_they_are_written() {
        for attempts in 0..SHORT_NUMBER_ATTEMPTS {
            assert_eq!(draw(&FixedRandomness(0), attempts), CustomerId(1));
            assert_eq!(draw(&FixedRandomness(MAX_NUMBER_OF_SEVEN_DIGITS - 1), attempts), CustomerId(9_999_999));
            assert!(draw(&FixedRandomness(u64::MAX), attempts).0 <= 9_999_999);
        }
        assert_eq!(draw(&FixedRandomness(MAX_NUMBER_OF_32_BITS - 1), SHORT_NUMBER_ATTEMPTS), CustomerId(i64::from(i32::MAX)));
        assert!(draw(&FixedRandomness(u64::MAX), SHORT_NUMBER_ATTEMPTS).0 <= i64::from(i32::MAX));
    }
}
