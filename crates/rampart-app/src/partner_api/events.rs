//! `events`: the log of a partner's events, for polling. Without gaps and without expiry.

use serde_json::value::RawValue;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::orders::page_links;
use crate::partner_api::lists::{DEFAULT_PAGE_ROWS, PAGE_ROWS};
use crate::request::field::{FieldKind, optional};
use crate::request::request;
use crate::views::{EventPage, EventView};
use rampart_http::AuthenticatedPartner;

request! {
    /// The request of `events`.
    EventsRequest refused by [] {
        after: Option<i64> = optional(FieldKind::Integer(0, i64::MAX), "Return only events with a higher sequence number. Default: all.").example("0");
        limit: Option<u32> = optional(PAGE_ROWS, "The maximum number of events to return. Default: 25.").example("100");
    }
}

/// The partner's events after a sequence number, in order.
pub async fn events(app: &App, caller: &AuthenticatedPartner, request: &EventsRequest<'_>) -> AppResult<EventPage> {
    let (after, limit) = (request.after.unwrap_or(0), request.limit.unwrap_or(DEFAULT_PAGE_ROWS));
    let mut found = app.store.events_after(caller.partner.id, after, limit + 1).await?;
    let page_rows = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > page_rows;
    found.truncate(page_rows);
    let events = found.into_iter().map(|event| {
        Ok(EventView {
            id: event.draft.id.to_string(),
            kind: event.draft.kind,
            sequence: event.sequence,
            created_at: event.draft.created_at,
            data: RawValue::from_string(page_links::event_data(app, &event.draft).into_owned())
                .map_err(|fault| AppError::Defect(Box::new(fault)))?,
        })
    });
    Ok(EventPage { events: events.collect::<AppResult<_>>()?, has_more })
}
