//! The mode that the installation was made in.

use crate::error::StoreError;
use crate::store::Store;

impl Store {
    /// The mode that the installation was made in, once [`Store::keep_mode`] has said so.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn mode(&self) -> Result<Option<String>, StoreError> {
        let row = self.inner.readers.fetch_optional("SELECT mode FROM installation", Vec::new()).await?;
        let mode = row.map(|row| row.text_or_null(0).map(|mode| mode.map(str::to_owned))).transpose()?;
        Ok(mode.flatten())
    }

    /// Says which mode the installation was made in, unless that was said before, and answers which it is. Of two nodes that
    /// do this at once, the first decides for both.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be written, or before [`Store::install`] has said who the installation is.
    pub async fn keep_mode(&self, mode: &str) -> Result<String, StoreError> {
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
