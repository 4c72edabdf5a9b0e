//! Chance.

use rampart_core::id::Randomness;

/// Random bytes of a cryptographic generator (ChaCha) that each thread has for itself and that is seeded, again and again,
/// by the operating system: what is drawn cannot be foretold, and most draws need no system call.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }
}
