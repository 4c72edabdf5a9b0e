//! The hint that tells what a sandbox' identity check answers to.

use super::text::Texts;

/// What an identification number has to contain, and what follows: the rows of the sandbox' own table that an
/// identity form can trigger.
pub(crate) fn rows(t: &Texts) -> [(&'static str, &'static str); 5] {
    [
        ("6660001", t.trigger_reject),
        ("6660002", t.trigger_processing),
        ("6660003", t.trigger_retry),
        ("6660004", t.trigger_reinforced),
        ("6660005", t.trigger_slow),
    ]
}
