//! Successful responses in the envelopes of the API.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::failure::CallFailure;

/// Marks a response that repeats the stored response of an earlier request.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A successful response, serialized.
#[derive(Debug)]
pub struct CallResponse {
    body: Vec<u8>,
    replayed: bool,
}

const OK_PREFIX: &[u8] = br#"{"status":"ok","data":"#;
const PAYMENT_CREATED_PREFIX: &[u8] = br#"{"status":"success","message":"payment_created","data":"#;
const TYPICAL_RESPONSE_BYTES: usize = 640;

fn write(body: &mut Vec<u8>, value: &impl Serialize) -> Result<(), CallFailure> {
    Ok(serde_json::to_writer(body, value)?)
}

impl CallResponse {
    /// `{"status":"ok","data":…}`.
    ///
    /// # Errors
    /// A defect if the data cannot be serialized.
    pub fn ok(data: &impl Serialize) -> Result<Self, CallFailure> {
        let mut body = Vec::with_capacity(TYPICAL_RESPONSE_BYTES);
        body.extend_from_slice(OK_PREFIX);
        write(&mut body, data)?;
        body.push(b'}');
        Ok(Self { body, replayed: false })
    }

    /// Like [`ok`](Self::ok), with `data` that is serialized already.
    #[must_use]
    pub fn ok_json(data: &str, replayed: bool) -> Self {
        Self::wrap(OK_PREFIX, data, replayed)
    }

    /// `{"status":"success","message":"payment_created","data":…}`.
    #[must_use]
    pub fn payment_created(data: &str, replayed: bool) -> Self {
        Self::wrap(PAYMENT_CREATED_PREFIX, data, replayed)
    }

    fn wrap(prefix: &[u8], data: &str, replayed: bool) -> Self {
        let mut body = Vec::with_capacity(prefix.len() + data.len() + 1);
        body.extend_from_slice(prefix);
        body.extend_from_slice(data.as_bytes());
        body.push(b'}');
        Self { body, replayed }
    }

    /// `{"status":"ok","data":[…],"pagination":{"next_cursor":…,"has_more":…}}`.
    ///
    /// # Errors
    /// A defect if the items cannot be serialized.
    pub fn list(items: &[impl Serialize], next_cursor: Option<&str>, has_more: bool) -> Result<Self, CallFailure> {
        let mut body = Vec::with_capacity(TYPICAL_RESPONSE_BYTES * (items.len() + 1));
        body.extend_from_slice(OK_PREFIX);
        write(&mut body, &items)?;
        body.extend_from_slice(br#","pagination":{"next_cursor":"#);
        write(&mut body, &next_cursor)?;
        body.extend_from_slice(if has_more { br#","has_more":true}}"# } else { br#","has_more":false}}"# });
        Ok(Self { body, replayed: false })
    }
}

impl IntoResponse for CallResponse {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(reply: &CallResponse) -> &str {
        std::str::from_utf8(&reply.body).unwrap()
    }

    #[test]
    fn envelopes_are_as_documented() {
        assert_eq!(text(&CallResponse::ok(&["a"]).unwrap()), r#"{"status":"ok","data":["a"]}"#);
        assert_eq!(text(&CallResponse::ok_json(r#"{"id":7}"#, true)), r#"{"status":"ok","data":{"id":7}}"#);
        let created = CallResponse::payment_created(r#"{"payment_id":"x"}"#, false);
        assert_eq!(text(&created), r#"{"status":"success","message":"payment_created","data":{"payment_id":"x"}}"#);
        let page = CallResponse::list(&[1, 2], Some("c\"1"), true).unwrap();
        assert_eq!(text(&page), r#"{"status":"ok","data":[1,2],"pagination":{"next_cursor":"c\"1","has_more":true}}"#);
        let last = CallResponse::list(&[0_u8; 0], None, false).unwrap();
        assert_eq!(text(&last), r#"{"status":"ok","data":[],"pagination":{"next_cursor":null,"has_more":false}}"#);
    }

    #[test]
    fn replays_are_marked() {
        assert_eq!(CallResponse::ok_json("1", true).into_response().headers()["idempotent-replayed"], "true");
        assert!(!CallResponse::ok_json("1", false).into_response().headers().contains_key("idempotent-replayed"));
    }
}
