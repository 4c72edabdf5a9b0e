//! The body of a webhook and its signatures: `X-Signature` of the documented API, and the headers of Standard Webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rampart_core::id::EventId;
use rampart_core::partner::event::{Event, SubscriptionType};
use rampart_core::partner::{ApiKey, Partner};
use rampart_core::text::redacted::Redacted;
use rampart_core::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::Sha256;

use crate::error::{AppError, AppResult};
use crate::state::keys::Keys;

/// The content of a webhook.
pub(super) struct WebhookMessage<'a> {
    pub(super) event: &'a Event,
    /// The event's data with fresh page links.
    pub(super) data: &'a str,
    pub(super) delivered_as: SubscriptionType,
    pub(super) previous_sequence: i64,
    /// Real time, because receivers compare it with their own clocks.
    pub(super) at: Timestamp,
}

pub(super) struct Signed {
    pub(super) body: String,
    pub(super) headers: [(&'static str, String); 6],
}

/// The API key and secrets that sign a partner's webhooks.
pub(super) struct Signer {
    api_key: String,
    secret: Redacted,
    /// The secret before the last rotation, while its overlap lasts.
    previous: Option<Redacted>,
}

#[derive(Serialize)]
struct WebhookBody<'a> {
    id: EventId,
    r#type: &'a str,
    sequence: i64,
    previous_sequence: i64,
    created_at: Timestamp,
    data: &'a RawValue,
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

impl Signer {
    /// `now` is real time.
    pub(super) fn of(partner: &Partner, keys: &Keys, now: Timestamp) -> AppResult<Self> {
        let open = |key: &ApiKey| keys.open(&key.key, &key.sealed_secret);
        let previous = partner.signing_keys(now).nth(1).map(open).transpose()?;
        Ok(Self { api_key: partner.api_key.key.clone(), secret: open(&partner.api_key)?, previous })
    }

    pub(super) fn sign(&self, webhook: &WebhookMessage<'_>) -> AppResult<Signed> {
        let draft = &webhook.event.draft;
        let defect = |defect: serde_json::Error| AppError::Defect(Box::new(defect));
        let data: &RawValue = serde_json::from_str(webhook.data).map_err(defect)?;
        let body = serde_json::to_string(&WebhookBody {
            id: draft.id,
            r#type: webhook.delivered_as.as_str(),
            sequence: webhook.event.sequence,
            previous_sequence: webhook.previous_sequence,
            created_at: draft.created_at,
            data,
        })
        .map_err(defect)?;
        let (id, timestamp) = (draft.id.to_string(), webhook.at.seconds().to_string());
        // The key of the documented signature is the text of the newest secret, not decoded.
        let documented = hex::encode(hmac(self.secret.reveal().as_bytes(), &[body.as_bytes(), timestamp.as_bytes()]));
        let standard = |secret: &Redacted| {
            let key = STANDARD.decode(secret.reveal()).unwrap_or_else(|_| secret.reveal().as_bytes().to_vec());
            let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body.as_bytes()];
            format!("v1,{}", STANDARD.encode(hmac(&key, &parts)))
        };
        let signatures: Vec<String> = [&self.secret].into_iter().chain(&self.previous).map(standard).collect();
        let headers = [
            ("X-API-Key", self.api_key.clone()),
            ("X-Timestamp", timestamp.clone()),
            ("X-Signature", documented),
            ("webhook-id", id),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signatures.join(" ")),
        ];
        Ok(Signed { body, headers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rampart_core::id::{Mint, Randomness};
    use rampart_core::partner::event::{EventDraft, EventType};

    struct FixedRandomness;
    impl Randomness for FixedRandomness {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn both_secrets_sign_and_the_documented_one_is_over_body_and_timestamp() {
        let mint = Mint { now: Timestamp::from_micros(1_700_000_000_000_000), randomness: &FixedRandomness };
        let draft = EventDraft {
            id: mint.id(),
            partner: mint.id(),
            kind: EventType::PayIn,
            subject: "1".to_owned(),
            data: r#"{"coin_amount":0.10}"#.to_owned(),
            created_at: mint.now,
        };
        let event = Event { sequence: 7, draft };
        let secret = STANDARD.encode([1; 32]);
        let signer =
            Signer { api_key: "key".to_owned(), secret: Redacted::new(&*secret), previous: Some(Redacted::new(STANDARD.encode([2; 32]))) };
        let webhook = WebhookMessage {
            event: &event,
            data: &event.draft.data,
            delivered_as: SubscriptionType::PayIn,
            previous_sequence: 5,
            at: mint.now,
        };
        let signed = signer.sign(&webhook).unwrap();
        assert!(signed.body.ends_with(r#""data":{"coin_amount":0.10}}"#), "{}", signed.body);
        let header = |name: &str| signed.headers.iter().find(|header| header.0 == name).unwrap().1.clone();
        assert_eq!(header("X-Signature"), hex::encode(hmac(secret.as_bytes(), &[format!("{}1700000000", signed.body).as_bytes()])));
        let content = format!("{}.1700000000.{}", event.draft.id, signed.body);
        let expected = [[1; 32], [2; 32]].map(|key| format!("v1,{}", STANDARD.encode(hmac(&key, &[content.as_bytes()]))));
        assert_eq!(header("webhook-signature"), expected.join(" "));
    }
}
