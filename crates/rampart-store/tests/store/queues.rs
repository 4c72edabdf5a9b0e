//! Reads for workers and operators: jobs, facts, deposits, transfers, payouts, deliveries, reviews.

use std::sync::Arc;
use std::time::Duration;

use rampart_core::example::POLYGON;
use rampart_core::id::{BatchId, OrderId, PartnerId, SubscriptionId};
use rampart_core::outgoing::{PayoutState, PayoutStatus, SentIn, TransferState, TransferStatus};
use rampart_core::partner::webhook::{Delivery, DeliveryState, Subscription};
use rampart_core::review::{ReviewItem, ReviewSubject};
use rampart_core::step::job::{Job, JobKind};
use rampart_core::step::watch::DepositState;
use rampart_core::step::{ClaimScope, Step};
use rampart_core::time::Timestamp;

use crate::examples::{audit, delivery, deposit, event, fact, payout, review, subscription, transfer};
use crate::support::{Fixture, claim, counter, cursor, raise, writing};

on_both_engines!(
    jobs_are_due_and_leased,
    facts_wait_until_applied_or_quarantined,
    deposits_stand_where_they_stand,
    what_goes_out_is_found_by_state_and_order,
    deliveries_are_due_parked_and_leased,
    receivers_are_found_whatever_waits_for_others,
    partners_with_news_are_found,
    persons_find_their_work,
    what_has_expired_is_pruned,
);

async fn jobs_are_due_and_leased(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mint = fixture.mint();
    let mut jobs: Vec<Job> = (0..4).map(|_| Job::due_now(&mint, JobKind::SendPayout, "p")).collect();
    jobs.sort_by_key(|job| job.id);
    jobs[0].due_at = mint.now.after(Duration::from_secs(9));
    jobs[1].due_at = mint.now.before(Duration::from_secs(9));
    jobs[2].kind = JobKind::SendTransfer;
    let mut step = Step::new();
    jobs.iter().for_each(|job| step.write(job.clone()));
    store.commit(step).await.unwrap();
    jobs.iter_mut().for_each(|job| job.version = 1);
    let due = async |now, real_now| store.jobs_due(JobKind::SendPayout, now, real_now, 10).await.unwrap();
    assert_eq!(due(mint.now, mint.now).await, [jobs[1].clone(), jobs[3].clone()]);
    let mut leased = jobs[1].clone();
    leased.leased_until = Some(mint.now.after(Duration::from_secs(5)));
    store.commit(writing(leased)).await.unwrap();
    assert_eq!(due(mint.now, mint.now).await, [jobs[3].clone()]);
    let later = mint.now.after(Duration::from_secs(9));
    assert_eq!(due(later, later).await.iter().map(|job| job.id).collect::<Vec<_>>(), [jobs[1].id, jobs[3].id, jobs[0].id]);
    assert_eq!(store.jobs_of_subject("p").await.unwrap().len(), 4);
    let counts = store.order_counts().await.unwrap();
    assert_eq!(counts.jobs, [("send_payout".to_owned(), 3, jobs[1].due_at), ("send_transfer".to_owned(), 1, mint.now)]);
}

async fn facts_wait_until_applied_or_quarantined(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut facts = Vec::new();
    for line in 0..5 {
        fixture.clock.advance(Duration::from_secs(1));
        facts.push(fact(&fixture, &line.to_string()));
        store.commit(writing(facts[line].clone())).await.unwrap();
    }
    facts.iter_mut().for_each(|fact| fact.version = 1);
    let page = store.facts_waiting(None, 3).await.unwrap();
    assert_eq!(page, facts[..3]);
    assert_eq!(store.facts_waiting(Some(page[2].id), 3).await.unwrap(), facts[3..]);
    assert_eq!(store.order_counts().await.unwrap().oldest_fact_at, Some(facts[0].observed_at));
    facts[0].applied = true;
    facts[1].quarantined = Some("odd".into());
    store.commit(writing(facts[0].clone())).await.unwrap();
    store.commit(writing(facts[1].clone())).await.unwrap();
    assert_eq!(store.facts_waiting(None, 9).await.unwrap(), facts[2..]);
    assert_eq!(store.order_counts().await.unwrap().facts_waiting, 3);
    assert_eq!(store.fact(facts[1].id).await.unwrap().unwrap().quarantined.as_deref(), Some("odd"));
    // A fact that cannot be read is returned as an error and does not hide the others.
    fixture.sql(&format!("UPDATE facts SET data = '#' WHERE id = '{}'", facts[2].id)).await;
    assert!(store.facts_waiting(None, 9).await.is_err());
    let each = store.facts_to_apply(None, 9).await.unwrap();
    let ids: Vec<_> = each.iter().map(|(id, fact)| (*id, fact.is_ok())).collect();
    assert_eq!(ids, [(facts[2].id, false), (facts[3].id, true), (facts[4].id, true)]);
    assert_eq!(store.order_counts().await.unwrap().oldest_fact_at, Some(facts[2].observed_at));
}

async fn deposits_stand_where_they_stand(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let order: OrderId = fixture.mint().id();
    let mut made = Vec::new();
    for (height, state, owner) in [
        (5, DepositState::Confirmed, Some(order)),
        (6, DepositState::Pending, None),
        (6, DepositState::Confirmed, None),
        (9, DepositState::Dropped, Some(order)),
    ] {
        fixture.clock.advance(Duration::from_secs(1));
        let mut one = deposit(&fixture, height, state, owner);
        store.commit(writing(one.clone())).await.unwrap();
        one.version = 1;
        made.push(one);
    }
    let [a, b, c, d] = <[_; 4]>::try_from(made).unwrap();
    assert_eq!(store.deposits_in_state(POLYGON, DepositState::Confirmed, None, 9).await.unwrap(), [a.clone(), c.clone()]);
    assert_eq!(store.deposits_in_state(POLYGON, DepositState::Confirmed, Some(a.id), 9).await.unwrap(), std::slice::from_ref(&c));
    assert_eq!(store.deposits_from_height(POLYGON, 6, None, 2).await.unwrap(), [b.clone(), c.clone()]);
    assert_eq!(store.deposits_from_height(POLYGON, 6, Some((6, c.id)), 2).await.unwrap(), std::slice::from_ref(&d));
    assert_eq!(store.deposits_of_order(order).await.unwrap(), [a.clone(), d]);
    assert_eq!(store.deposits_to_sweep(POLYGON, None, 9).await.unwrap(), [a.clone(), c.clone()]);
    let mut swept = a;
    swept.swept = true;
    store.commit(writing(swept)).await.unwrap();
    assert_eq!(store.deposits_to_sweep(POLYGON, None, 9).await.unwrap(), [c]);
}

async fn what_goes_out_is_found_by_state_and_order(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let order: OrderId = fixture.mint().id();
    let signed = SentIn { txid: Some("0x1".into()), ..SentIn::reserved(fixture.mint().id()) };
    let mut sent = Vec::new();
    for state in [TransferState::Queued, TransferState::Broadcast(signed.clone()), TransferState::Confirmed(signed)] {
        fixture.clock.advance(Duration::from_secs(1));
        sent.push(transfer(&fixture, Some(order), state));
        store.commit(writing(sent.last().unwrap().clone())).await.unwrap();
    }
    sent.iter_mut().for_each(|one| one.version = 1);
    assert_eq!(store.transfers_in_state(POLYGON, TransferStatus::Broadcast, None, 9).await.unwrap(), sent[1..2]);
    assert_eq!(store.transfers_of_order(order).await.unwrap(), sent);
    assert_eq!(store.transfers_in_state(POLYGON, TransferStatus::Queued, None, 9).await.unwrap(), sent[..1]);
    let mut paid = payout(&fixture, Some(order), PayoutState::Unknown);
    store.commit(writing(paid.clone())).await.unwrap();
    paid.version = 1;
    assert_eq!(store.payouts_in_state(PayoutStatus::Unknown, None, 9).await.unwrap(), [paid.clone()]);
    assert_eq!(store.payouts_in_state(PayoutStatus::Queued, None, 9).await.unwrap(), []);
    assert_eq!(store.payouts_of_order(order).await.unwrap(), [paid]);
}

async fn deliveries_are_due_parked_and_leased(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let partner: PartnerId = fixture.mint().id();
    let now = fixture.mint().now;
    let mut made = [DeliveryState::Pending, DeliveryState::Pending, DeliveryState::Parked, DeliveryState::Delivered]
        .map(|state| delivery(&fixture, partner, state));
    made[0].due_at = now.after(Duration::from_secs(3));
    for one in &mut made {
        store.commit(writing(one.clone())).await.unwrap();
        one.version = 1;
    }
    let due = async |after| store.receivers_due(after, now, now, 9).await.unwrap().receivers;
    assert_eq!(due(None).await, [(made[1].subscription, now)]);
    assert_eq!(due(Some(made[1].subscription)).await, []);
    assert_eq!(store.deliveries_due_to(made[1].subscription, now, now, 9).await.unwrap(), [made[1].clone()]);
    assert_eq!(store.deliveries_due_to(made[0].subscription, now, now, 9).await.unwrap(), []);
    assert_eq!(store.next_delivery_due_at().await.unwrap(), Some(now));
    let mut leased = made[1].clone();
    leased.leased_until = Some(now.after(Duration::from_secs(1)));
    store.commit(writing(leased)).await.unwrap();
    assert_eq!(due(None).await, []);
    assert_eq!(store.deliveries_due_to(made[1].subscription, now, now, 9).await.unwrap(), []);
    assert_eq!(store.next_delivery_due_at().await.unwrap(), Some(now), "what is leased lags as well");
    assert_eq!(store.deliveries_parked(None, 9).await.unwrap(), [made[2].clone()]);
    assert_eq!(store.deliveries_parked_of(partner, None, 9).await.unwrap(), [made[2].clone()]);
    assert_eq!(store.deliveries_parked_of(fixture.mint().id(), None, 9).await.unwrap(), []);
    let counts = store.order_counts().await.unwrap();
    assert_eq!((counts.deliveries_pending, counts.deliveries_parked), (2, 1));
    let mut wish = subscription(&fixture, partner);
    store.commit(writing(wish.clone())).await.unwrap();
    wish.version = 1;
    assert_eq!(store.subscriptions_of(partner).await.unwrap(), [wish]);
}

/// A receiver is skipped in one step however many deliveries wait for it, and receivers are paged.
async fn receivers_are_found_whatever_waits_for_others(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (partner, now) = (fixture.mint().id(), fixture.mint().now);
    let mut receivers: Vec<SubscriptionId> = (0..3).map(|_| fixture.mint().id()).collect();
    receivers.sort_unstable();
    let mut flood = Step::new();
    for number in 0..2_000_u64 {
        // The first has many overdue deliveries, the second later ones, the third one that is due now.
        let (subscription, due_at) = match number {
            1_999 => (receivers[2], now),
            1_998 => (receivers[1], now.after(Duration::from_secs(9))),
            _ => (receivers[0], now.before(Duration::from_secs(number + 1))),
        };
        flood.write(Delivery { subscription, due_at, ..delivery(&fixture, partner, DeliveryState::Pending) });
    }
    store.commit(flood).await.unwrap();
    let earliest = now.before(Duration::from_secs(1_998));
    let all = store.receivers_due(None, now, now, 9).await.unwrap();
    assert_eq!((all.receivers, all.next), (vec![(receivers[0], earliest), (receivers[2], now)], None));
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let page = store.receivers_due(after, now, now, 1).await.unwrap();
        pages.push(page.receivers);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec![(receivers[0], earliest)], vec![], vec![(receivers[2], now)], vec![]]);
    assert_eq!(store.deliveries_due_to(receivers[0], now, now, 1).await.unwrap()[0].due_at, earliest);
    assert_eq!(store.next_delivery_due_at().await.unwrap(), Some(earliest));
    let parked = Delivery { subscription: receivers[0], ..delivery(&fixture, partner, DeliveryState::Parked) };
    store.commit(writing(parked.clone())).await.unwrap();
    store.commit(writing(Subscription { id: receivers[0], ..subscription(&fixture, partner) })).await.unwrap();
    assert_eq!(store.parked_counts(partner, 9).await.unwrap(), [(receivers[0], 1)]);
    assert_eq!(store.deliveries_parked_to(receivers[0], Some(parked.id), 9).await.unwrap(), []);
}

async fn partners_with_news_are_found(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut partners: Vec<PartnerId> = (0..3).map(|_| fixture.mint().id()).collect();
    partners.sort_unstable();
    for partner in &partners {
        let mut step = Step::new();
        for _ in 0..3 {
            step.events.push(event(&fixture.mint(), *partner, ""));
        }
        store.commit(step).await.unwrap();
    }
    store.commit(writing(cursor(&format!("fanout-{}", partners[0]), "3"))).await.unwrap();
    store.commit(writing(cursor(&format!("fanout-{}", partners[1]), "1"))).await.unwrap();
    let news = store.unfanned_partners(None, 9).await.unwrap();
    assert_eq!(
        news.iter().map(|news| (news.partner, news.fanned, news.last)).collect::<Vec<_>>(),
        [(partners[1], 1, 3), (partners[2], 0, 3)]
    );
    assert_eq!(store.unfanned_partners(None, 1).await.unwrap(), news[..1]);
    assert_eq!(store.unfanned_partners(Some(partners[1]), 1).await.unwrap(), news[1..]);
}

async fn persons_find_their_work(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let order: OrderId = fixture.mint().id();
    let mut item = review(&fixture, Some(order));
    store.commit(writing(item.clone())).await.unwrap();
    item.version = 1;
    assert_eq!(store.reviews_waiting(None, 9).await.unwrap(), [item.clone()]);
    assert_eq!(store.reviews_of_order(order, 9).await.unwrap(), [item.clone()]);
    assert_eq!(store.review(item.id).await.unwrap(), Some(item.clone()));
    // Input from outside in an order's item hides none of the items.
    let mut flood = Step::new();
    let mut last = None;
    for _ in 0..1_200 {
        fixture.clock.advance(Duration::from_millis(1));
        let dust = ReviewItem { subject: ReviewSubject::Suspense(None), fact: Some(fixture.mint().id()), ..review(&fixture, Some(order)) };
        flood.write(dust.clone());
        last = Some(ReviewItem { version: 1, ..dust });
    }
    store.commit(flood).await.unwrap();
    let last = last.unwrap();
    assert_eq!(store.reversals_waiting(order).await.unwrap(), [item]);
    assert_eq!(store.reviews_of_order(order, 1).await.unwrap(), std::slice::from_ref(&last));
    assert_eq!(store.reviews_of_fact(last.fact.unwrap()).await.unwrap(), std::slice::from_ref(&last));
    let settled = ReviewItem { subject: ReviewSubject::Reversal(None), ..last }.undone(fixture.mint().now);
    store.commit(writing(settled.clone())).await.unwrap();
    assert_eq!(store.reversals_waiting(order).await.unwrap().len(), 1, "one that is settled does not wait");
    assert_eq!(store.reviews_of_fact(settled.fact.unwrap()).await.unwrap(), [ReviewItem { version: 2, ..settled }]);
    let mut lines = Vec::new();
    for subject in ["a", "b", "a"] {
        fixture.clock.advance(Duration::from_secs(1));
        lines.push(audit(&fixture, subject));
        store.commit(writing(lines.last().unwrap().clone())).await.unwrap();
    }
    lines.iter_mut().for_each(|line| line.version = 1);
    lines.reverse();
    assert_eq!(store.audit(None, 2).await.unwrap(), lines[..2]);
    assert_eq!(store.audit(Some(lines[1].id), 2).await.unwrap(), lines[2..]);
    assert_eq!(store.audit_of("a", None, 9).await.unwrap(), [lines[0].clone(), lines[2].clone()]);
}

async fn what_has_expired_is_pruned(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    for turn in 0..6_i64 {
        let mut step = Step::new();
        step.claims.push(claim(ClaimScope::IdempotencyKey, &turn.to_string(), ""));
        step.raises.push(raise(counter(turn, "limit"), 1, None));
        if turn < 5 {
            step.claims[0].expires_at = Some(fixture.mint().now.after(Duration::from_secs(turn.unsigned_abs())));
            step.raises[0].expires_at = step.claims[0].expires_at;
        }
        store.commit(step).await.unwrap();
    }
    let old = BatchId::first_at(Timestamp::from_micros(1));
    fixture.sql(&format!("UPDATE batches SET id = '{old}' WHERE id = (SELECT MIN(id) FROM batches)")).await;
    fixture.clock.advance(Duration::from_secs(3));
    let pruned = store.prune(fixture.mint().now, 3).await.unwrap();
    assert_eq!((pruned.claims, pruned.counters, pruned.batches), (3, 3, 1));
    let pruned = store.prune(fixture.mint().now, 3).await.unwrap();
    assert_eq!((pruned.claims, pruned.counters, pruned.batches), (1, 1, 0));
    assert_eq!(fixture.texts("SELECT id FROM claims ORDER BY id", 0).await, ["idempotency_key:4", "idempotency_key:5"]);
    assert_eq!(fixture.texts("SELECT id FROM counters ORDER BY id", 0).await, ["customer:4", "customer:5"]);
}
