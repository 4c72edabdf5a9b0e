//! Lists of orders and people: contents, paging, and query plans that use an index.

use rampart_core::outgoing::{PayoutStatus, TransferStatus};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rampart_core::id::earlier_link;
use rampart_core::id::{CustomerId, OrderId, PartnerId};
use rampart_core::money::amount::Amount;
use rampart_core::order::payment::{Payment, PaymentState};
use rampart_core::order::rampoff::RampoffState;
use rampart_core::order::{HoldReason, PaymentStatus, RampoffStatus};
use rampart_core::step::job::JobKind;
use rampart_core::step::watch::DepositState;
use rampart_core::step::{ClaimScope, Step};
use rampart_store::{CustomerFilter, OrderFilter, Store};

use crate::examples::{customer, partner, rampoff};
use crate::support::{BANK, EUR, Fixture, TestEngine, claim, counter, earlier_token, payment, writing};

on_both_engines!(
    lists_are_what_a_scan_would_find,
    an_order_is_found_by_its_own_name,
    orders_are_found_by_page_concept_and_address,
    orders_become_due_and_get_stuck,
    people_are_found_and_paged,
    no_list_scans_or_sorts,
);

/// Sixty payments of two partners and three customers in three statuses, one second apart.
async fn payments(fixture: &Fixture, store: &Store) -> (Vec<Payment>, [PartnerId; 2]) {
    let partners = [partner(fixture, "a"), partner(fixture, "b")];
    let ids = [partners[0].id, partners[1].id];
    let mut step = Step::new();
    for one in partners {
        step.write(one);
    }
    for (number, owner) in [(1, ids[0]), (2, ids[0]), (3, ids[1])] {
        step.write(customer(fixture, number, owner));
    }
    store.commit(step).await.unwrap();
    let mut made = Vec::new();
    for turn in 0..60_i64 {
        fixture.clock.advance(Duration::from_secs(1));
        let number = turn % 3 + 1;
        let owner = if number == 3 { ids[1] } else { ids[0] };
        let state = match turn % 4 {
            0 => PaymentState::Started,
            1 => PaymentState::Expired,
            _ => PaymentState::Cancelled,
        };
        let mut one = payment(fixture, owner, number, state);
        store.commit(writing(one.clone())).await.unwrap();
        one.version = 1;
        made.push(one);
    }
    made.reverse();
    (made, ids)
}

async fn lists_are_what_a_scan_would_find(fixture: Arc<Fixture>) {
    use PaymentStatus::{Cancelled, CoinsSent, Expired, RefundPending, Started};
    let store = fixture.store().await;
    let (all, partners) = payments(&fixture, &store).await;
    let mut filters = Vec::new();
    for partner in [None, Some(partners[0]), Some(partners[1])] {
        for customer in [None, Some(CustomerId(1)), Some(CustomerId(3))] {
            for statuses in [&[][..], &[Started], &[Expired, Cancelled], &[CoinsSent], &[RefundPending]] {
                for (from, to) in [(None, None), (Some(all[40].created_at), None), (Some(all[50].created_at), Some(all[10].created_at))] {
                    filters.push(OrderFilter { partner, customer, statuses: statuses.to_vec(), external_id: None, from, to });
                }
            }
        }
    }
    for filter in filters {
        let expected: Vec<&Payment> = all
            .iter()
            .filter(|one| {
                filter.partner.is_none_or(|partner| partner == one.partner)
                    && filter.customer.is_none_or(|customer| customer == one.customer)
                    && (filter.statuses.is_empty() || filter.statuses.contains(&one.status()))
                    && filter.from.is_none_or(|from| one.created_at >= from)
                    && filter.to.is_none_or(|to| one.created_at < to)
            })
            .collect();
        let mut found = Vec::new();
        let mut before: Option<OrderId> = None;
        loop {
            let page = store.payments(&filter, before, 7).await.unwrap();
            let Some(last) = page.last() else { break };
            assert!(page.len() <= 7);
            before = Some(last.id);
            found.extend(page);
        }
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

async fn an_order_is_found_by_its_own_name(fixture: Arc<Fixture>) {
    fn by_external_id<S>(partner: PartnerId) -> OrderFilter<S> {
        OrderFilter { partner: Some(partner), external_id: Some("my:own name".to_owned()), ..OrderFilter::default() }
    }
    let store = fixture.store().await;
    let (_, partners) = payments(&fixture, &store).await;
    let mut named = payment(&fixture, partners[0], 1, PaymentState::Started);
    named.external_id = Some("my:own name".into());
    let mut step = writing(named.clone());
    step.claims.push(claim(ClaimScope::PaymentExternalId, &format!("{}:my:own name", partners[0]), &named.id.to_string()));
    store.commit(step).await.unwrap();
    named.version = 1;
    assert_eq!(store.payments(&by_external_id(partners[0]), None, 9).await.unwrap(), [named.clone()]);
    assert_eq!(store.payments(&by_external_id(partners[1]), None, 9).await.unwrap(), []);
    assert_eq!(store.rampoffs(&by_external_id(partners[0]), None, 9).await.unwrap(), []);
    let mut filter = OrderFilter { partner: Some(partners[0]), external_id: named.external_id.clone(), ..OrderFilter::default() };
    assert_eq!(store.payments(&filter, None, 5).await.unwrap(), [named.clone()]);
    assert_eq!(store.payments(&filter, Some(named.id), 5).await.unwrap(), []);
    filter.statuses = vec![PaymentStatus::Expired];
    assert_eq!(store.payments(&filter, None, 5).await.unwrap(), []);
}

async fn orders_are_found_by_page_concept_and_address(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let owner: PartnerId = fixture.mint().id();
    let mut bought = payment(&fixture, owner, 1, PaymentState::Started);
    let mut step = writing(bought.clone());
    step.claims.push(claim(ClaimScope::Concept, "1000000008", &bought.id.to_string()));
    let mut sold: Vec<_> = ["0xa", "0xb", "0xc"].map(|address| rampoff(&fixture, owner, 1, RampoffState::Created, address)).into();
    let (of_bought, of_sold) = (earlier_token(&fixture, bought.id.minted_at()), earlier_token(&fixture, sold[1].id.minted_at()));
    sold[1].earlier_link = Some(earlier_link::fingerprint(&of_sold));
    for one in &sold {
        step.write(one.clone());
    }
    store.commit(step).await.unwrap();
    bought.version = 1;
    bought.earlier_link = Some(earlier_link::fingerprint(&of_bought));
    store.commit(writing(bought.clone())).await.unwrap();
    bought.version = 2;
    sold.iter_mut().for_each(|one| one.version = 1);
    assert_eq!(store.payment_by_concept("1000000008").await.unwrap().as_ref(), Some(&bought));
    assert_eq!(store.payment_by_concept("1").await.unwrap(), None);
    assert_eq!(store.payment_by_earlier_link(&of_bought).await.unwrap().as_ref(), Some(&bought));
    assert_eq!(store.payment_by_earlier_link(&of_sold).await.unwrap(), None);
    assert_eq!(store.rampoff_by_earlier_link(&of_sold).await.unwrap().as_ref(), Some(&sold[1]));
    assert_eq!(store.rampoff_by_earlier_link("no token").await.unwrap(), None);
    let asked = ["0xc", "0xnone", "0xa", "0xa"].map(str::to_owned);
    let mut found = store.rampoffs_by_deposit_addresses(&asked).await.unwrap();
    assert!(found.is_sorted_by_key(|one| one.id), "oldest first");
    found.sort_by_key(|one| one.deposit_address.clone());
    assert_eq!(found, [sold[0].clone(), sold[2].clone()]);
    assert_eq!(store.rampoffs_by_deposit_addresses(&[]).await.unwrap(), []);

    let mut known = customer(&fixture, 1, owner);
    store.commit(writing(known.clone())).await.unwrap();
    known.version = 1;
    let asked = [Some("0xa"), Some("0xnone"), Some("0xA"), None];
    let questions = (0..90).map(|turn| store.customer_and_deposit_address(owner, CustomerId(i64::from(turn % 3 == 0)), asked[turn % 4]));
    for (turn, found) in futures::future::join_all(questions).await.into_iter().enumerate() {
        let expected = (turn % 3 == 0).then(|| (known.clone(), turn % 4 == 0));
        assert_eq!(found.unwrap(), expected, "{turn}");
    }
    assert_eq!(store.payments_by_id(&[bought.id, sold[0].id, bought.id]).await.unwrap(), [bought.clone()]);
    // Another partner's records are not found.
    let other_partner: PartnerId = fixture.mint().id();
    assert_eq!(store.customer_and_deposit_address(other_partner, known.id, Some("0xa")).await.unwrap(), None);
    for (partner, is_there) in [(owner, true), (other_partner, false)] {
        assert_eq!(store.payment_of(partner, bought.id).await.unwrap(), is_there.then(|| bought.clone()));
        assert_eq!(store.rampoff_of(partner, sold[0].id).await.unwrap(), is_there.then(|| sold[0].clone()));
    }
}

async fn orders_become_due_and_get_stuck(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (all, _) = payments(&fixture, &store).await;
    let started: Vec<&Payment> = all.iter().rev().filter(|one| one.status().as_str() == "started").collect();
    assert_eq!(store.payments_due(fixture.mint().now, None, 100).await.unwrap(), []);
    let second = started[1].held_until;
    assert_eq!(store.payments_due(second, None, 100).await.unwrap().iter().collect::<Vec<_>>(), started[..2]);
    fixture.clock.advance(Duration::from_secs(100_000));
    assert_eq!(store.payments_due(fixture.mint().now, None, 100).await.unwrap().len(), started.len());
    assert_eq!(store.rampoffs_due(fixture.mint().now, None, 100).await.unwrap(), []);
    let on_hold = PaymentState::OnHold { reason: HoldReason::Screening, since: fixture.mint().now };
    let mut held = Vec::new();
    for number in [1, 2, 1, 2, 1] {
        fixture.clock.advance(Duration::from_secs(1));
        // It has no hold any more, so it has no due time.
        let mut one = payment(&fixture, started[0].partner, number, on_hold.clone());
        one.reserved = Amount::ZERO;
        store.commit(writing(one.clone())).await.unwrap();
        one.version = 1;
        held.push(one);
    }
    let stuck = store.stuck_payments(PaymentStatus::OnHold, held[3].updated_at, None, 3).await.unwrap();
    assert_eq!(stuck, held[..3]);
    let last = (stuck[2].updated_at, stuck[2].id);
    assert_eq!(store.stuck_payments(PaymentStatus::OnHold, held[3].updated_at, Some(last), 3).await.unwrap(), held[3..4]);
    assert_eq!(store.stuck_payments(PaymentStatus::Expired, fixture.mint().now, None, 3).await.unwrap(), []);
    assert_eq!(store.stuck_payments(PaymentStatus::Started, fixture.mint().now, None, 3).await.unwrap(), [], "time alone changes these");
    let counts = store.order_counts().await.unwrap();
    assert_eq!(counts.payments, [("on_hold".to_owned(), 5), ("started".to_owned(), i64::try_from(started.len()).unwrap())]);
}

async fn people_are_found_and_paged(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut owner = partner(&fixture, "key one");
    store.commit(writing(owner.clone())).await.unwrap();
    for number in 1..=9 {
        fixture.clock.advance(Duration::from_secs(1));
        let mut step = writing(customer(&fixture, number, if number == 5 { fixture.mint().id() } else { owner.id }));
        step.claims.push(claim(ClaimScope::CustomerEmail, &format!("{}:c{number}@example.com", owner.id), &number.to_string()));
        store.commit(step).await.unwrap();
    }
    owner.version = 1;
    assert_eq!(store.partner_by_api_key("key one").await.unwrap().as_ref(), Some(&owner));
    assert_eq!(store.partner_by_api_key("key").await.unwrap(), None);
    let mut rotated = owner.clone();
    rotated.previous_key = Some((rotated.api_key.clone(), fixture.mint().now));
    rotated.api_key.key = "key two".into();
    store.commit(writing(rotated.clone())).await.unwrap();
    rotated.version = 2;
    assert_eq!(store.partner_by_api_key("key one").await.unwrap().as_ref(), Some(&rotated));
    assert_eq!(store.partner_by_api_key("key two").await.unwrap().as_ref(), Some(&rotated));
    assert_eq!(store.partners(None, 10).await.unwrap(), [rotated]);
    assert_eq!(store.partners(Some(owner.id), 10).await.unwrap(), []);
    let mut third = store.customer(CustomerId(3)).await.unwrap().unwrap();
    let [token, other] = [(); 2].map(|()| earlier_token(&fixture, third.created_at));
    third.earlier_link = Some(earlier_link::fingerprint(&token));
    store.commit(writing(third.clone())).await.unwrap();
    third.version += 1;
    assert_eq!(store.customer_by_earlier_link(&token).await.unwrap().as_ref(), Some(&third));
    assert_eq!(store.customer_by_earlier_link(&other).await.unwrap(), None, "of the same moment, and not the one that was drawn");
    let email_key = |partner: PartnerId| format!("{partner}:c4@example.com");
    assert_eq!(store.claim(ClaimScope::CustomerEmail, &email_key(owner.id)).await.unwrap().unwrap().subject, "4");
    assert_eq!(store.claim(ClaimScope::CustomerEmail, &email_key(fixture.mint().id())).await.unwrap(), None);
    let numbers = |page: &[rampart_core::customer::Customer]| page.iter().map(|one| one.id.0).collect::<Vec<_>>();
    let mut filter = CustomerFilter { partner: Some(owner.id), ..CustomerFilter::default() };
    let page = store.customers(&filter, None, 3).await.unwrap();
    assert_eq!(numbers(&page), [9, 8, 7]);
    let next = store.customers(&filter, Some((page[2].created_at, page[2].id)), 3).await.unwrap();
    assert_eq!(numbers(&next), [6, 4, 3]);
    filter.partner = None;
    filter.to = Some(page[2].created_at);
    filter.from = Some(next[2].created_at);
    assert_eq!(numbers(&store.customers(&filter, None, 9).await.unwrap()), [6, 5, 4, 3]);
}

async fn call_every_list(fixture: &Fixture, store: &Store) {
    let mint = fixture.mint();
    let (partner, now): (PartnerId, _) = (mint.id(), mint.now);
    let chain = rampart_core::example::POLYGON;
    let order: OrderId = mint.id();
    store.commit(writing(crate::examples::partner(fixture, "k"))).await.unwrap();
    store.commit(writing(customer(fixture, 1, partner))).await.unwrap();
    for filter in [
        OrderFilter::default(),
        OrderFilter { partner: Some(partner), ..OrderFilter::default() },
        OrderFilter { partner: Some(partner), statuses: vec![PaymentStatus::Expired], ..OrderFilter::default() },
        OrderFilter { partner: Some(partner), customer: Some(CustomerId(1)), ..OrderFilter::default() },
        OrderFilter { partner: Some(partner), external_id: Some("x".into()), ..OrderFilter::default() },
        OrderFilter { statuses: vec![PaymentStatus::Expired], ..OrderFilter::default() },
    ] {
        store.payments(&filter, None, 5).await.unwrap();
        let OrderFilter { partner, customer, external_id, from, to, .. } = filter;
        let statuses = filter.statuses.iter().map(|_| RampoffStatus::Expired).collect();
        store.rampoffs(&OrderFilter { partner, customer, external_id, from, to, statuses }, None, 5).await.unwrap();
    }
    for partner in [None, Some(partner)] {
        store.customers(&CustomerFilter { partner, ..CustomerFilter::default() }, None, 5).await.unwrap();
    }
    store.partners(None, 5).await.unwrap();
    store.partner_by_api_key("x").await.unwrap();
    let token = earlier_token(fixture, now);
    store.customer_by_earlier_link(&token).await.unwrap();
    store.payment_by_earlier_link(&token).await.unwrap();
    store.rampoff_by_earlier_link(&token).await.unwrap();
    store.installation_keys().await.unwrap();
    store.rampoffs_by_deposit_addresses(&["x".into()]).await.unwrap();
    store.customer_and_deposit_address(mint.id(), CustomerId(1), Some("x")).await.unwrap();
    store.payment_of(mint.id(), order).await.unwrap();
    store.rampoff_of(mint.id(), order).await.unwrap();
    store.payments_due(now, None, 5).await.unwrap();
    store.rampoffs_due(now, None, 5).await.unwrap();
    store.stuck_payments(PaymentStatus::Started, now, None, 5).await.unwrap();
    store.stuck_rampoffs(RampoffStatus::Created, now, None, 5).await.unwrap();
    store.jobs_due(JobKind::SendPayout, now, now, 5).await.unwrap();
    store.jobs_of_subject("x").await.unwrap();
    store.facts_waiting(None, 5).await.unwrap();
    store.facts_to_apply(None, 5).await.unwrap();
    store.oldest_fact_waiting_at().await.unwrap();
    store.deposits_in_state(chain, DepositState::Pending, None, 5).await.unwrap();
    store.deposits_from_height(chain, 5, None, 5).await.unwrap();
    store.deposits_to_sweep(chain, None, 5).await.unwrap();
    store.deposits_of_order(order).await.unwrap();
    store.transfers_in_state(chain, TransferStatus::Queued, None, 5).await.unwrap();
    store.transfers_of_order(order).await.unwrap();
    store.payouts_in_state(PayoutStatus::Queued, None, 5).await.unwrap();
    store.payouts_of_order(order).await.unwrap();
    store.for_each_open_payment(|_| ()).await.unwrap();
    store.for_each_open_rampoff(|_| ()).await.unwrap();
    store.subscriptions_of(partner).await.unwrap();
    store.receivers_due(None, now, now, 5).await.unwrap();
    store.deliveries_due_to(mint.id(), now, now, 5).await.unwrap();
    store.deliveries_parked_to(mint.id(), None, 5).await.unwrap();
    store.parked_counts(partner, 5).await.unwrap();
    store.subscriptions_disabled(None, 5).await.unwrap();
    store.unfanned_partners(None, 5).await.unwrap();
    store.next_delivery_due_at().await.unwrap();
    store.deliveries_parked(None, 5).await.unwrap();
    store.deliveries_parked_of(partner, None, 5).await.unwrap();
    store.events_after(partner, 0, 5).await.unwrap();
    store.events_by_sequence(partner, &[1]).await.unwrap();
    store.events_of_subject(partner, "x", 0, 5).await.unwrap();
    store.audit_of("x", None, 5).await.unwrap();
    store.audit(None, 5).await.unwrap();
    store.reviews_waiting(None, 5).await.unwrap();
    store.stops().await.unwrap();
    store.batch_number().await.unwrap();
    store.reviews(None, 5).await.unwrap();
    store.reviews_of_order(order, 5).await.unwrap();
    store.reviews_of_fact(mint.id()).await.unwrap();
    store.reversals_waiting(order).await.unwrap();
    store.balances(None, 5).await.unwrap();
    store.balances_of(BANK).await.unwrap();
    store.balance(BANK, EUR).await.unwrap();
    store.entries(BANK, EUR, None, 5).await.unwrap();
    store.postings_of_order(order).await.unwrap();
    store.posting(mint.id()).await.unwrap();
    store.counters(&[&counter(1, "x")]).await.unwrap();
    store.claim(ClaimScope::Fact, "x").await.unwrap();
}

/// Statements that may scan a whole table: there are few partners.
fn is_small(sql: &str) -> bool {
    sql == "SELECT id FROM partners ORDER BY id"
}

async fn no_list_scans_or_sorts(fixture: Arc<Fixture>) {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut options = fixture.options();
    let noted = Arc::clone(&seen);
    options.on_read = Some(Arc::new(move |sql| noted.lock().unwrap().push(sql.to_owned())));
    let store = Store::open(&fixture.url, options).await.unwrap();
    call_every_list(&fixture, &store).await;
    let mut statements = seen.lock().unwrap().clone();
    statements.sort_unstable();
    statements.dedup();
    assert!(statements.len() > 50, "{}", statements.len());
    let mut partners_lists = 0;
    for sql in statements.iter().filter(|sql| !is_small(sql)) {
        let plan = plan(&fixture, sql).await;
        let bad = match fixture.engine {
            // A newest-first list of everything scans an index in its order, up to the limit.
            TestEngine::Sqlite => plan.iter().any(|line| {
                line.contains("TEMP B-TREE") || (line.starts_with("SCAN") && !line.contains("USING") && !is_found_one_by_one(line))
            }),
            TestEngine::Postgres => {
                plan.iter().any(|line| line.contains("Seq Scan") || (line.contains("Sort  (") && !orders_few_rows(sql)))
            }
        };
        assert!(!bad, "{sql}\n{}", plan.join("\n"));
        // Without this index a partner's few would be searched among all partners' parked deliveries.
        if sql.contains("state = 'parked' AND partner = $1") {
            assert!(plan.iter().any(|line| line.contains("deliveries_parked_of")), "{sql}\n{}", plan.join("\n"));
            partners_lists += 1;
        }
    }
    assert_eq!(partners_lists, 1, "the list of a partner's parked deliveries was looked at");
}

/// Scans of a statement's own intermediate rows, each of which was found by an index.
fn is_found_one_by_one(line: &str) -> bool {
    ["SCAN receivers", "SCAN parked"].contains(&line)
}

/// Statements that sort the rows of one order, or rows requested by number; both are few.
fn orders_few_rows(sql: &str) -> bool {
    sql.contains("FROM entries e JOIN postings p") || sql.contains("WHERE sequence ")
}

async fn plan(fixture: &Fixture, sql: &str) -> Vec<String> {
    match fixture.engine {
        TestEngine::Sqlite => {
            let lines = fixture.texts(&format!("EXPLAIN QUERY PLAN {sql}"), 3).await;
            lines.into_iter().filter(|line| !(orders_few_rows(sql) && line.contains("TEMP B-TREE"))).collect()
        }
        TestEngine::Postgres => {
            let values = sql
                .match_indices('$')
                .filter_map(|(at, _)| sql[at + 1..].split(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok());
            let nulls = vec!["NULL"; values.max().unwrap_or(0)].join(", ");
            let call = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
            // PostgreSQL prefers to scan and sort small tables. Here it may do so only where there is no other way.
            let explain = format!(
                "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan; \
                 PREPARE list AS {sql}; EXPLAIN EXECUTE list{call}"
            );
            fixture.texts(&explain, 0).await
        }
    }
}
