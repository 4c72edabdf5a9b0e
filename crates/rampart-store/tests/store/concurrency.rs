//! Two nodes on one database: nothing is counted twice, skipped or stalled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rampart_core::id::{CustomerId, Mint, PartnerId};
use rampart_core::ledger::{Account, Origin};
use rampart_core::step::{ClaimScope, Step};
use rampart_store::{CommitError, Committed, Store};

use crate::examples::{customer, event};
use crate::support::{BANK, EUR, Fixture, HOT, USDC, claim, counter, cursor, funding, holding, posting, raise, units, writing};

on_both_engines!(
    two_nodes_cross_without_a_gap_or_a_stall,
    ten_at_once_do_not_pass_one_limit,
    what_another_process_wrote_is_seen,
    one_of_two_nodes_wins_a_key,
    many_readers_of_one_version_one_writer,
);

/// A step with two accounts, a counter, an event, a claim and a record of its own. Every other step names the accounts in the
/// opposite order.
fn crossing(mint: &Mint<'_>, partner: PartnerId, turn: usize) -> Step {
    let mut step = Step::new();
    let customer = Account::Customer(CustomerId(i64::try_from(turn % 7).unwrap()));
    let mut postings = vec![
        posting(mint, Origin::Request, None, BANK, customer, EUR, 10),
        posting(mint, Origin::Request, None, customer, Account::Fx, EUR, 10),
    ];
    if turn % 2 == 1 {
        postings[1] = posting(mint, Origin::Fact, None, Account::Capital, Account::Fx, EUR, 10);
    }
    step.postings = postings;
    step.hold(HOT, USDC, units(1), Origin::Request);
    step.raises.push(raise(counter(i64::try_from(turn % 5).unwrap(), "limit"), 1, None));
    step.raises.push(raise(counter(5, "limit"), 1, None));
    step.claims.push(claim(ClaimScope::Fact, &mint.id::<PartnerId>().to_string(), ""));
    step.events.push(event(mint, partner, "s"));
    step.write(rampart_core::step::job::Job::due_now(mint, rampart_core::step::job::JobKind::CheckKyc, turn));
    step
}

async fn two_nodes_cross_without_a_gap_or_a_stall(fixture: Arc<Fixture>) {
    const NODE_STEPS: usize = 300;
    let nodes = [fixture.store().await, fixture.store().await];
    let partners: [PartnerId; 2] = [fixture.mint().id(), fixture.mint().id()];
    nodes[0].commit(funding(&fixture.mint(), HOT, USDC, 1_000)).await.unwrap();
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        for lane in 0..10 {
            let (node, fixture) = (node.clone(), Arc::clone(&fixture));
            tasks.push(tokio::spawn(async move {
                for turn in 0..NODE_STEPS / 10 {
                    let step = crossing(&fixture.mint(), partners[(turn + number) % 2], lane * 31 + turn);
                    node.commit(step).await.unwrap();
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "the nodes stalled each other for {:?}", begun.elapsed());
    let store = &nodes[0];
    assert_eq!(store.balance(HOT, USDC.into()).await.unwrap().held, units(2 * NODE_STEPS as i128));
    assert_eq!(store.counters(&[&counter(5, "limit")]).await.unwrap(), [units(2 * NODE_STEPS as i128)]);
    let mut events = 0;
    for partner in partners {
        let log = store.events_after(partner, 0, 10_000).await.unwrap();
        assert!(log.iter().enumerate().all(|(index, event)| event.sequence == i64::try_from(index).unwrap() + 1));
        events += log.len();
    }
    assert_eq!(events, 2 * NODE_STEPS);
    let report = store.verify().await.unwrap();
    // No order of the test has reserved the held amounts.
    assert!(report.findings.iter().all(|finding| finding.check == "held"), "{:?}", report.findings);
    assert_eq!(report.postings, 1 + 4 * NODE_STEPS as u64);
}

async fn ten_at_once_do_not_pass_one_limit(fixture: Arc<Fixture>) {
    let nodes = [fixture.store().await, fixture.store().await];
    nodes[0].commit(funding(&fixture.mint(), HOT, USDC, 55)).await.unwrap();
    let order = |store: Store, ceiling: bool| async move {
        let mut step = match ceiling {
            true => Step::new(),
            false => holding(HOT, USDC, 10, Origin::Request),
        };
        if ceiling {
            step.raises.push(raise(counter(1, "limit:EUR:day"), 10, Some(45)));
        }
        store.commit(step).await
    };
    for (ceiling, most) in [(true, 4), (false, 5)] {
        let attempts = (0..20).map(|turn| order(nodes[turn % 2].clone(), ceiling));
        let results = futures::future::join_all(attempts).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), most);
        let refused = |result: &&Result<Committed, CommitError>| match result {
            Err(CommitError::OverCeiling { .. }) => ceiling,
            Err(CommitError::InsufficientFunds { .. }) => !ceiling,
            _ => false,
        };
        assert_eq!(results.iter().filter(refused).count(), 20 - most);
    }
    assert_eq!(nodes[1].counters(&[&counter(1, "limit:EUR:day")]).await.unwrap(), [units(40)]);
    assert_eq!(nodes[1].balance(HOT, USDC.into()).await.unwrap().held, units(50));
}

/// A writer's cache must not survive a write by another process.
async fn what_another_process_wrote_is_seen(fixture: Arc<Fixture>) {
    let nodes = [fixture.store().await, fixture.store().await];
    let mut known = customer(&fixture, 1, fixture.mint().id());
    nodes[0].commit(writing(known.clone())).await.unwrap();
    nodes[0].commit(funding(&fixture.mint(), HOT, USDC, 5)).await.unwrap();
    let counted = counter(1, "limit");
    for turn in 1..=5_i64 {
        let mut step = holding(HOT, USDC, 1, Origin::Request);
        step.raises.push(raise(counted.clone(), 1, Some(5)));
        known.version = turn;
        step.write(known.clone());
        // Two turns per node, so that each has a filled cache when the other writes.
        let node = usize::try_from(turn / 2 % 2).unwrap();
        nodes[node].commit(step.clone()).await.unwrap();
        assert!(matches!(nodes[node].commit(step.clone()).await, Err(CommitError::Conflict(_))), "{turn}");
        assert!(matches!(nodes[1 - node].commit(step).await, Err(CommitError::Conflict(_))), "{turn}");
    }
    for node in &nodes {
        let mut over = Step::new();
        over.raises.push(raise(counted.clone(), 1, Some(5)));
        assert_eq!(node.commit(over).await, Err(CommitError::OverCeiling { counter: counted.clone() }));
        let spent = node.commit(holding(HOT, USDC, 1, Origin::Request)).await;
        assert!(matches!(spent, Err(CommitError::InsufficientFunds { .. })), "{spent:?}");
    }
    // Removed rows leave the cache as well.
    let mut expiring = Step::new();
    expiring.raises.push(raise(counter(2, "limit"), 1, Some(1)));
    expiring.raises[0].expires_at = Some(fixture.mint().now.after(Duration::from_secs(1)));
    nodes[0].commit(expiring.clone()).await.unwrap();
    fixture.clock.advance(Duration::from_secs(1));
    nodes[0].prune(fixture.mint().now, 10).await.unwrap();
    nodes[0].commit(expiring).await.unwrap();
    fixture.sql("DELETE FROM counters WHERE id = 'customer:1'").await;
    let mut again = Step::new();
    again.raises.push(raise(counted.clone(), 2, Some(5)));
    nodes[0].commit(again).await.unwrap();
    assert_eq!(nodes[1].counters(&[&counted]).await.unwrap(), [units(2)]);
}

async fn one_of_two_nodes_wins_a_key(fixture: Arc<Fixture>) {
    let nodes = [fixture.store().await, fixture.store().await];
    for round in 0..15 {
        let attempts = (0..8).map(|turn| {
            let mut step = writing(cursor(&format!("c{round}-{turn}"), ""));
            step.claims.push(claim(ClaimScope::Quote, &format!("quote {round}"), &turn.to_string()));
            nodes[turn % 2].commit(step)
        });
        let results = futures::future::join_all(attempts).await;
        let winner = results.iter().position(Result::is_ok).unwrap();
        for (turn, result) in results.iter().enumerate().filter(|(turn, _)| *turn != winner) {
            assert!(
                matches!(result, Err(CommitError::AlreadyClaimed(stored)) if stored.subject == winner.to_string()),
                "{turn}: {result:?}"
            );
        }
        assert_eq!(fixture.texts("SELECT id FROM cursors", 0).await.len(), round + 1);
    }
}

async fn many_readers_of_one_version_one_writer(fixture: Arc<Fixture>) {
    let nodes = [fixture.store().await, fixture.store().await];
    nodes[0].commit(writing(cursor("wallet", "0"))).await.unwrap();
    let mut taken = 0;
    while taken < 20 {
        let seen = nodes[0].cursor("wallet".parse().unwrap()).await.unwrap().unwrap();
        let next = || {
            let mut next = seen.clone();
            next.position = (taken + 1).to_string();
            writing(next)
        };
        let results = futures::future::join_all((0..6).map(|turn| nodes[turn % 2].commit(next()))).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert!(results.iter().filter(|result| result.is_err()).all(|result| matches!(result, Err(CommitError::Conflict(_)))));
        taken += 1;
    }
    assert_eq!(nodes[1].cursor("wallet".parse().unwrap()).await.unwrap().unwrap().position, "20");
}
