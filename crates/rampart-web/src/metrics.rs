//! Request metrics: counts by route and status, and durations.

use std::fmt;
use std::time::Duration;

use axum::extract::MatchedPath;
use axum::http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use rampart_app::AppMetrics;

/// A route as a metric label: the path of the route table, never the requested path, to bound the number of series.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RouteLabel {
    method: &'static str,
    path: RoutePath,
}

#[derive(Debug, Clone)]
enum RoutePath {
    Call(&'static str),
    Matched(MatchedPath),
    None,
}

impl RoutePath {
    fn as_str(&self) -> &str {
        match self {
            Self::Call(path) => path,
            Self::Matched(path) => path.as_str(),
            Self::None => "none",
        }
    }
}

impl PartialEq for RoutePath {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RoutePath {}

impl std::hash::Hash for RoutePath {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl RouteLabel {
    pub(crate) fn of_call(method: &Method, path: &'static str) -> Self {
        Self { method: name_of(method), path: RoutePath::Call(path) }
    }

    /// A request that no route has matched yet.
    pub(crate) fn unknown(method: &Method) -> Self {
        Self { method: name_of(method), path: RoutePath::None }
    }

    /// Replaces the path by the route that the router matched, if any.
    pub(crate) fn or_matched(self, path: Option<MatchedPath>) -> Self {
        match path {
            Some(path) => Self { path: RoutePath::Matched(path), ..self },
            None => self,
        }
    }
}

fn name_of(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

impl EncodeLabelSet for RouteLabel {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        ("method", self.method).encode(encoder.encode_label())?;
        ("path", self.path.as_str()).encode(encoder.encode_label())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct OutcomeLabel {
    route: RouteLabel,
    status: u16,
}

impl EncodeLabelSet for OutcomeLabel {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        self.route.encode(encoder)?;
        ("status", self.status).encode(encoder.encode_label())
    }
}

type Durations = Family<RouteLabel, Histogram, fn() -> Histogram>;

/// The metrics of all requests.
#[derive(Clone)]
pub(crate) struct RequestMetrics {
    requests: Family<OutcomeLabel, Counter>,
    durations: Durations,
}

const BUCKET_BOUNDS_SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

impl RequestMetrics {
    /// Creates the metrics and registers them with the application's.
    pub(crate) fn registered_in(metrics: &AppMetrics) -> Self {
        let this =
            Self { requests: Family::default(), durations: Durations::new_with_constructor(|| Histogram::new(BUCKET_BOUNDS_SECONDS)) };
        metrics.register(|registry| {
            registry.register("http_requests", "Requests answered, by route and status", this.requests.clone());
            registry.register("http_request_duration_seconds", "How long answers took", this.durations.clone());
        });
        this
    }

    pub(crate) fn answered(&self, route: RouteLabel, status: StatusCode, took: Duration) {
        self.durations.get_or_create(&route).observe(took.as_secs_f64());
        self.requests.get_or_create(&OutcomeLabel { route, status: status.as_u16() }).inc();
    }

    /// The metrics of one route, looked up once.
    pub(crate) fn of_route(&self, route: RouteLabel) -> RouteMetrics {
        let durations = self.durations.get_or_create_owned(&route);
        let succeeded = self.requests.get_or_create_owned(&OutcomeLabel { route: route.clone(), status: StatusCode::OK.as_u16() });
        RouteMetrics { all: self.clone(), route, durations, succeeded }
    }
}

/// The metrics of one route. Successful requests need no lookup.
#[derive(Clone)]
pub(crate) struct RouteMetrics {
    all: RequestMetrics,
    route: RouteLabel,
    durations: Histogram,
    succeeded: Counter,
}

impl RouteMetrics {
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        if status == StatusCode::OK {
            self.durations.observe(took.as_secs_f64());
            self.succeeded.inc();
        } else {
            self.all.answered(self.route.clone(), status, took);
        }
    }
}
