//! The built-in webhook receiver, for partners that have no endpoint of their own yet.

use rampart_core::id::PartnerId;
use rampart_core::time::Timestamp;

use crate::error::WorldError;
use crate::file::Transaction;

/// Webhooks kept per partner.
const KEPT_WEBHOOKS: i64 = 5_000;
/// Bytes of stored webhooks kept per partner.
const KEPT_BYTES: i64 = 8 * 1_024 * 1_024;
/// The size is checked once per so many webhooks of a partner.
const SIZE_CHECK_WEBHOOKS: i64 = 64;
/// Bytes of one page. Rows are read in small steps until the page has so many.
const PAGE_BYTES: usize = 256 * 1_024;
const READ_ROWS: usize = 16;
/// Deletes all but the newest lines that fit into `?2` bytes.
const DELETE_BEYOND_BYTES: &str = "DELETE FROM journal WHERE stream = ?1 AND seq <= (SELECT MAX(seq) FROM (\
    SELECT seq, SUM(octet_length(body)) OVER (ORDER BY seq DESC) AS bytes FROM journal WHERE stream = ?1) WHERE bytes > ?2)";

/// The result of a signature check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Signature)]
pub enum SignatureStatus {
    /// The signature is valid.
    Valid,
    /// The signature is not valid.
    Invalid,
    /// The webhook has no signature.
    Missing,
}

/// A webhook as it was received. Stored as JSON.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct InboxWebhook {
    /// The partner whose API key it names.
    pub partner: PartnerId,
    /// In business time.
    pub received_at: Timestamp,
    /// Of `X-Signature`, over body and `X-Timestamp`.
    pub signature: SignatureStatus,
    /// Of the Standard Webhooks signature.
    pub standard_signature: SignatureStatus,
    /// Webhook headers; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, unchanged.
    pub body: String,
}

/// Stores a webhook, then deletes the oldest beyond the limits.
pub(crate) fn receive(tx: &mut Transaction<'_>, received: &InboxWebhook) -> Result<(), WorldError> {
    let stream = format!("inbox-{}", received.partner);
    let last = tx.append(&stream, None, received)?;
    if last > KEPT_WEBHOOKS {
        tx.execute("DELETE FROM journal WHERE stream = ?1 AND seq <= ?2", (&stream, last - KEPT_WEBHOOKS))?;
    }
    if last % SIZE_CHECK_WEBHOOKS == 0 {
        tx.execute(DELETE_BEYOND_BYTES, (&stream, KEPT_BYTES))?;
    }
    Ok(())
}

/// The webhooks of a partner after a sequence number, oldest first, each with its number, and whether there are more.
pub(crate) fn page(
    tx: &Transaction<'_>,
    partner: PartnerId,
    after: i64,
    limit: usize,
) -> Result<(Vec<(i64, InboxWebhook)>, bool), WorldError> {
    let stream = format!("inbox-{partner}");
    let (mut received, mut bytes, mut last) = (Vec::new(), 0, after);
    loop {
        let (lines, has_more) = tx.lines(&stream, last, READ_ROWS.min(limit - received.len()))?;
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
