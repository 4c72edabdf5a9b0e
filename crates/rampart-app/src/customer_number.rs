//! Customers' numbers (`user_id`). They are drawn, so that none tells a partner how many customers there are or how fast others
//! gain theirs; a number that somebody has is found out by the commit, and another is drawn.

use rampart_core::id::{CustomerId, Randomness};

/// A customer's own CLABE has room for seven figures of the number, so those are drawn first.
const OF_SEVEN_FIGURES: u64 = 9_999_999;
/// Clients hold numbers in signed integers of 32 bits.
const OF_32_BITS: u64 = 2_147_483_647;
/// How many draws are of seven figures. With every second one of them taken, one registration in 32 gets a longer one.
const SHORT_DRAWS: usize = 5;

/// Draws a number; `tries` is how many draws of this registration were taken.
pub(crate) fn draw(randomness: &dyn Randomness, tries: usize) -> CustomerId {
    let mut bytes = [0; 8];
    randomness.fill(&mut bytes);
    let largest = if tries < SHORT_DRAWS { OF_SEVEN_FIGURES } else { OF_32_BITS };
    // The remainder favours none by more than one in a billion.
    CustomerId(i64::try_from(u64::from_le_bytes(bytes) % largest + 1).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the same bytes for ever.
    struct Always(u64);

    impl Randomness for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.to_le_bytes());
        }
    }

    #[test]
    fn numbers_fit_where_they_are_written() {
        for tries in 0..SHORT_DRAWS {
            assert_eq!(draw(&Always(0), tries), CustomerId(1));
            assert_eq!(draw(&Always(OF_SEVEN_FIGURES - 1), tries), CustomerId(9_999_999));
            assert!(draw(&Always(u64::MAX), tries).0 <= 9_999_999);
        }
        assert_eq!(draw(&Always(OF_32_BITS - 1), SHORT_DRAWS), CustomerId(i64::from(i32::MAX)));
        assert!(draw(&Always(u64::MAX), SHORT_DRAWS).0 <= i64::from(i32::MAX));
    }
}
