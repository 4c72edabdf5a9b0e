//! Prepares a step for the writer in the caller's task: everything is serialised here, so that the single writer has little left to
//! do.

use std::sync::Arc;

use rampart_core::id::PartnerId;
use rampart_core::ledger::{Account, Origin, Side};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::step::record::RecordKey;
use rampart_core::step::{ClaimScope, CounterChange, Step};
use rampart_core::time::Timestamp;

use crate::error::{CommitError, StoreError, StoredClaim};
use crate::read::{balance_id, claim_id, name_of};
use crate::sql::{SqlValue, shared};
use crate::tables::{key_value, record_values};

pub(crate) struct Prepared {
    pub(super) relied: Vec<(RecordKey, i64)>,
    pub(super) removals: Vec<(RecordKey, i64)>,
    pub(super) writes: Vec<PreparedWrite>,
    pub(super) claims: Vec<PreparedClaim>,
    /// Claims that must not exist.
    pub(super) must_be_free: Vec<Arc<str>>,
    pub(super) postings: Vec<PreparedPosting>,
    pub(super) holds: Vec<PreparedHold>,
    pub(super) own: Vec<PreparedOwn>,
    pub(super) raises: Vec<CounterChange>,
    pub(super) events: Vec<PreparedEvent>,
}

pub(super) struct PreparedWrite {
    pub(super) key: RecordKey,
    pub(super) version: i64,
    pub(super) id: SqlValue,
    pub(super) columns: Vec<SqlValue>,
    pub(super) data: Arc<str>,
}

pub(super) struct PreparedClaim {
    pub(super) id: Arc<str>,
    pub(super) scope: ClaimScope,
    pub(super) subject: Arc<str>,
    pub(super) fingerprint: Arc<str>,
    pub(super) answer: Arc<str>,
    pub(super) expires_at: Option<Timestamp>,
}

impl PreparedClaim {
    /// The claim as reported to a later step that wants the same key.
    pub(super) fn stored(&self) -> StoredClaim {
        StoredClaim {
            scope: self.scope,
            key: self.id.split_once(':').map_or("", |(_, key)| key).to_owned(),
            subject: self.subject.to_string(),
            fingerprint: self.fingerprint.to_string(),
            answer: self.answer.to_string(),
            expires_at: self.expires_at,
        }
    }
}

pub(super) type BalanceKey = (Account, Asset);

pub(super) struct PreparedPosting {
    pub(super) id: Arc<str>,
    pub(super) kind: Arc<str>,
    pub(super) origin: Origin,
    pub(super) order: Option<Arc<str>>,
    pub(super) posted_at: i64,
    pub(super) entries: Vec<PreparedEntry>,
}

pub(super) struct PreparedEntry {
    pub(super) balance: BalanceKey,
    pub(super) balance_id: Arc<str>,
    pub(super) side: Side,
    pub(super) amount: Arc<str>,
    /// The change of the balance, counted on the account's own side.
    pub(super) effect: Amount,
}

pub(super) struct PreparedHold {
    pub(super) balance: BalanceKey,
    pub(super) balance_id: Arc<str>,
    pub(super) change: Amount,
    pub(super) origin: Origin,
}

/// The balances that add up to the company's own funds in an asset, each with its row key.
pub(super) struct PreparedOwn {
    pub(super) asset: Asset,
    pub(super) balances: Vec<(BalanceKey, Arc<str>)>,
}

pub(super) struct PreparedEvent {
    pub(super) partner: PartnerId,
    pub(super) partner_id: Arc<str>,
    pub(super) id: Arc<str>,
    pub(super) kind: Arc<str>,
    pub(super) subject: Arc<str>,
    pub(super) data: Arc<str>,
    pub(super) created_at: i64,
}

fn defect(error: StoreError) -> CommitError {
    CommitError::Defect(error.to_string())
}

/// Prepares a step. Refuses only steps that no database could store.
pub(super) fn prepare(step: Step) -> Result<Prepared, CommitError> {
    once_each(&step)?;
    let mut writes = Vec::with_capacity(step.writes.len());
    for record in &step.writes {
        let key = record.key();
        let (columns, data) = record_values(record).map_err(|error| CommitError::Defect(error.to_string()))?;
        writes.push(PreparedWrite { key, version: record.version(), id: key_value(&key), columns, data });
    }
    let mut postings = Vec::with_capacity(step.postings.len());
    for posting in &step.postings {
        let entries = posting.entries().iter().map(|entry| PreparedEntry {
            balance: (entry.account, entry.asset),
            balance_id: balance_id(entry.account, entry.asset),
            side: entry.side,
            amount: shared(entry.amount),
            effect: entry.effect(),
        });
        postings.push(PreparedPosting {
            id: shared(posting.id()),
            kind: name_of(&posting.kind()).map_err(defect)?.into(),
            origin: posting.origin(),
            order: posting.order().map(shared),
            posted_at: posting.posted_at().micros(),
            entries: entries.collect(),
        });
    }
    let claims = step.claims.into_iter().map(|claim| PreparedClaim {
        id: claim_id(claim.scope, &claim.key),
        scope: claim.scope,
        subject: claim.subject.into(),
        fingerprint: claim.fingerprint.into(),
        answer: claim.answer.into(),
        expires_at: claim.expires_at,
    });
    let holds = step.holds.iter().map(|hold| PreparedHold {
        balance: (hold.account, hold.asset),
        balance_id: balance_id(hold.account, hold.asset),
        change: hold.change,
        origin: hold.origin,
    });
    let own = step.own.iter().map(|own| PreparedOwn {
        asset: own.asset,
        balances: own.accounts.iter().map(|account| ((*account, own.asset), balance_id(*account, own.asset))).collect(),
    });
    let events = step.events.into_iter().map(|event| PreparedEvent {
        partner: event.partner,
        partner_id: shared(event.partner),
        id: shared(event.id),
        kind: event.kind.as_str().into(),
        subject: event.subject.into(),
        data: event.data.into(),
        created_at: event.created_at.micros(),
    });
    Ok(Prepared {
        relied: step.relied,
        removals: step.removals,
        writes,
        claims: claims.collect(),
        must_be_free: step.must_be_free.iter().map(|(scope, key)| claim_id(*scope, key)).collect(),
        postings,
        holds: holds.collect(),
        own: own.collect(),
        raises: step.raises,
        events: events.collect(),
    })
}

/// Refuses a step that writes a record twice or takes a key twice.
fn once_each(step: &Step) -> Result<(), CommitError> {
    let mut written: Vec<RecordKey> =
        step.writes.iter().map(rampart_core::step::record::Record::key).chain(step.removals.iter().map(|(key, _)| *key)).collect();
    written.sort_unstable();
    if let Some(twice) = written.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(CommitError::Defect(format!("the step writes {:?} twice", twice[0])));
    }
    let mut claimed: Vec<(ClaimScope, &str)> = step.claims.iter().map(|claim| (claim.scope, claim.key.as_str())).collect();
    claimed.sort_unstable();
    match claimed.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(twice) => Err(CommitError::Defect(format!("the step takes a key of {:?} twice", twice[0].0))),
        None => Ok(()),
    }
}
