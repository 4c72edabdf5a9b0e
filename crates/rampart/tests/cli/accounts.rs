//! Own funds are booked only on configured accounts, and the ledger check reports all others.

use std::sync::Arc;

use rampart_app::{SystemClock, SystemRandomness};
use rampart_core::id::Mint;
use rampart_core::ledger::treasury;
use rampart_core::money::amount::Amount;
use rampart_core::step::Step;
use rampart_core::time::Clock as _;
use rampart_store::{Store, StoreOptions};

use crate::support::{ENGINES, Installation};

const REASON: [&str; 2] = ["--reason", "a test"];

fn with_reason<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &REASON].concat()
}

#[test]
fn capital_lies_on_accounts_of_the_configuration() {
    let installation = Installation::sqlite();
    installation.run(&["treasury", "show"]);
    let before = installation.json(&["ledger", "accounts"]);
    for (account, asset, said) in [
        ("bank:foo", "EUR", "no rail foo is configured"),
        ("bank:sepa", "MXN", "the account of the rail sepa holds EUR"),
        ("bank:sepa", "JPY", "JPY is not configured"),
        ("bank:sepa", "USDC:polygon", "USDC:polygon never lies on bank:sepa"),
        ("card:nobody", "EUR", "through the processor nobody"),
        ("card:oxxo", "EUR", "no configured method takes EUR through the processor oxxo"),
        ("chain:polygon:hot", "USDC:bsc", "never lies on"),
        ("chain:polygon:hot", "BNB:polygon", "BNB:polygon is not configured"),
        ("chain:foo:hot", "USDC:foo", "USDC:foo is not configured"),
        ("chain:polygon:deposits", "USDC:polygon", "is no account that"),
        ("in_transit:sepa", "EUR", "is no account that"),
    ] {
        for command in ["fund", "withdraw"] {
            let refused = installation.refused(1, &with_reason(&["treasury", command, account, asset, "1"]));
            assert!(refused.contains(said), "{command} {account} {asset}: {refused}");
        }
    }
    installation.refused(1, &with_reason(&["treasury", "sweep", "foo"]));
    // The rail takes whole pesos, and an amount is written in digits.
    let refused = installation.refused(1, &with_reason(&["treasury", "fund", "bank:co-ach", "COP", "0.50"]));
    assert!(refused.contains("must be a multiple of 1.00 COP, which is what co-ach takes"), "{refused}");
    for (command, amount) in [("fund", "1e3"), ("withdraw", "1e3"), ("fund", "1E3"), ("fund", "1e-1")] {
        let refused = installation.refused(1, &with_reason(&["treasury", command, "bank:sepa", "EUR", amount]));
        assert!(refused.contains("must be written in digits"), "{command} {amount}: {refused}");
    }
    assert_eq!(installation.json(&["ledger", "accounts"]), before, "nothing was booked");
    for (account, asset) in [("bank:spei", "MXN"), ("card:card", "EUR"), ("chain:bsc:hot", "USDC:bsc")] {
        installation.run(&with_reason(&["treasury", "fund", account, asset, "1"]));
    }
    // A withdrawal may be below the payable step.
    installation.run(&with_reason(&["treasury", "fund", "bank:co-ach", "COP", "1000"]));
    installation.run(&with_reason(&["treasury", "withdraw", "bank:co-ach", "COP", "0.50"]));
    installation.run(&["ledger", "verify"]);
}

/// Books own funds on any account, as an earlier version did.
fn book(installation: &Installation, account: &str, asset: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = StoreOptions::new(Arc::new(SystemClock), Arc::new(SystemRandomness));
        let store = Store::open(&installation.database(), options).await.unwrap();
        let mint = Mint { now: SystemClock.now(), randomness: &SystemRandomness };
        let mut step = Step::new();
        step.post(treasury::funded(&mint, account.parse().unwrap(), asset.parse().unwrap(), Amount::from_minor(100)));
        store.commit(step).await.unwrap();
        store.close().await;
    });
}

#[test]
fn funds_on_other_accounts_are_reported_and_can_be_withdrawn() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "accounts");
        installation.run(&["treasury", "show"]);
        let verify = |code: i32| -> serde_json::Value {
            let output = installation.output(&["ledger", "verify", "--json"]);
            assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stdout));
            serde_json::from_slice(&output.stdout).unwrap()
        };
        let clean = verify(0);
        assert_eq!(clean["warnings"], serde_json::json!([]));
        // The rail may have been removed from the configuration; its money is real.
        book(&installation, "bank:foo", "EUR");
        let warned = verify(0);
        assert_eq!(warned["warnings"][0]["subject"], "bank:foo EUR", "{warned}");
        let doctor = String::from_utf8_lossy(&installation.output(&["doctor"]).stdout).into_owned();
        assert!(doctor.contains("bank:foo EUR: no rail foo is configured"), "{doctor}");
        // An account in EUR cannot contain MXN.
        book(&installation, "bank:sepa", "MXN");
        let found = verify(1);
        assert_eq!((&found["findings"][0]["check"], &found["findings"][0]["subject"]), (&"account".into(), &"bank:sepa MXN".into()));
        installation.run(&with_reason(&["treasury", "withdraw", "bank:sepa", "MXN", "1"]));
        installation.run(&with_reason(&["treasury", "withdraw", "bank:foo", "EUR", "1"]));
        assert_eq!(verify(0)["warnings"], serde_json::json!([]));
        installation.refused(1, &with_reason(&["treasury", "withdraw", "bank:foo", "EUR", "1"]));
    }
}
