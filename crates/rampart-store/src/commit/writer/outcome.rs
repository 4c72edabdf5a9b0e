//! Finds out whether a commit happened whose response was lost with its connection.

use std::sync::Arc;
use std::time::Instant;

use super::{Fatal, WriterTask, back_off, stopped};
use crate::commit::load::insert_batch_row;
use crate::error::StoreError;

impl WriterTask {
    /// Whether the batch was committed. If it was not, it can no longer be: inserting its row waits for the old transaction to end.
    /// Keeps asking for `StoreOptions::patience`. It does nothing else on the connection, so a short-lived one suffices.
    pub(super) async fn was_committed(&mut self, batch: &Arc<str>) -> Result<bool, Fatal> {
        let begun = Instant::now();
        let mut attempt = 1;
        loop {
            let asked = match self.ensure_connected().await {
                Ok(()) => self.query_was_committed(batch).await,
                Err(error) => Err(error),
            };
            match asked {
                Ok(happened) => return Ok(happened),
                Err(error) if begun.elapsed() >= self.options.patience => {
                    return Err(format!("the outcome of a commit cannot be found out: {error}"));
                }
                Err(error) => tracing::warn!(%error, "the outcome of a commit is still unknown"),
            }
            // Drop the connection, whatever its state: the question needs nothing from it.
            self.session = None;
            back_off(attempt, begun).await;
            attempt += 1;
        }
    }

    async fn query_was_committed(&mut self, batch: &Arc<str>) -> Result<bool, StoreError> {
        let Some(session) = &mut self.session else { return Err(stopped()) };
        let asked = async {
            session.begin().await?;
            let free = insert_batch_row(session, batch).await?;
            session.rollback().await?;
            Ok(!free)
        };
        match tokio::time::timeout(self.options.patience, asked).await {
            Ok(happened) => happened,
            Err(_) => Err(StoreError::Unavailable("the database does not answer".into())),
        }
    }
}
