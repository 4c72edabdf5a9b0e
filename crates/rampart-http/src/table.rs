//! Finds the call of a request by method and path.

use std::sync::Arc;

use axum::http::{HeaderValue, Method};
use percent_encoding::percent_decode_str;

use crate::call::BoundCall;

/// Calls, found by method and path, each with something of its server's beside it.
pub struct CallTable<T>(matchit::Router<CallsOfPath<T>>);

struct CallsOfPath<T> {
    path: &'static str,
    // Shared between the paths of a call.
    entries: Vec<Arc<CallEntry<T>>>,
    /// The methods of the path, as the header `Allow` has them.
    allow: HeaderValue,
}

/// A call and what its server keeps beside it.
pub struct CallEntry<T> {
    pub call: BoundCall,
    pub beside: T,
}

/// What the table has for a method and a path.
pub enum FoundCall<'a, T> {
    /// A call, and the variable part of the path, decoded: empty if there is none, or if it is not UTF-8, which no identifier is.
    Call(&'a CallEntry<T>, String),
    /// Only calls of other methods at this path of the table: those of the header `Allow`.
    OtherMethods(&'static str, &'a HeaderValue),
    Nothing,
}

impl<T> CallTable<T> {
    /// The table of all calls at all their paths.
    pub fn new(calls: impl IntoIterator<Item = BoundCall>, mut beside: impl FnMut(&BoundCall) -> T) -> Self {
        let mut paths: Vec<(&'static str, Vec<Arc<CallEntry<T>>>)> = Vec::new();
        for call in calls {
            let entry = Arc::new(CallEntry { beside: beside(&call), call });
            for path in entry.call.paths.iter().copied() {
                match paths.iter_mut().find(|(other, _)| *other == path) {
                    Some((_, entries)) => entries.push(entry.clone()),
                    None => paths.push((path, vec![entry.clone()])),
                }
            }
        }
        let mut table = matchit::Router::new();
        for (path, entries) in paths {
            let allow = allow(entries.iter().map(|entry| &entry.call.method));
            // Conflicting paths would be a defect; a test of each server inserts all of its own.
            let inserted = table.insert(path, CallsOfPath { path, entries, allow });
            debug_assert!(inserted.is_ok(), "{path}: {:?}", inserted.err());
        }
        Self(table)
    }

    /// The call of a request. `HEAD` is answered as `GET`.
    pub fn find(&self, method: &Method, path: &str) -> FoundCall<'_, T> {
        let Ok(found) = self.0.at(path) else { return FoundCall::Nothing };
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let Some(entry) = found.value.entries.iter().find(|entry| entry.call.method == method) else {
            return FoundCall::OtherMethods(found.value.path, &found.value.allow);
        };
        let variable = found.params.iter().next().map(|(_, variable)| percent_decode_str(variable).decode_utf8());
        FoundCall::Call(entry, variable.and_then(Result::ok).unwrap_or_default().into_owned())
    }
}

/// The header `Allow` of these methods.
fn allow<'a>(methods: impl Iterator<Item = &'a Method>) -> HeaderValue {
    let words: Vec<&str> =
        methods.flat_map(|method| [method.as_str()].into_iter().chain((method == Method::GET).then_some("HEAD"))).collect();
    HeaderValue::from_str(&words.join(",")).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Access, Call, Envelope, FieldSource, Idempotency};
    use crate::call_response::CallResponse;
    use crate::describe::described;

    const fn call(method: Method, paths: &'static [&'static str], id: &'static str) -> Call<()> {
        Call {
            method,
            paths,
            id,
            group: "",
            summary: "",
            about: "",
            access: Access::Anybody,
            takes: FieldSource::None,
            idempotency: Idempotency::None,
            codes: &[],
            envelope: Envelope::Ok,
            data: described::<String>,
            run: |(), _| Box::pin(std::future::ready(Ok(CallResponse::ok_json("null", false)))),
        }
    }

    /// The identifier of the call that is found and its variable, or the methods that there are.
    fn found(method: Method, path: &str) -> Result<(&'static str, String), Option<String>> {
        let calls = [
            call(Method::GET, &["/list", "/alias"], "list"),
            call(Method::POST, &["/list"], "add"),
            call(Method::DELETE, &["/list/{item}"], "remove"),
        ];
        let table = CallTable::new(calls.iter().map(|call| call.on(&())), |call| call.id);
        match table.find(&method, path) {
            FoundCall::Call(entry, variable) => Ok((entry.beside, variable)),
            FoundCall::OtherMethods(_, allow) => Err(Some(allow.to_str().unwrap().to_owned())),
            FoundCall::Nothing => Err(None),
        }
    }

    #[test]
    fn calls_are_found_by_method_and_path() {
        for path in ["/list", "/alias"] {
            for method in [Method::GET, Method::HEAD] {
                assert_eq!(found(method, path), Ok(("list", String::new())), "{path}");
            }
        }
        assert_eq!(found(Method::POST, "/list"), Ok(("add", String::new())));
        for (sent, read) in [("a", "a"), ("a%62c", "abc"), ("a%2Fb", "a/b"), ("%c3%b1", "ñ"), ("%ff", ""), ("100%", "100%"), ("a+b", "a+b")]
        {
            assert_eq!(found(Method::DELETE, &format!("/list/{sent}")), Ok(("remove", read.to_owned())), "{sent}");
        }
        for path in ["/", "/lis", "/list/", "/LIST", "/list/a/b"] {
            assert_eq!(found(Method::GET, path), Err(None), "{path}");
        }
    }

    #[test]
    fn other_methods_are_named() {
        for (method, path, allow) in
            [(Method::DELETE, "/list", "GET,HEAD,POST"), (Method::POST, "/alias", "GET,HEAD"), (Method::HEAD, "/list/a", "DELETE")]
        {
            assert_eq!(found(method, path), Err(Some(allow.to_owned())), "{path}");
        }
    }
}
