//! The application: what every use case and worker is made with.

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
use crate::metrics::Metrics;
use crate::numbers::NumberAllocator;
use crate::orders::ReservedAddresses;
use crate::partners::PartnerCache;
use crate::ports::Ports;
use crate::prices::PriceBoard;
use crate::wake::Wake;

/// How often a use case reloads and decides again when what it decided on has changed meanwhile.
pub(crate) const MOST_TRIES: usize = 10;

/// Time and chance, passed in.
#[derive(Clone)]
pub struct Sources {
    /// Business time: quotes, expiry, limits, retries due, events. Tests and the sandbox move it.
    pub business: Arc<dyn Clock>,
    /// Real time: tokens, leases, time-outs, signatures.
    pub real: Arc<dyn Clock>,
    /// What identifiers and secrets are drawn from.
    pub randomness: Arc<dyn Randomness>,
}

/// The application. Cheap to clone; every clone is the same.
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
    metrics: Metrics,
    wake: Wake,
    partners: PartnerCache,
    customers: CustomerCache,
    numbers: NumberAllocator,
    in_flight: InFlightRequests,
    reserved_addresses: ReservedAddresses,
    own_accounts: OwnAccounts,
}

impl App {
    /// Makes the application and compares the installation's keys, in whatever order, and its mode with the database's; a new
    /// database is made with the first key.
    ///
    /// # Errors
    /// [`AppError::Refusal`] never; [`AppError::Defect`] for settings that contradict each other, when a key of the database's is
    /// missing, or for a mode that it was not made in; [`AppError::Unavailable`] when the database cannot be read.
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
            metrics: Metrics::new(),
            wake: Wake::default(),
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

    /// The adapters.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.inner.ports
    }

    /// What is traded.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    /// The settings.
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

    /// What identifiers and secrets are drawn from.
    #[must_use]
    pub fn randomness(&self) -> &dyn Randomness {
        &*self.inner.sources.randomness
    }

    /// What mints the identifiers of a decision taken now (business time).
    #[must_use]
    pub fn mint(&self) -> Mint<'_> {
        Mint { now: self.business().now(), randomness: self.randomness() }
    }

    /// What a decision taken now may look at, with this price.
    #[must_use]
    pub fn context(&self, price: Option<Rate>) -> Context<'_> {
        Context::new(self.mint(), self.catalogue(), price)
    }

    /// The last market prices.
    #[must_use]
    pub fn prices(&self) -> &PriceBoard {
        &self.inner.prices
    }

    /// What is measured.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// What wakes this process's workers.
    #[must_use]
    pub fn wake(&self) -> &Wake {
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

    /// Makes a step durable and wakes whoever has work because of it. The only caller of the store's commit.
    ///
    /// # Errors
    /// See [`CommitError`]; nothing of the step was stored then.
    pub async fn commit(&self, step: Step) -> Result<Committed, CommitError> {
        let call = crate::wake::WakeSet::of(&step);
        // What is remembered of them will be out of date.
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

/// Everything that the catalogue makes orders with must have its adapter, or money would wait for somebody who never comes. Of
/// what is switched off, [`crate::needs`] tells whether it still needs one.
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

/// Whether customers can have account numbers of their own that lead to an account of ours.
fn supports_customer_accounts(ours: &RailAccount) -> bool {
    virtual_account::account_of(&ours.account, CustomerId(1)).is_some()
}
