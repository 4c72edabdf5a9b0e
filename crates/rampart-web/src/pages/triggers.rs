//! The hint about the sandbox triggers of the identity check.

use super::text::Texts;

/// The digits that an identification number must contain, and the outcome: the sandbox triggers that apply to the identity
/// form.
pub(crate) fn rows(t: &Texts) -> [(&'static str, &'static str); 5] {
    [
        ("6660001", t.trigger_reject),
        ("6660002", t.trigger_processing),
        ("6660003", t.trigger_retry),
        ("6660004", t.trigger_reinforced),
        ("6660005", t.trigger_slow),
    ]
}
