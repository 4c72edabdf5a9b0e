//! What happens to every request before and after it is handled: a name, limits of size, time, rate and number, panics,
//! metrics, headers. Whatever goes wrong here is answered like any other failure.
//!
//! A request takes one of the places of those that are worked on once it is there whole. One whose body is still to come is
//! one of those that arrive, which have a bound of their own, also for each address; one whose body came with it never is. So
//! slow bodies keep nobody else out.
//!
//! The calls of the partner API are found in their own table and handled at once; everything else (pages, operators'
//! routes, mounted routers, and the methods that a call does not have) is the router's.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use futures::FutureExt;
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::{ErrorCode, Refusal};
use tower::{Service, ServiceExt};
use tracing::Instrument;

use crate::arrival::Arrival;
use crate::call::dispatch;
use crate::calls::Calls;
use crate::client_address::{Peer, client_address};
use crate::context::RequestContext;
use crate::crowd::{Full, Within};
use crate::deadline::within;
use crate::failure::{self, Failure, IsFailure};
use crate::metrics::RouteLabel;
use crate::rate_limit::Limited;
use crate::state::Web;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// For a year, browsers come by https only. Said where the public address is one.
const STAY_SECURE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Everything that is answered over HTTP. Cheap to clone; every clone is the same. That a body is late is noticed when its
/// request is polled, which [`serve`](crate::serve) sees to.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

struct Inner {
    web: Web,
    calls: Option<Calls>,
    rest: Router,
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let front = self.clone();
        let peer = request.extensions().get::<Peer>().map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.0.ip());
        Box::pin(async move { Ok(front.answer(request, peer).await) })
    }
}

impl Front {
    pub(crate) fn new(web: Web, rest: Router) -> Self {
        let calls = Some(Calls::table(&web.metrics));
        Self(Arc::new(Inner { web, calls, rest: rest.layer(from_fn(note_route)) }))
    }

    /// What a listener of its own for operators' machines answers, which nobody else reaches: `/metrics` without a token,
    /// `/readyz` with reasons, `/healthz`.
    #[must_use]
    pub fn operators(&self) -> Self {
        let web = self.0.web.clone();
        let rest = crate::operations::router().with_state(web.clone());
        Self(Arc::new(Inner { web, calls: None, rest: rest.layer(from_fn(note_route)) }))
    }

    /// Answers a request that is no HTTP as it should be, so that nothing of it is looked at.
    pub(crate) fn refuse(&self, request: &Request, peer: IpAddr, fault: &Refusal) -> Response {
        let web = &self.0.web;
        let request_id = web.request_ids.name(request.headers());
        let context = RequestContext { request_id, client: client_address(peer, request.headers(), &web.config.trusted_proxies) };
        let mut response = failure::refused(fault, HttpErrors::Rest, &context.request_id);
        finish(web, &mut response, &context);
        web.metrics.answered(RouteLabel::unknown(request.method()), response.status(), Duration::ZERO);
        response
    }

    /// The answer to a request whose head did not arrive in time, so that nothing is known of it.
    pub(crate) fn late(&self, peer: IpAddr) -> Response {
        let web = &self.0.web;
        let context = RequestContext { request_id: web.request_ids.name(&HeaderMap::new()), client: peer };
        let mut response = failure::refused(&ErrorCode::RequestTimeout.into(), HttpErrors::Rest, &context.request_id);
        finish(web, &mut response, &context);
        response
    }

    /// Whether a request counts, for its address and among those that are worked on: probes say how things are also when
    /// there is no room, whoever else comes from their address, and operators look just then.
    fn counts(&self, path: &str) -> bool {
        self.0.calls.is_some() && !matches!(path, "/healthz" | "/readyz")
    }

    /// Answers a request that came from this address.
    pub(crate) async fn answer(&self, request: Request, peer: IpAddr) -> Response {
        let begun = Instant::now();
        let Inner { web, calls, .. } = &*self.0;
        let request_id = web.request_ids.name(request.headers());
        let client = client_address(peer, request.headers(), &web.config.trusted_proxies);
        let context = RequestContext { request_id, client };
        let called = calls.as_ref().and_then(|calls| calls.find(request.method(), request.uri().path()));
        let metrics = called.as_ref().map(|(entry, _)| &entry.metrics);
        let route = RouteLabel::unknown(request.method());

        // Failures name their request themselves; everything else that is told on the way does so from this level on.
        let span = tracing::info_span!("request", request_id = &*context.request_id);
        let answering = async {
            match called {
                Some((entry, path)) => match admitted(web, &context, request, true).await {
                    Ok((request, _place)) => dispatch(entry.call, web, &context, path, request).await,
                    Err(failure) => failure::answer(&failure, HttpErrors::Rest, &context.request_id),
                },
                // Boxed, because it is large, and most requests are not for it.
                None => Box::pin(self.routed(&context, request)).await,
            }
        };
        let mut response = match AssertUnwindSafe(answering.instrument(span)).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => failure::panicked(&*panic, &context.request_id),
        };
        finish(web, &mut response, &context);
        let took = begun.elapsed();
        tracing::debug!(request_id = &*context.request_id, status = response.status().as_u16(), ?took, "answered");
        match metrics {
            Some(metrics) => metrics.answered(response.status(), took),
            None => {
                let route = route.or_matched(response.extensions_mut().remove::<MatchedPath>());
                web.metrics.answered(route, response.status(), took);
            }
        }
        response
    }

    /// Answers a request that is no call of the table.
    async fn routed(&self, context: &RequestContext, mut request: Request) -> Response {
        let Inner { web, rest, .. } = &*self.0;
        let page = is_page(request.uri()).then(|| (request.uri().clone(), request.headers().clone()));
        request.extensions_mut().insert(context.clone());
        let counts = self.counts(request.uri().path());
        let response = match admitted(web, context, request, counts).await {
            Ok((request, _place)) => match AssertUnwindSafe(rest.clone().oneshot(request.map(Body::from))).catch_unwind().await {
                Ok(Ok(response)) => failure::write_out(response, &context.request_id),
                Ok(Err(never)) => match never {},
                Err(panic) => failure::panicked(&*panic, &context.request_id),
            },
            Err(failure) => failure::answer(&failure, HttpErrors::Rest, &context.request_id),
        };
        match (page, response.extensions().get::<IsFailure>()) {
            (Some((uri, headers)), Some(_)) => {
                let shown = crate::pages::error_page(response.status(), &headers, uri.query(), &context.request_id);
                failure::with_kept_headers(shown, response.headers())
            }
            _ => response,
        }
    }
}

/// Leaves on the response which route of the router it came from, for whoever counts.
async fn note_route(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(path) = path {
        response.extensions_mut().insert(path);
    }
    response
}

/// Hosted pages are read by people: their failures are pages too.
fn is_page(uri: &Uri) -> bool {
    let first = uri.path().split('/').nth(1).unwrap_or_default();
    matches!(first, "kyc" | "gateway" | "status" | "rampoff" | "returned")
}

/// A place among the requests that are worked on; given back when it is dropped, however the request ends.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(web: &'a Web) -> Result<Self, ErrorCode> {
        let place = Self(&web.under_way);
        if web.under_way.fetch_add(1, Ordering::Relaxed) >= web.config.concurrency { Err(ErrorCode::ServiceUnavailable) } else { Ok(place) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets a request in: its headers are of bearable size, its address has calls left, its body has arrived in time and whole,
/// and there is room to work on it.
async fn admitted<'a>(
    web: &'a Web,
    context: &RequestContext,
    request: Request,
    counts: bool,
) -> Result<(Request<Bytes>, Option<Place<'a>>), Failure> {
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if headers + target > web.config.header_limit_bytes {
        return Err(ErrorCode::HeadersTooLarge.into());
    }
    if counts {
        web.limiter.address(context.client)?;
    }
    let (parts, body) = request.into_parts();
    let bytes = if body.is_end_stream() { Bytes::new() } else { arrived(web, context, body).await? };
    let place = if counts { Some(Place::take(web)?) } else { None };
    Ok((Request::from_parts(parts, bytes), place))
}

/// A body, once it has arrived. What came with its head needs no place among those that arrive.
async fn arrived(web: &Web, context: &RequestContext, body: Body) -> Result<Bytes, Failure> {
    let mut arrival = Arrival::new(body, web.config.body_limit_bytes);
    if !arrival.is_there().await? {
        let _arriving: Within = web.bodies.enter(context.client).map_err(|full| match full {
            Full::All => Failure::from(ErrorCode::ServiceUnavailable),
            Full::Address => {
                let limit = u32::try_from(web.bodies.most_of_one()).unwrap_or(u32::MAX);
                Limited { limit, retry_after: 1, reset: 1 }.into()
            }
        })?;
        within(web.config.read_timeout(), arrival.rest()).await.ok_or(ErrorCode::RequestTimeout)??;
    }
    Ok(arrival.whole()?)
}

/// The headers that every answer has.
fn finish(web: &Web, response: &mut Response, context: &RequestContext) {
    let no_content = response.status() == StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&context.request_id) {
        headers.insert(REQUEST_ID, value);
    }
    if web.is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STAY_SECURE);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if !no_content {
        headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_from_calls() {
        for (path, page) in [
            ("/kyc", true),
            ("/gateway/card?token=x", true),
            ("/status", true),
            ("/returned", true),
            ("/api/kyc/check", false),
            ("/", false),
            ("/kycx", false),
        ] {
            assert_eq!(is_page(&path.parse().unwrap()), page, "{path}");
        }
    }
}
