//! The built-in catcher of webhooks: what partners without a listener of their own can look at.

use rampart_core::id::PartnerId;
use rampart_core::time::Timestamp;
use tokio::sync::oneshot;

use crate::database::{Batch, StreamLine, WriterCommand};
use crate::error::WorldError;
use crate::world::World;

/// How many webhooks are kept per partner.
const KEPT_WEBHOOKS: i64 = 5_000;
/// How many bytes of them, and how often that is looked at, in webhooks of one partner.
const KEPT_BYTES: i64 = 8 * 1_024 * 1_024;
const SIZE_CHECK_WEBHOOKS: i64 = 64;
/// How many bytes of them are told at once, and how many webhooks are read at once until it is so many.
const PAGE_BYTES: usize = 256 * 1_024;
const READ_ROWS: usize = 16;
/// Forgets whatever is older than the newest that fit into so many bytes.
const DELETE_BEYOND_BYTES: &str = "DELETE FROM journal WHERE stream = ?1 AND seq <= (SELECT MAX(seq) FROM (\
    SELECT seq, SUM(octet_length(body)) OVER (ORDER BY seq DESC) AS bytes FROM journal WHERE stream = ?1) WHERE bytes > ?2)";

/// Whether a webhook's signature was checked, and how that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Signature)]
pub enum SignatureStatus {
    /// It fits.
    Valid,
    /// It does not fit.
    Invalid,
    /// There was none.
    Missing,
}

/// A webhook that was received.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ReceivedWebhook {
    /// The partner whose key it named.
    pub partner: PartnerId,
    /// When (business time).
    pub received_at: Timestamp,
    /// `X-SignatureStatus` over body and `X-Timestamp`.
    pub signature: SignatureStatus,
    /// The Standard Webhooks signature.
    pub standard_signature: SignatureStatus,
    /// The headers that belong to webhooks, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: String,
}

/// Stores webhooks and forgets the oldest beyond what is kept.
pub(crate) async fn take_webhooks(batch: &mut Batch, items: Vec<ReceivedWebhook>) -> Result<Vec<Result<(), WorldError>>, WorldError> {
    let mut partners = std::collections::BTreeMap::new();
    let mut results = Vec::with_capacity(items.len());
    for item in items {
        let stream = format!("inbox-{}", item.partner);
        let seq = batch.append(StreamLine { stream: stream.clone(), topic: None, body: serde_json::to_string(&item)? }).await?;
        partners.entry(stream).or_insert((seq, seq)).1 = seq;
        results.push(Ok(()));
    }
    for (stream, (first, last)) in partners {
        if last > KEPT_WEBHOOKS {
            let delete = sqlx::query("DELETE FROM journal WHERE stream = ?1 AND seq <= ?2").bind(&stream).bind(last - KEPT_WEBHOOKS);
            delete.execute(&mut batch.connection).await?;
        }
        if last / SIZE_CHECK_WEBHOOKS != (first - 1) / SIZE_CHECK_WEBHOOKS {
            sqlx::query(DELETE_BEYOND_BYTES).bind(stream).bind(KEPT_BYTES).execute(&mut batch.connection).await?;
        }
    }
    Ok(results)
}

impl World {
    /// Stores a webhook that was received.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn receive_webhook(&self, received: ReceivedWebhook) -> Result<(), WorldError> {
        let (sender, receiver) = oneshot::channel();
        self.database.send(WriterCommand::Webhook(received, sender)).await?;
        receiver.await.map_err(|_| WorldError::Closed)?
    }

    /// The webhooks a partner received behind a number, oldest first, each with its number, and whether more are
    /// there. No more than make 256 KiB, and one at least, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn received_webhooks(
        &self,
        partner: PartnerId,
        after: i64,
        limit: usize,
    ) -> Result<(Vec<(i64, ReceivedWebhook)>, bool), WorldError> {
        let stream = format!("inbox-{partner}");
        let (mut received, mut bytes, mut last) = (Vec::new(), 0, after);
        loop {
            let (lines, has_more) = self.database.page(&stream, last, READ_ROWS.min(limit - received.len())).await?;
            for (seq, body) in lines {
                bytes += body.len();
                if bytes > PAGE_BYTES && !received.is_empty() {
                    return Ok((received, true));
                }
                received.push((seq, serde_json::from_str(&body)?));
                last = seq;
            }
            if !has_more || received.len() >= limit {
                return Ok((received, has_more));
            }
        }
    }
}
