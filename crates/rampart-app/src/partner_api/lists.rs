//! Payments and ramp-offs for partners: one by its identifier, or lists, newest first.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::order::view::{PaymentView, RampoffView};
use rampart_core::order::{PaymentStatus, RampoffStatus};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::time::Timestamp;
use rampart_store::OrderFilter;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::orders::order_checks;
use crate::request::common::{IDENTIFIER, USER_ID};
use crate::request::field::{FieldKind, FieldSpec, optional, required};
use crate::request::request;
use crate::views::ListPage;
use rampart_http::AuthenticatedPartner;

request! {
    /// The filters of a list.
    ListRequest refused by [] {
        limit: Option<u32> = optional(PAGE_ROWS, "The maximum number of orders to return. Default: 25.").example("25");
        cursor: Option<&'a str> = optional(FieldKind::Token(256), "The `next_cursor` of the previous page.");
        status: Option<Vec<&'a str>> = optional(FieldKind::Words(&PaymentStatus::TEXTS), "Return only orders in this status. Separate several statuses by commas.");
        user_id: Option<CustomerId> = optional(USER_ID, "Return only the orders of this customer.");
        external_id: Option<&'a str> = optional(FieldKind::AsTyped(128), "Return only the order with this `external_id`.");
        from: Option<Timestamp> = optional(FieldKind::Moment, "Return only orders created at or after this time (or the beginning of this day).");
        to: Option<Timestamp> = optional(FieldKind::Moment, "Return only orders created before this time (or the beginning of this day).");
    }
}

request! {
    /// The request of `getRampoff`.
    GetRampoff refused by [RampoffNotFound] {
        id: &'a str = required(IDENTIFIER, "The identifier of the ramp-off.");
    }
}

impl ListRequest<'_> {
    /// The table of the ramp-offs' list: with their statuses.
    pub const RAMPOFF_FIELDS: &'static [FieldSpec] = &{
        let mut fields = [Self::FIELDS[0]; Self::FIELDS.len()];
        let mut index = 0;
        while index < fields.len() {
            fields[index] = Self::FIELDS[index];
            if matches!(fields[index].kind, FieldKind::Words(_)) {
                fields[index].kind = FieldKind::Words(&RampoffStatus::TEXTS);
            }
            index += 1;
        }
        fields
    };

    fn parse<S: Copy + Ord>(&self, caller: &AuthenticatedPartner, status: fn(&str) -> Option<S>) -> AppResult<ParsedListRequest<S>> {
        let below = match self.cursor.map(open_cursor) {
            Some(None) => return Err(Refusal::field(ErrorCode::ValidationFailed, "cursor", "must be a next_cursor of this list").into()),
            below => below.flatten(),
        };
        let wanted: Option<Vec<S>> = self.status.iter().flatten().map(|text| status(text)).collect();
        let mut statuses = wanted.ok_or_else(|| AppError::defect("a list was not read by its table"))?;
        statuses.sort_unstable();
        statuses.dedup();
        let (customer, external_id) = (self.user_id, self.external_id.map(str::to_owned));
        let filter = OrderFilter { partner: Some(caller.partner.id), statuses, customer, external_id, from: self.from, to: self.to };
        Ok(ParsedListRequest { filter, below, limit: self.limit.unwrap_or(DEFAULT_PAGE_ROWS) })
    }
}

struct ParsedListRequest<S> {
    filter: OrderFilter<S>,
    below: Option<OrderId>,
    limit: u32,
}

pub(crate) const PAGE_ROWS: FieldKind = FieldKind::Integer(1, 100);
pub(crate) const DEFAULT_PAGE_ROWS: u32 = 25;

fn open_cursor(text: &str) -> Option<OrderId> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    std::str::from_utf8(&bytes).ok()?.parse().ok()
}

/// One more row than requested shows whether there is a next page.
fn page<T, V>(mut orders: Vec<T>, limit: u32, id: impl Fn(&T) -> OrderId, view: impl Fn(&T) -> V) -> ListPage<V> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = orders.len() > limit;
    orders.truncate(limit);
    let last = orders.last().filter(|_| has_more);
    ListPage {
        next_cursor: last.map(|order| URL_SAFE_NO_PAD.encode(id(order).to_string())),
        has_more,
        items: orders.iter().map(view).collect(),
    }
}

/// A payment of the partner.
///
/// # Errors
/// `payment_not_found`, also for another partner's payment.
pub async fn payment(app: &App, caller: &AuthenticatedPartner, id: &str) -> AppResult<PaymentView> {
    order_checks::payment_of(app, caller, id).await.map(|payment| PaymentView::of(&payment))
}

/// The partner's payments, newest first.
///
/// # Errors
/// `validation_failed` for a cursor of another list.
pub async fn payments(app: &App, caller: &AuthenticatedPartner, request: &ListRequest<'_>) -> AppResult<ListPage<PaymentView>> {
    let wanted = request.parse(caller, PaymentStatus::from_text)?;
    let found = app.store.payments(&wanted.filter, wanted.below, wanted.limit + 1).await?;
    Ok(page(found, wanted.limit, |payment| payment.id, PaymentView::of))
}

/// A ramp-off of the partner.
///
/// # Errors
/// `rampoff_not_found`, also for another partner's ramp-off.
pub async fn rampoff(app: &App, caller: &AuthenticatedPartner, id: &str) -> AppResult<RampoffView> {
    order_checks::rampoff_of(app, caller, id).await.map(|rampoff| RampoffView::of(&rampoff))
}

/// The partner's ramp-offs, newest first.
///
/// # Errors
/// `validation_failed` for a cursor of another list.
pub async fn rampoffs(app: &App, caller: &AuthenticatedPartner, request: &ListRequest<'_>) -> AppResult<ListPage<RampoffView>> {
    let wanted = request.parse(caller, RampoffStatus::from_text)?;
    let found = app.store.rampoffs(&wanted.filter, wanted.below, wanted.limit + 1).await?;
    Ok(page(found, wanted.limit, |rampoff| rampoff.id, RampoffView::of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::random::SystemRandomness;

    #[test]
    fn pages_end_where_there_is_no_more() {
        let ids: Vec<OrderId> = (0..3).map(|at| OrderId::mint(Timestamp::from_micros(at), &SystemRandomness)).collect();
        let short = page(ids.clone(), 3, |id| *id, ToString::to_string);
        assert_eq!((short.has_more, short.next_cursor, short.items.len()), (false, None, 3));
        let cut = page(ids.clone(), 2, |id| *id, ToString::to_string);
        assert_eq!((cut.has_more, cut.items.len()), (true, 2));
        assert_eq!(cut.next_cursor.as_deref().and_then(open_cursor), Some(ids[1]));
        assert_eq!(open_cursor("%%%"), None);
    }
}
