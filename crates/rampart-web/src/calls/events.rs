//! `GET /api/events`: everything a partner is told of, in order.

use axum::http::Method;
use rampart_app::AppError;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, optional};
use crate::reply::Reply;
use crate::state::Web;

const FIELDS: &[Field] = &[
    optional("after", Kind::Integer(0, i64::MAX), "Only events behind this number; all when absent.").example("0"),
    optional("limit", Kind::Integer(1, 100), "How many; 25 when absent.").example("100"),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/events",
    also_at: None,
    id: "events",
    group: "Webhooks",
    summary: "The log of events",
    about: "Your events behind a sequence number, oldest first, without gap and without expiry, whatever became of their deliveries. `next_cursor` is the `after` of the next call.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[],
    envelope: Envelope::List,
    data: described::<replies::Event>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let (after, limit) = (ask.fields.take("after"), ask.fields.take("limit"));
    let page = web.app.events(ask.caller()?, after, limit).await?;
    let last = page.events.last().map(|event| event.sequence.to_string());
    Reply::list(&page.events, last.as_deref(), page.has_more)
}
