//! The application: everything that use cases and workers share.

use std::sync::Arc;

use rampart_core::bank_account::virtual_account;
use rampart_core::catalogue::{Catalogue, MethodKind, RailAccount};
use rampart_core::id::{CustomerId, Mint, Randomness};
use rampart_core::order::Context;
use rampart_core::rate::Rate;
use rampart_core::record::Record;
use rampart_core::step::Step;
use rampart_core::time::Clock;
use rampart_store::{CommitError, Committed, Store};

use crate::config::AppConfig;
use crate::customer_cache::CustomerCache;
use crate::destination::OwnAccounts;
use crate::error::{AppError, AppResult};
use crate::idempotency::InFlightRequests;
use crate::keys::{INSTALLATION_KEY_BYTES, Keys};
use crate::metrics::AppMetrics;
use crate::numbers::NumberAllocator;
use crate::orders::ReservedAddresses;
use crate::partners::PartnerCache;
use crate::ports::Ports;
use crate::prices::PriceBoard;
use crate::wake::WakeSignals;

/// How often a use case reloads its records and decides again after a version conflict.
pub(crate) const MAX_COMMIT_ATTEMPTS: usize = 10;

/// Clocks and randomness, passed in so that tests control them.
#[derive(Clone)]
pub struct Sources {
    /// Business time: quotes, expiry, limits, retries due, events. Tests and the sandbox move it.
    pub business: Arc<dyn Clock>,
    /// Real time: tokens, leases, timeouts, signatures.
    pub real: Arc<dyn Clock>,
    pub randomness: Arc<dyn Randomness>,
}

/// The application. Cheap to clone: all clones share one state.
#[derive(Clone)]
pub struct App {
    inner: Arc<AppInner>,
}

struct AppInner {
    store: Store,
    ports: Ports,
    catalogue: Catalogue,
    config: AppConfig,
    sources: Sources,
    keys: Keys,
    prices: PriceBoard,
    metrics: AppMetrics,
    wake: WakeSignals,
    partners: PartnerCache,
    customers: CustomerCache,
    numbers: NumberAllocator,
    in_flight: InFlightRequests,
    reserved_addresses: ReservedAddresses,
    own_accounts: OwnAccounts,
}

impl App {
    /// Opens the installation: compares its keys (in any order) and its mode with the database. A new database is
    /// created with the first key.
    ///
    /// # Errors
    /// [`AppError::Defect`] for contradictory settings, a missing adapter, a key that the database needs and that is
    /// not given, or a mode other than the one the database was created in.
    pub async fn new(
        store: Store,
        ports: Ports,
        config: AppConfig,
        catalogue: Catalogue,
        sources: Sources,
        installation_keys: &[[u8; INSTALLATION_KEY_BYTES]],
    ) -> AppResult<Self> {
        config.check().map_err(AppError::defect)?;
        check_ports(&catalogue, &ports)?;
        let keys = crate::installation::open_keys(&store, installation_keys, &sources).await?;
        crate::mode::check(&store, &config, &ports).await?;
        let prices = PriceBoard::new(&catalogue.pricing);
        crate::workers::remember_prices(&store, &prices).await?;
        let inner = AppInner {
            reserved_addresses: ReservedAddresses::of(&catalogue, &ports),
            own_accounts: OwnAccounts::of(&catalogue),
            prices,
            keys,
            metrics: AppMetrics::new(),
            wake: WakeSignals::default(),
            partners: PartnerCache::default(),
            customers: CustomerCache::default(),
            numbers: NumberAllocator::default(),
            in_flight: InFlightRequests::default(),
            store,
            ports,
            catalogue,
            config,
            sources,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The adapters of the providers.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.inner.ports
    }

    /// The assets, methods, rails and limits of this installation.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    /// The settings of the ramp.
    #[must_use]
    pub fn config(&self) -> &AppConfig {
        &self.inner.config
    }

    /// The clock of business time.
    #[must_use]
    pub fn business(&self) -> &Arc<dyn Clock> {
        &self.inner.sources.business
    }

    /// The clock of real time.
    #[must_use]
    pub fn real(&self) -> &Arc<dyn Clock> {
        &self.inner.sources.real
    }

    /// Randomness for identifiers and secrets.
    #[must_use]
    pub fn randomness(&self) -> &dyn Randomness {
        &*self.inner.sources.randomness
    }

    /// Mints identifiers for a decision taken now (business time).
    #[must_use]
    pub fn mint(&self) -> Mint<'_> {
        Mint { now: self.business().now(), randomness: self.randomness() }
    }

    /// The context of a decision taken now, at this price.
    #[must_use]
    pub fn context(&self, price: Option<Rate>) -> Context<'_> {
        Context::new(self.mint(), self.catalogue(), price)
    }

    /// The last known market prices.
    #[must_use]
    pub fn prices(&self) -> &PriceBoard {
        &self.inner.prices
    }

    /// The metrics of this process.
    #[must_use]
    pub fn metrics(&self) -> &AppMetrics {
        &self.inner.metrics
    }

    /// The wake-up signals of this process's workers.
    #[must_use]
    pub fn wake(&self) -> &WakeSignals {
        &self.inner.wake
    }

    /// The installation's keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    pub(crate) fn partner_cache(&self) -> &PartnerCache {
        &self.inner.partners
    }

    pub(crate) fn customer_cache(&self) -> &CustomerCache {
        &self.inner.customers
    }

    pub(crate) fn numbers(&self) -> &NumberAllocator {
        &self.inner.numbers
    }

    pub(crate) fn reserved_addresses(&self) -> &ReservedAddresses {
        &self.inner.reserved_addresses
    }

    pub(crate) fn own_accounts(&self) -> &OwnAccounts {
        &self.inner.own_accounts
    }

    pub(crate) fn in_flight(&self) -> &InFlightRequests {
        &self.inner.in_flight
    }

    /// Commits a step and wakes the workers that it gives work to. The only caller of the store's commit.
    ///
    /// # Errors
    /// See [`CommitError`]. Nothing of the step is stored then.
    pub async fn commit(&self, step: Step) -> Result<Committed, CommitError> {
        let call = crate::wake::WakeSet::of(&step);
        // The cached customers are outdated by this step.
        for record in &step.writes {
            if let Record::Customer(customer) = record {
                self.inner.customers.forget(customer.id);
            }
        }
        let committed = self.inner.store.commit(step).await?;
        self.inner.wake.after(&committed, call);
        Ok(committed)
    }
}

/// Every chain, and every enabled method and payout rail, needs its adapter, or money would wait for a provider that is
/// never called. [`crate::required_configuration`] checks what disabled parts of the catalogue still need.
fn check_ports(catalogue: &Catalogue, ports: &Ports) -> AppResult<()> {
    for chain in &catalogue.chains {
        if ports.chain(chain.name).is_none() {
            return Err(AppError::defect(format!("the chain {} has no adapter", chain.name)));
        }
    }
    for method in catalogue.methods.iter().filter(|method| method.enabled) {
        let place = format!("methods.{}.{}", method.country, method.payment_type);
        match method.kind {
            MethodKind::Redirect(processor) if ports.processor(processor).is_none() => {
                return Err(AppError::defect(format!("{place}: the processor {processor} has no adapter")));
            }
            MethodKind::Concept(rail) | MethodKind::VirtualAccount(rail) if ports.bank(rail).is_none() => {
                return Err(AppError::defect(format!("{place}: the rail {rail} has no adapter")));
            }
            MethodKind::VirtualAccount(rail) if !catalogue.rail_account(rail).is_some_and(supports_customer_accounts) => {
                return Err(AppError::defect(format!("{place}: the rail {rail} needs an account that is a CLABE or a CVU")));
            }
            _ => {}
        }
    }
    match catalogue.payout_rails.iter().find(|rail| rail.enabled && ports.bank(rail.rail).is_none()) {
        Some(rail) => Err(AppError::defect(format!("payouts.{}: the rail {} has no adapter", rail.country, rail.rail))),
        None => Ok(()),
    }
}

/// Whether per-customer account numbers can be derived from this account (CLABE and CVU).
fn supports_customer_accounts(ours: &RailAccount) -> bool {
    virtual_account::account_of(&ours.account, CustomerId(1)).is_some()
}
