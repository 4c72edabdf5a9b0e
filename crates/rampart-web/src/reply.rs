//! Successful answers: the envelopes of the contract.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use rampart_app::AppError;
use serde::Serialize;

/// The header that marks an answer given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A successful answer, ready to be sent.
#[derive(Debug)]
pub(crate) struct Reply {
    body: Vec<u8>,
    replayed: bool,
}

const OK: &[u8] = br#"{"status":"ok","data":"#;
const PAYMENT_CREATED: &[u8] = br#"{"status":"success","message":"payment_created","data":"#;
/// What a usual answer needs.
const CAPACITY: usize = 640;

fn defect(error: serde_json::Error) -> AppError {
    AppError::Defect(Box::new(error))
}

fn write(body: &mut Vec<u8>, value: &impl Serialize) -> Result<(), AppError> {
    serde_json::to_writer(body, value).map_err(defect)
}

impl Reply {
    /// `{"status":"ok","data":…}`.
    pub(crate) fn ok(data: &impl Serialize) -> Result<Self, AppError> {
        let mut body = Vec::with_capacity(CAPACITY);
        body.extend_from_slice(OK);
        write(&mut body, data)?;
        body.push(b'}');
        Ok(Self { body, replayed: false })
    }

    /// The same with `data` that is JSON already.
    pub(crate) fn ok_json(data: &str, replayed: bool) -> Self {
        Self::around(OK, data, replayed)
    }

    /// `{"status":"success","message":"payment_created","data":…}`.
    pub(crate) fn payment_created(data: &str, replayed: bool) -> Self {
        Self::around(PAYMENT_CREATED, data, replayed)
    }

    fn around(before: &[u8], data: &str, replayed: bool) -> Self {
        let mut body = Vec::with_capacity(before.len() + data.len() + 1);
        body.extend_from_slice(before);
        body.extend_from_slice(data.as_bytes());
        body.push(b'}');
        Self { body, replayed }
    }

    /// `{"status":"ok","data":[…],"pagination":{"next_cursor":…,"has_more":…}}`.
    pub(crate) fn list(items: &[impl Serialize], next_cursor: Option<&str>, has_more: bool) -> Result<Self, AppError> {
        let mut body = Vec::with_capacity(CAPACITY * (items.len() + 1));
        body.extend_from_slice(OK);
        write(&mut body, &items)?;
        body.extend_from_slice(br#","pagination":{"next_cursor":"#);
        write(&mut body, &next_cursor)?;
        body.extend_from_slice(if has_more { br#","has_more":true}}"# } else { br#","has_more":false}}"# });
        Ok(Self { body, replayed: false })
    }
}

impl IntoResponse for Reply {
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

    fn text(reply: &Reply) -> &str {
        std::str::from_utf8(&reply.body).unwrap()
    }

    #[test]
    fn envelopes_are_as_documented() {
        assert_eq!(text(&Reply::ok(&["a"]).unwrap()), r#"{"status":"ok","data":["a"]}"#);
        assert_eq!(text(&Reply::ok_json(r#"{"id":7}"#, true)), r#"{"status":"ok","data":{"id":7}}"#);
        let created = Reply::payment_created(r#"{"payment_id":"x"}"#, false);
        assert_eq!(text(&created), r#"{"status":"success","message":"payment_created","data":{"payment_id":"x"}}"#);
        let page = Reply::list(&[1, 2], Some("c\"1"), true).unwrap();
        assert_eq!(text(&page), r#"{"status":"ok","data":[1,2],"pagination":{"next_cursor":"c\"1","has_more":true}}"#);
        let last = Reply::list(&[0_u8; 0], None, false).unwrap();
        assert_eq!(text(&last), r#"{"status":"ok","data":[],"pagination":{"next_cursor":null,"has_more":false}}"#);
    }

    #[test]
    fn repeats_are_marked() {
        assert_eq!(Reply::ok_json("1", true).into_response().headers()["idempotent-replayed"], "true");
        assert!(!Reply::ok_json("1", false).into_response().headers().contains_key("idempotent-replayed"));
    }
}
