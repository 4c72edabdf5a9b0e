//! Copies an installation to an empty database of either engine, table by table and page by page.

use crate::Store;
use crate::error::StoreError;
use crate::sql::{BulkStatement, DbRow, DbSession, SqlError, SqlValue};
use crate::verify::VerifyReport;

/// The result of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyReport {
    /// (table, rows), in the order of copying.
    pub tables: Vec<(&'static str, u64)>,
    /// What [`Store::verify`] reports for the copy.
    pub report: VerifyReport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CopyType {
    Text,
    TextOrNull,
    Int,
    IntOrNull,
    Bool,
}

/// A table and its columns. The first `keys` columns are its primary key.
struct CopyTable {
    name: &'static str,
    keys: usize,
    columns: &'static [(&'static str, CopyType)],
}

const PAGE_ROWS: usize = 512;

macro_rules! copy_tables {
    ($($name:ident[$keys:literal]: $($column:ident $type:ident),+;)+) => {
        const COPY_TABLES: &[CopyTable] = &[$(CopyTable {
            name: stringify!($name),
            keys: $keys,
            columns: &[$((stringify!($column), CopyType::$type)),+],
        }),+];
    };
}

// Every table. A test compares the list with the schema.
copy_tables! {
    installation[1]: number Int, id Text, key_fingerprint Text, created_at Int, mode TextOrNull;
    installation_keys[1]: id Text, version Int, data Text;
    partners[1]: id Text, version Int, api_key Text, previous_key TextOrNull, data Text;
    customers[1]: id Int, version Int, partner Text, created_at Int, data Text;
    payments[1]: id Text, version Int, partner Text, customer Int, status Text, open Bool, due_at IntOrNull, changed_at Int, data Text;
    rampoffs[1]: id Text, version Int, partner Text, customer Int, status Text, open Bool, due_at IntOrNull, changed_at Int,
        deposit_address Text, data Text;
    payouts[1]: id Text, version Int, order_id TextOrNull, state Text, data Text;
    transfers[1]: id Text, version Int, order_id TextOrNull, chain Text, state Text, data Text;
    transmissions[1]: id Text, version Int, chain Text, state Text, height IntOrNull, slot Text, data Text;
    facts[1]: id Text, version Int, waiting Bool, data Text;
    deposits[1]: id Text, version Int, chain Text, state Text, height Int, order_id TextOrNull, to_sweep Bool, data Text;
    jobs[1]: id Text, version Int, kind Text, subject Text, due_at Int, leased_until IntOrNull, failing Bool, data Text;
    subscriptions[1]: id Text, version Int, partner Text, disabled Bool, data Text;
    deliveries[1]: id Text, version Int, partner Text, subscription Text, state Text, due_at Int, leased_until IntOrNull, data Text;
    cursors[1]: id Text, version Int, number IntOrNull, data Text;
    wallets[1]: id Text, version Int, data Text;
    reviews[1]: id Text, version Int, order_id TextOrNull, waiting Bool, alarm TextOrNull, kind Text, fact TextOrNull, data Text;
    audit[1]: id Text, version Int, subject Text, data Text;
    claims[1]: id Text, subject Text, fingerprint Text, answer Text, expires_at IntOrNull, batch Text;
    balances[1]: id Text, posted Text, held Text, entries Int;
    postings[1]: id Text, kind Text, origin Text, order_id TextOrNull, posted_at Int, booked_at Int;
    entries[2]: balance Text, number Int, posting Text, side Text, amount Text, order_id TextOrNull;
    counters[1]: id Text, value Text, expires_at IntOrNull;
    events[2]: partner Text, sequence Int, id Text, kind Text, subject Text, data Text, created_at Int;
    event_counters[1]: partner Text, last Int;
    numbers[1]: series Text, next Int;
    batches[1]: id Text;
}

impl Store {
    /// Copies everything into `target`, which must be empty: from one snapshot of this store, in one transaction of the target. Then
    /// compares the row counts and verifies the copy's ledger. On failure nothing stays in the target.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] when the target is not empty, [`StoreError::Defect`] when counts differ, and
    /// [`StoreError::Unavailable`] when a database fails.
    pub async fn copy_to(&self, target: &Self) -> Result<CopyReport, StoreError> {
        let mut from = self.snapshot().await?;
        let mut to = target.inner.target.session(false).await?;
        to.begin().await?;
        let mut tables = Vec::with_capacity(COPY_TABLES.len());
        for table in COPY_TABLES {
            if to.fetch_optional(format!("SELECT 1 FROM {} LIMIT 1", table.name), Vec::new()).await?.is_some() {
                return Err(StoreError::Configuration(format!("the database to copy to is not empty: it has rows in {}", table.name)));
            }
        }
        for table in COPY_TABLES {
            tables.push((table.name, copy_table(table, &mut from, &mut to).await?));
        }
        to.commit().await?;
        to.close().await;
        from.close().await;
        let report = target.verify().await?;
        Ok(CopyReport { tables, report })
    }
}

async fn copy_table(table: &CopyTable, from: &mut DbSession, to: &mut DbSession) -> Result<u64, StoreError> {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let list = columns.join(", ");
    let key = columns[..table.keys].join(", ");
    let placeholders: Vec<String> = (1..=table.keys).map(|number| format!("${number}")).collect();
    let first = format!("SELECT {list} FROM {} ORDER BY {key} LIMIT {PAGE_ROWS}", table.name);
    let next = format!("SELECT {list} FROM {} WHERE ({key}) > ({}) ORDER BY {key} LIMIT {PAGE_ROWS}", table.name, placeholders.join(", "));
    let mut last_key: Option<Vec<SqlValue>> = None;
    let mut copied = 0_u64;
    loop {
        let rows = match last_key.take() {
            None => from.fetch_all(first.clone(), Vec::new()).await?,
            Some(values) => from.fetch_all(next.clone(), values).await?,
        };
        let mut values = Vec::with_capacity(rows.len() * columns.len());
        for row in &rows {
            for (index, (_, copy_type)) in table.columns.iter().enumerate() {
                values.push(value(row, index, *copy_type)?);
            }
        }
        last_key = values.len().checked_sub(columns.len()).map(|start| values[start..start + table.keys].to_vec());
        let sql = |rows: &str| format!("INSERT INTO {} ({list}) {rows}", table.name);
        copied += to.run_one(BulkStatement::write(to.engine(), sql, columns.len(), values, Vec::new())).await?.changed;
        if rows.len() < PAGE_ROWS {
            break;
        }
    }
    let sql = format!("SELECT COUNT(*) FROM {}", table.name);
    let count = |row: Option<DbRow>| row.map_or(Ok(0), |row| row.int(0));
    let had = count(from.fetch_optional(sql.clone(), Vec::new()).await?)?;
    let has = count(to.fetch_optional(sql, Vec::new()).await?)?;
    if had != has || u64::try_from(has) != Ok(copied) {
        return Err(StoreError::defect(format!("of {had} rows of {} there are {has} in the copy", table.name)));
    }
    Ok(copied)
}

fn value(row: &DbRow, index: usize, copy_type: CopyType) -> Result<SqlValue, SqlError> {
    Ok(match copy_type {
        CopyType::Text => row.text(index)?.into(),
        CopyType::TextOrNull => SqlValue::TextOrNull(row.text_or_null(index)?.map(Into::into)),
        CopyType::Int => row.int(index)?.into(),
        CopyType::IntOrNull => SqlValue::IntOrNull(row.int_or_null(index)?),
        CopyType::Bool => row.bool(index)?.into(),
    })
}
