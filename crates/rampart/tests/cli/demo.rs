//! `rampart demo`.

use crate::support::{ENGINES, Installation};

#[test]
fn all_checks_pass_on_either_engine_and_again_in_the_same_folder() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "demo");
        for _ in 0..2 {
            let printed = installation.run(&["demo"]);
            assert!(printed.contains("All checks passed"), "{printed}");
            assert!(printed.contains("the ledger is consistent") && !printed.contains(": NO"), "{printed}");
        }
        let verified = installation.json(&["ledger", "verify"]);
        assert_eq!(verified["holds"], true);
        assert!(verified["entries"].as_u64().unwrap() > 20, "{verified}");
        assert!(!installation.json(&["ledger", "accounts"]).as_array().unwrap().is_empty());
    }
}
