//! The application: everything that use cases and workers share.

use std::sync::Arc;

use rampart_core::catalogue::{Catalogue, MethodKind, RailAccount};
use rampart_core::id::{CustomerId, Mint, Randomness};
use rampart_core::identity::bank_account::virtual_account;
use rampart_core::money::rate::Rate;
use rampart_core::order::Context;
use rampart_core::step::Step;
use rampart_core::step::record::{Record, RecordKey};
use rampart_core::time::Clock;
use rampart_store::{CommitError, Committed, Store};

use crate::config::AppConfig;
use crate::error::{AppError, AppResult};
use crate::state::customer_cache::CustomerCache;
use crate::state::in_flight::InFlightRequests;
use crate::state::keys::{INSTALLATION_KEY_BYTES, Keys};
use crate::state::metrics::AppMetrics;
use crate::state::numbers::NumberAllocator;
use crate::state::own_accounts::OwnAccounts;
use crate::state::partner_cache::PartnerCache;
use crate::state::ports::Ports;
use crate::state::prices::PriceBoard;
use crate::state::reserved_addresses::ReservedAddresses;
use crate::state::sources::Sources;
use crate::state::wake::WakeSignals;

/// How often a use case reloads its records and decides again after a version conflict.
pub(crate) const MAX_COMMIT_ATTEMPTS: usize = 10;

/// The application: what use cases and workers are given. Cheap to clone: all clones share one context.
#[derive(Clone)]
pub struct App(Arc<AppContext>);

impl std::ops::Deref for App {
    type Target = AppContext;

    fn deref(&self) -> &AppContext {
        &self.0
    }
}

/// What an [`App`] holds.
pub struct AppContext {
    pub store: Store,
    pub ports: Ports,
    pub catalogue: Catalogue,
    pub config: AppConfig,
    /// Business time: quotes, expiry, limits, retries due, events. Tests and the sandbox move it.
    pub business: Arc<dyn Clock>,
    /// Real time: tokens, leases, time-outs, signatures.
    pub real: Arc<dyn Clock>,
    /// Identifiers and secrets are drawn from it.
    pub randomness: Arc<dyn Randomness>,
    pub keys: Keys,
    pub prices: PriceBoard,
    pub metrics: AppMetrics,
    pub wake: WakeSignals,
    pub(crate) partner_cache: PartnerCache,
    pub(crate) customer_cache: CustomerCache,
    pub(crate) numbers: NumberAllocator,
    pub(crate) in_flight: InFlightRequests,
    pub(crate) reserved_addresses: ReservedAddresses,
    pub(crate) own_accounts: OwnAccounts,
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
        let keys = crate::state::installation::open_keys(&store, installation_keys, &sources).await?;
        crate::state::mode::check(&store, &config, &ports).await?;
        let prices = PriceBoard::new(&catalogue.pricing);
        crate::state::prices::restore(&store, &prices).await?;
        let context = AppContext {
            reserved_addresses: ReservedAddresses::of(&catalogue, &ports),
            own_accounts: OwnAccounts::of(&catalogue),
            prices,
            keys,
            metrics: AppMetrics::new(),
            wake: WakeSignals::default(),
            partner_cache: PartnerCache::default(),
            customer_cache: CustomerCache::default(),
            numbers: NumberAllocator::default(),
            in_flight: InFlightRequests::default(),
            store,
            ports,
            catalogue,
            config,
            business: sources.business,
            real: sources.real,
            randomness: sources.randomness,
        };
        Ok(Self(Arc::new(context)))
    }

    /// Mints identifiers for a decision taken now (business time).
    #[must_use]
    pub fn mint(&self) -> Mint<'_> {
        Mint { now: self.business.now(), randomness: &*self.randomness }
    }

    /// The context of a decision taken now, at this price.
    #[must_use]
    pub fn context(&self, price: Option<Rate>) -> Context<'_> {
        Context::new(self.mint(), &self.catalogue, price)
    }

    /// Commits a step and wakes the workers that it gives work to. The only caller of the store's commit.
    ///
    /// # Errors
    /// See [`CommitError`]. Nothing of the step is stored then.
    pub async fn commit(&self, step: Step) -> Result<Committed, CommitError> {
        let call = crate::state::wake::WakeSet::of(&step);
        // The cached customers are outdated by this step.
        for record in &step.writes {
            if let Record::Customer(customer) = record {
                self.customer_cache.forget(customer.id);
            }
        }
        let committed = self.store.commit(step).await.inspect_err(|error| self.forget_changed(error))?;
        self.wake.after(&committed, call);
        Ok(committed)
    }

    /// Evicts what a refused commit has shown to be outdated, so that the next decision is taken on what is stored.
    fn forget_changed(&self, error: &CommitError) {
        match error {
            CommitError::Conflict(RecordKey::Customer(id)) => self.customer_cache.forget(*id),
            CommitError::Conflict(RecordKey::Partner(id)) => self.partner_cache.forget(*id),
            _ => {}
        }
    }

    /// Commits a step that another process may have made superfluous: nothing happens if its records have changed.
    pub(crate) async fn commit_if_unchanged(&self, step: Step) -> AppResult<()> {
        match self.commit(step).await {
            Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Every chain, and every enabled method and payout rail, needs its adapter, or money would wait for a provider that is
/// never called. [`crate::operate::required_configuration`] checks what disabled parts of the catalogue still need.
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
