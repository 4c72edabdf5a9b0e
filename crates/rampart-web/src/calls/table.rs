//! Finds the call of a request by method and path.

use axum::http::Method;

use super::ALL;
use crate::call::Call;
use crate::metrics::{RequestMetrics, RouteLabel, RouteMetrics};

/// The calls of the partner API, found by method and path.
pub(crate) struct CallTable(matchit::Router<Vec<CallEntry>>);

/// A call with its metrics.
pub(crate) struct CallEntry {
    pub(crate) call: &'static Call,
    pub(crate) metrics: RouteMetrics,
}

impl CallTable {
    /// Builds the table of all calls at all their paths.
    pub(crate) fn new(metrics: &RequestMetrics) -> Self {
        let mut paths: Vec<(&'static str, Vec<CallEntry>)> = Vec::new();
        for call in ALL.iter().copied() {
            let measured = metrics.of_route(RouteLabel::of_call(&call.method, call.path()));
            for path in call.paths.iter().copied() {
                let entry = CallEntry { call, metrics: measured.clone() };
                match paths.iter_mut().find(|(other, _)| *other == path) {
                    Some((_, entries)) => entries.push(entry),
                    None => paths.push((path, vec![entry])),
                }
            }
        }
        let mut table = matchit::Router::new();
        for (path, entries) in paths {
            // Conflicting paths would be a defect; the test below inserts all of them.
            let inserted = table.insert(path, entries);
            debug_assert!(inserted.is_ok(), "{path}: {inserted:?}");
        }
        Self(table)
    }

    /// The call of a request, with the variable part of its path. `None` leaves the request to the router: methods that a
    /// call does not have, such as `HEAD`, and percent-encoded paths.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<(&CallEntry, String)> {
        let found = self.0.at(path).ok()?;
        let entry = found.value.iter().find(|entry| entry.call.method == method)?;
        match found.params.iter().next() {
            None => Some((entry, String::new())),
            Some((_, variable)) if !variable.contains('%') => Some((entry, variable.to_owned())),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rampart_app::AppMetrics;

    use super::*;
    use crate::call::FieldSource;

    #[test]
    fn every_call_is_found_at_each_of_its_paths() {
        let table = CallTable::new(&RequestMetrics::registered_in(&AppMetrics::default()));
        for call in ALL {
            for path in call.paths {
                let asked = path.replace("{payment_id}", "abc").replace("{type}", "PAY_IN");
                assert!(!asked.contains('{'), "{asked}: give its variable a value here");
                let (found, variable) = table.find(&call.method, &asked).unwrap();
                assert_eq!(found.call.id, call.id);
                assert_eq!(variable.is_empty(), !matches!(call.takes, FieldSource::Path(_)));
                assert!(table.find(&Method::HEAD, &asked).is_none());
            }
        }
        for path in ["/api/nothing", "/api/quote/", "/API/quote", "/api/payment/", "/api/payment/a%62c", "/api/payment/a/b"] {
            assert!(table.find(&Method::GET, path).is_none(), "{path}");
        }
    }
}
