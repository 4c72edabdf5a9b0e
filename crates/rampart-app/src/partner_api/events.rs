//! `events`: the log of a partner's events, for polling. Without gaps and without expiry.

use serde_json::value::RawValue;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::orders::page_links;
use crate::partner_api::authenticate::AuthenticatedPartner;
use crate::partner_api::fields::{FieldReader, MAX_FIELD_CHARACTERS};
use crate::views::{EventPage, EventView};

/// The partner's events after a sequence number, in order.
///
/// # Errors
/// `validation_failed` for an invalid sequence number or limit.
pub async fn events(app: &App, caller: &AuthenticatedPartner, after: Option<String>, limit: Option<String>) -> AppResult<EventPage> {
    let mut fields = FieldReader::new();
    let limit = crate::partner_api::lists::limit(&mut fields, &limit);
    let after = match fields.optional("after", &after, MAX_FIELD_CHARACTERS).map(str::parse::<i64>) {
        None => 0,
        Some(Ok(after)) if after >= 0 => after,
        Some(_) => {
            fields.malformed("after", "must be a sequence number: 0 or above");
            0
        }
    };
    fields.finish()?;
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
