//! What the two lists of orders have in common.

use rampart_app::ListRequest;

use super::{EXTERNAL_ID, USER};
use crate::field::{FieldKind, FieldSpec, optional};
use crate::fields::RequestFields;

/// The filters of a list of orders in these states.
pub(super) const fn filters(statuses: &'static [&'static str]) -> [FieldSpec; 7] {
    [
        optional("limit", FieldKind::Integer(1, 100), "The maximum number of orders to return. Default: 25.").example("25"),
        optional("cursor", FieldKind::Token(256), "The `next_cursor` of the previous page."),
        optional("status", FieldKind::Words(statuses), "Return only orders in this status. Separate several statuses by commas."),
        optional("user_id", USER, "Return only the orders of this customer."),
        optional("external_id", EXTERNAL_ID, "Return only the order with this `external_id`."),
        optional("from", FieldKind::Moment, "Return only orders created at or after this time (or the beginning of this day)."),
        optional("to", FieldKind::Moment, "Return only orders created before this time (or the beginning of this day)."),
    ]
}

pub(super) fn request(fields: &mut RequestFields) -> ListRequest {
    ListRequest {
        limit: fields.take("limit"),
        cursor: fields.take("cursor"),
        status: fields.take("status"),
        user_id: fields.take("user_id"),
        external_id: fields.take("external_id"),
        from: fields.take("from"),
        to: fields.take("to"),
    }
}
