//! What changes from run to run, passed in.

use std::sync::Arc;

use rampart_core::id::Randomness;
use rampart_core::time::Clock;

/// Clocks and randomness, passed in so that tests control them.
#[derive(Clone)]
pub struct Sources {
    /// Business time: quotes, expiry, limits, retries due, events. Tests and the sandbox move it.
    pub business: Arc<dyn Clock>,
    /// Real time: tokens, leases, timeouts, signatures.
    pub real: Arc<dyn Clock>,
    pub randomness: Arc<dyn Randomness>,
}
