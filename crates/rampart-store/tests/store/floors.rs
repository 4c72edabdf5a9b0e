//! Floors bind requests and never facts. A fact that breaks a floor opens a review item.

use std::sync::Arc;

use rampart_core::ledger::{Account, Origin};
use rampart_core::review::{ReviewDecision, ReviewItem, ReviewSubject};
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use crate::support::{BANK, EUR, Fixture, HOT, USDC, commit_in_one_batch, funding, holding, posting, units, writing};

on_both_engines!(
    a_hot_wallet_does_not_promise_what_it_does_not_have,
    what_one_step_gives_and_takes_counts_together,
    a_fact_below_the_floor_is_posted_and_raises_one_alarm,
    accounts_without_a_floor_go_below_zero,
);

async fn a_hot_wallet_does_not_promise_what_it_does_not_have(fixture: Arc<Fixture>) {
    let asset = USDC.into();
    let steps = vec![
        funding(&fixture.mint(), HOT, USDC, 100),
        holding(HOT, USDC, 70, Origin::Request),
        holding(HOT, USDC, 31, Origin::Request),
        holding(HOT, USDC, 30, Origin::Request),
        holding(HOT, USDC, 1, Origin::Request),
        holding(HOT, USDC, -70, Origin::Request),
        holding(HOT, USDC, 70, Origin::Request),
    ];
    let (store, results) = commit_in_one_batch(&fixture, steps).await;
    let short = Err(CommitError::InsufficientFunds { account: HOT, asset });
    let stands: Vec<bool> = results.iter().map(Result::is_ok).collect();
    assert_eq!(stands, [true, true, false, true, false, true, true]);
    assert_eq!((&results[2], &results[4]), (&short, &short));
    let balance = store.balance(HOT, asset).await.unwrap();
    assert_eq!((balance.posted, balance.held, balance.available().unwrap()), (units(100), units(100), units(0)));
    assert_eq!(store.balances_of(HOT).await.unwrap(), [balance]);
}

async fn what_one_step_gives_and_takes_counts_together(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store.commit(funding(&fixture.mint(), HOT, USDC, 100)).await.unwrap();
    store.commit(holding(HOT, USDC, 100, Origin::Request)).await.unwrap();
    // The held amount leaves: the step that posts also releases the hold.
    let mut leaving = holding(HOT, USDC, -100, Origin::Request);
    leaving.postings.push(posting(&fixture.mint(), Origin::Request, None, Account::NetworkFees, HOT, USDC.into(), 100));
    store.commit(leaving).await.unwrap();
    let balance = store.balance(HOT, USDC.into()).await.unwrap();
    assert_eq!((balance.posted, balance.held), (units(0), units(0)));
}

async fn a_fact_below_the_floor_is_posted_and_raises_one_alarm(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let loss = |amount: i128| {
        let mut step = Step::new();
        step.postings.push(posting(&fixture.mint(), Origin::Fact, None, Account::Fx, BANK, EUR, amount));
        step
    };
    store.commit(funding(&fixture.mint(), BANK, EUR, 100)).await.unwrap();
    store.commit(loss(90)).await.unwrap();
    assert_eq!(store.reviews_waiting(None, 10).await.unwrap(), []);
    store.commit(loss(30)).await.unwrap();
    let items = store.reviews_waiting(None, 10).await.unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0].subject, items[0].asset), (&ReviewSubject::BelowFloor("bank:sepa".parse().unwrap()), Some(EUR)));
    assert_eq!((items[0].amount, items[0].version), (units(20), 1));

    // New holds fail and releases succeed. Neither opens another item, nor does a further fact; the item shows the current
    // shortfall.
    assert!(matches!(store.commit(holding(BANK, EUR, 1, Origin::Request)).await, Err(CommitError::InsufficientFunds { .. })));
    store.commit(holding(BANK, EUR, -5, Origin::Request)).await.unwrap();
    let less = store.reviews_waiting(None, 10).await.unwrap();
    assert_eq!((less.len(), less[0].id, less[0].amount, less[0].version), (1, items[0].id, units(15), 2));
    store.commit(holding(BANK, EUR, 5, Origin::Fact)).await.unwrap();
    drop(store);
    let (store, results) = commit_in_one_batch(&fixture, vec![loss(1), loss(2)]).await;
    assert!(results.iter().all(Result::is_ok));
    let items = store.reviews_waiting(None, 10).await.unwrap();
    assert_eq!((items.len(), items[0].id, items[0].amount), (1, less[0].id, units(23)));
    assert_eq!(store.balance(BANK, EUR).await.unwrap().posted, units(-23));

    // After an operator has resolved the item, the next fact opens a new one.
    let at = fixture.mint().now;
    let settled = settled_by(ReviewDecision::Dismiss, items[0].clone(), at);
    store.commit(writing(settled)).await.unwrap();
    assert_eq!(store.reviews_waiting(None, 10).await.unwrap(), []);
    store.commit(loss(1)).await.unwrap();
    let again = store.reviews_waiting(None, 10).await.unwrap();
    assert_eq!((again.len(), again[0].amount), (1, units(24)));
    assert_eq!(store.reviews(None, 10).await.unwrap().len(), 2);

    // The item closes itself when the account is above zero again. A dismissed item is not updated when the shortfall shrinks.
    let again = settled_by(ReviewDecision::Dismiss, again[0].clone(), at);
    store.commit(writing(again)).await.unwrap();
    store.commit(funding(&fixture.mint(), BANK, EUR, 4)).await.unwrap();
    assert_eq!(store.reviews_waiting(None, 10).await.unwrap(), []);
    store.commit(loss(1)).await.unwrap();
    assert_eq!(store.reviews_waiting(None, 10).await.unwrap()[0].amount, units(21));
    store.commit(funding(&fixture.mint(), BANK, EUR, 21)).await.unwrap();
    assert_eq!(store.reviews_waiting(None, 10).await.unwrap(), []);
    let decisions = store.reviews(None, 10).await.unwrap().into_iter().filter_map(|item| item.resolution);
    assert!(decisions.into_iter().any(|resolution| resolution.decision.to_string() == "made good"));
}

fn settled_by(decision: ReviewDecision, item: ReviewItem, at: Timestamp) -> ReviewItem {
    item.settled(decision, "ana", "known".to_owned(), None, at)
}

async fn accounts_without_a_floor_go_below_zero(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut step = Step::new();
    step.postings.push(posting(&fixture.mint(), Origin::Request, None, Account::Fx, Account::Capital, EUR, 5));
    store.commit(step).await.unwrap();
    assert_eq!(store.balance(Account::Fx, EUR).await.unwrap().posted, units(-5));
    assert_eq!(store.reviews_waiting(None, 10).await.unwrap(), []);
}
