//! Makes transmissions of what earlier versions signed, once after a start: their transfers kept nonce and bytes themselves, and one record
//! a chain counted the nonces.

use std::time::Duration;

use rampart_core::id::TransferId;
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::{Lane, TransferStatus, Wallet, WalletName};
use rampart_core::step::Step;
use rampart_core::step::record::RecordKey;

use super::super::outgoing::wallet_name;
use crate::app::App;
use crate::error::{AppError, AppResult};

const PAGE_ROWS: u32 = 256;
/// How far back confirmed transfers may be undone by a reorganisation (business time).
const CONFIRMED_LOOKBACK: Duration = Duration::from_secs(24 * 60 * 60);

/// Converts the transfers and the wallet of a chain. Two workers need them, and the first one does it; doing it twice is harmless.
pub(crate) async fn convert(app: &App, chain: Chain) -> AppResult<()> {
    let since = TransferId::first_at(app.business.now().before(CONFIRMED_LOOKBACK));
    for (status, mut after) in [
        (TransferStatus::Signed, None),
        (TransferStatus::Recalled, None),
        (TransferStatus::Broadcast, None),
        (TransferStatus::Confirmed, Some(since)),
    ] {
        loop {
            let page = app.store.transfers_in_state(chain, status, after, PAGE_ROWS).await?;
            after = page.last().map(|transfer| transfer.id);
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            for transfer in page {
                let Some((transmission, mut step)) = transfer.with_transmission(&app.mint()) else { continue };
                let lane = transmission.slot.lane();
                if lane != Lane::FIRST {
                    count_nonce(app, chain, lane, transmission.slot.nonce(), &mut step).await?;
                }
                app.commit_if_unchanged(step).await?;
            }
            if is_last {
                break;
            }
        }
    }
    rename_wallet(app, chain).await
}

/// The wallet of a deposit address counts on after what was signed for it.
async fn count_nonce(app: &App, chain: Chain, lane: Lane, nonce: u64, step: &mut Step) -> AppResult<()> {
    let name = wallet_name(lane, chain)?;
    let wallet = app.store.wallet(name).await?.unwrap_or(Wallet { id: name, version: 0, next_nonce: 0 });
    if wallet.next_nonce <= nonce {
        step.write(Wallet { next_nonce: nonce + 1, ..wallet });
    }
    Ok(())
}

/// The record of the hot wallet had the chain's name.
async fn rename_wallet(app: &App, chain: Chain) -> AppResult<()> {
    let earlier = WalletName::of(chain.as_str().as_bytes()).map_err(|fault| AppError::Defect(Box::new(fault)))?;
    let Some(wallet) = app.store.wallet(earlier).await? else { return Ok(()) };
    let mut step = Step::new();
    step.removals.push((RecordKey::Wallet(wallet.id), wallet.version));
    step.write(Wallet { id: wallet_name(Lane::FIRST, chain)?, version: 0, next_nonce: wallet.next_nonce });
    app.commit_if_unchanged(step).await
}
