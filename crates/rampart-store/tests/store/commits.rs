//! Versions, claims, events and counters: what a step, and several in a batch, may do.

use std::sync::Arc;
use std::time::Duration;

use rampart_core::id::PartnerId;
use rampart_core::ledger::{Account, Origin};
use rampart_core::step::job::{Job, JobKind};
use rampart_core::step::record::RecordKey;
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::time::Clock as _;
use rampart_store::CommitError;

use crate::examples::event;
use crate::support::{BANK, EUR, Fixture, claim, commit_in_one_batch, counter, cursor, funding, holding, posting, raise, units, writing};

on_both_engines!(
    versions_grow_by_one,
    a_stale_version_is_a_conflict,
    what_exists_is_not_new,
    a_removed_job_is_gone_for_its_fence,
    a_claim_is_taken_once,
    a_claim_won_and_a_version_lost_leaves_the_claim_free,
    an_expired_claim_is_taken_anew,
    a_key_passes_to_the_next_in_the_batch,
    a_key_that_must_be_free,
    a_debit_behind_a_refused_credit_is_refused,
    a_debit_behind_an_accepted_credit_stands,
    events_are_numbered_without_a_gap,
    ceilings_hold_within_a_batch,
    an_empty_step_is_done_at_once,
    numbers_are_handed_out_once,
    a_step_must_not_contradict_itself,
);

async fn versions_grow_by_one(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store.commit(writing(cursor("source", "a"))).await.unwrap();
    for version in 1..4 {
        let mut stored = store.cursor("source".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(stored.version, version);
        stored.position = version.to_string();
        store.commit(writing(stored)).await.unwrap();
    }
    let stored = store.cursor("source".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.position.as_str()), (4, "3"));
}

async fn a_stale_version_is_a_conflict(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let key = RecordKey::Cursor("source".parse().unwrap());
    store.commit(writing(cursor("source", "a"))).await.unwrap();
    let seen = store.cursor("source".parse().unwrap()).await.unwrap().unwrap();
    store.commit(writing(seen.clone())).await.unwrap();
    assert_eq!(store.commit(writing(seen)).await, Err(CommitError::Conflict(key)));

    let mut relying = writing(cursor("other", ""));
    relying.rely(key, 1);
    assert_eq!(store.commit(relying.clone()).await, Err(CommitError::Conflict(key)));
    relying.relied = vec![(key, 2)];
    store.commit(relying).await.unwrap();

    let mut removing = Step::new();
    removing.removals.push((key, 1));
    assert_eq!(store.commit(removing).await, Err(CommitError::Conflict(key)));
    let mut missing = writing(cursor("third", ""));
    missing.rely(RecordKey::Cursor("nowhere".parse().unwrap()), 1);
    assert!(matches!(store.commit(missing).await, Err(CommitError::Conflict(_))));
    assert_eq!(store.cursor("third".parse().unwrap()).await.unwrap(), None);
}

async fn what_exists_is_not_new(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store.commit(writing(cursor("source", "first"))).await.unwrap();
    let key = RecordKey::Cursor("source".parse().unwrap());
    assert_eq!(store.commit(writing(cursor("source", "second"))).await, Err(CommitError::Conflict(key)));
    let (store, results) =
        commit_in_one_batch(&fixture, vec![writing(cursor("fresh", "1")), writing(cursor("fresh", "2")), writing(cursor("source", "3"))])
            .await;
    assert!(results[0].is_ok());
    assert!(matches!(results[1], Err(CommitError::Conflict(_))));
    assert!(matches!(results[2], Err(CommitError::Conflict(_))));
    assert_eq!(store.cursor("fresh".parse().unwrap()).await.unwrap().unwrap().position, "1");
    assert_eq!(store.cursor("source".parse().unwrap()).await.unwrap().unwrap().position, "first");
}

async fn a_removed_job_is_gone_for_its_fence(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let job = Job::due_now(&fixture.mint(), JobKind::SendPayout, "pay");
    let key = RecordKey::Job(job.id);
    store.commit(writing(job.clone())).await.unwrap();
    let mut leased = store.job(job.id).await.unwrap().unwrap();
    leased.leased_until = Some(fixture.mint().now);
    store.commit(writing(leased)).await.unwrap();
    let mut late = Step::new();
    late.removals.push((key, 1));
    assert_eq!(store.commit(late).await, Err(CommitError::Conflict(key)));
    let mut done = Step::new();
    done.removals.push((key, 2));
    store.commit(done.clone()).await.unwrap();
    assert_eq!(store.job(job.id).await.unwrap(), None);
    assert_eq!(store.commit(done).await, Err(CommitError::Conflict(key)));
}

async fn a_claim_is_taken_once(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut first = Step::new();
    first.claims.push(claim(ClaimScope::IdempotencyKey, "p:one:two", "order"));
    first.claims[0].fingerprint = "print".into();
    first.claims[0].answer = "{\"a\":1}".into();
    store.commit(first.clone()).await.unwrap();
    let Err(CommitError::AlreadyClaimed(stored)) = store.commit(first).await else { panic!("the key was taken twice") };
    assert_eq!((stored.scope, stored.key.as_str()), (ClaimScope::IdempotencyKey, "p:one:two"));
    assert_eq!((stored.subject.as_str(), stored.fingerprint.as_str(), stored.answer.as_str()), ("order", "print", "{\"a\":1}"));
    assert_eq!(store.claim(ClaimScope::IdempotencyKey, "p:one:two").await.unwrap(), Some(*stored));
    assert_eq!(store.claim(ClaimScope::Fact, "p:one:two").await.unwrap(), None);
}

async fn a_claim_won_and_a_version_lost_leaves_the_claim_free(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    store.commit(writing(cursor("source", "a"))).await.unwrap();
    let mut lost = writing(cursor("source", "new although it exists"));
    lost.claims.push(claim(ClaimScope::Quote, "quote", "lost"));
    assert!(matches!(store.commit(lost.clone()).await, Err(CommitError::Conflict(_))));
    assert_eq!(store.claim(ClaimScope::Quote, "quote").await.unwrap(), None);

    // The same beside an accepted step, where the batch does commit.
    lost.relied.push((RecordKey::Cursor("source".parse().unwrap()), 7));
    let (store, results) = commit_in_one_batch(&fixture, vec![lost, writing(cursor("neighbour", ""))]).await;
    assert!(matches!(results[0], Err(CommitError::Conflict(_))));
    assert_eq!(results[1].as_ref().unwrap().batch, 1);
    assert_eq!(store.claim(ClaimScope::Quote, "quote").await.unwrap(), None);
    assert_eq!(fixture.text("SELECT id FROM claims").await, None);
}

async fn an_expired_claim_is_taken_anew(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let taking = |subject: &str| {
        let mut step = Step::new();
        step.claims.push(claim(ClaimScope::IdempotencyKey, "key", subject));
        step.claims[0].expires_at = Some(fixture.mint().now.after(Duration::from_secs(60)));
        step
    };
    store.commit(taking("first")).await.unwrap();
    assert!(matches!(store.commit(taking("second")).await, Err(CommitError::AlreadyClaimed(_))));
    fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(store.claim(ClaimScope::IdempotencyKey, "key").await.unwrap(), None);
    store.commit(taking("third")).await.unwrap();
    assert_eq!(store.claim(ClaimScope::IdempotencyKey, "key").await.unwrap().unwrap().subject, "third");
    assert!(matches!(store.commit(taking("fourth")).await, Err(CommitError::AlreadyClaimed(stored)) if stored.subject == "third"));
}

async fn a_key_passes_to_the_next_in_the_batch(fixture: Arc<Fixture>) {
    let taking = |subject: &str, stale: bool| {
        let mut step = Step::new();
        step.claims.push(claim(ClaimScope::Concept, "concept", subject));
        if stale {
            step.rely(RecordKey::Cursor("nowhere".parse().unwrap()), 3);
        }
        step
    };
    let (store, results) =
        commit_in_one_batch(&fixture, vec![taking("refused", true), taking("second", false), taking("third", false)]).await;
    assert!(matches!(results[0], Err(CommitError::Conflict(_))));
    assert_eq!(results[1].as_ref().unwrap().batch, 1);
    assert!(matches!(&results[2], Err(CommitError::AlreadyClaimed(stored)) if stored.subject == "second"));
    assert_eq!(store.claim(ClaimScope::Concept, "concept").await.unwrap().unwrap().subject, "second");
}

async fn a_key_that_must_be_free(fixture: Arc<Fixture>) {
    let taking = |key: &str, seconds: Option<u64>| {
        let mut step = Step::new();
        let expires_at = seconds.map(|seconds| fixture.clock.now().after(Duration::from_secs(seconds)));
        step.claims.push(Claim { expires_at, ..claim(ClaimScope::DepositAddress, key, "owner") });
        step
    };
    let needing = |key: &str| {
        let mut step = writing(cursor(&format!("needs-{key}"), ""));
        step.must_be_free.push((ClaimScope::DepositAddress, key.to_owned()));
        step
    };
    let before = vec![taking("taken", None), taking("expired", Some(1))];
    let store = fixture.store().await;
    for step in before {
        store.commit(step).await.unwrap();
    }
    fixture.clock.advance(Duration::from_secs(2));
    let refused = store.commit(needing("taken")).await;
    assert!(matches!(refused, Err(CommitError::AlreadyClaimed(stored)) if stored.subject == "owner" && stored.key == "taken"));
    store.commit(needing("expired")).await.unwrap();
    store.commit(needing("free")).await.unwrap();
    // The check takes no claim.
    store.commit(taking("free", None)).await.unwrap();
    drop(store);
    let (_store, results) = commit_in_one_batch(&fixture, vec![needing("new"), taking("new", None), needing("new")]).await;
    assert!(results[0].is_ok() && results[1].is_ok());
    assert!(matches!(&results[2], Err(CommitError::AlreadyClaimed(stored)) if stored.subject == "owner"));
}

fn customer_step(fixture: &Fixture, debit: Account, credit: Account, amount: i128) -> Step {
    let mut step = Step::new();
    step.postings.push(posting(&fixture.mint(), Origin::Request, None, debit, credit, EUR, amount));
    step
}

async fn a_debit_behind_a_refused_credit_is_refused(fixture: Arc<Fixture>) {
    let customer = Account::Customer(rampart_core::id::CustomerId(1));
    let mut credit = customer_step(&fixture, BANK, customer, 100);
    credit.rely(RecordKey::Cursor("nowhere".parse().unwrap()), 1);
    let debit = customer_step(&fixture, customer, Account::Fx, 60);
    let (store, results) = commit_in_one_batch(&fixture, vec![credit, debit, writing(cursor("neighbour", ""))]).await;
    assert!(matches!(results[0], Err(CommitError::Conflict(_))));
    assert_eq!(results[1], Err(CommitError::InsufficientFunds { account: customer, asset: EUR }));
    assert!(results[2].is_ok());
    assert_eq!(store.balance(customer, EUR).await.unwrap().posted, units(0));
    assert!(store.verify().await.unwrap().holds());
}

async fn a_debit_behind_an_accepted_credit_stands(fixture: Arc<Fixture>) {
    let customer = Account::Customer(rampart_core::id::CustomerId(1));
    let steps = vec![
        customer_step(&fixture, BANK, customer, 100),
        customer_step(&fixture, customer, Account::Fx, 60),
        customer_step(&fixture, customer, Account::Fx, 60),
    ];
    let (store, results) = commit_in_one_batch(&fixture, steps).await;
    assert!(results[0].is_ok() && results[1].is_ok());
    assert_eq!(results[2], Err(CommitError::InsufficientFunds { account: customer, asset: EUR }));
    let balance = store.balance(customer, EUR).await.unwrap();
    assert_eq!((balance.posted, balance.held, balance.entries), (units(40), units(0), 2));
    let lines = store.entries(customer, EUR, None, 10).await.unwrap();
    assert_eq!(lines.iter().map(|line| (line.number, line.amount)).collect::<Vec<_>>(), [(2, units(60)), (1, units(100))]);
    assert_eq!(store.entries(customer, EUR, Some(2), 10).await.unwrap().len(), 1);
    assert!(store.verify().await.unwrap().holds());
}

fn with_event(fixture: &Fixture, partner: PartnerId, subject: &str) -> Step {
    let mut step = Step::new();
    step.events.push(event(&fixture.mint(), partner, subject));
    step
}

async fn events_are_numbered_without_a_gap(fixture: Arc<Fixture>) {
    let (one, other): (PartnerId, PartnerId) = (fixture.mint().id(), fixture.mint().id());
    let mut refused = with_event(&fixture, one, "refused");
    refused.rely(RecordKey::Cursor("nowhere".parse().unwrap()), 1);
    let mut twice = with_event(&fixture, one, "b");
    twice.extend(with_event(&fixture, other, "x"));
    twice.extend(with_event(&fixture, one, "c"));
    let (store, results) =
        commit_in_one_batch(&fixture, vec![with_event(&fixture, one, "a"), refused, twice, with_event(&fixture, one, "d")]).await;
    let numbers = |index: usize| results[index].as_ref().unwrap().events.iter().map(|event| event.sequence).collect::<Vec<_>>();
    assert_eq!((numbers(0), numbers(2), numbers(3)), (vec![1], vec![2, 1, 3], vec![4]));
    assert!(results[1].is_err());
    let next = store.commit(with_event(&fixture, one, "e")).await.unwrap();
    assert_eq!(next.events[0].sequence, 5);
    let log = store.events_after(one, 0, 10).await.unwrap();
    assert_eq!(
        log.iter().map(|event| (event.sequence, event.draft.subject.as_str())).collect::<Vec<_>>(),
        [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]
    );
    assert_eq!(store.events_by_sequence(one, &[4, 2, 9]).await.unwrap().iter().map(|event| event.sequence).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(store.events_of_subject(one, "c", 0, 10).await.unwrap().len(), 1);
    assert_eq!(store.event(other, 1).await.unwrap().unwrap().draft.subject, "x");
    assert_eq!((store.last_event(one).await.unwrap(), store.last_event(other).await.unwrap()), (5, 1));
    assert!(store.verify().await.unwrap().holds());
}

async fn ceilings_hold_within_a_batch(fixture: Arc<Fixture>) {
    let raising = |by: i128, ceiling: Option<i128>| {
        let mut step = Step::new();
        step.raises.push(raise(counter(1, "limit"), by, ceiling));
        step
    };
    let steps = vec![
        raising(60, Some(100)),
        raising(50, Some(100)),
        raising(40, Some(100)),
        raising(1, Some(100)),
        raising(-30, None),
        raising(30, Some(100)),
    ];
    let (store, results) = commit_in_one_batch(&fixture, steps).await;
    let over = Err(CommitError::OverCeiling { counter: counter(1, "limit") });
    assert!(results[0].is_ok() && results[2].is_ok() && results[4].is_ok() && results[5].is_ok());
    assert_eq!((&results[1], &results[3]), (&over, &over));
    assert_eq!(
        store.counters(&[&counter(1, "limit"), &counter(1, "none"), &counter(2, "limit")]).await.unwrap(),
        [units(100), units(0), units(0)]
    );
    assert_eq!(store.commit(raising(1, Some(100))).await, over);
}

async fn an_empty_step_is_done_at_once(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    assert_eq!(store.commit(Step::new()).await.unwrap().batch, 0);
    assert_eq!(store.stats().batches, 0);
}

async fn numbers_are_handed_out_once(fixture: Arc<Fixture>) {
    let (store, other) = (fixture.store().await, fixture.store().await);
    assert_eq!(store.reserve_numbers("customers", 10).await.unwrap(), 1..11);
    assert_eq!(other.reserve_numbers("customers", 5).await.unwrap(), 11..16);
    assert_eq!(store.reserve_numbers("concepts", 1).await.unwrap(), 1..2);
    assert_eq!(store.reserve_numbers("customers", 1).await.unwrap(), 16..17);
    assert!(store.reserve_numbers("customers", 0).await.is_err());
}

async fn a_step_must_not_contradict_itself(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut twice = writing(cursor("source", "a"));
    twice.write(cursor("source", "b"));
    assert!(matches!(store.commit(twice).await, Err(CommitError::Defect(_))));
    let mut claims = Step::new();
    claims.claims.push(claim(ClaimScope::Fact, "line", ""));
    claims.claims.push(claim(ClaimScope::Fact, "line", ""));
    assert!(matches!(store.commit(claims).await, Err(CommitError::Defect(_))));
    // All parts of a step are stored or none: the record and the postings.
    let mut step = funding(&fixture.mint(), BANK, EUR, 10);
    step.extend(holding(BANK, EUR, 11, Origin::Request));
    step.extend(writing(cursor("source", "a")));
    assert!(matches!(store.commit(step).await, Err(CommitError::InsufficientFunds { .. })));
    assert_eq!(store.cursor("source".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.own_balances().await.unwrap(), []);
}
