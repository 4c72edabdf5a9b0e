//! The hosted pages for a partner's customers: server-rendered HTML without scripts.
//!
//! The URL of a page contains a secret token that authorizes its use; there are no sessions and no cookies. Failures are shown
//! as pages, and an unknown token gets the same answer as a malformed one.

mod account;
mod assets;
mod field;
mod forms;
mod frame;
mod gateway;
mod kyc;
mod kyc_form;
mod labels;
mod language;
mod order;
mod qr;
mod refund;
mod request;
mod response;
mod returned;
mod status;
#[cfg(test)]
mod tests;
mod text;
mod timeline;
mod triggers;

use axum::http::Method;
use axum::routing::{get, post};

pub use response::error_page;

use crate::route::{AuthKind, Route};

/// The page of a payment.
const STATUS_PATH: &str = "/status";

/// The routes of the pages. The OpenAPI description does not contain them.
#[must_use]
pub fn routes() -> Vec<Route> {
    let page = AuthKind::PageToken;
    vec![
        Route::page(Method::GET, "/kyc", page, get(kyc::show)),
        Route::page(Method::POST, "/kyc", page, post(kyc::submit)),
        Route::page(Method::GET, "/gateway/{method}", page, get(gateway::show)),
        Route::page(Method::POST, "/gateway/{method}", page, post(gateway::act)),
        Route::page(Method::GET, STATUS_PATH, page, get(status::show)),
        Route::page(Method::POST, STATUS_PATH, page, post(status::act)),
        Route::page(Method::GET, returned::PATH, page, get(returned::show)),
        Route::page(Method::GET, "/rampoff", page, get(status::show)),
        Route::page(Method::POST, "/rampoff", page, post(status::act)),
        Route::page(Method::GET, assets::STYLESHEET_PATH, AuthKind::Nothing, get(assets::stylesheet)),
    ]
}
