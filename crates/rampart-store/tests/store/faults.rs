//! Database faults: lost connections, steps that cannot be stored, a writer that cannot continue.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rampart_core::id::PartnerId;
use rampart_core::ledger::Origin;
use rampart_core::step::{ClaimScope, Step};
use rampart_store::{CommitError, CommitFault, Store};

use crate::examples::{audit, customer};
use crate::support::{
    BANK, EUR, Fixture, HOT, TestEngine, USDC, claim, commit_in_one_batch, counter, cursor, funding, gated, holding, raise, units, until,
    writing,
};

on_both_engines!(
    a_commit_lost_before_it_arrived_is_run_again,
    a_commit_whose_answer_was_lost_is_not_done_twice,
    lost_over_and_over_nothing_counts_twice,
    what_is_decided_is_what_the_books_would_say,
    a_step_that_cannot_be_stored_leaves_its_neighbours_alone,
    a_full_queue_is_unavailable,
    a_batch_is_cut_at_its_cap,
    a_writer_that_cannot_find_out_ends_the_process,
    closing_commits_what_waits,
);

async fn a_commit_lost_before_it_arrived_is_run_again(fixture: Arc<Fixture>) {
    let store = fixture.store_with_faults(vec![Some(CommitFault::LostBefore)]).await;
    store.commit(funding(&fixture.mint(), BANK, EUR, 7)).await.unwrap();
    assert_eq!(store.balance(BANK, EUR).await.unwrap().posted, units(7));
    assert_eq!(store.stats().retries, 1);
    assert!(store.verify().await.unwrap().holds());
}

async fn a_commit_whose_answer_was_lost_is_not_done_twice(fixture: Arc<Fixture>) {
    // Only the batch's own row proves the commit: the step has no version and no claim.
    let store = fixture.store_with_faults(vec![Some(CommitFault::LostAfter)]).await;
    store.commit(funding(&fixture.mint(), BANK, EUR, 7)).await.unwrap();
    assert_eq!(store.balance(BANK, EUR).await.unwrap().posted, units(7));
    store.commit(funding(&fixture.mint(), BANK, EUR, 7)).await.unwrap();
    assert_eq!(store.balance(BANK, EUR).await.unwrap().posted, units(14));
    assert!(store.verify().await.unwrap().holds());
}

/// Commits while connections die: on PostgreSQL the server ends them at random moments, on SQLite two of five commits are lost.
async fn lost_over_and_over_nothing_counts_twice(fixture: Arc<Fixture>) {
    let faults = (0..400).map(|turn| match (fixture.engine, turn % 5) {
        (TestEngine::Sqlite, 1) => Some(CommitFault::LostBefore),
        (TestEngine::Sqlite, 3) => Some(CommitFault::LostAfter),
        _ => None,
    });
    let store = fixture.store_with_faults(faults.collect()).await;
    let done = Arc::new(AtomicBool::new(false));
    let killer = tokio::spawn({
        let (fixture, done) = (Arc::clone(&fixture), Arc::clone(&done));
        async move {
            while fixture.engine == TestEngine::Postgres && !done.load(Ordering::SeqCst) {
                fixture.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
            }
        }
    });
    let mut acknowledged = 0;
    for round in 0..40 {
        let steps = (0..5).map(|turn| {
            let mut step = funding(&fixture.mint(), BANK, EUR, 1);
            step.claims.push(claim(ClaimScope::Fact, &format!("{round}:{turn}"), ""));
            step
        });
        for result in futures::future::join_all(steps.map(|step| store.commit(step))).await {
            match result {
                Ok(_) => acknowledged += 1,
                Err(CommitError::Unavailable) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }
    done.store(true, Ordering::SeqCst);
    killer.await.unwrap();
    assert!(acknowledged > 0);
    assert_eq!(fixture.text("SELECT posted FROM balances WHERE id = 'bank:sepa EUR'").await, Some(acknowledged.to_string()));
    let claims = fixture.texts("SELECT id FROM claims", 0).await;
    assert_eq!(claims.len(), acknowledged);
    let store = fixture.store().await;
    assert!(store.verify().await.unwrap().holds());
}

/// The expected contents of the database.
#[derive(Default)]
struct ExpectedBooks {
    counted: [i128; 3],
    available: i128,
    version: i64,
}

/// The ceiling of every counter of the test.
const CEILING_UNITS: i128 = 12;

impl ExpectedBooks {
    /// A random step and whether it must be accepted. An accepted step changes the expected books.
    fn step(&mut self, fixture: &Fixture, owner: PartnerId, poison: &str) -> (Step, bool) {
        let mut chance = [0; 8];
        fixture.mint().randomness.fill(&mut chance);
        let by = i128::from(chance[1] % 5) + 1;
        match chance[0] % 8 {
            0..3 => {
                let which = usize::from(chance[2] % 3);
                let by = if chance[3] % 3 == 0 { -by } else { by };
                let mut step = Step::new();
                step.raises.push(raise(counter(i64::from(chance[2] % 3), "limit"), by, Some(CEILING_UNITS)));
                let value = (self.counted[which] + by).max(0);
                let stands = by < 0 || value <= CEILING_UNITS;
                if stands {
                    self.counted[which] = value;
                }
                (step, stands)
            }
            3..5 => {
                let stands = self.available >= by;
                self.available -= if stands { by } else { 0 };
                (holding(HOT, USDC, by, Origin::Request), stands)
            }
            5 => {
                self.available += by;
                (funding(&fixture.mint(), HOT, USDC, by), true)
            }
            6 => {
                let mut known = customer(fixture, 1, owner);
                known.version = (self.version - i64::from(chance[4] % 2)).max(0);
                let stands = known.version == self.version;
                self.version += i64::from(stands);
                (writing(known), stands)
            }
            _ => {
                let mut step = funding(&fixture.mint(), HOT, USDC, by);
                step.raises.push(raise(counter(0, "limit"), 1, None));
                step.write(audit(fixture, poison));
                (step, false)
            }
        }
    }
}

/// A random mix of accepted steps, refused steps, steps that cannot be stored, lost commits, pruning, and writes of another process.
async fn what_is_decided_is_what_the_books_would_say(fixture: Arc<Fixture>) {
    drop(fixture.store().await);
    let poison = poison(&fixture).await;
    let faults =
        || (0..2_000).map(|turn| [None, None, Some(CommitFault::LostBefore), None, Some(CommitFault::LostAfter)][turn % 5]).collect();
    let nodes = [fixture.store_with_faults(faults()).await, fixture.store_with_faults(faults()).await];
    let owner = fixture.mint().id();
    let mut books = ExpectedBooks::default();
    for round in 0..80 {
        let node = &nodes[usize::from(round % 7 == 0)];
        let steps: Vec<(Step, bool)> = (0..round % 6 + 1).map(|_| books.step(&fixture, owner, poison)).collect();
        let results = futures::future::join_all(steps.iter().map(|(step, _)| node.commit(step.clone()))).await;
        for (result, (step, stands)) in results.iter().zip(&steps) {
            assert_eq!(result.is_ok(), *stands, "round {round}: {step:?} came to {result:?}");
        }
        if round % 11 == 0 {
            node.prune(fixture.mint().now, 10).await.unwrap();
        }
    }
    let counters = [0, 1, 2].map(|number| counter(number, "limit"));
    assert_eq!(nodes[0].counters(&counters.each_ref()).await.unwrap(), books.counted.map(units));
    let balance = nodes[0].balance(HOT, USDC.into()).await.unwrap();
    assert_eq!(balance.posted.minor() - balance.held.minor(), books.available);
    let report = nodes[1].verify().await.unwrap();
    // No order of the test has reserved the held amounts.
    assert!(report.findings.iter().all(|finding| finding.check == "held"), "{:?}", report.findings);
}

/// The subject of an audit entry that cannot be stored. PostgreSQL refuses NUL in text. SQLite stores nearly everything, so a
/// trigger refuses it.
async fn poison(fixture: &Fixture) -> &'static str {
    match fixture.engine {
        TestEngine::Postgres => "a\0b",
        TestEngine::Sqlite => {
            fixture
                .sql("CREATE TRIGGER poison BEFORE INSERT ON audit WHEN NEW.subject = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END")
                .await;
            "poison"
        }
    }
}

async fn a_step_that_cannot_be_stored_leaves_its_neighbours_alone(fixture: Arc<Fixture>) {
    drop(fixture.store().await);
    let poison = poison(&fixture).await;
    let mut steps: Vec<Step> = (0..9).map(|turn| writing(cursor(&format!("c{turn}"), ""))).collect();
    steps.insert(4, writing(audit(&fixture, poison)));
    let mut dependent = funding(&fixture.mint(), BANK, EUR, 5);
    dependent.write(audit(&fixture, poison));
    steps.push(dependent);
    let (store, results) = commit_in_one_batch(&fixture, steps).await;
    for (index, result) in results.iter().enumerate() {
        match index {
            4 | 10 => assert!(matches!(result, Err(CommitError::Defect(_))), "{index}: {result:?}"),
            _ => assert!(result.is_ok(), "{index}: {result:?}"),
        }
    }
    assert_eq!(store.balance(BANK, EUR).await.unwrap().posted, units(0));
    assert_eq!(store.audit(None, 10).await.unwrap(), []);
    store.commit(writing(audit(&fixture, "fine"))).await.unwrap();
}

async fn a_full_queue_is_unavailable(fixture: Arc<Fixture>) {
    let mut options = fixture.options();
    options.queue = 3;
    let (options, gate) = gated(options);
    let store = Store::open(&fixture.url, options).await.unwrap();
    let first = tokio::spawn({
        let store = store.clone();
        async move { store.commit(writing(cursor("gate", ""))).await }
    });
    gate.reached().await;
    let commits = futures::future::join_all((0..5).map(|turn| store.commit(writing(cursor(&format!("c{turn}"), "")))));
    let (results, ()) = futures::join!(commits, async {
        assert_eq!(store.stats().queue_depth, 3);
        assert!(store.stats().busy_for.is_some());
        gate.open();
    });
    first.await.unwrap().unwrap();
    assert!(results[..3].iter().all(Result::is_ok));
    assert!(results[3..].iter().all(|result| *result == Err(CommitError::Unavailable)));
    until("an idle writer", || async { store.stats().busy_for.is_none() }).await;
}

async fn a_batch_is_cut_at_its_cap(fixture: Arc<Fixture>) {
    let mut options = fixture.options();
    options.batch = 4;
    let (options, gate) = gated(options);
    let store = Store::open(&fixture.url, options).await.unwrap();
    let first = tokio::spawn({
        let store = store.clone();
        async move { store.commit(writing(cursor("gate", ""))).await }
    });
    gate.reached().await;
    let commits = futures::future::join_all((0..10).map(|turn| store.commit(writing(cursor(&format!("c{turn}"), "")))));
    let (results, ()) = futures::join!(commits, async { gate.open() });
    first.await.unwrap().unwrap();
    let sizes: Vec<usize> = results.iter().map(|result| result.as_ref().unwrap().batch).collect();
    assert_eq!(sizes, [4, 4, 4, 4, 4, 4, 4, 4, 2, 2]);
    let stats = store.stats();
    assert_eq!((stats.batches, stats.committed, stats.sizes.sum, stats.durations.count), (4, 11, 11, 4));
}

async fn a_writer_that_cannot_find_out_ends_the_process(fixture: Arc<Fixture>) {
    let mut options = fixture.options();
    options.patience = Duration::from_millis(200);
    let reason: Arc<Mutex<Option<String>>> = Arc::default();
    let noted = Arc::clone(&reason);
    options.on_fatal = Arc::new(move |text| *noted.lock().unwrap() = Some(text.to_owned()));
    let (break_database, broken) = std::sync::mpsc::channel::<()>();
    let (reached, at_commit) = tokio::sync::oneshot::channel::<()>();
    let state = Mutex::new((Some(reached), broken));
    options.commit_faults = Some(Arc::new(move || {
        let mut state = state.lock().unwrap();
        if let Some(reached) = state.0.take() {
            reached.send(()).unwrap();
            state.1.recv().unwrap();
        }
        Some(CommitFault::LostAfter)
    }));
    let store = Store::open(&fixture.url, options).await.unwrap();
    let commit = tokio::spawn({
        let (store, step) = (store.clone(), funding(&fixture.mint(), BANK, EUR, 1));
        async move { store.commit(step).await }
    });
    at_commit.await.unwrap();
    // The commit is about to happen; no connection will be possible afterwards.
    match fixture.engine {
        TestEngine::Sqlite => {
            std::fs::rename(fixture.url.strip_prefix("sqlite:").unwrap(), fixture.url.strip_prefix("sqlite:").unwrap().to_owned() + ".gone")
                .unwrap()
        }
        TestEngine::Postgres => fixture.forbid_connections().await,
    }
    break_database.send(()).unwrap();
    until("the end of the process", || async { reason.lock().unwrap().is_some() }).await;
    assert!(reason.lock().unwrap().as_ref().unwrap().contains("outcome"));
    assert!(commit.await.unwrap().is_err());
    assert!(!store.stats().running);
    assert_eq!(store.commit(funding(&fixture.mint(), BANK, EUR, 1)).await, Err(CommitError::Unavailable));
}

async fn closing_commits_what_waits(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let commits = futures::future::join_all((0..20).map(|turn| store.commit(writing(cursor(&format!("c{turn}"), "")))));
    let (results, ()) = futures::join!(commits, store.close());
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(store.commit(writing(cursor("late", ""))).await, Err(CommitError::Unavailable));
    assert!(store.cursor("c1".parse().unwrap()).await.is_err());
    assert_eq!(
        fixture
            .store()
            .await
            .cursors_by_name(&(0..20).map(|turn| format!("c{turn}").parse().unwrap()).collect::<Vec<_>>())
            .await
            .unwrap()
            .len(),
        20
    );
}
