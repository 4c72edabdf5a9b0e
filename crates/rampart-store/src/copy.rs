//! Moving an installation from one engine to the other: every table, page by page, into an empty database.

use sqlx::AssertSqlSafe;

use crate::error::StoreError;
use crate::sql::{Row, Rows, Session, SqlError, Value};
use crate::store::Store;
use crate::verify::VerifyReport;

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// (table, rows), in the order they were copied.
    pub tables: Vec<(&'static str, u64)>,
    /// What [`Store::verify`] says of the copy.
    pub report: VerifyReport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    TextOrNull,
    Int,
    IntOrNull,
    Bool,
}

/// A table with its columns; the first `keys` of them are its primary key.
struct Shape {
    name: &'static str,
    keys: usize,
    columns: &'static [(&'static str, Kind)],
}

/// Rows per page.
const PAGE: usize = 512;

/// Every table. A test compares it with the schema.
const SHAPES: &[Shape] = &[
    Shape {
        name: "installation",
        keys: 1,
        columns: &[
            ("number", Kind::Int),
            ("id", Kind::Text),
            ("key_fingerprint", Kind::Text),
            ("created_at", Kind::Int),
            ("mode", Kind::TextOrNull),
        ],
    },
    Shape { name: "installation_keys", keys: 1, columns: &[("id", Kind::Text), ("version", Kind::Int), ("data", Kind::Text)] },
    Shape {
        name: "partners",
        keys: 1,
        columns: &[
            ("id", Kind::Text),
            ("version", Kind::Int),
            ("api_key", Kind::Text),
            ("previous_key", Kind::TextOrNull),
            ("data", Kind::Text),
        ],
    },
    Shape {
        name: "customers",
        keys: 1,
        columns: &[("id", Kind::Int), ("version", Kind::Int), ("partner", Kind::Text), ("created_at", Kind::Int), ("data", Kind::Text)],
    },
    Shape {
        name: "payments",
        keys: 1,
        columns: &[
            ("id", Kind::Text),
            ("version", Kind::Int),
            ("partner", Kind::Text),
            ("customer", Kind::Int),
            ("status", Kind::Text),
            ("open", Kind::Bool),
            ("due_at", Kind::IntOrNull),
            ("changed_at", Kind::Int),
            ("data", Kind::Text),
        ],
    },
    Shape {
        name: "rampoffs",
        keys: 1,
        columns: &[
            ("id", Kind::Text),
            ("version", Kind::Int),
            ("partner", Kind::Text),
            ("customer", Kind::Int),
            ("status", Kind::Text),
            ("open", Kind::Bool),
            ("due_at", Kind::IntOrNull),
            ("changed_at", Kind::Int),
            ("deposit_address", Kind::Text),
            ("data", Kind::Text),
        ],
    },
    Shape {
        name: "payouts",
        keys: 1,
        columns: &[("id", Kind::Text), ("version", Kind::Int), ("order_id", Kind::TextOrNull), ("state", Kind::Text), ("data", Kind::Text)],
    },
    Shape {
        name: "transfers",
        keys: 1,
        columns: &[
            ("id", Kind::Text),
            ("version", Kind::Int),
            ("order_id", Kind::TextOrNull),
            ("chain", Kind::Text),
            ("state", Kind::Text),
            ("data", Kind::Text),
        ],
    },
    Shape { name: "facts", keys: 1, columns: &[("id", Kind::Text), ("version", Kind::Int), ("waiting", Kind::Bool), ("data", Kind::Text)] },
    Shape {
        name: "deposits",
        keys: 1,
        columns: &[
            ("id", Kind::Text),
            ("version", Kind::Int),
            ("chain", Kind::Text),
            ("state", Kind::Text),
            ("height", Kind::Int),
            ("order_id", Kind::TextOrNull),
            ("to_sweep", Kind::Bool),
            ("data", Kind::Text),
        ],
    },
    Shape {
        name: "jobs",
        keys: 1,
        columns: &[
            ("id", Kind::Text),
            ("version", Kind::Int),
            ("kind", Kind::Text),
            ("subject", Kind::Text),
            ("due_at", Kind::Int),
            ("leased_until", Kind::IntOrNull),
            ("failing", Kind::Bool),
            ("data", Kind::Text),
        ],
    },
    Shape {
        name: "subscriptions",
        keys: 1,
        columns: &[("id", Kind::Text), ("version", Kind::Int), ("partner", Kind::Text), ("disabled", Kind::Bool), ("data", Kind::Text)],
    },
    Shape {
        name: "deliveries",
        keys: 1,
        columns: &[
            ("id", Kind::Text),
            ("version", Kind::Int),
            ("partner", Kind::Text),
            ("subscription", Kind::Text),
            ("state", Kind::Text),
            ("due_at", Kind::Int),
            ("leased_until", Kind::IntOrNull),
            ("data", Kind::Text),
        ],
    },
    Shape {
        name: "cursors",
        keys: 1,
        columns: &[("id", Kind::Text), ("version", Kind::Int), ("number", Kind::IntOrNull), ("data", Kind::Text)],
    },
    Shape { name: "wallets", keys: 1, columns: &[("id", Kind::Text), ("version", Kind::Int), ("data", Kind::Text)] },
    Shape {
        name: "reviews",
        keys: 1,
        columns: &[
            ("id", Kind::Text),
            ("version", Kind::Int),
            ("order_id", Kind::TextOrNull),
            ("waiting", Kind::Bool),
            ("alarm", Kind::TextOrNull),
            ("kind", Kind::Text),
            ("fact", Kind::TextOrNull),
            ("data", Kind::Text),
        ],
    },
    Shape { name: "audit", keys: 1, columns: &[("id", Kind::Text), ("version", Kind::Int), ("subject", Kind::Text), ("data", Kind::Text)] },
    Shape {
        name: "claims",
        keys: 1,
        columns: &[
            ("id", Kind::Text),
            ("subject", Kind::Text),
            ("fingerprint", Kind::Text),
            ("answer", Kind::Text),
            ("expires_at", Kind::IntOrNull),
            ("batch", Kind::Text),
        ],
    },
    Shape {
        name: "balances",
        keys: 1,
        columns: &[("id", Kind::Text), ("posted", Kind::Text), ("held", Kind::Text), ("entries", Kind::Int)],
    },
    Shape {
        name: "postings",
        keys: 1,
        columns: &[
            ("id", Kind::Text),
            ("kind", Kind::Text),
            ("origin", Kind::Text),
            ("order_id", Kind::TextOrNull),
            ("posted_at", Kind::Int),
            ("booked_at", Kind::Int),
        ],
    },
    Shape {
        name: "entries",
        keys: 2,
        columns: &[
            ("balance", Kind::Text),
            ("number", Kind::Int),
            ("posting", Kind::Text),
            ("side", Kind::Text),
            ("amount", Kind::Text),
            ("order_id", Kind::TextOrNull),
        ],
    },
    Shape { name: "counters", keys: 1, columns: &[("id", Kind::Text), ("value", Kind::Text), ("expires_at", Kind::IntOrNull)] },
    Shape {
        name: "events",
        keys: 2,
        columns: &[
            ("partner", Kind::Text),
            ("sequence", Kind::Int),
            ("id", Kind::Text),
            ("kind", Kind::Text),
            ("subject", Kind::Text),
            ("data", Kind::Text),
            ("created_at", Kind::Int),
        ],
    },
    Shape { name: "event_counters", keys: 1, columns: &[("partner", Kind::Text), ("last", Kind::Int)] },
    Shape { name: "numbers", keys: 1, columns: &[("series", Kind::Text), ("next", Kind::Int)] },
    Shape { name: "batches", keys: 1, columns: &[("id", Kind::Text)] },
];

impl Store {
    /// Copies everything into `target`, which must be empty, in one snapshot of this store and one transaction of the
    /// target; then compares the counts and verifies the copy's ledger. Nothing stays in the target when anything fails.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] when the target is not empty, [`StoreError::Defect`] when counts differ, and
    /// [`StoreError::Unavailable`] when a database fails.
    pub async fn copy_to(&self, target: &Self) -> Result<Copied, StoreError> {
        let mut from = self.snapshot().await?;
        let mut to = target.inner.target.session(false).await?;
        to.begin().await?;
        let mut tables = Vec::with_capacity(SHAPES.len());
        for shape in SHAPES {
            if to.fetch_optional(AssertSqlSafe(format!("SELECT 1 FROM {} LIMIT 1", shape.name)), Vec::new()).await?.is_some() {
                return Err(StoreError::Configuration(format!("the database to copy to is not empty: it has rows in {}", shape.name)));
            }
        }
        for shape in SHAPES {
            tables.push((shape.name, copy_table(shape, &mut from, &mut to).await?));
        }
        to.commit().await?;
        to.close().await;
        from.close().await;
        let report = target.verify().await?;
        Ok(Copied { tables, report })
    }
}

async fn copy_table(shape: &Shape, from: &mut Session, to: &mut Session) -> Result<u64, StoreError> {
    let columns: Vec<&str> = shape.columns.iter().map(|(name, _)| *name).collect();
    let list = columns.join(", ");
    let key = columns[..shape.keys].join(", ");
    let marks: Vec<String> = (1..=shape.keys).map(|number| format!("${number}")).collect();
    let first = format!("SELECT {list} FROM {} ORDER BY {key} LIMIT {PAGE}", shape.name);
    let next = format!("SELECT {list} FROM {} WHERE ({key}) > ({}) ORDER BY {key} LIMIT {PAGE}", shape.name, marks.join(", "));
    let mut behind: Option<Vec<Value>> = None;
    let mut copied = 0_u64;
    loop {
        let rows = match behind.take() {
            None => from.fetch_all(AssertSqlSafe(first.clone()), Vec::new()).await?,
            Some(values) => from.fetch_all(AssertSqlSafe(next.clone()), values).await?,
        };
        let mut values = Vec::with_capacity(rows.len() * columns.len());
        for row in &rows {
            for (index, (_, kind)) in shape.columns.iter().enumerate() {
                values.push(value(row, index, *kind)?);
            }
        }
        behind = values.len().checked_sub(columns.len()).map(|start| values[start..start + shape.keys].to_vec());
        let sql = |rows: &str| format!("INSERT INTO {} ({list}) {rows}", shape.name);
        copied += to.write_rows(sql, &Rows::new(columns.len(), values), &[]).await?;
        if rows.len() < PAGE {
            break;
        }
    }
    let sql = format!("SELECT COUNT(*) FROM {}", shape.name);
    let count = |row: Option<Row>| row.map_or(Ok(0), |row| row.int(0));
    let had = count(from.fetch_optional(AssertSqlSafe(sql.clone()), Vec::new()).await?)?;
    let has = count(to.fetch_optional(AssertSqlSafe(sql), Vec::new()).await?)?;
    if had != has || u64::try_from(has) != Ok(copied) {
        return Err(StoreError::defect(format!("of {had} rows of {} there are {has} in the copy", shape.name)));
    }
    Ok(copied)
}

fn value(row: &Row, index: usize, kind: Kind) -> Result<Value, SqlError> {
    Ok(match kind {
        Kind::Text => row.text(index)?.into(),
        Kind::TextOrNull => Value::TextOrNull(row.text_or_null(index)?.map(Into::into)),
        Kind::Int => row.int(index)?.into(),
        Kind::IntOrNull => Value::IntOrNull(row.int_or_null(index)?),
        Kind::Bool => row.bool(index)?.into(),
    })
}
