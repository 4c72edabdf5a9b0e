//! Notifies waiters of this process about what was written, by this process or another.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rampart_core::money::asset::Chain;
use rampart_core::ports::BlockHead;
use tokio::sync::watch;

use crate::settings::WorldSettings;

/// The latest known state of everything that can be waited for.
pub(crate) struct Signals {
    pub(crate) settings: watch::Sender<Arc<WorldSettings>>,
    /// The newest block of each chain, with its fork number.
    pub(crate) tips: HashMap<Chain, watch::Sender<(i64, BlockHead)>>,
    /// The last sequence number of each stream.
    pub(crate) streams: HashMap<String, watch::Sender<i64>>,
    /// The offset of business time in microseconds, copied from the settings because clocks are read very often.
    pub(crate) offset: AtomicI64,
}

impl Signals {
    pub(crate) fn new(streams: impl IntoIterator<Item = String>, chains: impl IntoIterator<Item = Chain>) -> Self {
        let no_head = BlockHead { height: 0, hash: String::new(), parent: String::new(), time: None };
        Self {
            settings: watch::Sender::new(Arc::new(WorldSettings::default())),
            tips: chains.into_iter().map(|chain| (chain, watch::Sender::new((-1, no_head.clone())))).collect(),
            streams: streams.into_iter().map(|stream| (stream, watch::Sender::new(0))).collect(),
            offset: AtomicI64::new(0),
        }
    }

    pub(crate) fn install(&self, settings: WorldSettings) {
        self.settings.send_if_modified(|known| {
            let newer = settings.version > known.version;
            if newer {
                // Business time never goes back, whatever the database says.
                self.offset.fetch_max(settings.clock_offset, Ordering::AcqRel);
                *known = Arc::new(settings);
            }
            newer
        });
    }

    pub(crate) fn advance(&self, stream: &str, last: i64) {
        if let Some(sender) = self.streams.get(stream) {
            sender.send_if_modified(|known| {
                let newer = last > *known;
                *known = last.max(*known);
                newer
            });
        }
    }

    /// Fork numbers grow, and so do heights within a fork, so an older read never replaces a newer one.
    pub(crate) fn tip(&self, chain: Chain, fork: i64, head: BlockHead) {
        if let Some(sender) = self.tips.get(&chain) {
            sender.send_if_modified(|known| {
                let newer = (fork, head.height) > (known.0, known.1.height);
                if newer {
                    *known = (fork, head);
                }
                newer
            });
        }
    }

    /// How far every stream and chain has come.
    pub(crate) fn progress(&self) -> Vec<(i64, u64)> {
        let tips = self.tips.values().map(|tip| (tip.borrow().0, tip.borrow().1.height));
        tips.chain(self.streams.values().map(|stream| (*stream.borrow(), 0))).collect()
    }

    /// Completes when a stream has a line after `after`. Never completes for an unknown stream.
    pub(crate) async fn wait_for_line(&self, stream: &str, after: i64) {
        let Some(sender) = self.streams.get(stream) else { return std::future::pending().await };
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = sender.subscribe().wait_for(|last| *last > after).await;
    }
}
