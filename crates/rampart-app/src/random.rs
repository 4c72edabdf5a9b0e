//! Chance from the operating system.

use rampart_core::id::Randomness;

/// Random bytes from the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness there are no secrets and no identifiers, and nothing sensible can go on.
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
