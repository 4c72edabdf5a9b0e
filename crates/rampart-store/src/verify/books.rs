//! Checks entries against balances, postings and assets, and events against their counters.

use std::collections::BTreeMap;
use std::iter::Peekable;

use rampart_core::ledger::{Account, Side};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;

use super::{PAGE_ROWS, VerifyReport};
use crate::error::StoreError;
use crate::read::{balance_parts, parse_name};
use crate::sql::{DbRow, DbSession};

fn overflow(_: rampart_core::money::amount::Overflow) -> StoreError {
    StoreError::defect("the sum of the entries overflows")
}

/// The effect of an entry on a sum in which debits are positive.
fn signed(side: Side, amount: Amount) -> Amount {
    if side == Side::Debit { amount } else { amount.negated() }
}

/// A balance recomputed from its entries.
struct Recomputed {
    id: String,
    account: Account,
    posted: Amount,
    entries: i64,
}

impl Recomputed {
    fn add(&mut self, side: Side, amount: Amount) -> Result<(), StoreError> {
        let effect = if side == self.account.side() { amount } else { amount.negated() };
        self.posted = self.posted.plus(effect).map_err(overflow)?;
        self.entries += 1;
        Ok(())
    }
}

/// Recomputes every balance and asset by walking entries and balances in parallel, in key order.
pub(super) async fn balances(session: &mut DbSession, report: &mut VerifyReport) -> Result<(), StoreError> {
    let mut stored = StoredBalances { last_key: String::new(), page: Vec::new().into_iter().peekable(), last_page: false };
    let mut assets: BTreeMap<Asset, Amount> = BTreeMap::new();
    let mut current: Option<Recomputed> = None;
    let (mut last_key, mut number) = (String::new(), 0_i64);
    loop {
        let sql = "SELECT balance, number, side, amount FROM entries WHERE (balance, number) > ($1, $2) ORDER BY balance, number LIMIT $3";
        let rows = session.fetch_all(sql, vec![last_key.as_str().into(), number.into(), PAGE_ROWS.into()]).await?;
        for row in &rows {
            let id = row.text(0)?;
            let (account, asset) = balance_parts(id)?;
            if current.as_ref().is_none_or(|balance| balance.id != id) {
                if let Some(done) = current.take() {
                    stored.compare(session, report, &done).await?;
                }
                if !account.can_hold(asset) {
                    report.find("account", id, format!("{asset} never lies on {account}"));
                }
                current = Some(Recomputed { id: id.to_owned(), account, posted: Amount::ZERO, entries: 0 });
            }
            let (side, amount): (Side, Amount) = (parse_name(row.text(2)?)?, row.parse(3)?);
            if !amount.is_positive() {
                report.find("balance", id, format!("entry {} is not above zero", row.int(1)?));
            }
            if let Some(balance) = &mut current {
                balance.add(side, amount)?;
                if row.int(1)? != balance.entries {
                    report.find("balance", id, format!("entry {} has the number {}", balance.entries, row.int(1)?));
                    balance.entries = row.int(1)?;
                }
            }
            let sum = assets.entry(asset).or_insert(Amount::ZERO);
            *sum = sum.plus(signed(side, amount)).map_err(overflow)?;
            report.entries += 1;
            (last_key, number) = (id.to_owned(), row.int(1)?);
        }
        if rows.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX) {
            break;
        }
    }
    if let Some(done) = current.take() {
        stored.compare(session, report, &done).await?;
    }
    stored.finish(session, report).await?;
    for (asset, sum) in assets {
        if !sum.is_zero() {
            report.find("asset", asset, format!("debits less credits of all entries come to {sum} instead of 0"));
        }
    }
    Ok(())
}

/// The stored balances, read page by page in key order.
struct StoredBalances {
    last_key: String,
    page: Peekable<std::vec::IntoIter<(String, Amount, i64)>>,
    last_page: bool,
}

impl StoredBalances {
    async fn fill(&mut self, session: &mut DbSession, report: &mut VerifyReport) -> Result<(), StoreError> {
        if self.page.peek().is_some() || self.last_page {
            return Ok(());
        }
        let sql = "SELECT id, posted, held, entries FROM balances WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = session.fetch_all(sql, vec![self.last_key.as_str().into(), PAGE_ROWS.into()]).await?;
        let mut page = Vec::with_capacity(rows.len());
        for row in &rows {
            let read = |row: &DbRow| Ok::<_, StoreError>((row.text(0)?.to_owned(), row.parse::<Amount>(1)?, row.int(3)?));
            page.push(read(row)?);
            report.balances += 1;
        }
        self.last_page = rows.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
        if let Some((last, ..)) = page.last() {
            self.last_key.clone_from(last);
        }
        self.page = page.into_iter().peekable();
        Ok(())
    }

    /// Compares the stored balance with this key. Stored balances before it have no entries and must be zero.
    async fn compare(&mut self, session: &mut DbSession, report: &mut VerifyReport, recomputed: &Recomputed) -> Result<(), StoreError> {
        loop {
            self.fill(session, report).await?;
            match self.page.next_if(|(id, ..)| *id <= recomputed.id) {
                Some((id, posted, entries)) if id == recomputed.id => {
                    if posted != recomputed.posted {
                        report.find("balance", &id, format!("posted is {posted}, and its entries come to {}", recomputed.posted));
                    }
                    if entries != recomputed.entries {
                        report.find("balance", &id, format!("it counts {entries} entries, and there are {}", recomputed.entries));
                    }
                    return Ok(());
                }
                Some((id, posted, entries)) => check_without_entries(report, &id, posted, entries),
                None => {
                    report.find("balance", &recomputed.id, "it has entries and no balance");
                    return Ok(());
                }
            }
        }
    }

    async fn finish(&mut self, session: &mut DbSession, report: &mut VerifyReport) -> Result<(), StoreError> {
        loop {
            self.fill(session, report).await?;
            match self.page.next() {
                Some((id, posted, entries)) => check_without_entries(report, &id, posted, entries),
                None => return Ok(()),
            }
        }
    }
}

fn check_without_entries(report: &mut VerifyReport, id: &str, posted: Amount, entries: i64) {
    if !posted.is_zero() || entries != 0 {
        report.find("balance", id, format!("posted is {posted} over {entries} entries, and there is no entry"));
    }
}

/// Checks that every posting balances.
pub(super) async fn postings(session: &mut DbSession, report: &mut VerifyReport) -> Result<(), StoreError> {
    let mut current: Option<(String, Vec<(Asset, Amount)>)> = None;
    let (mut posting, mut balance, mut number) = (String::new(), String::new(), 0_i64);
    loop {
        let sql = "SELECT e.posting, e.balance, e.number, e.side, e.amount, p.id FROM entries e LEFT JOIN postings p ON p.id = e.posting \
                   WHERE (e.posting, e.balance, e.number) > ($1, $2, $3) ORDER BY e.posting, e.balance, e.number LIMIT $4";
        let values = vec![posting.as_str().into(), balance.as_str().into(), number.into(), PAGE_ROWS.into()];
        let rows = session.fetch_all(sql, values).await?;
        for row in &rows {
            let id = row.text(0)?;
            if current.as_ref().is_none_or(|(known, _)| known != id) {
                check_posting(report, current.take());
                if row.text_or_null(5)?.is_none() {
                    report.find("posting", id, "it has entries and does not exist");
                } else {
                    report.postings += 1;
                }
                current = Some((id.to_owned(), Vec::new()));
            }
            let (_, asset) = balance_parts(row.text(1)?)?;
            let effect = signed(parse_name(row.text(3)?)?, row.parse(4)?);
            if let Some((_, sums)) = &mut current {
                match sums.iter_mut().find(|(known, _)| *known == asset) {
                    Some((_, sum)) => *sum = sum.plus(effect).map_err(overflow)?,
                    None => sums.push((asset, effect)),
                }
            }
        }
        if let Some(row) = rows.last() {
            (posting, balance, number) = (row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.int(2)?);
        }
        if rows.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX) {
            break;
        }
    }
    check_posting(report, current);
    let count = session.fetch_optional("SELECT COUNT(*) FROM postings", Vec::new()).await?.map_or(Ok(0), |row| row.int(0))?;
    if u64::try_from(count) != Ok(report.postings) {
        let text = format!("there are {count}, and {} of them have entries", report.postings);
        report.find("posting", "all", text);
    }
    Ok(())
}

fn check_posting(report: &mut VerifyReport, posting: Option<(String, Vec<(Asset, Amount)>)>) {
    let Some((id, sums)) = posting else { return };
    for (asset, sum) in sums.into_iter().filter(|(_, sum)| !sum.is_zero()) {
        report.find("posting", &id, format!("debits less credits of {asset} come to {sum} instead of 0"));
    }
}

/// Compares every partner's log with its counter. Numbers are unique, so a count equal to the highest number means that none is
/// missing.
pub(super) async fn events(session: &mut DbSession, report: &mut VerifyReport) -> Result<(), StoreError> {
    let sql = "SELECT e.partner, COUNT(*), MIN(e.sequence), MAX(e.sequence), MAX(c.last) FROM events e \
               LEFT JOIN event_counters c ON c.partner = e.partner GROUP BY e.partner ORDER BY e.partner";
    for row in session.fetch_all(sql, Vec::new()).await? {
        let (count, first, last) = (row.int(1)?, row.int(2)?, row.int(3)?);
        report.events += u64::try_from(count).unwrap_or(0);
        if first != 1 || last != count {
            report.find("events", row.text(0)?, format!("{count} events are numbered from {first} to {last}"));
        }
        if row.int_or_null(4)? != Some(last) {
            report.find("events", row.text(0)?, format!("the last event has the number {last}, which the counter does not match"));
        }
    }
    let sql = "SELECT c.partner FROM event_counters c WHERE c.last > 0 AND NOT EXISTS (SELECT 1 FROM events e WHERE e.partner = c.partner)";
    for row in session.fetch_all(sql, Vec::new()).await? {
        report.find("events", row.text(0)?, "the counter is above zero, and there is no event");
    }
    Ok(())
}
