//! Notifies waiters of this process about what was written, by this process or another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rampart_core::money::asset::Chain;
use tokio::sync::watch;

use super::settings::WorldSettings;
use crate::config::WorldConfig;

/// Something that was written and that others may wait for.
pub(crate) enum Signal {
    Settings(Arc<WorldSettings>),
    Line { stream: String, last: i64 },
    Tip { chain: Chain, fork: i64, height: i64 },
}

/// The latest known state of everything that can be waited for.
pub(crate) struct Signals {
    pub(crate) settings: watch::Sender<Arc<WorldSettings>>,
    /// The number of each chain's newest fork, and the height of its newest block.
    tips: BTreeMap<Chain, watch::Sender<(i64, i64)>>,
    /// The last sequence number of each stream.
    streams: BTreeMap<String, watch::Sender<i64>>,
    /// The offset of business time in microseconds, copied from the settings because clocks are read very often.
    pub(super) offset_micros: AtomicI64,
}

impl Signals {
    pub(super) fn new(config: &WorldConfig) -> Self {
        let streams = config.rails.iter().map(|rail| format!("bank-{}", rail.name));
        let streams = streams.chain(config.processors.iter().map(|processor| format!("card-{processor}"))).chain(["kyc".to_owned()]);
        Self {
            settings: watch::Sender::new(Arc::new(WorldSettings::default())),
            tips: config.chains.iter().map(|chain| (chain.name, watch::Sender::new((-1, -1)))).collect(),
            streams: streams.map(|stream| (stream, watch::Sender::new(0))).collect(),
            offset_micros: AtomicI64::new(0),
        }
    }

    /// Publishes a signal, unless a later one is known.
    pub(super) fn send(&self, signal: Signal) {
        match signal {
            Signal::Settings(settings) => {
                self.settings.send_if_modified(|known| {
                    let newer = settings.version > known.version;
                    if newer {
                        // Business time never goes back, whatever the file says.
                        self.offset_micros.fetch_max(settings.clock_offset, Ordering::AcqRel);
                        *known = settings;
                    }
                    newer
                });
            }
            Signal::Line { stream, last } => raise(self.streams.get(&stream), last),
            // Fork numbers grow, and so do heights within a fork.
            Signal::Tip { chain, fork, height } => raise(self.tips.get(&chain), (fork, height)),
        }
    }

    /// Completes when a stream has a line after `after`. Never completes for an unknown stream.
    pub(crate) async fn wait_for_line(&self, stream: &str, after: i64) {
        reached(self.streams.get(stream), |last| *last > after).await;
    }

    /// Completes when fork and height of a chain's newest block satisfy a condition, which is also asked whether the chain's node lags.
    /// Never completes for an unknown chain.
    pub(crate) async fn wait_for_tip(&self, chain: Chain, is_news: impl Fn(bool, i64, i64) -> bool + Send) {
        let Some(mut tips) = self.tips.get(&chain).map(watch::Sender::subscribe) else { return std::future::pending().await };
        let mut settings = self.settings.subscribe();
        loop {
            let lags = settings.borrow_and_update().chains.get(&chain).is_some_and(|settings| settings.lag_blocks > 0);
            let (fork, height) = *tips.borrow_and_update();
            if is_news(lags, fork, height) {
                return;
            }
            // The senders live as long as this borrow of them, so waiting cannot fail.
            tokio::select! {
                _ = tips.changed() => {}
                _ = settings.changed() => {}
            }
        }
    }
}

fn raise<T: PartialOrd>(sender: Option<&watch::Sender<T>>, value: T) {
    if let Some(sender) = sender {
        sender.send_if_modified(|known| {
            let newer = value > *known;
            if newer {
                *known = value;
            }
            newer
        });
    }
}

async fn reached<T>(sender: Option<&watch::Sender<T>>, condition: impl Fn(&T) -> bool) {
    let Some(sender) = sender else { return std::future::pending().await };
    // The sender lives as long as this borrow of it, so waiting cannot fail.
    let _ = sender.subscribe().wait_for(condition).await;
}
