//! The migrations of both engines produce the same schema, and they convert the data of earlier versions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rampart_core::order::payment::PaymentState;
use rampart_core::order::rampoff::RampoffState;
use rampart_core::partner::Partner;
use rampart_core::partner::event::{EventDraft, EventType};
use rampart_core::partner::webhook::{Delivery, DeliveryState, Subscription};
use rampart_core::review::{ReviewItem, ReviewSubject};
use rampart_core::step::job::{Job, JobKind};
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::time::Timestamp;
use rampart_store::{InstallationRecord, Store};

use crate::examples::{customer, delivery, event, rampoff, review, subscription};
use crate::support::{Fixture, TestEngine, claim, earlier_token, payment, run, writing};

/// `table.column type null key` and `index table (columns) unique partial`, a form common to both engines.
async fn sqlite(fixture: &Fixture) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let columns = "SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || iif(c.\"notnull\" = 1, 'required', 'optional') || ' ' || c.pk \
                   FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'";
    lines.extend(fixture.texts(columns, 0).await);
    let indexes = "SELECT i.name || ' ' || m.name || ' (' || (SELECT group_concat(x.name) FROM pragma_index_info(i.name) x) || ') ' || \
                   iif(i.\"unique\" = 1, 'true', 'false') || ' ' || iif(i.partial = 1, 'true', 'false') \
                   FROM sqlite_master m JOIN pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin = 'c'";
    lines.extend(fixture.texts(indexes, 0).await);
    lines
}

async fn postgres(fixture: &Fixture) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let connection = fixture.postgres().await;
    let columns = "SELECT c.relname::text, a.attname::text, upper(format_type(a.atttypid, a.atttypmod)), a.attnotnull, \
                   COALESCE(array_position(i.indkey::int2[], a.attnum), -1)::int8, a.attcollation = 'pg_catalog.\"C\"'::regcollation \
                   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
                   LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary WHERE c.relkind = 'r'";
    for row in connection.query(columns, &[]).await.unwrap() {
        let (table, column, kind): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let (required, key, collated): (bool, i64, bool) = (row.get(3), row.get(4), row.get(5));
        // Key positions count from 0 here.
        lines.insert(format!("{table}.{column} {kind} {} {}", if required { "required" } else { "optional" }, key + 1));
        if kind == "TEXT" && table != "migrations" {
            assert!(collated || column == "data" || column == "answer", "{table}.{column} is not COLLATE \"C\"");
        }
    }
    let indexes = "SELECT t.relname::text, c.relname::text, i.indisunique, i.indpred IS NOT NULL, \
                   (SELECT string_agg(a.attname::text, ',' ORDER BY k.place) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place) \
                    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) \
                   FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
                   JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public' WHERE NOT i.indisprimary";
    for row in connection.query(indexes, &[]).await.unwrap() {
        let (table, index, columns): (String, String, String) = (row.get(0), row.get(1), row.get(4));
        let (unique, partial): (bool, bool) = (row.get(2), row.get(3));
        lines.insert(format!("{index} {table} ({columns}) {unique} {partial}"));
    }
    lines
}

#[test]
fn both_engines_have_the_same_schema() {
    run(TestEngine::Sqlite, |on_sqlite: Arc<Fixture>| async move {
        drop(on_sqlite.store().await);
        let expected = sqlite(&on_sqlite).await;
        assert!(expected.len() > 150, "{expected:#?}");
        let compared = std::thread::spawn(|| {
            let (send, receive) = std::sync::mpsc::channel();
            run(TestEngine::Postgres, |on_postgres: Arc<Fixture>| async move {
                drop(on_postgres.store().await);
                send.send(postgres(&on_postgres).await).unwrap();
            });
            receive.recv().unwrap()
        });
        let found = compared.join().unwrap();
        let differences: Vec<&String> = expected.symmetric_difference(&found).collect();
        assert!(differences.is_empty(), "{differences:#?}");
    });
}

on_both_engines!(
    opening_again_changes_nothing,
    items_of_an_earlier_version_are_found,
    failing_jobs_of_an_earlier_version_are_found,
    links_of_an_earlier_version_lead_on_and_are_not_kept,
    deliveries_of_an_earlier_version_are_found,
    names_of_an_earlier_version_are_taken,
    addresses_of_an_earlier_version_stay_with_their_orders,
    two_nodes_may_start_at_once,
    a_later_versions_database_is_refused,
    one_process_serves_a_file,
    what_is_served_is_not_copied
);

async fn opening_again_changes_nothing(fixture: Arc<Fixture>) {
    drop(fixture.store().await);
    drop(fixture.store().await);
    assert_eq!(
        fixture.texts("SELECT name FROM migrations ORDER BY name", 0).await,
        [
            "0001_start",
            "0002_parked_by_partner",
            "0003_deposit_addresses",
            "0004_page_tokens",
            "0005_fewer_indexes",
            "0006_reviews_by_fact",
            "0007_held_orders_are_due",
            "0008_installation_keys",
            "0009_receivers",
            "0010_modes_and_names",
            "0011_address_families",
            "0012_failing_jobs",
            "0013_transmissions"
        ]
    );
}

/// Reverts the database to the form of an earlier version, and opens it again.
async fn upgraded(fixture: &Fixture, store: Store, before: &[&str]) -> Store {
    store.close().await;
    for sql in before {
        fixture.sql(sql).await;
    }
    fixture.store().await
}

/// Reverts the reviews table to its form before the sixth migration.
const BEFORE_REVIEWS_BY_FACT: [&str; 5] = [
    "DROP INDEX reviews_fact",
    "DROP INDEX reviews_reversal",
    "ALTER TABLE reviews DROP COLUMN fact",
    "ALTER TABLE reviews DROP COLUMN kind",
    "DELETE FROM migrations WHERE name = '0006_reviews_by_fact'",
];

async fn items_of_an_earlier_version_are_found(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let order = fixture.mint().id();
    let reason = String::from("said: \"kind\":\"ledger\", \"fact\":\"fct_x\" \\u0000 \u{0}");
    let mut reversal = ReviewItem { reason, ..review(&fixture, Some(order)) };
    let mut about = ReviewItem { subject: ReviewSubject::Suspense(None), fact: Some(fixture.mint().id()), ..review(&fixture, Some(order)) };
    let subject = ReviewSubject::BelowFloor("bank:sepa".parse().unwrap());
    let mut alarm = ReviewItem { subject, ..review(&fixture, None) };
    let mut step = Step::new();
    for item in [&mut reversal, &mut about, &mut alarm] {
        step.write(item.clone());
        item.version = 1;
    }
    store.commit(step).await.unwrap();
    let store = upgraded(&fixture, store, &BEFORE_REVIEWS_BY_FACT).await;
    assert_eq!(store.reversals_waiting(order).await.unwrap(), [reversal]);
    assert_eq!(store.reviews_of_fact(about.fact.unwrap()).await.unwrap(), [about]);
    assert_eq!(store.reviews(None, 9).await.unwrap().len(), 3);
    let again = ReviewItem { id: fixture.mint().id(), version: 0, ..alarm };
    assert!(store.commit(crate::support::writing(again)).await.is_err(), "an account has one open alarm");
    assert_eq!(fixture.text("SELECT kind FROM reviews WHERE alarm IS NOT NULL").await.as_deref(), Some("below_floor"));
}

/// Reverts the jobs table to its form before the twelfth migration.
const BEFORE_FAILING_JOBS: [&str; 4] = [
    "DROP INDEX jobs_failing",
    "ALTER TABLE jobs DROP COLUMN failing",
    "DELETE FROM migrations WHERE name = '0012_failing_jobs'",
    "UPDATE jobs SET data = replace(data, ',\"first_failed_at\":null', '')",
];

async fn failing_jobs_of_an_earlier_version_are_found(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mint = fixture.mint();
    let job = |attempts, last_error: Option<&str>| Job {
        attempts,
        last_error: last_error.map(str::to_owned),
        ..Job::due_now(&mint, JobKind::SendPayout, "pay_1")
    };
    let odd = r#""attempts":77, \u0000"#;
    let mut jobs = [job(5, Some(odd)), job(4, Some(odd)), job(12, None), job(0, None)];
    let mut step = Step::new();
    jobs.iter().for_each(|job| step.write(job.clone()));
    store.commit(step).await.unwrap();
    jobs.iter_mut().for_each(|job| job.version = 1);
    let mut failing = vec![jobs[0].clone(), jobs[2].clone()];
    failing.sort_by_key(|job| job.id);
    assert_eq!(store.jobs_failing(None, 9).await.unwrap(), failing);
    assert_eq!(store.jobs_failing(Some(failing[0].id), 9).await.unwrap(), failing[1..]);
    assert_eq!(store.order_counts().await.unwrap().jobs_failing, 2);
    let store = upgraded(&fixture, store, &BEFORE_FAILING_JOBS).await;
    assert_eq!(store.jobs_failing(None, 9).await.unwrap(), failing);
    assert_eq!(failing[0].failing_since(), failing[0].id.minted_at());
}

/// Enough customers for several pages of the migration.
const CUSTOMERS: i64 = 1_100;

async fn links_of_an_earlier_version_lead_on_and_are_not_kept(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let owner = fixture.mint().id();
    let mut bought = payment(&fixture, owner, 1, PaymentState::Started);
    let mut sold = rampoff(&fixture, owner, 1, RampoffState::Created, "0xa");
    let mut people: Vec<_> = (1..=CUSTOMERS).map(|number| customer(&fixture, number, owner)).collect();
    let made = people.iter().map(|one| one.created_at);
    let tokens: Vec<String> =
        [bought.id.minted_at(), sold.id.minted_at()].into_iter().chain(made).map(|at| earlier_token(&fixture, at)).collect();
    // The field gets its old name below.
    bought.earlier_link = Some(tokens[0].clone());
    sold.earlier_link = Some(tokens[1].clone());
    people.iter_mut().zip(&tokens[2..]).for_each(|(one, token)| one.earlier_link = Some(token.clone()));
    people[7].profile.name = format!("\"page_token\":\"{}\"", tokens[9]).into();
    let link = |field: &str, token: &str| format!("{{\"{field}\":\"http://a/b?token={token}\",\"user_id\":8}}");
    let mut step = writing(bought.clone());
    step.write(sold.clone());
    people.iter().for_each(|one| step.write(one.clone()));
    let data = link("kyc_form_url", &tokens[9]);
    step.events.push(EventDraft { kind: EventType::KycUpdated, data, ..event(&fixture.mint(), owner, "8") });
    for (scope, key, answer) in [
        (ClaimScope::IdempotencyKey, "one", link("url_payment", &tokens[0])),
        (ClaimScope::IdempotencyKey, "two", link("url_status", &tokens[1])),
        (ClaimScope::IdempotencyKey, "three", link("kyc_form_url", &tokens[9])),
    ] {
        step.claims.push(Claim { answer, ..claim(scope, key, "subject") });
    }
    store.commit(step).await.unwrap();
    store.close().await;
    for table in ["payments", "rampoffs", "customers"] {
        fixture.sql(&format!("UPDATE {table} SET data = replace(data, '\"earlier_link\":', '\"page_token\":')")).await;
    }
    fixture.sql("DROP TABLE installation_keys").await;
    fixture.sql("DELETE FROM migrations WHERE name = '0008_installation_keys'").await;

    let store = fixture.store().await;
    assert_eq!(store.payment_by_earlier_link(&tokens[0]).await.unwrap().unwrap().id, bought.id);
    assert_eq!(store.rampoff_by_earlier_link(&tokens[1]).await.unwrap().unwrap().id, sold.id);
    for number in [0, 7, 498, 499, 500, 501, 1_099] {
        let found = store.customer_by_earlier_link(&tokens[number + 2]).await.unwrap().unwrap();
        assert_eq!(found.profile, people[number].profile, "{number}");
        assert_eq!((found.id, found.version), (people[number].id, 1));
    }
    for (table, column) in [("payments", "data"), ("rampoffs", "data"), ("customers", "data"), ("events", "data"), ("claims", "answer")] {
        for text in fixture.texts(&format!("SELECT {column} FROM {table}"), 0).await {
            let named = text.contains("\\\"page_token");
            assert!(named || !tokens.iter().any(|token| text.contains(token)), "{table}: {text}");
        }
    }
    assert_eq!(fixture.text("SELECT data FROM events").await.unwrap(), link("kyc_form_url", ""));
    let answers: BTreeSet<String> = fixture.texts("SELECT answer FROM claims WHERE answer <> ''", 0).await.into_iter().collect();
    assert_eq!(answers, ["url_payment", "url_status", "kyc_form_url"].map(|field| link(field, "")).into());
}

/// Reverts the webhook tables to their form before the ninth migration.
const BEFORE_RECEIVERS: [&str; 7] = [
    "DROP INDEX deliveries_due",
    "DROP INDEX deliveries_parked_to",
    "ALTER TABLE deliveries DROP COLUMN subscription",
    "CREATE INDEX deliveries_due ON deliveries (due_at, id) WHERE state = 'pending'",
    "DROP INDEX subscriptions_disabled",
    "ALTER TABLE subscriptions DROP COLUMN disabled",
    "DELETE FROM migrations WHERE name = '0009_receivers'",
];

async fn deliveries_of_an_earlier_version_are_found(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let (partner, now) = (fixture.mint().id(), fixture.mint().now);
    let mut wish = subscription(&fixture, partner);
    let said = Some(String::from("said: \"subscription\":\"whk_x\" \\u0000 \u{0}"));
    let mut made = [DeliveryState::Pending, DeliveryState::Parked, DeliveryState::Delivered].map(|state| Delivery {
        subscription: wish.id,
        last_error: said.clone(),
        ..delivery(&fixture, partner, state)
    });
    let mut step = Step::new();
    step.write(wish.clone());
    wish.version = 1;
    for one in &mut made {
        step.write(one.clone());
        one.version = 1;
    }
    store.commit(step).await.unwrap();
    let store = upgraded(&fixture, store, &BEFORE_RECEIVERS).await;
    assert_eq!(store.receivers_due(None, now, now, 9).await.unwrap().receivers, [(wish.id, now)]);
    assert_eq!(store.deliveries_due_to(wish.id, now, now, 9).await.unwrap(), made[..1]);
    assert_eq!(store.deliveries_parked_to(wish.id, None, 9).await.unwrap(), made[1..2]);
    assert_eq!(store.deliveries_parked_of(partner, None, 9).await.unwrap(), made[1..2]);
    assert_eq!(store.deliveries_by_id(&[made[2].id]).await.unwrap(), made[2..]);
    assert_eq!(store.subscriptions_of(partner).await.unwrap(), [wish.clone()]);
    assert_eq!(store.subscriptions_disabled(None, 9).await.unwrap(), []);
    store.commit(crate::support::writing(Subscription { disabled_at: Some(now), ..wish.clone() })).await.unwrap();
    assert_eq!(store.subscriptions_disabled(None, 9).await.unwrap(), [Subscription { version: 2, disabled_at: Some(now), ..wish }]);
}

/// Reverts the tenth migration.
const BEFORE_MODES_AND_NAMES: [&str; 3] = [
    "ALTER TABLE installation DROP COLUMN mode",
    "DELETE FROM claims WHERE id LIKE 'partner_name:%'",
    "DELETE FROM migrations WHERE name = '0010_modes_and_names'",
];

async fn names_of_an_earlier_version_are_taken(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let mut partners = Vec::new();
    for (key, name) in [("a", "Tienda \"Uno\" ñ"), ("b", "twice"), ("c", "twice")] {
        let partner = Partner { name: name.into(), ..crate::examples::partner(&fixture, key) };
        store.commit(crate::support::writing(partner.clone())).await.unwrap();
        partners.push(partner.id.to_string());
    }
    let installation = InstallationRecord { id: "one".into(), key_fingerprint: "print".into(), created_at: Timestamp::from_micros(5) };
    store.install(&installation).await.unwrap();
    let store = upgraded(&fixture, store, &BEFORE_MODES_AND_NAMES).await;
    let owner = async |name: &str| store.claim(ClaimScope::PartnerName, name).await.unwrap().map(|claim| claim.subject);
    assert_eq!(owner("Tienda \"Uno\" ñ").await.as_ref(), Some(&partners[0]));
    // All are from one millisecond: the identifiers decide which is the oldest.
    assert_eq!(owner("twice").await.as_ref(), partners[1..].iter().min(), "the oldest has it");
    assert_eq!(store.mode().await.unwrap(), None, "its mode is that of its next start");
    assert_eq!(store.set_mode_once("live").await.unwrap(), "live");
    assert_eq!(store.set_mode_once("sandbox").await.unwrap(), "live");
}

/// Reverts the tables to their form before the eleventh migration, with orders on four chains (two share one address), number series
/// of these chains, and a claim for each address.
const BEFORE_ADDRESS_FAMILIES: [&str; 12] = [
    "DROP INDEX rampoffs_deposit",
    "ALTER TABLE rampoffs ADD COLUMN deposit_chain TEXT",
    "UPDATE rampoffs SET deposit_chain = 'polygon'",
    "UPDATE rampoffs SET deposit_chain = 'ethereum', deposit_address = '0xa' WHERE deposit_address = '0xb'",
    "UPDATE rampoffs SET deposit_chain = 'bitcoin' WHERE deposit_address = 'bc1qa'",
    "CREATE INDEX rampoffs_deposit ON rampoffs (deposit_address, deposit_chain)",
    "DELETE FROM claims WHERE id LIKE 'deposit_address:%'",
    "INSERT INTO claims (id, subject, fingerprint, answer, expires_at, batch)
     SELECT 'deposit_address:' || deposit_chain || ':' || deposit_address, id, '', '', CAST(NULL AS BIGINT), '' FROM rampoffs",
    "DELETE FROM numbers WHERE series LIKE 'address%'",
    "INSERT INTO numbers (series, next) VALUES ('address-polygon', 129), ('address-ethereum', 65), ('address-bitcoin', 961), ('concepts', 5000)",
    "INSERT INTO numbers (series, next) VALUES ('address-bsc', 193)",
    "DELETE FROM migrations WHERE name = '0011_address_families'",
];

async fn addresses_of_an_earlier_version_stay_with_their_orders(fixture: Arc<Fixture>) {
    let store = fixture.store().await;
    let owner = fixture.mint().id();
    let mut sold = ["0xa", "0xb", "0xc", "bc1qa"].map(|address| {
        fixture.clock.advance(Duration::from_secs(1));
        rampoff(&fixture, owner, 1, RampoffState::Created, address)
    });
    for one in &mut sold {
        store.commit(writing(one.clone())).await.unwrap();
        one.version = 1;
    }
    let store = upgraded(&fixture, store, &BEFORE_ADDRESS_FAMILIES).await;
    // A series starts above every older one of its family. bsc has no order yet and counts as well.
    assert_eq!(store.reserve_numbers("addresses-evm", 2).await.unwrap(), 193..195);
    assert_eq!(store.reserve_numbers("addresses-bitcoin", 2).await.unwrap(), 961..963);
    assert_eq!(store.reserve_numbers("concepts", 1).await.unwrap(), 5000..5001);
    let left = "SELECT count(*) || '' FROM numbers WHERE series LIKE 'address-%'";
    assert_eq!(fixture.text(left).await.as_deref(), Some("0"));
    let mut found = store.rampoffs_by_deposit_addresses(&["0xa".to_owned()]).await.unwrap();
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [sold[0].id, sold[1].id], "both orders are found");
    found = store.rampoffs_by_deposit_addresses(&["bc1qa".to_owned()]).await.unwrap();
    assert_eq!(found, sold[3..]);
    for (address, order) in [("0xa", &sold[0]), ("0xc", &sold[2]), ("bc1qa", &sold[3])] {
        let claim = store.claim(ClaimScope::DepositAddress, address).await.unwrap().unwrap();
        assert_eq!(claim.subject, order.id.to_string(), "{address}");
    }
    let claims = "SELECT count(*) || '' FROM claims WHERE id LIKE 'deposit_address:%'";
    assert_eq!(fixture.text(claims).await.as_deref(), Some("3"));
    // New orders do not need the column.
    let another = rampoff(&fixture, owner, 1, RampoffState::Created, "0xd");
    store.commit(writing(another.clone())).await.unwrap();
    assert_eq!(store.rampoffs_by_deposit_addresses(&["0xd".to_owned()]).await.unwrap().len(), 1);
}

async fn two_nodes_may_start_at_once(fixture: Arc<Fixture>) {
    let stores = futures::future::join_all((0..4).map(|_| fixture.store())).await;
    for store in stores {
        store.ping().await.unwrap();
    }
}

async fn a_later_versions_database_is_refused(fixture: Arc<Fixture>) {
    drop(fixture.store().await);
    fixture.sql("INSERT INTO migrations (name) VALUES ('9999_later')").await;
    let Err(error) = Store::open(&fixture.url, fixture.options()).await else { panic!("it was opened") };
    assert!(error.to_string().contains("9999_later"));
    for url in ["mysql://x", "sqlite:", "sqlite::memory:", "postgres://user:secret@[bad"] {
        let Err(error) = Store::open(url, fixture.options()).await else { panic!("{url} was opened") };
        assert!(!error.to_string().contains("secret"));
    }
}

/// A password must not cross the network in the clear because a server, or somebody in between, has no TLS.
#[test]
fn a_url_that_requires_tls_gets_it_or_an_error() {
    run(TestEngine::Postgres, |fixture: Arc<Fixture>| async move {
        let has_tls = fixture.text("SHOW ssl").await.as_deref() == Some("on");
        let separator = if fixture.url.contains('?') { '&' } else { '?' };
        for mode in ["prefer", "require", "verify-ca", "verify-full"] {
            let opened = Store::open(&format!("{}{separator}sslmode={mode}", fixture.url), fixture.options()).await;
            match opened {
                Ok(_) => assert!(mode == "prefer" || has_tls, "{mode}"),
                Err(error) => assert!(mode != "prefer" && error.to_string().contains("TLS"), "{mode}: {error}"),
            }
        }
    });
}

async fn one_process_serves_a_file(fixture: Arc<Fixture>) {
    let (first, second) = (fixture.store().await, fixture.store().await);
    first.lock_to_serve().await.unwrap();
    assert_eq!(second.lock_to_serve().await.is_err(), fixture.engine == TestEngine::Sqlite);
    // Operator commands still work.
    second.commit(crate::support::writing(crate::support::cursor("c", ""))).await.unwrap();
    first.close().await;
    second.close().await;
    fixture.store().await.lock_to_serve().await.unwrap();
}

/// A copy of a serving database would miss later writes, and a database that is being copied must not serve.
async fn what_is_served_is_not_copied(fixture: Arc<Fixture>) {
    let (first, second, copying) = (fixture.store().await, fixture.store().await, fixture.store().await);
    first.lock_to_serve().await.unwrap();
    let refused = copying.lock_to_copy().await.unwrap_err().to_string();
    assert!(refused.contains("another process serves from"), "{refused}");
    first.close().await;
    copying.lock_to_copy().await.unwrap();
    assert!(second.lock_to_serve().await.is_err());
    copying.close().await;
    second.lock_to_serve().await.unwrap();
}
