//! A database per test, and what tests write into it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::FutureExt;
use rampart_core::example;
use rampart_core::id::{CustomerId, Mint, OrderId, PartnerId, Randomness};
use rampart_core::ledger::{Account, Entry, Origin, Posting, PostingKind};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Asset, CoinId};
use rampart_core::order::payment::{Payment, PaymentState};
use rampart_core::step::counter::{Counter, CounterOwner};
use rampart_core::step::watch::{Cursor, CursorName};
use rampart_core::step::{Claim, ClaimScope, CounterChange, Step};
use rampart_core::text::code::Code;
use rampart_core::time::{Clock, Sleep, Timestamp};
use rampart_store::{CommitError, CommitFault, Committed, Store, StoreOptions};
use rusqlite::types::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestEngine {
    Sqlite,
    Postgres,
}

/// A clock that only moves when advanced.
#[derive(Debug)]
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, _: Timestamp) -> Sleep {
        Box::pin(std::future::pending())
    }
}

/// Random bytes that no other call or process draws: a counter from a random start, scrambled (SplitMix64).
#[derive(Debug)]
pub(crate) struct UniqueRandomness(AtomicU64);

impl UniqueRandomness {
    pub(crate) fn new() -> Self {
        use std::hash::BuildHasher;
        Self(AtomicU64::new(std::collections::hash_map::RandomState::new().hash_one(0_u8)))
    }
}

impl Randomness for UniqueRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut value = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(value ^ (value >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

/// The database, clock and randomness of a test.
pub(crate) struct Fixture {
    pub(crate) engine: TestEngine,
    pub(crate) url: String,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) randomness: Arc<UniqueRandomness>,
    folder: tempfile::TempDir,
    extra: Mutex<Vec<String>>,
}

fn server() -> String {
    std::env::var("RAMPART_TEST_POSTGRES").expect("RAMPART_TEST_POSTGRES must be the URL of a superuser of a PostgreSQL for tests")
}

/// The server's URL with another database name.
fn database_url(name: &str) -> String {
    let server = server();
    let (base, query) = server.split_once('?').map_or((server.as_str(), ""), |(base, query)| (base, query));
    let start = base.find("://").map_or(0, |at| at + 3);
    let base = base[start..].find('/').map_or(base, |slash| &base[..start + slash]);
    if query.is_empty() { format!("{base}/{name}") } else { format!("{base}/{name}?{query}") }
}

async fn on_server(sql: String) {
    connected(&server()).await.batch_execute(&sql).await.unwrap();
}

/// A connection to PostgreSQL that ends when it is dropped.
async fn connected(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// One value of a row, whatever its type.
fn shown(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Integer(number) => Some(number.to_string()),
        Value::Text(text) => Some(text),
        other => panic!("{other:?} is no text"),
    }
}

/// Runs a test in its own database, which is dropped however the test ends.
pub(crate) fn run<F: Future<Output = ()>>(engine: TestEngine, test: impl FnOnce(Arc<Fixture>) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let fixture = Arc::new(Fixture {
            engine,
            url: String::new(),
            clock: Arc::new(ManualClock(AtomicI64::new(example::START.micros()))),
            randomness: Arc::new(UniqueRandomness::new()),
            folder: tempfile::tempdir().unwrap(),
            extra: Mutex::new(Vec::new()),
        });
        let url = fixture.another(engine).await;
        let mut fixture = fixture;
        Arc::get_mut(&mut fixture).unwrap().url = url;
        let end = AssertUnwindSafe(tokio::time::timeout(Duration::from_secs(120), test(Arc::clone(&fixture)))).catch_unwind().await;
        let databases = fixture.extra.lock().unwrap().clone();
        for name in databases {
            on_server(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
        match end {
            Ok(Ok(())) => {}
            Ok(Err(_)) => panic!("the test did not end within two minutes"),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
}

impl Fixture {
    /// Creates another empty database.
    pub(crate) async fn another(&self, engine: TestEngine) -> String {
        let mut bytes = [0; 8];
        self.randomness.fill(&mut bytes);
        let name = format!("rampart_test_{}", u64::from_be_bytes(bytes));
        match engine {
            TestEngine::Sqlite => format!("sqlite:{}", self.folder.path().join(name + ".db").display()),
            TestEngine::Postgres => {
                self.extra.lock().unwrap().push(name.clone());
                on_server(format!("CREATE DATABASE {name} TEMPLATE template0")).await;
                database_url(&name)
            }
        }
    }

    /// The default options of the tests.
    pub(crate) fn options(&self) -> StoreOptions {
        let mut options = StoreOptions::new(Arc::clone(&self.clock) as Arc<dyn Clock>, Arc::new(UniqueRandomness::new()));
        options.on_fatal = Arc::new(|reason| panic!("the writer cannot continue: {reason}"));
        options.readers = 2;
        options
    }

    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.url, self.options()).await.unwrap()
    }

    /// A store that injects faults into its commits, in this order.
    pub(crate) async fn store_with_faults(&self, faults: Vec<Option<CommitFault>>) -> Store {
        let mut options = self.options();
        let faults = Mutex::new(faults.into_iter());
        options.commit_faults = Some(Arc::new(move || faults.lock().unwrap().next().flatten()));
        Store::open(&self.url, options).await.unwrap()
    }

    pub(crate) fn mint(&self) -> Mint<'_> {
        Mint { now: self.clock.now(), randomness: &*self.randomness }
    }

    /// A connection of its own to the test's SQLite file.
    pub(crate) fn sqlite(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.url.strip_prefix("sqlite:").unwrap()).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection
    }

    /// A connection of its own to the test's PostgreSQL database.
    pub(crate) async fn postgres(&self) -> tokio_postgres::Client {
        connected(&self.url).await
    }

    /// Runs a statement directly on the database.
    pub(crate) async fn sql(&self, sql: &str) {
        match self.engine {
            TestEngine::Sqlite => self.sqlite().execute_batch(sql).unwrap(),
            TestEngine::Postgres => self.postgres().await.batch_execute(sql).await.unwrap(),
        }
    }

    /// Reads one text directly from the database.
    pub(crate) async fn text(&self, sql: &str) -> Option<String> {
        self.rows(sql).await.into_iter().next().and_then(|row| row.into_iter().next().flatten())
    }

    /// Reads one column of every row directly from the database.
    pub(crate) async fn texts(&self, sql: &str, column: usize) -> Vec<String> {
        self.rows(sql).await.into_iter().map(|mut row| row.swap_remove(column).unwrap()).collect()
    }

    /// Reads rows directly from the database, each value as text.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        match self.engine {
            TestEngine::Sqlite => {
                let connection = self.sqlite();
                let mut statement = connection.prepare(sql).unwrap();
                let columns = statement.column_count();
                let (mut rows, mut found) = (statement.raw_query(), Vec::new());
                while let Some(row) = rows.next().unwrap() {
                    found.push((0..columns).map(|column| shown(row.get(column).unwrap())).collect());
                }
                found
            }
            TestEngine::Postgres => {
                let rows = self.postgres().await.simple_query(sql).await.unwrap();
                let row = |message| match message {
                    tokio_postgres::SimpleQueryMessage::Row(row) => {
                        Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
                    }
                    _ => None,
                };
                rows.into_iter().filter_map(row).collect()
            }
        }
    }
}

/// Polls a condition, for up to 30 seconds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} did not happen");
        tokio::task::yield_now().await;
    }
}

pub(crate) const EUR: Asset = Asset::Fiat(example::EUR);
pub(crate) const USDC: CoinId = example::USDC;
pub(crate) const BANK: Account = Account::Bank(example::SEPA);
pub(crate) const HOT: Account = Account::ChainHot(example::POLYGON);

pub(crate) fn units(units: i128) -> Amount {
    Amount::from_minor(units)
}

/// A new cursor.
pub(crate) fn cursor(name: &str, position: &str) -> Cursor {
    let id: CursorName = name.parse::<Code<40>>().unwrap();
    Cursor { id, version: 0, position: position.to_owned(), moved_at: example::START, read_at: None }
}

pub(crate) fn writing(record: impl Into<rampart_core::step::record::Record>) -> Step {
    let mut step = Step::new();
    step.write(record);
    step
}

/// A claim that never expires.
pub(crate) fn claim(scope: ClaimScope, key: &str, subject: &str) -> Claim {
    Claim::forever(scope, key.to_owned(), subject)
}

pub(crate) fn counter(customer: i64, what: &str) -> Counter {
    Counter { owner: CounterOwner::Customer(CustomerId(customer)), what: what.to_owned() }
}

/// A change of one counter.
pub(crate) fn raise(counter: Counter, by: i128, ceiling: Option<i128>) -> CounterChange {
    CounterChange { counter, by: units(by), ceiling: ceiling.map(units), expires_at: None }
}

/// A posting with one debit and one credit.
pub(crate) fn posting(
    mint: &Mint<'_>,
    origin: Origin,
    order: Option<OrderId>,
    debit: Account,
    credit: Account,
    asset: Asset,
    amount: i128,
) -> Posting {
    let entries = vec![Entry::debit(debit, asset, units(amount)), Entry::credit(credit, asset, units(amount))];
    Posting::new(mint, PostingKind::CapitalFunded, origin, order, entries).unwrap()
}

/// A step that credits capital to an account.
pub(crate) fn funding(mint: &Mint<'_>, account: Account, asset: impl Into<Asset>, amount: i128) -> Step {
    let mut step = Step::new();
    step.postings.push(posting(mint, Origin::Fact, None, account, Account::Capital, asset.into(), amount));
    step
}

pub(crate) fn holding(account: Account, asset: impl Into<Asset>, change: i128, origin: Origin) -> Step {
    let mut step = Step::new();
    step.hold(account, asset, units(change), origin);
    step
}

/// The token of a link that an earlier version created at this time.
pub(crate) fn earlier_token(fixture: &Fixture, made_at: rampart_core::time::Timestamp) -> String {
    let mut chance = [0; 8];
    fixture.mint().randomness.fill(&mut chance);
    let (millis, chance) = (made_at.micros() / 1_000, u64::from_le_bytes(chance));
    format!(
        "{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}",
        millis >> 16,
        millis & 0xffff,
        chance & 0xfff,
        chance >> 52,
        (chance >> 12) & 0xff_ffff_ffff
    )
}

pub(crate) fn payment(fixture: &Fixture, partner: PartnerId, customer: i64, state: PaymentState) -> Payment {
    let catalogue = example::catalogue(example::HOLD);
    let mut payment = example::payment(&catalogue, &fixture.mint(), true, state).unwrap();
    payment.version = 0;
    payment.partner = partner;
    payment.customer = rampart_core::id::CustomerId(customer);
    payment
}

/// Blocks the first commit until it is opened.
pub(crate) struct Gate {
    reached: Arc<std::sync::atomic::AtomicBool>,
    open: std::sync::mpsc::Sender<()>,
}

impl Gate {
    /// Waits until a commit has reached the gate.
    pub(crate) async fn reached(&self) {
        until("a commit at the gate", || async { self.reached.load(Ordering::SeqCst) }).await;
    }

    pub(crate) fn open(&self) {
        self.open.send(()).unwrap();
    }
}

/// Options whose first commit waits at a gate.
pub(crate) fn gated(mut options: StoreOptions) -> (StoreOptions, Gate) {
    let reached = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (open, opened) = std::sync::mpsc::channel();
    let state = Mutex::new(Some(opened));
    let noted = Arc::clone(&reached);
    options.commit_faults = Some(Arc::new(move || {
        let first = state.lock().unwrap().take();
        if let Some(opened) = first {
            noted.store(true, Ordering::SeqCst);
            opened.recv().unwrap();
        }
        None
    }));
    (options, Gate { reached, open })
}

/// Commits steps so that they arrive in this order and share one batch.
pub(crate) async fn commit_in_one_batch(fixture: &Fixture, steps: Vec<Step>) -> (Store, Vec<Result<Committed, CommitError>>) {
    let (options, gate) = gated(fixture.options());
    let store = Store::open(&fixture.url, options).await.unwrap();
    let first = store.commit(writing(cursor("gate", "")));
    let results = {
        let rest = async {
            gate.reached().await;
            let rest = futures::future::join_all(steps.into_iter().map(|step| store.commit(step)));
            let opened = async { gate.open() };
            // In this order: every step is queued before the gate opens.
            futures::join!(rest, opened).0
        };
        let (first, results) = futures::join!(first, rest);
        first.unwrap();
        results
    };
    (store, results)
}

impl Fixture {
    /// Forbids further connections to this test's PostgreSQL database.
    pub(crate) async fn forbid_connections(&self) {
        let name = self.url.rsplit_once('/').unwrap().1.split('?').next().unwrap().to_owned();
        on_server(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    }
}

impl Fixture {
    /// Every row of a table of the store's SQLite file, as one sorted text each.
    pub(crate) fn rows_of(&self, store: &Store, table: &str) -> Vec<String> {
        let connection = rusqlite::Connection::open(store.file().unwrap()).unwrap();
        let read = |sql: &str| -> Vec<String> {
            connection.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let columns: Vec<String> = read(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"))
            .iter()
            .map(|column| format!("COALESCE(CAST({column} AS TEXT), 'NULL')"))
            .collect();
        read(&format!("SELECT {} AS line FROM {table} ORDER BY line", columns.join(" || '|' || ")))
    }
}
