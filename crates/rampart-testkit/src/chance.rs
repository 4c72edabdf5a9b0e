//! Reproducible randomness.

use std::sync::atomic::{AtomicU64, Ordering};

use rampart_core::id::Randomness;

/// Randomness from a seed (SplitMix64, Steele et al. 2014).
#[derive(Debug)]
pub struct SeededRandomness(AtomicU64);

impl SeededRandomness {
    /// Creates the generator from its seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Randomness for SeededRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut value = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed).wrapping_add(0x9E37_79B9_7F4A_7C15);
            value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let output = (value ^ (value >> 31)).to_le_bytes();
            chunk.copy_from_slice(&output[..chunk.len()]);
        }
    }
}
