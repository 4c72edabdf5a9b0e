//! Broadcasts, with the checks of a node: a known transaction is accepted again; a used nonce and a transfer without
//! sufficient funds are refused. A transaction whose nonce is ahead waits for the ones before it.

use std::collections::{BTreeMap, BTreeSet};

use rampart_core::money::amount::Amount;
use rampart_core::outgoing::SignedTransaction;
use rampart_core::ports::CallOutcome;
use sqlx::Row;

use super::signing::Payload;
use super::{DROPPED_STATE, SimulatedChain};
use crate::database::{Batch, WriterCommand};
use crate::error::WorldError;
use crate::payouts::amount;
use crate::trigger::{self, TriggerOutcome};

/// A signed transaction that is broadcast.
#[derive(Debug)]
pub(crate) struct SignedTransfer {
    txid: String,
    payload: Payload,
    fee: Amount,
    native: String,
}

/// How far a nonce may be ahead of the next one to be mined.
const MAX_PENDING_NONCES: i64 = 20_000;

impl SimulatedChain {
    pub(super) async fn send(&self, signed: &SignedTransaction) -> Result<CallOutcome<()>, WorldError> {
        let Some(payload) = self.read_signed(signed) else {
            return Ok(CallOutcome::Refused { reason: "invalid transaction".to_owned() });
        };
        if trigger::by_wallet(&payload.to) == Some(TriggerOutcome::BroadcastRefused) {
            return Ok(CallOutcome::Refused { reason: "the network does not accept transactions to this address".to_owned() });
        }
        let fee = self.fee(payload.source, payload.symbol);
        let transfer = SignedTransfer { txid: signed.txid.clone(), payload, fee, native: self.config.native.to_string() };
        self.database.submit(|caller| WriterCommand::Broadcast(transfer, caller)).await
    }
}

type ChainAddress = (String, String);

/// The balance of an address in one coin at the newest block, and the part reserved by waiting transactions.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CoinBalance {
    pub(super) amount: Amount,
    pub(super) waiting: Amount,
}

/// The state that the transactions of a group are checked against.
struct SenderState {
    states: BTreeMap<(String, String), i64>,
    next_nonces: BTreeMap<ChainAddress, i64>,
    used_nonces: BTreeSet<(ChainAddress, i64)>,
    balances: BTreeMap<(ChainAddress, String), CoinBalance>,
}

fn sender(transfer: &SignedTransfer) -> ChainAddress {
    (transfer.payload.chain.clone(), transfer.payload.from.clone())
}

fn nonce(transfer: &SignedTransfer) -> i64 {
    i64::try_from(transfer.payload.nonce).unwrap_or(i64::MAX)
}

impl SenderState {
    async fn load(batch: &mut Batch, transfers: &[SignedTransfer]) -> Result<Self, WorldError> {
        let txids: Vec<&str> = transfers.iter().map(|transfer| transfer.txid.as_str()).collect();
        let addresses: BTreeSet<ChainAddress> = transfers.iter().map(sender).collect();
        let nonces: Vec<(&str, &str, i64)> =
            transfers.iter().map(|transfer| (transfer.payload.chain.as_str(), transfer.payload.from.as_str(), nonce(transfer))).collect();
        let mut senders =
            Self { states: BTreeMap::new(), next_nonces: BTreeMap::new(), used_nonces: BTreeSet::new(), balances: BTreeMap::new() };
        let rows = sqlx::query("SELECT chain, txid, state FROM transactions WHERE txid IN (SELECT value FROM json_each(?1))")
            .bind(serde_json::to_string(&txids)?)
            .fetch_all(&mut batch.connection)
            .await?;
        for row in rows {
            senders.states.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
        }
        let addresses = serde_json::to_string(&addresses)?;
        let rows = sqlx::query(
            "SELECT n.chain, n.address, n.next FROM json_each(?1) w CROSS JOIN nonces n ON n.chain = w.value->>0 AND n.address = w.value->>1",
        )
        .bind(&addresses)
        .fetch_all(&mut batch.connection)
        .await?;
        for row in rows {
            senders.next_nonces.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
        }
        let rows = sqlx::query(
            "SELECT b.chain, b.address, b.symbol, b.amount, b.waiting FROM json_each(?1) w \
             CROSS JOIN balances b ON b.chain = w.value->>0 AND b.address = w.value->>1",
        )
        .bind(&addresses)
        .fetch_all(&mut batch.connection)
        .await?;
        for row in rows {
            let balance = CoinBalance { amount: amount(row.try_get(3)?)?, waiting: amount(row.try_get(4)?)? };
            senders.balances.insert(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?), balance);
        }
        let rows = sqlx::query(
            "SELECT t.chain, t.sender, t.nonce FROM json_each(?1) w \
             CROSS JOIN transactions t ON t.sender = w.value->>1 AND t.chain = w.value->>0 AND t.nonce = w.value->>2 WHERE t.state < 3",
        )
        .bind(serde_json::to_string(&nonces)?)
        .fetch_all(&mut batch.connection)
        .await?;
        for row in rows {
            senders.used_nonces.insert(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?));
        }
        Ok(senders)
    }

    /// Why a node would refuse the transfer. `None` when it would accept it; its nonce and funds are then reserved.
    fn refusal(&mut self, transfer: &SignedTransfer) -> Option<&'static str> {
        let (sender, nonce) = (sender(transfer), nonce(transfer));
        let next = self.next_nonces.get(&sender).copied().unwrap_or(0);
        if nonce < next {
            return Some("nonce too low");
        }
        if nonce > next.saturating_add(MAX_PENDING_NONCES) {
            return Some("nonce too high");
        }
        if self.used_nonces.contains(&(sender.clone(), nonce)) {
            return Some("replacement transaction underpriced");
        }
        if !transfer.payload.amount.is_positive() {
            return Some("nothing to transfer");
        }
        // The amount, and the network fee in the native coin; both may be the same coin.
        let mut spent: BTreeMap<&str, Amount> = BTreeMap::from([(transfer.payload.symbol.as_str(), transfer.payload.amount)]);
        let fee = spent.entry(transfer.native.as_str()).or_default();
        *fee = fee.plus(transfer.fee).ok()?;
        for (symbol, amount) in &spent {
            let balance = self.balances.get(&(sender.clone(), (*symbol).to_owned())).copied().unwrap_or_default();
            let free = balance.amount.minus(balance.waiting).unwrap_or_default();
            if free < *amount {
                return Some("insufficient funds");
            }
        }
        for (symbol, amount) in spent {
            if let Some(balance) = self.balances.get_mut(&(sender.clone(), symbol.to_owned())) {
                balance.waiting = balance.waiting.plus(amount).unwrap_or(balance.waiting);
            }
        }
        self.used_nonces.insert((sender, nonce));
        None
    }

    async fn store(&self, batch: &mut Batch) -> Result<(), WorldError> {
        let rows: Vec<_> =
            self.balances.iter().map(|((sender, symbol), balance)| (&sender.0, &sender.1, symbol, balance.waiting)).collect();
        sqlx::query(
            "UPDATE balances SET waiting = w.value->>3 FROM json_each(?1) w \
             WHERE chain = w.value->>0 AND address = w.value->>1 AND symbol = w.value->>2",
        )
        .bind(serde_json::to_string(&rows)?)
        .execute(&mut batch.connection)
        .await?;
        Ok(())
    }
}

/// Accepts transactions. Known ones are accepted again, and dropped ones wait again.
pub(crate) async fn take(
    batch: &mut Batch,
    transfers: Vec<SignedTransfer>,
) -> Result<Vec<Result<CallOutcome<()>, WorldError>>, WorldError> {
    let mut senders = SenderState::load(batch, &transfers).await?;
    let mut inserted = Vec::new();
    let mut revived: Vec<(&str, &str)> = Vec::new();
    let mut outcomes = Vec::with_capacity(transfers.len());
    for transfer in &transfers {
        let payload = &transfer.payload;
        let key = (payload.chain.clone(), transfer.txid.clone());
        let known = senders.states.get(&key).copied();
        if known.is_some_and(|state| state != DROPPED_STATE) {
            outcomes.push(Ok(CallOutcome::Accepted(())));
            continue;
        }
        if let Some(reason) = senders.refusal(transfer) {
            outcomes.push(Ok(CallOutcome::Refused { reason: reason.to_owned() }));
            continue;
        }
        if known.is_some() {
            revived.push((&payload.chain, &transfer.txid));
        } else {
            let (from, to) = (&payload.from, &payload.to);
            inserted.push((&payload.chain, &transfer.txid, from, to, payload.symbol, payload.amount, transfer.fee, nonce(transfer)));
        }
        senders.states.insert(key, super::WAITING_STATE);
        outcomes.push(Ok(CallOutcome::Accepted(())));
    }
    if !inserted.is_empty() {
        sqlx::query(
            "INSERT INTO transactions (chain, txid, sender, recipient, symbol, amount, fee, nonce, state) \
             SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, 0 FROM json_each(?1)",
        )
        .bind(serde_json::to_string(&inserted)?)
        .execute(&mut batch.connection)
        .await?;
    }
    if !revived.is_empty() {
        sqlx::query("UPDATE transactions SET state = 0 FROM json_each(?1) w WHERE txid = w.value->>1 AND chain = w.value->>0")
            .bind(serde_json::to_string(&revived)?)
            .execute(&mut batch.connection)
            .await?;
    }
    if !inserted.is_empty() || !revived.is_empty() {
        senders.store(batch).await?;
    }
    Ok(outcomes)
}
