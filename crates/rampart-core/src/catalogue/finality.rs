//! When a transaction counts as final: by its depth, by what the chain calls final, or both, and by more of either for large amounts.

use std::time::Duration;

use crate::money::amount::Amount;

/// How far a chain has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainProgress {
    /// Height of the newest block.
    pub newest: u64,
    /// Height of the newest final block, by the chain's own rule.
    pub last_final: Option<u64>,
    /// How long that block has been the newest final one (business time).
    pub finality_age: Duration,
}

impl ChainProgress {
    /// The confirmations of a block of this height, itself included; 0 if the chain has not reached it.
    #[must_use]
    pub fn confirmations(&self, height: u64) -> u32 {
        u32::try_from((self.newest + 1).saturating_sub(height)).unwrap_or(u32::MAX)
    }
}

/// What a transaction needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmations {
    /// Blocks, its own included.
    pub blocks: u32,
    /// Whether the chain has to call its block final as well.
    pub finality: bool,
}

/// What stands in for the chain's own finality while that does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StalledFinality {
    /// From when on it counts as stalled (business time).
    pub after: Duration,
    /// Blocks that are needed instead.
    pub blocks: u32,
}

/// When transactions of a coin are final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalityRule {
    pub usual: Confirmations,
    /// From which amount on, in minor units, more is needed, and what.
    pub large: Option<(Amount, Confirmations)>,
    pub stalled: Option<StalledFinality>,
}

impl FinalityRule {
    /// Final after this many blocks.
    #[must_use]
    pub const fn blocks(blocks: u32) -> Self {
        Self { usual: Confirmations { blocks, finality: false }, large: None, stalled: None }
    }

    /// What an amount, in minor units, needs.
    #[must_use]
    pub fn needed(&self, amount: Amount) -> Confirmations {
        self.large.filter(|(from, _)| amount >= *from).map_or(self.usual, |(_, large)| large)
    }

    /// Whether a transaction over this amount, in minor units, in the block of this height is final.
    #[must_use]
    pub fn is_final(&self, amount: Amount, height: u64, progress: &ChainProgress) -> bool {
        let needed = self.needed(amount);
        let (have, is_called_final) = (progress.confirmations(height), progress.last_final.is_some_and(|last| height <= last));
        match self.stalled.filter(|stalled| needed.finality && !is_called_final && progress.finality_age >= stalled.after) {
            Some(stalled) => have >= needed.blocks.max(stalled.blocks),
            None => have >= needed.blocks && (!needed.finality || is_called_final),
        }
    }

    /// The height from which on a transaction in the block of this height can be final by depth alone.
    #[must_use]
    pub fn earliest_final(&self, amount: Amount, height: u64) -> u64 {
        height.saturating_add(u64::from(self.needed(amount).blocks)).saturating_sub(1)
    }

    /// The most blocks that any amount waits for.
    #[must_use]
    pub fn most_blocks(&self) -> u32 {
        let large = self.large.map_or(0, |(_, large)| large.blocks);
        self.usual.blocks.max(large).max(self.stalled.map_or(0, |stalled| stalled.blocks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(newest: u64, last_final: Option<u64>, age: u64) -> ChainProgress {
        ChainProgress { newest, last_final, finality_age: Duration::from_secs(age) }
    }

    #[test]
    fn depth_tag_both_amount_and_fallback() {
        let small = Amount::from_minor(999);
        let large = Amount::from_minor(1_000);
        let depth = FinalityRule::blocks(3);
        let tagged = Confirmations { blocks: 1, finality: true };
        let both = FinalityRule { usual: Confirmations { blocks: 10, finality: true }, ..depth.clone() };
        let by_amount = FinalityRule { large: Some((large, tagged)), ..depth.clone() };
        let falls_back = FinalityRule { stalled: Some(StalledFinality { after: Duration::from_secs(120), blocks: 500 }), ..both.clone() };
        let cases = [
            ("two blocks are one too few", &depth, small, progress(101, None, 0), false),
            ("its own block counts", &depth, small, progress(102, None, 0), true),
            ("a head below it is no confirmation", &depth, small, progress(99, None, 0), false),
            ("deep enough, and not called final", &both, small, progress(200, Some(99), 0), false),
            ("called final, and not deep enough", &both, small, progress(108, Some(105), 0), false),
            ("both", &both, small, progress(109, Some(100), 0), true),
            ("a small amount by depth", &by_amount, small, progress(102, Some(90), 0), true),
            ("a large amount waits for finality", &by_amount, large, progress(190, Some(99), 9_999), false),
            ("a large amount with finality", &by_amount, large, progress(100, Some(100), 0), true),
            ("finality has not stood long enough", &falls_back, small, progress(599, Some(99), 119), false),
            ("while finality stands, many blocks", &falls_back, small, progress(599, Some(99), 120), true),
            ("while finality stands, too few blocks", &falls_back, small, progress(598, Some(99), 120), false),
            ("finality stands, and had reached it before", &falls_back, small, progress(109, Some(100), 999), true),
            ("a chain that has never called anything final", &falls_back, small, progress(599, None, 120), true),
        ];
        for (name, rule, amount, progress, expected) in cases {
            assert_eq!(rule.is_final(amount, 100, &progress), expected, "{name}");
        }
    }
}
