//! Repeatable randomness: a run is told apart by its seed, and can be had again.

/// A SplitMix64 generator. Its numbers decide when to kill and what to buy, nothing that must be secret.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// The sequence of a seed.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A sequence of its own for a part of the run.
    pub(crate) fn fork(&mut self) -> Self {
        Self::seeded(self.next())
    }

    /// The next 64 bits.
    pub(crate) const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// Whether a thing happens that happens once in `times`.
    pub(crate) const fn once_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }

    /// An EVM address that nobody has the key of, in lower case. It has no figures: what the sandbox takes for a sign does, and
    /// among hundreds of thousands of addresses some would hold one by chance.
    pub(crate) fn wallet(&mut self) -> String {
        let mut address = String::from("0x");
        for _ in 0..4 {
            let mut bits = self.next();
            for _ in 0..10 {
                address.push(char::from(b'a' + u8::try_from(bits % 6).unwrap_or(0)));
                bits /= 6;
            }
        }
        address
    }
}
