//! What the two lists of orders have in common.

use rampart_app::ListRequest;

use super::{EXTERNAL_ID, USER};
use crate::field::{Field, Kind, optional};
use crate::fields::Fields;

/// The filters of a list of orders in these states.
pub(super) const fn filters(statuses: &'static [&'static str]) -> [Field; 7] {
    [
        optional("limit", Kind::Integer(1, 100), "How many; 25 when absent.").example("25"),
        optional("cursor", Kind::Token(256), "The `next_cursor` of the page before."),
        optional("status", Kind::Words(statuses), "Only in this status; several are separated by commas."),
        optional("user_id", USER, "Only this customer's."),
        optional("external_id", EXTERNAL_ID, "Only the one of this name."),
        optional("from", Kind::Moment, "Only those made at this moment (or day) or after."),
        optional("to", Kind::Moment, "Only those made before this moment (or day)."),
    ]
}

/// The request of a list.
pub(super) fn request(fields: &mut Fields) -> ListRequest {
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
