//! What all requests have in common: request identifiers, limits of size, time, rate and concurrency, panics, metrics and
//! headers. Failures here are answered like any other failure.
//!
//! A request counts against `concurrency` only once its body is complete. While a body is still arriving, the request counts
//! against `bodies` instead, which is also limited per address. A body that came with its head counts against neither. So slow
//! bodies do not block other requests.
//!
//! Calls are found in their own table and dispatched directly. Everything else (pages and operators' routes) goes to the router.

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
use rampart_http::body_reader::BodyReader;
use rampart_http::dispatch::dispatch;
use rampart_http::failure_response::{self as failure, FailureMarker};
use rampart_http::{CallFailure, CallTable, FoundCall, RateLimitExceeded};
use tower::{Service, ServiceExt};
use tracing::Instrument;

use crate::context::RequestContext;
use crate::http::client_address::{Peer, client_address};
use crate::http::concurrency::{ConcurrencyPermit, LimitReached};
use crate::http::deadline::with_deadline;
use crate::http::listener::Responder;
use crate::metrics::{RouteLabel, RouteMetrics};
use crate::state::Web;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Sent only if the public URL is an https URL.
const STRICT_TRANSPORT_SECURITY_ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The service for all requests. Cheap to clone. The timeout of a body is checked when its request is polled;
/// [`serve`](crate::serve) polls regularly.
#[derive(Clone)]
pub struct Front(Arc<FrontInner>);

struct FrontInner {
    web: Web,
    calls: Option<CallTable<RouteMetrics>>,
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
    pub(crate) fn new(web: Web, calls: CallTable<RouteMetrics>, rest: Router) -> Self {
        Self(Arc::new(FrontInner { web, calls: Some(calls), rest: rest.layer(from_fn(note_route)) }))
    }

    /// The service for a separate listener that only operators can reach: `/metrics` without a token, `/readyz` with
    /// reasons, `/healthz`.
    #[must_use]
    pub fn operators(&self) -> Self {
        let web = self.0.web.clone();
        let rest = crate::operations::router().with_state(web.clone());
        Self(Arc::new(FrontInner { web, calls: None, rest: rest.layer(from_fn(note_route)) }))
    }

    /// Whether a request counts against the rate limit and the concurrency limit. Probes and operators' requests do not, so
    /// that they work when the server is overloaded.
    fn is_limited(&self, path: &str) -> bool {
        self.0.calls.is_some() && !matches!(path, "/healthz" | "/readyz")
    }

    /// Answers a request for something else than a call.
    async fn routed(&self, context: &RequestContext, mut request: Request) -> Response {
        let FrontInner { web, rest, .. } = &*self.0;
        let page = is_page(request.uri()).then(|| (request.uri().clone(), request.headers().clone()));
        request.extensions_mut().insert(context.clone());
        let is_limited = self.is_limited(request.uri().path());
        let response = match admit(web, context, request, is_limited).await {
            Ok((request, _slot)) => match AssertUnwindSafe(rest.clone().oneshot(request.map(Body::from))).catch_unwind().await {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(panic) => failure::panicked(&*panic, &context.request_id),
            },
            Err(failure) => failure::answer(&failure, HttpErrors::Rest, &context.request_id),
        };
        match (page, response.extensions().get::<FailureMarker>()) {
            (Some((uri, headers)), Some(_)) => {
                let shown = crate::pages::error_page(response.status(), &headers, uri.query(), &context.request_id);
                failure::with_kept_headers(shown, response.headers())
            }
            _ => response,
        }
    }
}

impl Responder for Front {
    async fn answer(&self, request: Request, peer: IpAddr) -> Response {
        let start = Instant::now();
        let FrontInner { web, calls, .. } = &*self.0;
        let request_id = web.request_ids.of_request(request.headers());
        let client = client_address(peer, request.headers(), &web.config.trusted_proxies);
        let context = RequestContext { request_id, client };
        let found = calls.as_ref().map_or(FoundCall::Nothing, |calls| calls.find(request.method(), request.uri().path()));
        let metrics = if let FoundCall::Call(entry, _) = &found { Some(&entry.beside) } else { None };
        let route = match &found {
            FoundCall::OtherMethods(path, _) => RouteLabel::of_call(request.method(), path),
            _ => RouteLabel::unknown(request.method()),
        };

        // Failures log the request identifier themselves; other log lines get it from this span, from the info level up.
        let span = tracing::info_span!("request", request_id = &*context.request_id);
        let respond = async {
            match found {
                FoundCall::Call(entry, path) => match admit(web, &context, request, true).await {
                    Ok((request, _slot)) => dispatch(&entry.call, web, context.client, &context.request_id, path, request).await,
                    Err(failure) => failure::answer(&failure, HttpErrors::Rest, &context.request_id),
                },
                FoundCall::OtherMethods(_, allow) => match admit(web, &context, request, true).await {
                    Ok(_) => failure::method_not_allowed(allow, &context.request_id),
                    Err(failure) => failure::answer(&failure, HttpErrors::Rest, &context.request_id),
                },
                // Boxed because the future is large and most requests do not need it.
                FoundCall::Nothing => Box::pin(self.routed(&context, request)).await,
            }
        };
        let mut response = match AssertUnwindSafe(respond.instrument(span)).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => failure::panicked(&*panic, &context.request_id),
        };
        add_headers(web, &mut response, &context);
        let took = start.elapsed();
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

    fn refuse(&self, request: &Request, peer: IpAddr, fault: &Refusal) -> Response {
        let web = &self.0.web;
        let request_id = web.request_ids.of_request(request.headers());
        let context = RequestContext { request_id, client: client_address(peer, request.headers(), &web.config.trusted_proxies) };
        let mut response = failure::refused(fault, HttpErrors::Rest, &context.request_id);
        add_headers(web, &mut response, &context);
        web.metrics.answered(RouteLabel::unknown(request.method()), response.status(), Duration::ZERO);
        response
    }

    fn head_timeout(&self, peer: IpAddr) -> Response {
        let web = &self.0.web;
        let context = RequestContext { request_id: web.request_ids.of_request(&HeaderMap::new()), client: peer };
        let mut response = failure::refused(&ErrorCode::RequestTimeout.into(), HttpErrors::Rest, &context.request_id);
        add_headers(web, &mut response, &context);
        response
    }
}

/// Copies the matched route to the response's extensions, for the metrics.
async fn note_route(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(path) = path {
        response.extensions_mut().insert(path);
    }
    response
}

/// Whether the path belongs to a hosted page, whose failures are shown as pages too.
fn is_page(uri: &Uri) -> bool {
    let first = uri.path().split('/').nth(1).unwrap_or_default();
    matches!(first, "kyc" | "gateway" | "status" | "rampoff" | "returned")
}

/// A slot of the concurrency limit, released on drop.
struct RequestSlot<'a>(&'a AtomicUsize);

impl<'a> RequestSlot<'a> {
    fn take(web: &'a Web) -> Result<Self, ErrorCode> {
        let slot = Self(&web.requests_in_progress);
        if web.requests_in_progress.fetch_add(1, Ordering::Relaxed) >= web.config.concurrency {
            Err(ErrorCode::ServiceUnavailable)
        } else {
            Ok(slot)
        }
    }
}

impl Drop for RequestSlot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Admits a request: checks the size of its headers and the rate limit of its address, reads its body, and takes a slot of
/// the concurrency limit.
async fn admit<'a>(
    web: &'a Web,
    context: &RequestContext,
    request: Request,
    is_limited: bool,
) -> Result<(Request<Bytes>, Option<RequestSlot<'a>>), CallFailure> {
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if headers + target > web.config.header_limit_bytes {
        return Err(ErrorCode::HeadersTooLarge.into());
    }
    if is_limited {
        web.limiter.address(context.client)?;
    }
    let (parts, body) = request.into_parts();
    let bytes = if body.is_end_stream() { Bytes::new() } else { read_body(web, context, body).await? };
    let slot = if is_limited { Some(RequestSlot::take(web)?) } else { None };
    Ok((Request::from_parts(parts, bytes), slot))
}

/// Reads a body. A body that arrived with its head needs no permit.
async fn read_body(web: &Web, context: &RequestContext, body: Body) -> Result<Bytes, CallFailure> {
    let mut reader = BodyReader::new(body, web.config.body_limit_bytes);
    if !reader.read_available().await? {
        let _permit: ConcurrencyPermit = web.arriving_bodies.acquire(context.client).map_err(|limit| match limit {
            LimitReached::Total => CallFailure::from(ErrorCode::ServiceUnavailable),
            LimitReached::Address => {
                let limit = u32::try_from(web.arriving_bodies.max_per_address()).unwrap_or(u32::MAX);
                RateLimitExceeded { limit, retry_after: 1, reset: 1 }.into()
            }
        })?;
        with_deadline(web.config.read_timeout(), reader.read_to_end()).await.ok_or(ErrorCode::RequestTimeout)??;
    }
    Ok(reader.into_bytes()?)
}

/// Adds the headers that every response has.
fn add_headers(web: &Web, response: &mut Response, context: &RequestContext) {
    let no_content = response.status() == StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&context.request_id) {
        headers.insert(REQUEST_ID, value);
    }
    if web.is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY_ONE_YEAR);
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
    fn pages_are_distinguished_from_calls() {
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
