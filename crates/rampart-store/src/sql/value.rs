//! Parameters, the same for both engines.

use std::cell::RefCell;
use std::io::Write as _;
use std::sync::Arc;

use serde::Serialize;

/// A parameter. Texts are shared, so that retrying a batch copies nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum SqlValue {
    Text(Arc<str>),
    TextOrNull(Option<Arc<str>>),
    Int(i64),
    IntOrNull(Option<i64>),
    Bool(bool),
}

thread_local! {
    /// Scratch buffer for texts, so that each shared text is allocated once and at its final length.
    static DRAFT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Builds a shared text in the scratch buffer.
fn drafted<E>(write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<Arc<str>, E> {
    DRAFT.with_borrow_mut(|draft| {
        draft.clear();
        write(draft)?;
        // Validating UTF-8 is cheaper than lossy conversion; the text is always valid.
        Ok(std::str::from_utf8(draft).map_or_else(|_| String::from_utf8_lossy(draft).into(), Arc::from))
    })
}

/// The `Display` form as a shared text.
pub(crate) fn shared(value: impl std::fmt::Display) -> Arc<str> {
    // Writing to memory cannot fail.
    drafted(|draft| write!(draft, "{value}")).unwrap_or_default()
}

/// The JSON of a value as a shared text.
pub(crate) fn shared_json(value: &impl Serialize) -> Result<Arc<str>, serde_json::Error> {
    drafted(|draft| serde_json::to_writer(draft, value))
}

impl SqlValue {
    /// The `Display` form as a text parameter.
    pub(crate) fn display(value: impl std::fmt::Display) -> Self {
        Self::Text(shared(value))
    }

    /// Like [`SqlValue::display`], with `None` as NULL.
    pub(crate) fn display_or_null(value: Option<impl std::fmt::Display>) -> Self {
        Self::TextOrNull(value.map(shared))
    }
}

impl From<&str> for SqlValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for SqlValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Arc<str>> for SqlValue {
    fn from(text: Arc<str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for SqlValue {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for SqlValue {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}
