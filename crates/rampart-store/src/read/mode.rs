//! The mode of the installation.

use crate::Store;
use crate::error::StoreError;

impl Store {
    /// The mode of the installation; `None` before [`Store::set_mode_once`].
    pub async fn mode(&self) -> Result<Option<String>, StoreError> {
        let row = self.inner.readers.fetch_optional("SELECT mode FROM installation", Vec::new()).await?;
        let mode = row.map(|row| row.text_or_null(0).map(|mode| mode.map(str::to_owned))).transpose()?;
        Ok(mode.flatten())
    }

    /// Stores the mode of the installation unless there is one, and returns the stored one. If two nodes do this at once, the first
    /// wins.
    ///
    /// # Errors
    /// [`StoreError::Defect`] before [`Store::install`] has stored the installation.
    pub async fn set_mode_once(&self, mode: &str) -> Result<String, StoreError> {
        if let Some(known) = self.mode().await? {
            return Ok(known);
        }
        let mut session = self.inner.target.session(false).await?;
        let done = session.execute("UPDATE installation SET mode = $1 WHERE mode IS NULL", vec![mode.into()]).await;
        session.close().await;
        done?;
        self.mode().await?.ok_or_else(|| StoreError::defect("the installation has no row to keep its mode in"))
    }
}
