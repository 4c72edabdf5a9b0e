//! Payments and ramp-offs for partners: one by its identifier, or lists, newest first.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::order::view::{PaymentView, RampoffView};
use rampart_core::order::{PaymentStatus, RampoffStatus};
use rampart_store::OrderFilter;

use crate::app::App;
use crate::error::AppResult;
use crate::orders::idempotency::MAX_EXTERNAL_ID_CHARACTERS;
use crate::orders::order_checks;
use crate::partner_api::authenticate::AuthenticatedPartner;
use crate::partner_api::fields::{FieldReader, MAX_FIELD_CHARACTERS};
use crate::views::ListPage;

/// The filters of a list, as sent.
#[derive(Debug, Clone, Default)]
pub struct ListRequest {
    /// 1 to 100; 25 when absent.
    pub limit: Option<String>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// One or several statuses, separated by commas.
    pub status: Option<String>,
    pub user_id: Option<String>,
    pub external_id: Option<String>,
    /// Inclusive lower bound of the creation time.
    pub from: Option<String>,
    /// Exclusive upper bound of the creation time.
    pub to: Option<String>,
}

struct ParsedListRequest<S> {
    filter: OrderFilter<S>,
    below: Option<OrderId>,
    limit: u32,
}

const MAX_PAGE_ROWS: u32 = 100;
const DEFAULT_PAGE_ROWS: u32 = 25;

pub(crate) fn limit(fields: &mut FieldReader, text: &Option<String>) -> u32 {
    match fields.optional("limit", text, MAX_FIELD_CHARACTERS).map(str::parse::<u32>) {
        None => DEFAULT_PAGE_ROWS,
        Some(Ok(limit @ 1..=MAX_PAGE_ROWS)) => limit,
        Some(_) => {
            fields.malformed("limit", format!("must be a number from 1 to {MAX_PAGE_ROWS}"));
            DEFAULT_PAGE_ROWS
        }
    }
}

impl ListRequest {
    fn read<S: Copy + PartialEq>(
        &self,
        caller: &AuthenticatedPartner,
        parse: fn(&str) -> Option<S>,
        texts: &[&str],
    ) -> AppResult<ParsedListRequest<S>> {
        let mut fields = FieldReader::new();
        let limit = limit(&mut fields, &self.limit);
        let below = fields.optional("cursor", &self.cursor, MAX_FIELD_CHARACTERS).map(open_cursor);
        if below == Some(None) {
            fields.malformed("cursor", "must be a next_cursor of this list");
        }
        let mut wanted = Vec::new();
        for status in fields.optional("status", &self.status, MAX_FIELD_CHARACTERS).iter().flat_map(|list| list.split(',')) {
            match parse(status) {
                Some(status) if wanted.contains(&status) => {}
                Some(status) => wanted.push(status),
                None => fields.malformed("status", format!("must be one of {}", texts.join(", "))),
            }
        }
        let customer = fields.customer("user_id", &self.user_id, false).map(CustomerId);
        let external_id = fields.bounded("external_id", &self.external_id, MAX_EXTERNAL_ID_CHARACTERS).map(str::to_owned);
        let (from, to) = (fields.moment("from", &self.from), fields.moment("to", &self.to));
        fields.finish()?;
        let filter = OrderFilter { partner: Some(caller.partner.id), statuses: wanted, customer, external_id, from, to };
        Ok(ParsedListRequest { filter, below: below.flatten(), limit })
    }
}

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
/// `validation_failed` for an invalid filter.
pub async fn payments(app: &App, caller: &AuthenticatedPartner, request: &ListRequest) -> AppResult<ListPage<PaymentView>> {
    let wanted = request.read(caller, PaymentStatus::from_text, &PaymentStatus::TEXTS)?;
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
/// `validation_failed` for an invalid filter.
pub async fn rampoffs(app: &App, caller: &AuthenticatedPartner, request: &ListRequest) -> AppResult<ListPage<RampoffView>> {
    let wanted = request.read(caller, RampoffStatus::from_text, &RampoffStatus::TEXTS)?;
    let found = app.store.rampoffs(&wanted.filter, wanted.below, wanted.limit + 1).await?;
    Ok(page(found, wanted.limit, |rampoff| rampoff.id, RampoffView::of))
}

#[cfg(test)]
mod tests {
    use rampart_core::time::Timestamp;

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
