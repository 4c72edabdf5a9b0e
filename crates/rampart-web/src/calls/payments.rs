//! `GET /api/payments`: the partner's payments, newest first.

use axum::http::Method;
use rampart_app::AppError;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::reply::Reply;
use crate::state::Web;

use super::list;

static FILTERS: [crate::field::Field; 7] = list::filters(&rampart_core::payment::PaymentState::STATUSES);

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/payments",
    also_at: None,
    id: "payments",
    group: "OnRamp",
    summary: "List of Payments",
    about: "Your payments, newest first, a page at a time.",
    access: Access::Token,
    path_field: None,
    query: &FILTERS,
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[],
    envelope: Envelope::List,
    data: described::<replies::Payment>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let request = list::request(&mut ask.fields);
    let page = web.app.payments(ask.caller()?, &request).await?;
    Reply::list(&page.items, page.next_cursor.as_deref(), page.has_more)
}
