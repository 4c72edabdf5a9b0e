//! Verification finds inconsistencies of the books.

use std::sync::Arc;

use rampart_core::ledger::Account;
use rampart_core::money::asset::Asset;
use rampart_core::order::payment::PaymentState;

use crate::examples::fill;
use crate::support::{Fixture, HOT, USDC, funding, payment, writing};

on_both_engines!(
    books_that_hold_hold,
    a_changed_balance_is_found,
    coins_on_a_bank_account_are_found,
    a_changed_amount_is_found,
    a_missing_entry_is_found,
    a_missing_posting_is_found,
    a_hold_without_an_order_is_found,
    an_order_without_its_hold_is_found,
    an_order_that_kept_something_is_found,
    an_order_below_zero_is_found,
    a_missing_event_is_found,
);

async fn found(fixture: &Fixture, sabotage: &str) -> Vec<(&'static str, String)> {
    let store = fixture.store().await;
    fill(fixture, &store, 30).await;
    let report = store.verify().await.unwrap();
    assert!(report.holds(), "{:?}", report.findings);
    fixture.sql(sabotage).await;
    let report = store.verify().await.unwrap();
    assert!(!report.holds(), "nothing was found");
    report.findings.into_iter().map(|finding| (finding.check, finding.subject)).collect()
}

fn checks(found: &[(&'static str, String)]) -> Vec<&'static str> {
    let mut checks: Vec<&str> = found.iter().map(|(check, _)| *check).collect();
    checks.sort_unstable();
    checks.dedup();
    checks
}

async fn books_that_hold_hold(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    fill(&fixture, &store, 900).await;
    let mut open = payment(&fixture, fixture.mint().id(), 1, PaymentState::Started);
    let (account, coin, amount) = open.hold();
    open.reserved = amount;
    let mut step = funding(&fixture.mint(), account, coin, amount.minor());
    step.hold(account, coin, amount, rampart_core::ledger::Origin::Request);
    step.write(open);
    store.commit(step).await.unwrap();
    let report = store.verify().await.unwrap();
    assert!(report.holds(), "{:?}", report.findings);
    assert_eq!((report.entries, report.postings, report.orders, report.events), (2 * 2 + 900 * 6, 2 + 900 * 3, 900, 900));
}

async fn a_changed_balance_is_found(fixture: Arc<Fixture>) {
    let found = found(&fixture, "UPDATE balances SET posted = '5' WHERE id = 'fx EUR'").await;
    assert_eq!(found, [("balance", "fx EUR".to_owned())]);
}

/// A wallet cannot hold fiat money, nor a bank account or another chain these coins.
async fn coins_on_a_bank_account_are_found(fixture: Arc<Fixture>) {
    for account in ["bank:sepa USDC:polygon", "chain:bsc:hot USDC:polygon", "chain:polygon:hot EUR"] {
        let store = fixture.store().await;
        let (account, asset): (Account, Asset) = account.split_once(' ').map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap())).unwrap();
        store.commit(funding(&fixture.mint(), account, asset, 5)).await.unwrap();
        let subject = format!("{account} {asset}");
        let findings = store.verify().await.unwrap().findings;
        assert!(findings.iter().any(|found| (found.check, &found.subject) == ("account", &subject)), "{findings:?}");
        store.close().await;
    }
}

async fn a_changed_amount_is_found(fixture: Arc<Fixture>) {
    let found = found(&fixture, "UPDATE entries SET amount = '71' WHERE balance = 'customer:1 EUR' AND number = 1").await;
    assert_eq!(checks(&found), ["asset", "balance", "order", "posting"]);
}

async fn a_missing_entry_is_found(fixture: Arc<Fixture>) {
    let found = found(&fixture, "DELETE FROM entries WHERE balance = 'fx EUR' AND number = 3").await;
    assert_eq!(checks(&found), ["asset", "balance", "posting"]);
}

async fn a_missing_posting_is_found(fixture: Arc<Fixture>) {
    let found = found(&fixture, "DELETE FROM postings WHERE id = (SELECT MIN(id) FROM postings)").await;
    assert_eq!(checks(&found), ["posting"]);
}

async fn a_hold_without_an_order_is_found(fixture: Arc<Fixture>) {
    let found = found(&fixture, "UPDATE balances SET held = '1' WHERE id = 'bank:sepa EUR'").await;
    assert_eq!(found, [("held", "bank:sepa EUR".to_owned())]);
}

async fn an_order_without_its_hold_is_found(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store.commit(writing(payment(&fixture, fixture.mint().id(), 1, PaymentState::Started))).await.unwrap();
    let findings = store.verify().await.unwrap().findings;
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].check, findings[0].subject.as_str()), ("held", format!("{HOT} {USDC}").as_str()));
}

async fn an_order_that_kept_something_is_found(fixture: Arc<Fixture>) {
    // The payments of the test are settled; one now lacks an entry.
    let found = found(&fixture, "UPDATE entries SET order_id = NULL WHERE balance = 'customer:1 EUR' AND number = 2").await;
    assert_eq!(checks(&found), ["order"]);
}

async fn an_order_below_zero_is_found(fixture: Arc<Fixture>) {
    let swap = "UPDATE entries SET side = CASE side WHEN 'debit' THEN 'credit' ELSE 'debit' END WHERE posting IN \
                (SELECT posting FROM entries WHERE balance = 'customer:1 EUR' AND number IN (1, 2))";
    let found = found(&fixture, swap).await;
    assert!(checks(&found).contains(&"order"));
}

async fn a_missing_event_is_found(fixture: Arc<Fixture>) {
    let found = found(&fixture, "DELETE FROM events WHERE sequence = 12").await;
    assert_eq!(checks(&found), ["events"]);
}
