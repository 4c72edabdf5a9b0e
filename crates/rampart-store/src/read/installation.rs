//! The identity of the installation and its keys. Both are written before anything is committed, so not through the commit path.

use rampart_core::step::installation_key::InstallationKey;
use rampart_core::time::Timestamp;

use crate::Store;
use crate::error::StoreError;
use crate::sql::{DbSession, SqlValue};

/// The identity of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationRecord {
    pub id: String,
    /// The fingerprint of the key the database was created with. [`Store::installation_keys`] lists the valid keys.
    pub key_fingerprint: String,
    /// Real time.
    pub created_at: Timestamp,
}

impl Store {
    /// The identity of the installation; `None` before [`Store::install`].
    pub async fn installation(&self) -> Result<Option<InstallationRecord>, StoreError> {
        let row = self.inner.readers.fetch_optional("SELECT id, key_fingerprint, created_at FROM installation", Vec::new()).await?;
        let read = |row: crate::sql::DbRow| {
            Ok(InstallationRecord {
                id: row.text(0)?.to_owned(),
                key_fingerprint: row.text(1)?.to_owned(),
                created_at: Timestamp::from_micros(row.int(2)?),
            })
        };
        row.map(read).transpose()
    }

    /// Stores the identity of the installation unless there is one, and returns the stored one. If two nodes do this at once, the
    /// first wins.
    pub async fn install(&self, installation: &InstallationRecord) -> Result<InstallationRecord, StoreError> {
        let sql =
            "INSERT INTO installation (number, id, key_fingerprint, created_at) VALUES (1, $1, $2, $3) ON CONFLICT (number) DO NOTHING";
        let values =
            vec![installation.id.as_str().into(), installation.key_fingerprint.as_str().into(), installation.created_at.micros().into()];
        self.insert(sql, values).await?;
        self.installation().await?.ok_or_else(|| StoreError::defect("the installation was not stored"))
    }

    /// The records of all keys, ordered by fingerprint. There are few: one more per rotation.
    pub async fn installation_keys(&self) -> Result<Vec<InstallationKey>, StoreError> {
        self.list("SELECT version, data FROM installation_keys ORDER BY id", Vec::new()).await
    }

    /// Stores the record of the first key unless there is one. If two nodes do this at once, the first wins.
    pub async fn install_key(&self, key: &InstallationKey) -> Result<(), StoreError> {
        let data = serde_json::to_string(key)?;
        let sql = "INSERT INTO installation_keys (id, version, data) SELECT $1, 1, $2 \
                   WHERE NOT EXISTS (SELECT 1 FROM installation_keys) ON CONFLICT (id) DO NOTHING";
        self.insert(sql, vec![SqlValue::display(key.id), data.into()]).await
    }

    async fn insert(&self, sql: &'static str, values: Vec<SqlValue>) -> Result<(), StoreError> {
        let mut session: DbSession = self.inner.target.session(false).await?;
        let done = session.execute(sql, values).await;
        session.close().await;
        done?;
        Ok(())
    }
}
