//! An application with its own database and the sandbox as its outside world.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rampart_app::workers::{self, SteppedWorkers, Workers};
use rampart_app::{App, AppConfig, AppResult, AuthenticatedPartner, Credentials, Mode, Ports, Sources, SystemClock, operate, partner_api};
use rampart_core::catalogue::Catalogue;
use rampart_core::time::{Clock, Sleep, Timestamp};
use rampart_sandbox::{World, WorldConfig};
use rampart_store::{Store, StoreOptions};
use tempfile::TempDir;

use crate::chance::SeededRandomness;
use crate::clock::ManualClock;
use crate::database::{TestDatabase, TestEngine};
use crate::gateway::SandboxGatewayPlayer;

/// The installation key of every test.
pub const KEY: [u8; 32] = [42; 32];
/// How long [`TestApp::eventually`] polls.
pub const CONDITION_TIMEOUT: Duration = Duration::from_secs(30);
/// How often it looks while the workers run on threads.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How far it moves the clock when nothing is left to do, and how far at most.
const STEP: Duration = Duration::from_millis(500);
const STEPPED_TIMEOUT: Duration = Duration::from_secs(180);
/// When stepped tests begin: 2026-06-01T00:00:00Z.
const START: Timestamp = Timestamp::from_micros(1_780_272_000_000_000);
/// The seed of all randomness in a test.
const SEED: u64 = 2026;

/// A complete ramp: application, sandbox and database.
pub struct TestApp {
    pub app: App,
    pub world: Arc<World>,
    pub caller: AuthenticatedPartner,
    /// The credentials of `caller`.
    pub credentials: Credentials,
    /// A second partner, which must not see the first one's records, nor the first the second's.
    pub stranger: AuthenticatedPartner,
    running: Running,
    /// Real time for everything in the test.
    real: Arc<dyn Clock>,
    nodes: AtomicU64,
    reads: Arc<AtomicU64>,
    // Fields drop in order of declaration: the database and its folder come last.
    database: TestDatabase,
    _folder: TempDir,
}

/// Who lets time pass and the workers work.
enum Running {
    /// They run on the threads of the runtime, under the machine's clock, as in production.
    Threads(Mutex<Option<Workers>>),
    /// [`TestApp::eventually`] steps them one after another, and moves the clock when nothing is left to do.
    Stepped(Mutex<Option<Arc<SteppedWorkers>>>, Arc<ManualClock>),
}

/// A clock moved ahead.
struct OffsetClock(Duration, Arc<dyn Clock>);

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        self.1.now().after(self.0)
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        self.1.sleep_until(moment.before(self.0))
    }
}

fn ports(world: &Arc<World>) -> Ports {
    Ports {
        banks: vec![world.bank()],
        processors: vec![world.processor()],
        chains: world.chains().into_iter().filter_map(|name| world.chain(name)).collect(),
        kyc: world.kyc(),
        screening: world.screening(),
        prices: world.prices(),
        gateway_player: Some(Arc::new(SandboxGatewayPlayer(world.clone()))),
    }
}

impl TestApp {
    /// Starts a ramp with the default catalogue, whose workers and sandbox are stepped by [`TestApp::eventually`] under manual clocks.
    pub async fn start(engine: TestEngine) -> Self {
        Self::start_with(engine, crate::catalogue()).await
    }

    /// Like [`TestApp::start`], with another catalogue.
    pub async fn start_with(engine: TestEngine, catalogue: Catalogue) -> Self {
        let test = Self::start_in(engine, catalogue, Mode::Sandbox, Some(Arc::new(ManualClock::new(START)))).await;
        // Every source is read once, so that what happens from now on is seen.
        test.settle().await;
        test
    }

    /// Starts a ramp whose workers and sandbox run on threads, for what only happens there: several nodes, stops, slow receivers.
    pub async fn start_running(engine: TestEngine) -> Self {
        Self::start_running_with(engine, crate::catalogue()).await
    }

    /// Like [`TestApp::start_running`], with another catalogue.
    pub async fn start_running_with(engine: TestEngine, catalogue: Catalogue) -> Self {
        let test = Self::start_idle_with(engine, catalogue).await;
        test.world.start();
        test.work_with(&test.app);
        test
    }

    /// Starts a ramp in which nothing happens by itself: no workers, a stopped sandbox, and prices that do not change.
    pub async fn start_idle(engine: TestEngine) -> Self {
        Self::start_idle_with(engine, crate::catalogue()).await
    }

    /// Like [`TestApp::start_idle`], with another catalogue.
    pub async fn start_idle_with(engine: TestEngine, catalogue: Catalogue) -> Self {
        Self::start_in(engine, catalogue, Mode::Sandbox, None).await
    }

    /// Starts a ramp in live mode in which nothing happens by itself. The sandbox stands in for real providers, business time is the
    /// system's, and there is no gateway player.
    pub async fn start_live(engine: TestEngine) -> Self {
        Self::start_in(engine, crate::catalogue(), Mode::Live, None).await
    }

    async fn start_in(engine: TestEngine, catalogue: Catalogue, mode: Mode, manual: Option<Arc<ManualClock>>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = TestDatabase::new(engine, &folder);
        let config = WorldConfig::from_catalogue(&catalogue, SEED);
        let file = folder.path().join("sandbox.db");
        let (real, world): (Arc<dyn Clock>, _) = match &manual {
            Some(clock) => (clock.clone(), World::open_with_clock(file, config, clock.clone()).await),
            None => (Arc::new(SystemClock), World::open(file, config).await),
        };
        let world = world.expect("a world");
        let randomness = Arc::new(SeededRandomness::new(SEED));
        let mut ports = ports(&world);
        let (business, mut config): (Arc<dyn Clock>, _) = match mode {
            Mode::Sandbox => (world.clock(), AppConfig::sandbox("http://127.0.0.1:8080")),
            Mode::Live => {
                ports.gateway_player = None;
                (real.clone(), AppConfig { mode, ..AppConfig::sandbox("https://ramp.example.com") })
            }
        };
        if manual.is_some() {
            // One thing after another, so that equal inputs give equal runs.
            config.workers.concurrency = 1;
        }
        let sources = Sources { business, real: real.clone(), randomness };
        let reads = Arc::default();
        let store = open_store(&database, &sources, &reads).await;
        let app = App::new(store, ports, config, catalogue, sources, &[KEY]).await.expect("an application");
        let opening = world.opening_balances().iter().map(|balance| (balance.account, balance.asset, balance.amount)).collect();
        rampart_app::operate::opening::open_books(&app, opening).await.expect("opening balances");
        app.prices.set(world.prices().prices().await.expect("prices"));
        let credentials = operate::partners::create_partner(&app, "first", "test").await.expect("a partner");
        let caller = partner_api::caller_for_key(&app, &credentials.api_key).await.expect("a caller");
        let other = operate::partners::create_partner(&app, "second", "test").await.expect("a partner");
        let stranger = partner_api::caller_for_key(&app, &other.api_key).await.expect("a caller");
        let running = manual.map_or_else(
            || Running::Threads(Mutex::default()),
            |clock| Running::Stepped(Mutex::new(Some(Arc::new(workers::stepped(&app)))), clock),
        );
        Self { running, real, app, world, caller, credentials, stranger, nodes: AtomicU64::new(1), reads, database, _folder: folder }
    }

    /// Stops the workers; the sandbox goes on.
    pub async fn stop_workers(&self) {
        let running = match &self.running {
            Running::Threads(workers) => workers.lock().take(),
            Running::Stepped(workers, _) => {
                *workers.lock() = None;
                None
            }
        };
        if let Some(workers) = running {
            workers.stop().await;
        }
    }

    /// Lets the workers of an application work, as if the process had been started anew; none may be working.
    pub fn work_with(&self, app: &App) {
        match &self.running {
            Running::Threads(workers) => assert!(workers.lock().replace(workers::start(app)).is_none(), "workers are running"),
            Running::Stepped(workers, _) => {
                assert!(workers.lock().replace(Arc::new(workers::stepped(app))).is_none(), "workers are running");
            }
        }
    }

    /// Another node of the installation: an application with its own store on the same database, without workers.
    pub async fn another_node(&self) -> App {
        self.another_node_with(&[KEY]).await.expect("another node")
    }

    /// Like [`TestApp::another_node`], with other installation keys.
    ///
    /// # Errors
    /// The application's error for these keys.
    pub async fn another_node_with(&self, keys: &[[u8; 32]]) -> AppResult<App> {
        let sources = self.sources();
        let store = open_store(&self.database, &sources, &self.reads).await;
        let (ports, config, catalogue) = (self.app.ports.clone(), self.app.config.clone(), self.app.catalogue.clone());
        let app = App::new(store, ports, config, catalogue, sources, keys).await?;
        app.prices.set(self.world.prices().prices().await.expect("prices"));
        Ok(app)
    }

    fn sources(&self) -> Sources {
        // Nodes must not generate the same identifiers.
        let randomness = Arc::new(SeededRandomness::new(SEED + self.nodes.fetch_add(1, Ordering::Relaxed)));
        Sources { business: self.world.clock(), real: self.real.clone(), randomness }
    }

    /// The same installation made of other parts, on the same store.
    async fn made_of(&self, ports: Ports, config: AppConfig, catalogue: Catalogue, sources: Sources) -> App {
        let app = App::new(self.app.store.clone(), ports, config, catalogue, sources, &[KEY]).await.expect("another application");
        app.prices.set(self.world.prices().prices().await.expect("prices"));
        app
    }

    /// The same installation with other settings, on the same store.
    pub async fn with_settings(&self, change: impl FnOnce(&mut AppConfig)) -> App {
        self.with_settings_and_ports(change, |_| ()).await
    }

    /// The same installation on a node whose real clock is ahead by `by`, on the same store.
    pub async fn with_real_time_ahead(&self, by: Duration) -> App {
        let sources = Sources { real: Arc::new(OffsetClock(by, self.real.clone())), ..self.sources() };
        self.made_of(self.app.ports.clone(), self.app.config.clone(), self.app.catalogue.clone(), sources).await
    }

    /// The same installation with another catalogue, on the same store.
    pub async fn with_catalogue(&self, catalogue: Catalogue) -> App {
        self.made_of(self.app.ports.clone(), self.app.config.clone(), catalogue, self.sources()).await
    }

    /// The same installation with other ports, on the same store.
    pub async fn with_ports(&self, change: impl FnOnce(&mut Ports)) -> App {
        self.with_settings_and_ports(|_| (), change).await
    }

    /// The same installation with other settings and ports, on the same store.
    pub async fn with_settings_and_ports(&self, settings: impl FnOnce(&mut AppConfig), adapters: impl FnOnce(&mut Ports)) -> App {
        let (mut config, mut ports) = (self.app.config.clone(), self.app.ports.clone());
        settings(&mut config);
        adapters(&mut ports);
        self.made_of(ports, config, self.app.catalogue.clone(), self.sources()).await
    }

    /// The output of a future, and the number of database reads meanwhile. All reads count, so this is meaningful only where nothing
    /// else runs.
    pub async fn reads_of<T>(&self, of: impl Future<Output = T>) -> (T, u64) {
        let before = self.reads.load(Ordering::Relaxed);
        let output = of.await;
        (output, self.reads.load(Ordering::Relaxed) - before)
    }

    /// Runs a statement directly on the database.
    pub fn tamper(&self, statement: &str) {
        self.database.tamper(statement);
    }

    /// Advances business time and updates the prices.
    pub async fn advance(&self, seconds: u64) {
        self.world.advance(seconds).await.expect("time moves");
        self.app.prices.set(self.world.prices().prices().await.expect("prices"));
        self.app.wake.everybody();
    }

    /// Lets the world and the workers do everything that is due now. On threads they do it by themselves.
    pub async fn settle(&self) {
        let Running::Stepped(workers, _) = &self.running else { return };
        let workers = workers.lock().clone();
        loop {
            let mut busy = self.world.run_due().expect("the sandbox runs") > 0;
            if let Some(workers) = &workers {
                busy |= workers.run_until_idle().await;
            }
            if !busy {
                return;
            }
        }
    }

    /// Lets the ramp work until `look` returns something.
    pub async fn eventually<T, F: Future<Output = Option<T>>>(&self, what: &str, mut look: impl FnMut() -> F) -> T {
        let timeout = if matches!(self.running, Running::Threads(_)) { CONDITION_TIMEOUT } else { STEPPED_TIMEOUT };
        let until = self.real.now().after(timeout);
        loop {
            self.settle().await;
            if let Some(found) = look().await {
                return found;
            }
            assert!(self.real.now() < until, "timed out waiting for: {what}");
            match &self.running {
                Running::Threads(_) => tokio::time::sleep(POLL_INTERVAL).await,
                Running::Stepped(_, clock) => clock.advance(STEP),
            }
        }
    }

    /// Stops everything and verifies the ledger.
    pub async fn finish(&self) {
        self.stop_workers().await;
        self.world.stop().await;
        let report = self.app.store.verify().await.expect("the ledger can be recomputed");
        assert!(report.holds(), "the ledger is inconsistent: {:?}", report.findings);
        self.app.store.close().await;
    }
}

async fn open_store(database: &TestDatabase, sources: &Sources, reads: &Arc<AtomicU64>) -> Store {
    let mut options = StoreOptions::new(sources.business.clone(), sources.randomness.clone());
    options.readers = 3;
    let reads = Arc::clone(reads);
    options.on_read = Some(Arc::new(move |_| {
        reads.fetch_add(1, Ordering::Relaxed);
    }));
    options.on_fatal = Arc::new(|reason| panic!("the writer cannot continue: {reason}"));
    Store::open(&database.url, options).await.expect("a store")
}
