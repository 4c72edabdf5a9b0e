//! Copies an installation to an empty database of either engine, table by table and page by page.

use sqlx::AssertSqlSafe;

use crate::Store;
use crate::error::StoreError;
use crate::sql::{DbRow, DbSession, Rows, SqlError, SqlValue};
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

/// Every table. A test compares the list with the schema.
const COPY_TABLES: &[CopyTable] = &[
    CopyTable {
        name: "installation",
        keys: 1,
        columns: &[
            ("number", CopyType::Int),
            ("id", CopyType::Text),
            ("key_fingerprint", CopyType::Text),
            ("created_at", CopyType::Int),
            ("mode", CopyType::TextOrNull),
        ],
    },
    CopyTable {
        name: "installation_keys",
        keys: 1,
        columns: &[("id", CopyType::Text), ("version", CopyType::Int), ("data", CopyType::Text)],
    },
    CopyTable {
        name: "partners",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("version", CopyType::Int),
            ("api_key", CopyType::Text),
            ("previous_key", CopyType::TextOrNull),
            ("data", CopyType::Text),
        ],
    },
    CopyTable {
        name: "customers",
        keys: 1,
        columns: &[
            ("id", CopyType::Int),
            ("version", CopyType::Int),
            ("partner", CopyType::Text),
            ("created_at", CopyType::Int),
            ("data", CopyType::Text),
        ],
    },
    CopyTable {
        name: "payments",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("version", CopyType::Int),
            ("partner", CopyType::Text),
            ("customer", CopyType::Int),
            ("status", CopyType::Text),
            ("open", CopyType::Bool),
            ("due_at", CopyType::IntOrNull),
            ("changed_at", CopyType::Int),
            ("data", CopyType::Text),
        ],
    },
    CopyTable {
        name: "rampoffs",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("version", CopyType::Int),
            ("partner", CopyType::Text),
            ("customer", CopyType::Int),
            ("status", CopyType::Text),
            ("open", CopyType::Bool),
            ("due_at", CopyType::IntOrNull),
            ("changed_at", CopyType::Int),
            ("deposit_address", CopyType::Text),
            ("data", CopyType::Text),
        ],
    },
    CopyTable {
        name: "payouts",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("version", CopyType::Int),
            ("order_id", CopyType::TextOrNull),
            ("state", CopyType::Text),
            ("data", CopyType::Text),
        ],
    },
    CopyTable {
        name: "transfers",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("version", CopyType::Int),
            ("order_id", CopyType::TextOrNull),
            ("chain", CopyType::Text),
            ("state", CopyType::Text),
            ("data", CopyType::Text),
        ],
    },
    CopyTable {
        name: "facts",
        keys: 1,
        columns: &[("id", CopyType::Text), ("version", CopyType::Int), ("waiting", CopyType::Bool), ("data", CopyType::Text)],
    },
    CopyTable {
        name: "deposits",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("version", CopyType::Int),
            ("chain", CopyType::Text),
            ("state", CopyType::Text),
            ("height", CopyType::Int),
            ("order_id", CopyType::TextOrNull),
            ("to_sweep", CopyType::Bool),
            ("data", CopyType::Text),
        ],
    },
    CopyTable {
        name: "jobs",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("version", CopyType::Int),
            ("kind", CopyType::Text),
            ("subject", CopyType::Text),
            ("due_at", CopyType::Int),
            ("leased_until", CopyType::IntOrNull),
            ("failing", CopyType::Bool),
            ("data", CopyType::Text),
        ],
    },
    CopyTable {
        name: "subscriptions",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("version", CopyType::Int),
            ("partner", CopyType::Text),
            ("disabled", CopyType::Bool),
            ("data", CopyType::Text),
        ],
    },
    CopyTable {
        name: "deliveries",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("version", CopyType::Int),
            ("partner", CopyType::Text),
            ("subscription", CopyType::Text),
            ("state", CopyType::Text),
            ("due_at", CopyType::Int),
            ("leased_until", CopyType::IntOrNull),
            ("data", CopyType::Text),
        ],
    },
    CopyTable {
        name: "cursors",
        keys: 1,
        columns: &[("id", CopyType::Text), ("version", CopyType::Int), ("number", CopyType::IntOrNull), ("data", CopyType::Text)],
    },
    CopyTable { name: "wallets", keys: 1, columns: &[("id", CopyType::Text), ("version", CopyType::Int), ("data", CopyType::Text)] },
    CopyTable {
        name: "reviews",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("version", CopyType::Int),
            ("order_id", CopyType::TextOrNull),
            ("waiting", CopyType::Bool),
            ("alarm", CopyType::TextOrNull),
            ("kind", CopyType::Text),
            ("fact", CopyType::TextOrNull),
            ("data", CopyType::Text),
        ],
    },
    CopyTable {
        name: "audit",
        keys: 1,
        columns: &[("id", CopyType::Text), ("version", CopyType::Int), ("subject", CopyType::Text), ("data", CopyType::Text)],
    },
    CopyTable {
        name: "claims",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("subject", CopyType::Text),
            ("fingerprint", CopyType::Text),
            ("answer", CopyType::Text),
            ("expires_at", CopyType::IntOrNull),
            ("batch", CopyType::Text),
        ],
    },
    CopyTable {
        name: "balances",
        keys: 1,
        columns: &[("id", CopyType::Text), ("posted", CopyType::Text), ("held", CopyType::Text), ("entries", CopyType::Int)],
    },
    CopyTable {
        name: "postings",
        keys: 1,
        columns: &[
            ("id", CopyType::Text),
            ("kind", CopyType::Text),
            ("origin", CopyType::Text),
            ("order_id", CopyType::TextOrNull),
            ("posted_at", CopyType::Int),
            ("booked_at", CopyType::Int),
        ],
    },
    CopyTable {
        name: "entries",
        keys: 2,
        columns: &[
            ("balance", CopyType::Text),
            ("number", CopyType::Int),
            ("posting", CopyType::Text),
            ("side", CopyType::Text),
            ("amount", CopyType::Text),
            ("order_id", CopyType::TextOrNull),
        ],
    },
    CopyTable {
        name: "counters",
        keys: 1,
        columns: &[("id", CopyType::Text), ("value", CopyType::Text), ("expires_at", CopyType::IntOrNull)],
    },
    CopyTable {
        name: "events",
        keys: 2,
        columns: &[
            ("partner", CopyType::Text),
            ("sequence", CopyType::Int),
            ("id", CopyType::Text),
            ("kind", CopyType::Text),
            ("subject", CopyType::Text),
            ("data", CopyType::Text),
            ("created_at", CopyType::Int),
        ],
    },
    CopyTable { name: "event_counters", keys: 1, columns: &[("partner", CopyType::Text), ("last", CopyType::Int)] },
    CopyTable { name: "numbers", keys: 1, columns: &[("series", CopyType::Text), ("next", CopyType::Int)] },
    CopyTable { name: "batches", keys: 1, columns: &[("id", CopyType::Text)] },
];

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
            if to.fetch_optional(AssertSqlSafe(format!("SELECT 1 FROM {} LIMIT 1", table.name)), Vec::new()).await?.is_some() {
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
            None => from.fetch_all(AssertSqlSafe(first.clone()), Vec::new()).await?,
            Some(values) => from.fetch_all(AssertSqlSafe(next.clone()), values).await?,
        };
        let mut values = Vec::with_capacity(rows.len() * columns.len());
        for row in &rows {
            for (index, (_, copy_type)) in table.columns.iter().enumerate() {
                values.push(value(row, index, *copy_type)?);
            }
        }
        last_key = values.len().checked_sub(columns.len()).map(|start| values[start..start + table.keys].to_vec());
        let sql = |rows: &str| format!("INSERT INTO {} ({list}) {rows}", table.name);
        copied += to.write_rows(sql, &Rows::new(columns.len(), values), &[]).await?;
        if rows.len() < PAGE_ROWS {
            break;
        }
    }
    let sql = format!("SELECT COUNT(*) FROM {}", table.name);
    let count = |row: Option<DbRow>| row.map_or(Ok(0), |row| row.int(0));
    let had = count(from.fetch_optional(AssertSqlSafe(sql.clone()), Vec::new()).await?)?;
    let has = count(to.fetch_optional(AssertSqlSafe(sql), Vec::new()).await?)?;
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
