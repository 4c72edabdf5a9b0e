//! Review items for accounts that facts have pushed below their floor. Each item states how far below the account is now.

use std::sync::Arc;

use rampart_core::id::Mint;
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::review::{ReviewDecision, ReviewItem, ReviewSubject};
use rampart_core::step::record::Record;

use super::batch::{BatchAttempt, BatchError};
use super::evaluate::BatchState;
use super::load::lock;
use super::write::{Changes, record_changes};
use crate::sql::{BulkStatement, SqlValue};
use crate::tables::{Stored, floor_alarm, key_value, record_values};

impl BatchAttempt<'_> {
    /// What opens one review item for each account that a fact has pushed below its floor, updates the amount of open ones, and
    /// closes those whose account is above zero again.
    pub(super) async fn alarm_changes(&mut self, state: &BatchState) -> Result<Vec<BulkStatement>, BatchError> {
        let defect = |error: &dyn std::fmt::Display| BatchError::Defect(error.to_string());
        let keys: Vec<SqlValue> = state.alarms.keys().map(|(account, asset)| SqlValue::Text(floor_alarm(account, asset).into())).collect();
        let engine = self.session.engine();
        let lock = lock(engine);
        let sql = |keys_match: &str| format!("SELECT version, data FROM reviews WHERE alarm {keys_match}{lock}");
        let mut listed: Vec<ReviewItem> = Vec::new();
        for row in self.session.run_one(BulkStatement::read(engine, sql, keys, Vec::new())).await?.rows {
            let item = ReviewItem { version: row.int(0)?, ..serde_json::from_str(row.text(1)?).map_err(|error| defect(&error))? };
            listed.push(item);
        }
        let mut changes = Changes::default();
        for ((account, asset), is_lowered) in &state.alarms {
            let Some(slot) = state.balances.get(&(*account, *asset)) else { continue };
            let available = slot.posted.minus(slot.held).map_err(|error| defect(&error))?;
            let is_its = |item: &ReviewItem| item.subject == ReviewSubject::BelowFloor(*account) && item.asset == Some(*asset);
            let (rows, item) = match listed.iter().position(is_its).map(|place| listed.swap_remove(place)) {
                Some(item) if available.is_negative() => (&mut changes.updates, ReviewItem { amount: available.negated(), ..item }),
                Some(item) => {
                    let why = "it is above zero again".to_owned();
                    (&mut changes.updates, item.settled(ReviewDecision::MadeGood, "ledger", why, None, self.now))
                }
                None if *is_lowered && available.is_negative() => (&mut changes.inserts, self.alarm(*account, *asset, available)),
                None => continue,
            };
            let version = item.version + 1;
            let record = Record::from(item);
            let (columns, data) = record_values(&record).map_err(|error| defect(&error))?;
            rows.push(key_value(&record.key()));
            rows.push(version.into());
            rows.extend(columns);
            rows.push(SqlValue::Text(Arc::clone(&data)));
        }
        Ok(record_changes(engine, ReviewItem::TABLE, changes).into())
    }

    fn alarm(&self, account: Account, asset: Asset, available: Amount) -> ReviewItem {
        let mint = Mint { now: self.now, randomness: self.randomness };
        let reason = format!("what is available of {asset} on {account} fell below zero");
        let item = ReviewItem::new(&mint, ReviewSubject::BelowFloor(account), reason);
        ReviewItem { asset: Some(asset), amount: available.negated(), ..item }
    }
}
