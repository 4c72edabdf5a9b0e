//! Whether somebody has to be asked about who receives what leaves.

/// Whether the screening provider has to be asked about the receiver before something leaves. It is written down with
/// what leaves, so that nothing goes out, or is asked about again, by accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Screening {
    /// It has to be asked: until it has answered, nothing leaves.
    Due,
    /// It was asked, and knows nothing against the receiver.
    Cleared,
    /// It has found something, and a person who has seen that lets it go. It is not asked about the same again.
    Overruled,
    /// There is no receiver but ourselves.
    Exempt,
}

impl Screening {
    /// What was put down by a version that asked about orders only: what waits from then leaves as it was decided.
    pub(super) const fn of_earlier_version() -> Self {
        Self::Cleared
    }

    /// What a person's decision makes of it: whoever has seen what was found overrules it.
    #[must_use]
    pub const fn decided(was_found: bool) -> Self {
        if was_found { Self::Overruled } else { Self::Due }
    }
}
