//! Who this installation is, and what is known of its keys. Both are said before anything is committed, so beside the commit path.

use rampart_core::installation_key::InstallationKey;
use rampart_core::time::Timestamp;

use crate::error::StoreError;
use crate::sql::{DbSession, SqlValue};
use crate::store::Store;

/// Who this installation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Its identifier.
    pub id: String,
    /// The fingerprint of the key the database was made with. Which keys count is told by [`Store::installation_keys`].
    pub key_fingerprint: String,
    /// When it was made (real time).
    pub created_at: Timestamp,
}

impl Store {
    /// Who this installation is, once [`Store::install`] has said so.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn installation(&self) -> Result<Option<Installation>, StoreError> {
        let row = self.inner.readers.fetch_optional("SELECT id, key_fingerprint, created_at FROM installation", Vec::new()).await?;
        let read = |row: crate::sql::DbRow| {
            Ok(Installation {
                id: row.text(0)?.to_owned(),
                key_fingerprint: row.text(1)?.to_owned(),
                created_at: Timestamp::from_micros(row.int(2)?),
            })
        };
        row.map(read).transpose()
    }

    /// Says who this installation is, unless that was said before, and answers who it is. Of two nodes that do this at
    /// once, the first decides for both.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
    pub async fn install(&self, installation: &Installation) -> Result<Installation, StoreError> {
        let sql =
            "INSERT INTO installation (number, id, key_fingerprint, created_at) VALUES (1, $1, $2, $3) ON CONFLICT (number) DO NOTHING";
        let values =
            vec![installation.id.as_str().into(), installation.key_fingerprint.as_str().into(), installation.created_at.micros().into()];
        self.insert(sql, values).await?;
        self.installation().await?.ok_or_else(|| StoreError::defect("the installation was not stored"))
    }

    /// What is known of every key, in the order of their fingerprints. There are few: one more for each rotation.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn installation_keys(&self) -> Result<Vec<InstallationKey>, StoreError> {
        self.list("SELECT version, data FROM installation_keys ORDER BY id", Vec::new()).await
    }

    /// Says what is known of the key that the database was made with, unless that was said before. Of two nodes that do this
    /// at once, the first decides for both.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written.
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
