//! The curve of Bitcoin keys: y² = x³ + 7 over the integers modulo the prime (SEC 2, 2.4.1).

use ruint::aliases::U256;

/// 2²⁵⁶ − 2³² − 977.
const PRIME: U256 = U256::from_limbs([0xffff_fffe_ffff_fc2f, u64::MAX, u64::MAX, u64::MAX]);

/// Whether 32 bytes are the x-coordinate of a point of the curve: whether x³ + 7 is a square, by Euler's criterion.
pub(super) fn has_point(x: &[u8]) -> bool {
    let Some(x) = U256::try_from_be_slice(x).filter(|x| *x < PRIME) else { return false };
    let square = x.mul_mod(x, PRIME).mul_mod(x, PRIME).add_mod(U256::from(7), PRIME);
    square.pow_mod(PRIME >> 1, PRIME) == U256::ONE
}
