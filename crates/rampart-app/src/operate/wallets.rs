//! The hot wallets, as this installation and the chains know them.

use std::collections::BTreeSet;

use futures::future::join_all;
use rampart_core::money::asset::{Chain, CoinId};
use rampart_core::outgoing::{Lane, TransmissionStatus};
use rampart_core::ports::ChainPorts;
use serde::Serialize;

use super::{major, refuse};
use crate::app::App;
use crate::error::AppResult;
use crate::workers::answer_in_time;
use crate::workers::outgoing::wallet_name;
use crate::workers::sending::transmit;

/// A hot wallet.
#[derive(Debug, Clone, Serialize)]
pub struct WalletLine {
    pub wallet: String,
    pub address: String,
    /// The nonce of its next transaction; absent before its first.
    pub next_nonce: Option<u64>,
    /// Nonces that the chain has spent; absent if it does not answer.
    pub spent_nonces: Option<u64>,
    /// Its transactions that are not final.
    pub open: usize,
    /// Balances according to the chain, in major units; without the coins for which it does not answer.
    pub balances: Vec<String>,
}

/// The hot wallets of one chain, or of all.
///
/// # Errors
/// A refusal when the chain is not traded here.
pub async fn list(app: &App, chain: Option<Chain>) -> AppResult<Vec<WalletLine>> {
    let chosen: Vec<&ChainPorts> = match chain {
        Some(chain) => vec![app.ports.chain(chain).ok_or_else(|| refuse(format!("{chain} is not traded here")))?],
        None => app.ports.chains.iter().collect(),
    };
    let mut lines = Vec::new();
    for ports in chosen {
        let open = transmit::in_state(app, ports.reader.chain(), TransmissionStatus::Open).await?;
        let lanes: BTreeSet<Lane> = open.iter().map(|each| each.slot.lane()).chain([Lane::FIRST]).collect();
        for lane in lanes.into_iter().filter(|lane| matches!(lane, Lane::Hot(_))) {
            let open = open.iter().filter(|each| each.slot.lane() == lane).count();
            lines.push(line(app, ports, lane, open).await?);
        }
    }
    Ok(lines)
}

async fn line(app: &App, ports: &ChainPorts, lane: Lane, open: usize) -> AppResult<WalletLine> {
    let (reader, chain) = (&ports.reader, ports.reader.chain());
    let name = wallet_name(lane, chain)?;
    let coins = app.catalogue.coins.iter().map(|coin| coin.id).filter(|coin| coin.chain == chain);
    // All at once: a chain that does not answer costs one time limit.
    let balances = join_all(coins.map(|coin| balance(app, ports, lane, coin))).await;
    Ok(WalletLine {
        wallet: name.to_string(),
        address: reader.address(lane),
        next_nonce: app.store.wallet(name).await?.map(|wallet| wallet.next_nonce),
        spent_nonces: answer_in_time(app, reader.spent_nonces(lane)).await.ok(),
        open,
        balances: balances.into_iter().flatten().collect(),
    })
}

async fn balance(app: &App, ports: &ChainPorts, lane: Lane, coin: CoinId) -> Option<String> {
    let amount = answer_in_time(app, ports.reader.balance(lane, coin)).await.ok()?;
    Some(format!("{} {}", major(app, amount, coin.into()), coin.symbol))
}
