//! The calls by method and path.

use axum::http::Method;

use super::ALL;
use crate::call::Call;

/// The calls of the partner API, found by method and path.
pub(crate) struct Calls(matchit::Router<Vec<&'static Call>>);

impl Calls {
    /// Every call, at each of its paths.
    pub(crate) fn table() -> Self {
        let mut paths: Vec<(&'static str, Vec<&'static Call>)> = Vec::new();
        for call in ALL.iter().copied() {
            for path in std::iter::once(call.path).chain(call.also_at) {
                match paths.iter_mut().find(|(other, _)| *other == path) {
                    Some((_, calls)) => calls.push(call),
                    None => paths.push((path, vec![call])),
                }
            }
        }
        let mut table = matchit::Router::new();
        for (path, calls) in paths {
            // Paths of a table that a test has seen do not contradict each other.
            let inserted = table.insert(path, calls);
            debug_assert!(inserted.is_ok(), "{path}: {inserted:?}");
        }
        Self(table)
    }

    /// The call of a request, with the variable part of its path. Nothing where the router knows better: for methods that
    /// a call does not have, such as `HEAD`, and for paths that have to be decoded.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<(&'static Call, String)> {
        let found = self.0.at(path).ok()?;
        let call = found.value.iter().copied().find(|call| call.method == method)?;
        match found.params.iter().next() {
            None => Some((call, String::new())),
            Some((_, variable)) if !variable.contains('%') => Some((call, variable.to_owned())),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_found_at_each_of_its_paths() {
        let table = Calls::table();
        for call in ALL {
            for path in std::iter::once(call.path).chain(call.also_at) {
                let asked = path.replace("{payment_id}", "abc").replace("{type}", "PAY_IN");
                assert!(!asked.contains('{'), "{asked}: give its variable a value here");
                let (found, variable) = table.find(&call.method, &asked).unwrap();
                assert_eq!(found.id, call.id);
                assert_eq!(variable.is_empty(), call.path_field.is_none());
                assert!(table.find(&Method::HEAD, &asked).is_none());
            }
        }
        for path in ["/api/nothing", "/api/quote/", "/API/quote", "/api/payment/", "/api/payment/a%62c", "/api/payment/a/b"] {
            assert!(table.find(&Method::GET, path).is_none(), "{path}");
        }
    }
}
