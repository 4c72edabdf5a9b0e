//! Helpers of stored JSON.

/// Whether a field has its default value. Such fields are left out of stored JSON: most exist for rare cases.
pub(crate) fn is_default<T: Default + PartialEq>(field: &T) -> bool {
    *field == T::default()
}

/// A stored amount in minor units, be it a number or a text.
pub(crate) fn minor_of(stored: &serde_json::Value) -> i128 {
    stored.as_str().map_or_else(|| stored.as_i64().map(i128::from), |text| text.parse().ok()).unwrap_or_default()
}
