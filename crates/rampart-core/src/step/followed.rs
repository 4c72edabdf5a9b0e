//! The blocks of a chain that were followed, as far as they are remembered.

use crate::time::Timestamp;

/// The newest blocks are all remembered; further back fewer and fewer are.
const DENSE_BLOCKS: u64 = 64;
/// Each part further back keeps one of so many blocks that the part before it keeps.
const SPACING_BLOCKS: u64 = 16;
/// How far back is remembered at least, whether or not the chain says what is final.
const MIN_REMEMBERED_BLOCKS: u64 = 200;
/// How far below the last final block is remembered: a chain has taken back what it called final before.
const FINAL_MARGIN_BLOCKS: u64 = 64;

/// Height and hash of a block.
pub type BlockPosition = (u64, String);

/// The followed blocks, which the cursor of a chain stores. There is always at least one.
///
/// Where the chain was reorganised, the newest remembered block that still stands may be older than the last one that does. What is read
/// again from there is therefore compared by the hashes of blocks and never undone by height alone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "StoredFollowedBlocks")]
pub struct FollowedBlocks {
    /// Oldest first.
    blocks: Vec<BlockPosition>,
    /// Up to this height every block was read a second time.
    read_again_to: u64,
    last_final: Option<u64>,
    /// Since when that has been the last final block (business time).
    final_since: Option<Timestamp>,
}

/// Their stored form; earlier versions stored the blocks only.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum StoredFollowedBlocks {
    Present { blocks: Vec<BlockPosition>, read_again_to: u64, last_final: Option<u64>, final_since: Option<Timestamp> },
    Earlier(Vec<BlockPosition>),
}

impl TryFrom<StoredFollowedBlocks> for FollowedBlocks {
    type Error = &'static str;

    fn try_from(stored: StoredFollowedBlocks) -> Result<Self, Self::Error> {
        let read = match stored {
            StoredFollowedBlocks::Present { blocks, read_again_to, last_final, final_since } => {
                Self { blocks, read_again_to, last_final, final_since }
            }
            StoredFollowedBlocks::Earlier(blocks) => {
                let read_again_to = blocks.first().map_or(0, |(height, _)| *height);
                Self { blocks, read_again_to, last_final: None, final_since: None }
            }
        };
        if read.blocks.is_empty() { Err("there is no block in it") } else { Ok(read) }
    }
}

impl FollowedBlocks {
    /// Following begins after this block: nothing of ours is in it or before it.
    #[must_use]
    pub fn begin(block: BlockPosition) -> Self {
        Self { read_again_to: block.0, blocks: vec![block], last_final: None, final_since: None }
    }

    /// The newest followed block.
    #[must_use]
    pub fn newest(&self) -> (u64, &str) {
        self.blocks
            .last()
            .map(|(height, hash)| (*height, hash.as_str()))
            .expect("it is made with a block, and none of its methods takes the last")
    }

    /// The oldest remembered block.
    #[must_use]
    pub fn oldest(&self) -> (u64, &str) {
        self.blocks
            .first()
            .map(|(height, hash)| (*height, hash.as_str()))
            .expect("it is made with a block, and none of its methods takes the last")
    }

    /// All of them, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = (u64, &str)> {
        self.blocks.iter().rev().map(|(height, hash)| (*height, hash.as_str()))
    }

    /// Up to which height every block was read a second time.
    #[must_use]
    pub const fn read_again_to(&self) -> u64 {
        self.read_again_to
    }

    /// Height of the newest block known to be final, by the chain's own rule, as far as it was followed.
    #[must_use]
    pub fn last_final(&self) -> Option<u64> {
        self.last_final.map(|height| height.min(self.newest().0))
    }

    /// Since when that has been the last final block (business time); `None` before the chain was first asked.
    #[must_use]
    pub const fn final_since(&self) -> Option<Timestamp> {
        self.final_since
    }

    /// Adds the block that follows the newest one.
    pub fn push(&mut self, block: BlockPosition) {
        self.blocks.push(block);
    }

    /// Notes what the chain calls final; whether that has moved. A lower height comes from a node that is behind.
    pub fn note_final(&mut self, height: Option<u64>, now: Timestamp) -> bool {
        let has_moved = height > self.last_final;
        if has_moved {
            self.last_final = height;
        }
        if has_moved || self.final_since.is_none() {
            self.final_since = Some(now);
            return true;
        }
        false
    }

    /// Notes that every block up to this height was read a second time.
    pub fn note_read_again(&mut self, height: u64) {
        self.read_again_to = self.read_again_to.max(height);
    }

    /// Goes back to the remembered block of this height.
    pub fn go_back_to(&mut self, height: u64) {
        let kept = self.blocks.partition_point(|(followed, _)| *followed <= height);
        self.blocks.truncate(kept.max(1));
        self.forget_above(height);
    }

    /// Goes back to a block that is not among the remembered ones, none of which stands any more.
    pub fn go_back_beyond(&mut self, block: BlockPosition) {
        let height = block.0;
        self.blocks = vec![block];
        self.forget_above(height);
    }

    fn forget_above(&mut self, height: u64) {
        self.read_again_to = self.read_again_to.min(height);
        if self.last_final.is_some_and(|last| last > height) {
            (self.last_final, self.final_since) = (None, None);
        }
    }

    /// Forgets the blocks that are not needed: of the older ones all but one in 16, then in 256 and so on, and those further back than
    /// the last final block and a margin. A block at or below the last final one stays.
    pub fn thin(&mut self) {
        let newest = self.newest().0;
        let below_final = self.last_final().map_or(u64::MAX, |height| height.saturating_sub(FINAL_MARGIN_BLOCKS));
        let horizon = newest.saturating_sub(MIN_REMEMBERED_BLOCKS).min(below_final);
        let beyond = self.blocks.partition_point(|(height, _)| *height <= horizon).saturating_sub(1);
        self.blocks.drain(..beyond);
        let mut last = None;
        self.blocks.retain(|(height, _)| {
            let spacing = spacing_at(newest.saturating_sub(*height));
            let group = (spacing, *height / spacing);
            last.replace(group) != Some(group)
        });
    }
}

/// Of how many blocks one is remembered this far back.
fn spacing_at(depth: u64) -> u64 {
    let mut spacing = 1_u64;
    while depth / DENSE_BLOCKS >= spacing && spacing < 1 << 40 {
        spacing *= SPACING_BLOCKS;
    }
    spacing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(height: u64) -> String {
        format!("0x{height:x}")
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// Followed from `begin` to `newest` in batches, with finality this many blocks behind.
    fn followed(begin: u64, newest: u64, batch: usize, lag: Option<u64>) -> FollowedBlocks {
        let mut followed = FollowedBlocks::begin((begin, hash(begin)));
        let heights: Vec<u64> = (begin + 1..=newest).collect();
        for heights in heights.chunks(batch) {
            heights.iter().for_each(|height| followed.push((*height, hash(*height))));
            let reached = followed.newest().0;
            followed.note_final(lag.map(|lag| reached.saturating_sub(lag)), at(0));
            followed.thin();
        }
        followed
    }

    #[test]
    fn the_ancestor_of_a_reorganisation_is_found() {
        // Depth of the reorganisation, finality behind the newest block, and how far below the true ancestor the found one may be.
        let cases = [
            (1, None, Some(0)),
            (2, None, Some(0)),
            (7, None, Some(0)),
            (60, None, Some(0)),
            (180, None, Some(16)),
            // Deeper than what a chain without finality remembers.
            (300, None, None),
            (1, Some(10), Some(0)),
            (60, Some(10), Some(0)),
            (60, Some(500), Some(0)),
            (300, Some(500), Some(16)),
            (500, Some(500), Some(16)),
            (5_000, Some(5_000), Some(256)),
        ];
        for (depth, lag, expected) in cases {
            for (newest, batch) in [(20_000, 1), (20_003, 7), (20_011, 100)] {
                let followed = followed(1_000, newest, batch, lag);
                let ancestor = newest - depth;
                let found = followed.newest_first().map(|(height, _)| height).find(|height| *height <= ancestor);
                match expected {
                    Some(within) => assert!(found.is_some_and(|found| ancestor - found <= within), "{depth} {lag:?} {newest}: {found:?}"),
                    None => assert_eq!(found, None, "{depth} {newest}"),
                }
            }
        }
    }

    #[test]
    fn what_is_remembered_stays_small_and_reaches_the_last_final_block() {
        for (newest, lag, most) in
            [(50_000, None, 80), (50_000, Some(20), 80), (50_000, Some(1_000), 140), (2_000_000, Some(1_900_000), 400)]
        {
            let followed = followed(5, newest, 100, lag);
            let count = followed.newest_first().count();
            assert!(count <= most, "{newest} {lag:?}: {count}");
            if let Some(lag) = lag {
                assert!(followed.oldest().0 <= newest - lag, "{newest} {lag}");
            }
            assert!(followed.oldest().0 <= newest - MIN_REMEMBERED_BLOCKS);
            let heights: Vec<u64> = followed.newest_first().map(|(height, _)| height).take(64).collect();
            assert_eq!(heights, (newest - 63..=newest).rev().collect::<Vec<u64>>(), "the newest are remembered without a gap");
        }
        let new = followed(1_000, 1_010, 1, Some(10));
        assert_eq!(new.oldest().0, 1_000, "where following began, which is the last final block");
    }

    #[test]
    fn what_earlier_versions_stored_is_read() {
        let read: FollowedBlocks = serde_json::from_str(r#"[[7,"0x7"],[8,"0x8"]]"#).unwrap();
        assert_eq!((read.oldest(), read.newest(), read.read_again_to(), read.last_final()), ((7, "0x7"), (8, "0x8"), 7, None));
        let mut present = read;
        present.note_final(Some(8), at(5));
        present.note_read_again(8);
        let stored = serde_json::to_string(&present).unwrap();
        assert_eq!(serde_json::from_str::<FollowedBlocks>(&stored).unwrap(), present);
        for nothing in ["[]", r#"{"blocks":[],"read_again_to":0,"last_final":null,"final_since":null}"#, r#""""#] {
            assert!(serde_json::from_str::<FollowedBlocks>(nothing).is_err(), "{nothing}");
        }
    }

    #[test]
    fn finality_moves_forward_and_its_age_counts_from_then() {
        let mut followed = followed(10, 20, 1, None);
        assert_eq!((followed.last_final(), followed.final_since()), (None, Some(at(0))));
        let cases = [
            ("the first", Some(12), 1, true, 12, 1),
            ("it stands", Some(12), 9, false, 12, 1),
            ("a node that is behind", Some(11), 10, false, 12, 1),
            ("a node that does not say", None, 11, false, 12, 1),
            ("it moves", Some(13), 12, true, 13, 12),
            ("further than was followed", Some(99), 13, true, 20, 13),
        ];
        for (name, height, now, moved, last, since) in cases {
            assert_eq!(followed.note_final(height, at(now)), moved, "{name}");
            assert_eq!((followed.last_final(), followed.final_since()), (Some(last), Some(at(since))), "{name}");
        }
    }

    #[test]
    fn going_back_forgets_what_was_above() {
        let mut back = followed(10, 100, 1, Some(20));
        back.note_read_again(80);
        back.go_back_to(90);
        assert_eq!((back.newest(), back.read_again_to(), back.last_final()), ((90, hash(90).as_str()), 80, Some(80)));
        // Below what the chain had called final.
        back.go_back_to(70);
        assert_eq!((back.newest().0, back.read_again_to(), back.last_final(), back.final_since()), (70, 70, None, None));
        back.go_back_beyond((9, "another".to_owned()));
        assert_eq!((back.newest(), back.oldest().0, back.read_again_to()), ((9, "another"), 9, 9));
    }
}
