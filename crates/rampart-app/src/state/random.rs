//! Randomness of the system.

use rampart_core::id::Randomness;

/// Random bytes of a cryptographic generator (ChaCha) per thread, seeded regularly by the operating system:
/// unpredictable, and most draws need no system call.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }
}
