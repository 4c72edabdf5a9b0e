//! Balances, entries, postings and counters.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rampart_core::id::{OrderId, PostingId};
use rampart_core::ledger::{Account, Origin, PostingKind, Side};
use rampart_core::money::amount::{Amount, Overflow};
use rampart_core::money::asset::Asset;
use rampart_core::step::counter::{Counter, CounterOwner};
use rampart_core::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::lower_bound;
use crate::Store;
use crate::counters::Counters;
use crate::error::StoreError;
use crate::sql::{DbRow, SqlValue, shared};

/// The balance of an account in one asset, in minor units, counted on the account's own side (debit or credit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountBalance {
    pub account: Account,
    pub asset: Asset,
    pub posted: Amount,
    pub held: Amount,
    pub entries: i64,
}

impl AccountBalance {
    /// The amount that may be promised: posted less held.
    ///
    /// # Errors
    /// [`Overflow`] when the difference does not fit.
    pub fn available(&self) -> Result<Amount, Overflow> {
        self.posted.minus(self.held)
    }
}

/// One entry of an account, with the data of its posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryLine {
    /// The entry's number within the account and asset: 1, 2, 3 … in the order of posting.
    pub number: i64,
    pub posting: PostingId,
    pub kind: PostingKind,
    pub order: Option<OrderId>,
    pub side: Side,
    /// In minor units; above zero.
    pub amount: Amount,
    /// Business time of the decision.
    pub posted_at: Timestamp,
}

/// One side of a stored posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostedEntry {
    pub account: Account,
    pub asset: Asset,
    pub side: Side,
    /// In minor units; above zero.
    pub amount: Amount,
}

/// A stored posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerPosting {
    pub id: PostingId,
    pub kind: PostingKind,
    pub origin: Origin,
    pub order: Option<OrderId>,
    /// Business time of the decision.
    pub posted_at: Timestamp,
    pub entries: Vec<PostedEntry>,
}

/// The row key of a balance, `<account> <asset>`.
pub(crate) fn balance_id(account: Account, asset: Asset) -> Arc<str> {
    shared(format_args!("{account} {asset}"))
}

pub(crate) fn balance_parts(id: &str) -> Result<(Account, Asset), StoreError> {
    let parts = id.split_once(' ').and_then(|(account, asset)| Some((account.parse().ok()?, asset.parse().ok()?)));
    parts.ok_or_else(|| StoreError::defect("the key of a balance does not name an account and an asset"))
}

pub(crate) fn read_balance(row: &DbRow) -> Result<AccountBalance, StoreError> {
    let (account, asset) = balance_parts(row.text(0)?)?;
    Ok(AccountBalance { account, asset, posted: row.parse(1)?, held: row.parse(2)?, entries: row.int(3)? })
}

/// The stored name of an enum that serialises as a string.
pub(crate) fn name_of(value: &impl Serialize) -> Result<String, StoreError> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(name) => Ok(name),
        _ => Err(StoreError::defect("an enum does not serialise as a string")),
    }
}

/// Parses the stored name of an enum.
pub(crate) fn parse_name<T: DeserializeOwned>(name: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(name.to_owned()))?)
}

impl Store {
    /// Balances ordered by account path, after `after`.
    pub async fn balances(&self, after: Option<(Account, Asset)>, limit: u32) -> Result<Vec<AccountBalance>, StoreError> {
        let sql = "SELECT id, posted, held, entries FROM balances WHERE id > $1 ORDER BY id LIMIT $2";
        let after = after.map(|(account, asset)| balance_id(account, asset));
        self.rows(sql, vec![lower_bound(after), i64::from(limit).into()]).await?.iter().map(read_balance).collect()
    }

    /// The balances of all accounts except the customers', of which there is one per customer. Returned at once.
    pub async fn own_balances(&self) -> Result<Vec<AccountBalance>, StoreError> {
        // Paths of customers' accounts begin with `customer:`; `;` is the character after `:`.
        let sql = "SELECT id, posted, held, entries FROM balances WHERE id < 'customer:' ORDER BY id";
        let mut rows = self.rows(sql, Vec::new()).await?;
        let sql = "SELECT id, posted, held, entries FROM balances WHERE id >= 'customer;' ORDER BY id";
        rows.extend(self.rows(sql, Vec::new()).await?);
        rows.iter().map(read_balance).collect()
    }

    /// The balances of one account, one per asset.
    pub async fn balances_of(&self, account: Account) -> Result<Vec<AccountBalance>, StoreError> {
        // Row keys are `<account> <asset>`; `!` is the character after the space.
        let sql = "SELECT id, posted, held, entries FROM balances WHERE id > $1 AND id < $2 ORDER BY id";
        self.rows(sql, vec![format!("{account} ").into(), format!("{account}!").into()]).await?.iter().map(read_balance).collect()
    }

    /// One balance; zero when nothing was ever posted or held.
    pub async fn balance(&self, account: Account, asset: Asset) -> Result<AccountBalance, StoreError> {
        let sql = "SELECT id, posted, held, entries FROM balances WHERE id = $1";
        match self.inner.readers.fetch_optional(sql, vec![balance_id(account, asset).into()]).await? {
            Some(row) => read_balance(&row),
            None => Ok(AccountBalance { account, asset, posted: Amount::ZERO, held: Amount::ZERO, entries: 0 }),
        }
    }

    /// The entries of an account in one asset, newest first, before the entry number `before`.
    pub async fn entries(&self, account: Account, asset: Asset, before: Option<i64>, limit: u32) -> Result<Vec<EntryLine>, StoreError> {
        let sql = "SELECT e.number, e.posting, p.kind, e.order_id, e.side, e.amount, p.posted_at FROM entries e JOIN postings p ON p.id = e.posting \
                   WHERE e.balance = $1 AND e.number < $2 ORDER BY e.number DESC LIMIT $3";
        let values = vec![balance_id(account, asset).into(), before.unwrap_or(i64::MAX).into(), i64::from(limit).into()];
        let line = |row: &DbRow| {
            Ok(EntryLine {
                number: row.int(0)?,
                posting: row.parse(1)?,
                kind: parse_name(row.text(2)?)?,
                order: row.parse_or_null(3)?,
                side: parse_name(row.text(4)?)?,
                amount: row.parse(5)?,
                posted_at: Timestamp::from_micros(row.int(6)?),
            })
        };
        self.rows(sql, values).await?.iter().map(line).collect()
    }

    /// The postings of an order in the order of booking.
    pub async fn postings_of_order(&self, order: OrderId) -> Result<Vec<LedgerPosting>, StoreError> {
        let sql = "SELECT p.id, p.kind, p.origin, p.order_id, p.posted_at, e.balance, e.side, e.amount \
                   FROM entries e JOIN postings p ON p.id = e.posting WHERE e.order_id = $1 ORDER BY p.booked_at, p.id, e.balance, e.number";
        group_postings(&self.rows(sql, vec![order.to_string().into()]).await?)
    }

    /// One posting with its entries.
    pub async fn posting(&self, id: PostingId) -> Result<Option<LedgerPosting>, StoreError> {
        let sql = "SELECT p.id, p.kind, p.origin, p.order_id, p.posted_at, e.balance, e.side, e.amount \
                   FROM entries e JOIN postings p ON p.id = e.posting WHERE e.posting = $1 ORDER BY e.balance, e.number";
        Ok(group_postings(&self.rows(sql, vec![id.to_string().into()]).await?)?.pop())
    }

    /// The values of counters, in the order requested; zero for one that does not exist.
    pub async fn counters(&self, asked: &[&Counter]) -> Result<Vec<Amount>, StoreError> {
        let owners: BTreeSet<CounterOwner> = asked.iter().map(|counter| counter.owner).collect();
        let sql = |keys_match: &str| format!("SELECT id, value FROM counters WHERE id {keys_match}");
        let mut kept: HashMap<CounterOwner, Counters> = HashMap::with_capacity(owners.len());
        for row in self.inner.readers.fetch_by_keys(sql, owners.into_iter().map(SqlValue::display).collect(), Vec::new()).await? {
            kept.insert(row.parse(0)?, Counters::from_json(row.text(1)?)?);
        }
        let value = |counter: &&Counter| kept.get(&counter.owner).map_or(Amount::ZERO, |counters| counters.value(&counter.what));
        Ok(asked.iter().map(value).collect())
    }
}

/// Groups consecutive rows into postings.
fn group_postings(rows: &[DbRow]) -> Result<Vec<LedgerPosting>, StoreError> {
    let mut postings: Vec<LedgerPosting> = Vec::new();
    for row in rows {
        let id: PostingId = row.parse(0)?;
        if postings.last().is_none_or(|posting| posting.id != id) {
            postings.push(LedgerPosting {
                id,
                kind: parse_name(row.text(1)?)?,
                origin: parse_name(row.text(2)?)?,
                order: row.parse_or_null(3)?,
                posted_at: Timestamp::from_micros(row.int(4)?),
                entries: Vec::new(),
            });
        }
        if let Some(posting) = postings.last_mut() {
            let (account, asset) = balance_parts(row.text(5)?)?;
            posting.entries.push(PostedEntry { account, asset, side: parse_name(row.text(6)?)?, amount: row.parse(7)? });
        }
    }
    Ok(postings)
}
