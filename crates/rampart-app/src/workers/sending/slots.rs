//! The slots of a chain's hot wallets. Nonces come from the wallet's own record only; the chain's count is compared with it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::{Lane, Slot, Transmission, TransmissionFact, TransmissionState, TransmissionStatus, Wallet};
use rampart_core::ports::{ChainPorts, SlotStatus};
use rampart_core::step::Step;
use rampart_core::step::record::RecordKey;
use rampart_core::time::Timestamp;

use super::super::outgoing::wallet_name;
use super::super::stops;
use super::super::timeouts::answer_in_time;
use super::transmit;
use crate::app::App;
use crate::error::AppResult;

/// How often the chain's count of nonces is compared with ours without a cause (real time).
const COMPARE_INTERVAL: Duration = Duration::from_secs(60);
/// Most missing slots that are looked at in one comparison.
const MAX_MISSING_SLOTS: usize = 64;

/// Which chains have to be compared with our records.
#[derive(Default)]
pub(super) struct Comparisons(Mutex<BTreeMap<Chain, Timestamp>>);

impl Comparisons {
    /// Whether to compare: after a start, after a slot became free, and every [`COMPARE_INTERVAL`].
    pub(super) fn is_due(&self, app: &App, chain: Chain) -> bool {
        self.0.lock().get(&chain).is_none_or(|compared| compared.until(app.real.now()) > COMPARE_INTERVAL)
    }

    /// To be compared in the next turn.
    pub(super) fn suspect(&self, chain: Chain) {
        self.0.lock().remove(&chain);
    }

    pub(super) fn compared(&self, app: &App, chain: Chain) {
        self.0.lock().insert(chain, app.real.now());
    }
}

/// Compares the chain's count of the first hot wallet's nonces with ours. A higher one stops the chain: the wallet was used outside this
/// installation. A nonce of ours that no transmission has becomes a free slot. Returns whether the chain may go on.
pub(super) async fn compare(app: &App, ports: &ChainPorts, chain: Chain) -> AppResult<bool> {
    let name = wallet_name(Lane::FIRST, chain)?;
    let Some(wallet) = app.store.wallet(name).await? else { return Ok(true) };
    let spent = answer_in_time(app, ports.reader.spent_nonces(Lane::FIRST)).await?;
    if spent > wallet.next_nonce {
        // Another node may have reserved and sent between our two reads; it stored what it sent beforehand.
        let ours = app.store.wallet(name).await?.map_or(wallet.next_nonce, |present| present.next_nonce);
        if spent > ours {
            stops::stop_chain(app, chain, spent, ours).await?;
        }
        return Ok(false);
    }
    let mut known = BTreeSet::new();
    for status in [TransmissionStatus::Open, TransmissionStatus::Free] {
        let all = transmit::in_state(app, chain, status).await?;
        known.extend(all.iter().filter(|each| each.slot.lane() == Lane::FIRST).map(|each| each.slot.nonce()));
    }
    let missing = (spent..wallet.next_nonce).filter(|nonce| !known.contains(nonce)).take(MAX_MISSING_SLOTS);
    let mut step = Step::new();
    for nonce in missing {
        let slot = Slot::Nonce { lane: Lane::FIRST, nonce };
        // A node that is behind counts too little: what it lacks is settled here.
        if app.store.transmission_of_slot(chain, &slot).await?.is_none() {
            step.write(Transmission::free(&app.mint(), chain, slot));
        }
    }
    if !step.is_empty() {
        tracing::warn!(%chain, slots = step.writes.len(), "nonces that no transaction has are free again");
        step.rely(RecordKey::Wallet(wallet.id), wallet.version);
        app.commit_if_unchanged(step).await?;
    }
    Ok(true)
}

/// The slots that one step reserves.
pub(super) struct Slots<'a> {
    app: &'a App,
    ports: &'a ChainPorts,
    chain: Chain,
    /// Free slots of the first hot wallet, lowest first.
    free: VecDeque<Transmission>,
    wallets: BTreeMap<Lane, Wallet>,
}

impl<'a> Slots<'a> {
    pub(super) async fn of(app: &'a App, ports: &'a ChainPorts, chain: Chain) -> AppResult<Self> {
        let mut free = transmit::in_state(app, chain, TransmissionStatus::Free).await?;
        free.sort_by_key(|transmission| transmission.slot.nonce());
        Ok(Self { app, ports, chain, free: free.into(), wallets: BTreeMap::new() })
    }

    /// The next slot of a wallet: one that is free, or a new nonce.
    pub(super) async fn next(&mut self, lane: Lane) -> AppResult<Transmission> {
        while lane == Lane::FIRST
            && let Some(free) = self.free.pop_front()
        {
            // Somebody else may have spent it meanwhile.
            match answer_in_time(self.app, self.ports.reader.slot(&free.slot, &[])).await? {
                SlotStatus::SpentByOther { height } => {
                    transmit::record(self.app, free, Vec::new(), TransmissionFact::SpentByOther { height }, None).await?;
                }
                SlotStatus::Open { .. } | SlotStatus::Spent(_) => return Ok(free),
            }
        }
        let wallet = match self.wallets.remove(&lane) {
            Some(wallet) => wallet,
            None => self.wallet(lane).await?,
        };
        let nonce = wallet.next_nonce;
        self.wallets.insert(lane, Wallet { next_nonce: nonce + 1, ..wallet });
        Ok(Transmission::free(&self.app.mint(), self.chain, Slot::Nonce { lane, nonce }))
    }

    async fn wallet(&self, lane: Lane) -> AppResult<Wallet> {
        let name = wallet_name(lane, self.chain)?;
        Ok(match self.app.store.wallet(name).await? {
            Some(wallet) => wallet,
            None => {
                let next_nonce = answer_in_time(self.app, self.ports.reader.spent_nonces(lane)).await?;
                Wallet { id: name, version: 0, next_nonce }
            }
        })
    }

    /// Adds the wallets to the step, and spends free slots below a reserved one for nothing. Returns the transmissions of those.
    pub(super) async fn write(self, step: &mut Step) -> AppResult<Vec<Transmission>> {
        let mut spent = Vec::new();
        if !self.free.is_empty() {
            let next = match self.wallets.get(&Lane::FIRST) {
                Some(wallet) => wallet.next_nonce,
                None => self.wallet(Lane::FIRST).await?.next_nonce,
            };
            // What is above every reserved one waits for the next transfer.
            let mut top = next;
            let mut free: Vec<Transmission> = self.free.into();
            while let Some(last) = free.pop_if(|last| last.slot.nonce() + 1 == top) {
                top = last.slot.nonce();
            }
            for transmission in free {
                let cancel = Some("nothing was signed for its nonce".to_owned());
                let spends = Transmission { state: TransmissionState::Open, cancel, ..transmission };
                spent.push(Transmission { version: spends.version + 1, ..spends.clone() });
                step.write(spends);
            }
        }
        self.wallets.into_values().for_each(|wallet| step.write(wallet));
        Ok(spent)
    }
}
