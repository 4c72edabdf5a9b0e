//! Embedded migrations, applied in order. Each runs in one transaction with the row that records it.

use super::{DatabaseEngine, DbSession};
use crate::error::StoreError;

/// A schema change, with its SQL for each engine.
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

macro_rules! migrations {
    ($($name:literal),+ $(,)?) => {
        /// Every migration, oldest first. A test compares this list with the two migration folders.
        pub(crate) const MIGRATIONS: &[Migration] = &[$(Migration {
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),+];
    };
}

migrations!(
    "0001_start",
    "0002_parked_by_partner",
    "0003_deposit_addresses",
    "0004_page_tokens",
    "0005_fewer_indexes",
    "0006_reviews_by_fact",
    "0007_held_orders_are_due",
    "0008_installation_keys",
    "0009_receivers",
    "0010_modes_and_names",
    "0011_address_families",
    "0012_failing_jobs",
    "0013_transmissions"
);

/// The migration that removes the plain links of earlier versions.
const EARLIER_LINKS_MIGRATION: &str = "0008_installation_keys";

/// A PostgreSQL advisory lock that serialises nodes which start at the same time. Its key is `rampart` in base 36.
const LOCK: &str = "SELECT pg_advisory_xact_lock(59823490601)";

/// The schema of a database, compared with this version's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SchemaState {
    New,
    Current,
    Older(Vec<&'static str>),
}

/// Reads the state of the schema and changes nothing.
///
/// # Errors
/// [`StoreError::Configuration`] when a later version made the schema.
pub(crate) async fn schema_state(session: &mut DbSession) -> Result<SchemaState, StoreError> {
    let known = match session.engine() {
        DatabaseEngine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'migrations'",
        DatabaseEngine::Postgres => "SELECT 'migrations' FROM pg_class WHERE oid = to_regclass('migrations')",
    };
    if session.fetch_optional(known, Vec::new()).await?.is_none() {
        return Ok(SchemaState::New);
    }
    let applied = applied(session).await?;
    if applied.is_empty() {
        return Ok(SchemaState::New);
    }
    let missing = missing(&applied);
    Ok(if missing.is_empty() { SchemaState::Current } else { SchemaState::Older(missing.iter().map(|migration| migration.name).collect()) })
}

async fn applied(session: &mut DbSession) -> Result<Vec<String>, StoreError> {
    let rows = session.fetch_all("SELECT name FROM migrations ORDER BY name", Vec::new()).await?;
    let applied = rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect::<Result<Vec<_>, StoreError>>()?;
    match applied.iter().find(|name| MIGRATIONS.iter().all(|migration| migration.name != **name)) {
        Some(unknown) => {
            Err(StoreError::Configuration(format!("the database was made by a later version: it has the migration {unknown}")))
        }
        None => Ok(applied),
    }
}

fn missing(applied: &[String]) -> Vec<&'static Migration> {
    MIGRATIONS.iter().filter(|migration| applied.iter().all(|name| name != migration.name)).collect()
}

pub(crate) async fn migrate(session: &mut DbSession) -> Result<(), StoreError> {
    session.begin().await?;
    match apply(session).await {
        Ok(applied) => {
            session.commit().await?;
            if applied.contains(&EARLIER_LINKS_MIGRATION) {
                super::earlier_links::rewrite_file(session).await;
            }
            Ok(())
        }
        Err(error) => {
            // The first error is the one to report.
            let _ = session.rollback().await;
            Err(error)
        }
    }
}

/// Applies the missing migrations and returns their names.
async fn apply(session: &mut DbSession) -> Result<Vec<&'static str>, StoreError> {
    if session.engine() == DatabaseEngine::Postgres {
        session.fetch_all(LOCK, Vec::new()).await?;
    }
    session.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT NOT NULL PRIMARY KEY)", Vec::new()).await?;
    let applied = applied(session).await?;
    let missing = missing(&applied);
    for migration in &missing {
        let text = match session.engine() {
            DatabaseEngine::Sqlite => migration.sqlite,
            DatabaseEngine::Postgres => migration.postgres,
        };
        session.script(text).await?;
        if migration.name == EARLIER_LINKS_MIGRATION {
            super::earlier_links::remove_tokens(session).await?;
        }
        session.execute("INSERT INTO migrations (name) VALUES ($1)", vec![migration.name.into()]).await?;
    }
    Ok(missing.iter().map(|migration| migration.name).collect())
}

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;

    #[test]
    fn both_folders_hold_exactly_the_embedded_migrations() {
        for engine in ["sqlite", "postgres"] {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/").to_owned() + engine;
            let mut names: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap().strip_suffix(".sql").unwrap().to_owned())
                .collect();
            names.sort();
            assert_eq!(names, MIGRATIONS.iter().map(|migration| migration.name).collect::<Vec<_>>());
        }
    }
}
