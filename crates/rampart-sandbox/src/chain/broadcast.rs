//! Taking transactions in, with a node's checks: known bytes are welcome, a used nonce is not, neither is what the
//! sender cannot pay for. A nonce ahead of its turn waits for the ones before it.

use std::collections::{BTreeMap, BTreeSet};

use rampart_core::amount::Amount;
use rampart_core::outgoing::SignedTransaction;
use rampart_core::ports::CallOutcome;
use sqlx::Row;
use tokio::sync::oneshot;

use super::signing::Payload;
use super::{DROPPED, SandboxChain};
use crate::books::{Batch, Command};
use crate::error::WorldError;
use crate::magic::{self, MagicOutcome};
use crate::payouts::amount;

/// A transaction handed to a chain.
#[derive(Debug)]
pub(crate) struct Parcel {
    txid: String,
    payload: Payload,
    fee: Amount,
    native: String,
}

/// How far ahead of its turn a nonce may be.
const FURTHEST_NONCE: i64 = 20_000;

impl SandboxChain {
    pub(super) async fn send(&self, signed: &SignedTransaction) -> Result<CallOutcome<()>, WorldError> {
        let Some(payload) = self.read_signed(signed) else {
            return Ok(CallOutcome::Refused { reason: "invalid transaction".to_owned() });
        };
        if magic::of_wallet(&payload.to) == Some(MagicOutcome::BroadcastRefused) {
            return Ok(CallOutcome::Refused { reason: "the network does not accept transactions to this address".to_owned() });
        }
        let fee = self.fee(payload.source, payload.symbol);
        let parcel = Parcel { txid: signed.txid.clone(), payload, fee, native: self.config.native.to_string() };
        let (sender, receiver) = oneshot::channel();
        self.books.send(Command::Broadcast(parcel, sender)).await?;
        receiver.await.map_err(|_| WorldError::Closed)?
    }
}

/// Chain and address.
type Wallet = (String, String);

/// What an address holds of a coin at the newest block, and how much of it waiting transactions will take.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Holding {
    pub(super) amount: Amount,
    pub(super) waiting: Amount,
}

/// What is known of the senders of a group.
struct Senders {
    known: BTreeMap<(String, String), i64>,
    next: BTreeMap<Wallet, i64>,
    taken: BTreeSet<(Wallet, i64)>,
    holdings: BTreeMap<(Wallet, String), Holding>,
}

fn wallet(parcel: &Parcel) -> Wallet {
    (parcel.payload.chain.clone(), parcel.payload.from.clone())
}

fn nonce(parcel: &Parcel) -> i64 {
    i64::try_from(parcel.payload.nonce).unwrap_or(i64::MAX)
}

impl Senders {
    async fn load(batch: &mut Batch, parcels: &[Parcel]) -> Result<Self, WorldError> {
        let txids: Vec<&str> = parcels.iter().map(|parcel| parcel.txid.as_str()).collect();
        let wallets: BTreeSet<Wallet> = parcels.iter().map(wallet).collect();
        let nonces: Vec<(&str, &str, i64)> =
            parcels.iter().map(|parcel| (parcel.payload.chain.as_str(), parcel.payload.from.as_str(), nonce(parcel))).collect();
        let mut senders = Self { known: BTreeMap::new(), next: BTreeMap::new(), taken: BTreeSet::new(), holdings: BTreeMap::new() };
        let rows = sqlx::query("SELECT chain, txid, state FROM transactions WHERE txid IN (SELECT value FROM json_each(?1))")
            .bind(serde_json::to_string(&txids)?)
            .fetch_all(&mut batch.connection)
            .await?;
        for row in rows {
            senders.known.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
        }
        let wallets = serde_json::to_string(&wallets)?;
        let rows = sqlx::query(
            "SELECT n.chain, n.address, n.next FROM json_each(?1) w CROSS JOIN nonces n ON n.chain = w.value->>0 AND n.address = w.value->>1",
        )
        .bind(&wallets)
        .fetch_all(&mut batch.connection)
        .await?;
        for row in rows {
            senders.next.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
        }
        let rows = sqlx::query(
            "SELECT b.chain, b.address, b.symbol, b.amount, b.waiting FROM json_each(?1) w \
             CROSS JOIN balances b ON b.chain = w.value->>0 AND b.address = w.value->>1",
        )
        .bind(&wallets)
        .fetch_all(&mut batch.connection)
        .await?;
        for row in rows {
            let holding = Holding { amount: amount(row.try_get(3)?)?, waiting: amount(row.try_get(4)?)? };
            senders.holdings.insert(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?), holding);
        }
        let rows = sqlx::query(
            "SELECT t.chain, t.sender, t.nonce FROM json_each(?1) w \
             CROSS JOIN transactions t ON t.sender = w.value->>1 AND t.chain = w.value->>0 AND t.nonce = w.value->>2 WHERE t.state < 3",
        )
        .bind(serde_json::to_string(&nonces)?)
        .fetch_all(&mut batch.connection)
        .await?;
        for row in rows {
            senders.taken.insert(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?));
        }
        Ok(senders)
    }

    /// Why a node would not take it; nothing when it would, and then it counts as taken.
    fn refusal(&mut self, parcel: &Parcel) -> Option<&'static str> {
        let (wallet, nonce) = (wallet(parcel), nonce(parcel));
        let next = self.next.get(&wallet).copied().unwrap_or(0);
        if nonce < next {
            return Some("nonce too low");
        }
        if nonce > next.saturating_add(FURTHEST_NONCE) {
            return Some("nonce too high");
        }
        if self.taken.contains(&(wallet.clone(), nonce)) {
            return Some("replacement transaction underpriced");
        }
        if !parcel.payload.amount.is_positive() {
            return Some("nothing to transfer");
        }
        // What it takes of the coin, and of the chain's own coin for the fee; both may be the same coin.
        let mut takes: BTreeMap<&str, Amount> = BTreeMap::from([(parcel.payload.symbol.as_str(), parcel.payload.amount)]);
        let fee = takes.entry(parcel.native.as_str()).or_default();
        *fee = fee.plus(parcel.fee).ok()?;
        for (symbol, taken) in &takes {
            let holding = self.holdings.get(&(wallet.clone(), (*symbol).to_owned())).copied().unwrap_or_default();
            let free = holding.amount.minus(holding.waiting).unwrap_or_default();
            if free < *taken {
                return Some("insufficient funds");
            }
        }
        for (symbol, taken) in takes {
            if let Some(holding) = self.holdings.get_mut(&(wallet.clone(), symbol.to_owned())) {
                holding.waiting = holding.waiting.plus(taken).unwrap_or(holding.waiting);
            }
        }
        self.taken.insert((wallet, nonce));
        None
    }

    async fn store(&self, batch: &mut Batch) -> Result<(), WorldError> {
        let rows: Vec<_> =
            self.holdings.iter().map(|((wallet, symbol), holding)| (&wallet.0, &wallet.1, symbol, holding.waiting)).collect();
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

/// Takes transactions in. Known ones are accepted again, and dropped ones wait again.
pub(crate) async fn take(batch: &mut Batch, parcels: Vec<Parcel>) -> Result<Vec<Result<CallOutcome<()>, WorldError>>, WorldError> {
    let mut senders = Senders::load(batch, &parcels).await?;
    let mut made = Vec::new();
    let mut revived: Vec<(&str, &str)> = Vec::new();
    let mut answers = Vec::with_capacity(parcels.len());
    for parcel in &parcels {
        let payload = &parcel.payload;
        let key = (payload.chain.clone(), parcel.txid.clone());
        let known = senders.known.get(&key).copied();
        if known.is_some_and(|state| state != DROPPED) {
            answers.push(Ok(CallOutcome::Accepted(())));
            continue;
        }
        if let Some(reason) = senders.refusal(parcel) {
            answers.push(Ok(CallOutcome::Refused { reason: reason.to_owned() }));
            continue;
        }
        if known.is_some() {
            revived.push((&payload.chain, &parcel.txid));
        } else {
            let (from, to) = (&payload.from, &payload.to);
            made.push((&payload.chain, &parcel.txid, from, to, payload.symbol, payload.amount, parcel.fee, nonce(parcel)));
        }
        senders.known.insert(key, super::WAITING);
        answers.push(Ok(CallOutcome::Accepted(())));
    }
    if !made.is_empty() {
        sqlx::query(
            "INSERT INTO transactions (chain, txid, sender, recipient, symbol, amount, fee, nonce, state) \
             SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, 0 FROM json_each(?1)",
        )
        .bind(serde_json::to_string(&made)?)
        .execute(&mut batch.connection)
        .await?;
    }
    if !revived.is_empty() {
        sqlx::query("UPDATE transactions SET state = 0 FROM json_each(?1) w WHERE txid = w.value->>1 AND chain = w.value->>0")
            .bind(serde_json::to_string(&revived)?)
            .execute(&mut batch.connection)
            .await?;
    }
    if !made.is_empty() || !revived.is_empty() {
        senders.store(batch).await?;
    }
    Ok(answers)
}
