//! The hint that tells what a sandbox' identity check answers to.

use super::text::Texts;

/// What an identification number has to contain, and what follows: the rows of the sandbox' own table that an
/// identity form can trigger.
pub(crate) fn rows(t: &Texts) -> [(&'static str, &'static str); 5] {
    [
        ("6660001", t.magic_reject),
        ("6660002", t.magic_processing),
        ("6660003", t.magic_retry),
        ("6660004", t.magic_reinforced),
        ("6660005", t.magic_slow),
    ]
}
