//! Reads the fields of a body by its media type.

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, header};
use rampart_core::refusal::{ErrorCode, Refusal};

use crate::call::FieldSource;
use crate::request::{InvalidFields, RequestFields};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MediaType {
    Json,
    Form,
    Other,
}

fn media(headers: &HeaderMap) -> MediaType {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        MediaType::Json
    } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        MediaType::Form
    } else {
        MediaType::Other
    }
}

/// The fields of a body. The inner failure is that of its fields.
///
/// # Errors
/// `unsupported_media_type`.
pub(crate) fn read(takes: FieldSource, request: &Request<Bytes>) -> Result<Result<RequestFields, InvalidFields>, Refusal> {
    if let FieldSource::Path(_, others) = takes {
        return read(*others, request);
    }
    let (fields, body) = (takes.fields(), request.body());
    if body.is_empty() && takes.may_be_absent() {
        return Ok(RequestFields::from_query(fields, None));
    }
    let media = media(request.headers());
    let (accepted, expected) = match takes {
        FieldSource::FormOrJson(_) => (media != MediaType::Other, "application/x-www-form-urlencoded or application/json"),
        _ => (media == MediaType::Json, "application/json"),
    };
    if !accepted {
        return Err(Refusal::new(ErrorCode::UnsupportedMediaType, format!("The body must be sent as {expected}.")));
    }
    Ok(if media == MediaType::Form { RequestFields::from_form(fields, body) } else { RequestFields::from_json(fields, body) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tests::headers;

    #[test]
    fn content_types_may_have_parameters() {
        for (value, expected) in [
            ("application/json", MediaType::Json),
            ("Application/JSON; charset=utf-8", MediaType::Json),
            ("application/x-www-form-urlencoded", MediaType::Form),
            ("application/xml", MediaType::Other),
            ("application/jsonx", MediaType::Other),
            ("", MediaType::Other),
        ] {
            assert_eq!(media(&headers(&[("content-type", value)])), expected, "{value}");
        }
        assert_eq!(media(&headers(&[])), MediaType::Other);
    }
}
