//! `/sandbox/inbox`: the built-in webhook receiver.

use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rampart_core::refusal::ErrorCode;
use rampart_core::text::redacted::Redacted;
use rampart_core::time::Timestamp;
use rampart_http::describe::{described_list, word};
use rampart_http::request::field::{FieldKind, FieldSpec, optional, required};
use rampart_http::{Access, Call, CallContext, CallFuture, CallResponse, Envelope, FieldSource, Idempotency, request};
use serde_json::value::RawValue;
use sha2::Sha256;
use utoipa::openapi::{RefOr, Schema};

use super::{GROUP, PAGE_LINES, SandboxAnswer, SandboxState, WebhookKeys};
use crate::inbox::{InboxWebhook, SignatureStatus};

/// A signature whose timestamp differs more from real time is invalid.
const TIMESTAMP_TOLERANCE_SECONDS: u64 = 300;
/// The headers that are stored, in lower case.
const HEADERS: &[&str] =
    &["content-type", "user-agent", "x-api-key", "x-timestamp", "x-signature", "webhook-id", "webhook-timestamp", "webhook-signature"];

request! {
    /// The page of webhooks.
    ListWebhooks refused by [] {
        after: Option<i64> = optional(FieldKind::Integer(0, i64::MAX), "Return only webhooks after this `number`.");
        limit: Option<u32> = FieldSpec { about: "The maximum number of webhooks. Default: 100. A page is limited to 256 KiB as well.", ..PAGE_LINES };
    }
}

const API_KEY: FieldSpec = required(FieldKind::Token(200), "The API key of the partner that the webhook is for.").named("X-API-Key");

/// A received webhook.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxWebhook {
    /// The sequence number of the webhook, per partner.
    number: i64,
    /// Business time (RFC 3339).
    received_at: String,
    /// The check of `X-Signature` over body and timestamp.
    signature: SignatureStatus,
    /// The check of the Standard Webhooks signature.
    standard_signature: SignatureStatus,
    /// The headers of the webhook, with names in lower case.
    headers: std::collections::BTreeMap<String, String>,
    /// The unchanged body, or a text where the body is not JSON.
    #[schema(value_type = serde_json::Value)]
    body: Box<RawValue>,
}

pub(super) static LIST: Call<SandboxState> = Call {
    method: Method::GET,
    paths: &["/sandbox/inbox"],
    id: "sandboxInbox",
    group: GROUP,
    summary: "The webhooks that the built-in receiver has stored for you",
    about: "Returns them oldest first. It keeps at most the newest 5000, and at most 8 MiB.",
    access: Access::Token,
    takes: FieldSource::Query(ListWebhooks::FIELDS),
    idempotency: Idempotency::None,
    codes: ListWebhooks::CODES,
    envelope: Envelope::Ok,
    data: described_list::<SandboxWebhook>,
    run: |state, context| Box::pin(list(state, context)) as CallFuture,
};

async fn list(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = ListWebhooks::of(&context.fields)?;
    let (partner, limit) = (context.caller()?.partner.id, super::page_lines(request.limit));
    let (received, _) = state.world.received_webhooks(partner, request.after.unwrap_or(0), limit).await?;
    let webhooks = received.into_iter().map(|(number, received)| SandboxWebhook {
        number,
        received_at: received.received_at.to_string(),
        signature: received.signature,
        standard_signature: received.standard_signature,
        headers: received.headers.into_iter().collect(),
        body: shown_body(received.body),
    });
    CallResponse::ok(&webhooks.collect::<Vec<_>>())
}

pub(super) static RECEIVE: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/inbox"],
    id: "sandboxCatch",
    group: GROUP,
    summary: "The built-in webhook receiver",
    about: "It takes no token, and only webhooks signed for the partner of `X-API-Key`.",
    access: Access::Signature,
    takes: FieldSource::Signed(API_KEY),
    idempotency: Idempotency::None,
    codes: &[],
    envelope: Envelope::Ok,
    data: |_| RefOr::from(Schema::from(word("received"))),
    run: |state, context| Box::pin(receive(state, context)) as CallFuture,
};

async fn receive(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let (headers, body) = (context.signed()?.headers(), context.signed()?.body());
    let key = header(headers, "x-api-key").filter(|key| key.len() <= 200).ok_or(ErrorCode::AuthorizationIncorrect)?;
    let WebhookKeys { partner, secrets } = state.engine.webhook_keys(key).await?.ok_or(ErrorCode::AuthorizationIncorrect)?;
    let now = state.world.real_now();
    let received = InboxWebhook {
        partner,
        received_at: state.world.clock().now(),
        signature: own_signature(headers, body, &secrets, now),
        standard_signature: standard_signature(headers, body, &secrets, now),
        headers: HEADERS.iter().filter_map(|name| header(headers, name).map(|value| ((*name).to_owned(), value.to_owned()))).collect(),
        body: String::from_utf8_lossy(body).into_owned(),
    };
    // The API key is in every webhook, so all receivers of the partner know it: only a signature proves the sender.
    if received.signature != SignatureStatus::Valid && received.standard_signature != SignatureStatus::Valid {
        return Err(ErrorCode::AuthorizationIncorrect.into());
    }
    state.world.receive_webhook(received).await?;
    CallResponse::ok(&"received")
}

/// Signatures cover the exact bytes of the body, so it is returned unchanged.
fn shown_body(body: String) -> Box<RawValue> {
    let text = serde_json::value::to_raw_value(&body);
    RawValue::from_string(body).or(text).unwrap_or_default()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| value.len() <= 1_024)
}

fn is_recent(timestamp: &str, now: Timestamp) -> bool {
    timestamp.parse::<i64>().is_ok_and(|seconds| now.seconds().abs_diff(seconds) <= TIMESTAMP_TOLERANCE_SECONDS)
}

fn is_signed_by(key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(tag).is_ok()
}

fn status_of(valid: bool) -> SignatureStatus {
    if valid { SignatureStatus::Valid } else { SignatureStatus::Invalid }
}

/// Hexadecimal HMAC-SHA256 over body and timestamp, keyed with the secret's text.
fn own_signature(headers: &HeaderMap, body: &[u8], secrets: &[Redacted], now: Timestamp) -> SignatureStatus {
    let (Some(signature), Some(timestamp)) = (header(headers, "x-signature"), header(headers, "x-timestamp")) else {
        return SignatureStatus::Missing;
    };
    let Ok(tag) = hex::decode(signature) else { return SignatureStatus::Invalid };
    // The secrets are used as keys.
    let mut keys = secrets.iter().map(|secret| secret.reveal().as_bytes());
    status_of(is_recent(timestamp, now) && keys.any(|key| is_signed_by(key, &[body, timestamp.as_bytes()], &tag)))
}

/// The Standard Webhooks scheme: base64 of HMAC-SHA256 over `id.timestamp.body`, keyed with the decoded secret. One of
/// several signatures must be valid.
fn standard_signature(headers: &HeaderMap, body: &[u8], secrets: &[Redacted], now: Timestamp) -> SignatureStatus {
    let read = |name| header(headers, name);
    let (Some(id), Some(timestamp), Some(signatures)) = (read("webhook-id"), read("webhook-timestamp"), read("webhook-signature")) else {
        return SignatureStatus::Missing;
    };
    let tags: Vec<Vec<u8>> = signatures
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .filter_map(|signature| BASE64_STANDARD.decode(signature).ok())
        .collect();
    // The secrets are used as keys.
    let keys: Vec<Vec<u8>> = secrets.iter().filter_map(|secret| BASE64_STANDARD.decode(secret.reveal()).ok()).collect();
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    status_of(is_recent(timestamp, now) && keys.iter().any(|key| tags.iter().any(|tag| is_signed_by(key, &parts, tag))))
}
