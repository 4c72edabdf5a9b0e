//! The simulated world as a whole: its parts, what people and tests do to it, and what becomes due by itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::id::{OrderId, PartnerId, PayoutId};
use rampart_core::ledger::{Processor, Rail};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Chain, Currency, Symbol};
use rampart_core::money::rate::Rate;
use rampart_core::outgoing::PayoutRoute;
use rampart_core::ports::{BankPort, ChainPorts, KycPort, PricePort, ProcessorPort, ScreeningPort};
use rampart_core::text::redacted::Redacted;
use rampart_core::time::{Clock, Timestamp};

use crate::bank::{self, BankTransfer, Booked, SimulatedBank, StatementEntry};
use crate::chain::{self, SimulatedChain};
use crate::config::{OpeningBalance, WorldConfig};
use crate::error::WorldError;
use crate::file::{
    Action, CardPayment, FaultRule, MachineClock, PayoutTransition, SandboxFile, Transaction, change_payout, next_action, payout_state,
    take_due,
};
use crate::inbox::{self, InboxWebhook};
use crate::kyc::{self, ManualDecision, SimulatedKyc};
use crate::payment::{PayResult, PayableMethod, PayablePayment};
use crate::prices::SimulatedPrices;
use crate::processor::{self, CardResult, SimulatedProcessors};
use crate::screening::SimulatedScreening;

/// The simulated outside world, with a port for each kind of provider.
pub struct World {
    file: Arc<SandboxFile>,
    bank: Arc<SimulatedBank>,
    processors: Arc<SimulatedProcessors>,
    chains: BTreeMap<Chain, Arc<SimulatedChain>>,
    identity: Arc<SimulatedKyc>,
    screening: Arc<SimulatedScreening>,
    prices: Arc<SimulatedPrices>,
    /// Whether this process runs what is due. Locked while it does.
    runs: Mutex<bool>,
}

/// How often changes of other processes are looked for, in real time.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Limits the length of one transaction.
const MAX_BATCH_ACTIONS: usize = 100;

impl World {
    /// Opens the database and creates it if it is missing. What is new in the configuration, such as a chain, is added with
    /// its opening balance. Nothing happens by itself until [`World::start`].
    pub async fn open(path: impl AsRef<Path>, config: WorldConfig) -> Result<Arc<Self>, WorldError> {
        let world = Self::open_with_clock(path, config, Arc::new(MachineClock)).await?;
        tokio::spawn(run(Arc::downgrade(&world)));
        Ok(world)
    }

    /// Like [`World::open`], with another source of real time, and nothing in the background: the caller calls [`World::run_due`]. With a
    /// clock that only moves when it is moved, the same calls with the same seed make the same world.
    pub async fn open_with_clock(path: impl AsRef<Path>, config: WorldConfig, real: Arc<dyn Clock>) -> Result<Arc<Self>, WorldError> {
        let file = SandboxFile::open(path.as_ref(), config, real)?;
        file.read(|tx| check_real_chains(tx))?;
        file.write(create_missing_rows)?;
        let chains = file.config.chains.iter().map(|chain| (chain.name, Arc::new(SimulatedChain::new(file.clone(), chain.clone()))));
        Ok(Arc::new(Self {
            bank: Arc::new(SimulatedBank { file: file.clone() }),
            processors: Arc::new(SimulatedProcessors { file: file.clone() }),
            chains: chains.collect(),
            identity: Arc::new(SimulatedKyc { file: file.clone() }),
            screening: Arc::new(SimulatedScreening { file: file.clone() }),
            prices: Arc::new(SimulatedPrices { file: file.clone() }),
            runs: Mutex::new(false),
            file,
        }))
    }

    /// The bank, with all rails.
    #[must_use]
    pub fn bank(&self) -> Arc<dyn BankPort> {
        self.bank.clone()
    }

    /// The processors of redirect payments.
    #[must_use]
    pub fn processor(&self) -> Arc<dyn ProcessorPort> {
        self.processors.clone()
    }

    /// The ports of a chain.
    #[must_use]
    pub fn chain(&self, name: Chain) -> Option<ChainPorts> {
        self.chains.get(&name).map(SimulatedChain::ports)
    }

    /// The names of all chains.
    #[must_use]
    pub fn chains(&self) -> Vec<Chain> {
        self.chains.keys().copied().collect()
    }

    /// The identity provider.
    #[must_use]
    pub fn kyc(&self) -> Arc<dyn KycPort> {
        self.identity.clone()
    }

    /// The screening provider.
    #[must_use]
    pub fn screening(&self) -> Arc<dyn ScreeningPort> {
        self.screening.clone()
    }

    /// The price source.
    #[must_use]
    pub fn prices(&self) -> Arc<dyn PricePort> {
        self.prices.clone()
    }

    /// The business clock, shared by the ramp and the world.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.file.clock.clone()
    }

    /// Real time, as the world knows it.
    pub(crate) fn real_now(&self) -> Timestamp {
        self.file.clock.real.now()
    }

    /// The balances that the world opens with. The ramp's ledger opens with the same.
    #[must_use]
    pub fn opening_balances(&self) -> Vec<OpeningBalance> {
        self.file.config.opening_balances()
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &WorldConfig {
        &self.file.config
    }

    /// The processor time that this process has spent in the world: its operations, and its routes but for reading the request and sending
    /// the answer.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        self.file.processor_time.total()
    }

    pub(crate) async fn measure_polls<T>(&self, work: impl Future<Output = T>) -> T {
        self.file.processor_time.measure_polls(work).await
    }

    /// Lets this process run what is due, whether or not others that share the database do.
    pub fn start(&self) {
        *self.runs.lock() = true;
    }

    /// Stops what [`World::start`] has started. The ports stay usable.
    pub async fn stop(&self) {
        *self.runs.lock() = false;
    }

    /// Does everything that is due at the present business time on the calling thread, actions first, in the order of their time and
    /// number, then blocks. Returns how many actions and blocks there were; 0 means that nothing was due.
    pub fn run_due(&self) -> Result<usize, WorldError> {
        let mut done = 0;
        while self.next_due()?.is_some_and(|due| due <= self.file.now()) {
            done += self.file.write(|tx| {
                for performed in 0..MAX_BATCH_ACTIONS {
                    let Some(action) = take_due(tx)? else { return Ok(performed + chain::mine_due(tx)?) };
                    perform(tx, action)?;
                }
                Ok(MAX_BATCH_ACTIONS)
            })?;
        }
        Ok(done)
    }

    /// When something is due next, in business time.
    pub fn next_due(&self) -> Result<Option<Timestamp>, WorldError> {
        self.file.read(|tx| Ok(next_action(tx)?.into_iter().chain(chain::next_block(tx)?).min()))
    }

    /// Runs what is due if this process does that, and learns what others have done. Returns how long to wait before the next turn.
    fn turn(&self) -> Result<Duration, WorldError> {
        let runs = self.runs.lock();
        if !*runs {
            return self.file.follow().map(|()| POLL_INTERVAL);
        }
        self.run_due()?;
        Ok(self.next_due()?.map_or(POLL_INTERVAL, |due| self.file.now().until(due).min(POLL_INTERVAL)))
    }

    /// Advances business time for the ramp and the world. Returns the new time.
    /// [`WorldError::Impossible`] for more than 366 days at once, or more than a century in total, and beside a real chain, whose time
    /// nobody can move.
    pub async fn advance(&self, seconds: u64) -> Result<Timestamp, WorldError> {
        if let Some(chain) = self.file.config.real_chains.first().filter(|_| seconds > 0) {
            return Err(WorldError::impossible(format!("{chain} is a real chain, so business time is the machine's and cannot be moved")));
        }
        self.file.change_settings(|settings| settings.advance(seconds))?;
        Ok(self.file.now())
    }

    /// Makes the next calls to a provider fail. A rule with a count of 0 removes all rules of the provider.
    /// [`WorldError::Impossible`] for more than 100 rules, 100,000 calls per rule or an hour of delay.
    pub async fn add_fault(&self, rule: FaultRule) -> Result<(), WorldError> {
        self.file.change_settings(|settings| settings.add_fault(rule))
    }

    /// The faults that have not been used up.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultRule> {
        self.file.settings().faults.clone()
    }

    /// Fixes a price, or with `None` releases it to the market again.
    /// [`WorldError::NotFound`] for a coin or currency without a market.
    pub async fn set_price(&self, symbol: Symbol, currency: Currency, rate: Option<Rate>) -> Result<(), WorldError> {
        self.prices.set(symbol, currency, rate)
    }

    /// Makes the price source unavailable, or available again.
    pub async fn silence_prices(&self, silent: bool) -> Result<(), WorldError> {
        self.prices.silence(silent)
    }

    /// Adds a name or wallet to the screening list, as a hit or as cleared.
    /// [`WorldError::Impossible`] when the text has no letter or digit, or the list is full.
    pub async fn list_for_screening(&self, name_or_wallet: &str, hit: bool) -> Result<(), WorldError> {
        self.screening.list(name_or_wallet, hit)
    }

    /// Makes a decision by hand: for the customer's last form, else for the engine's last check, else unsolicited. Returns
    /// the reference and level it is for.
    pub async fn decide_kyc(&self, decision: ManualDecision) -> Result<(String, KycLevel), WorldError> {
        self.identity.decide(decision)
    }

    /// A third party transfers money to an account of ours. Returns the reference of the statement line.
    /// [`WorldError::NotFound`] for an unknown rail, [`WorldError::Impossible`] for another currency than the account's.
    pub async fn transfer(&self, transfer: BankTransfer) -> Result<String, WorldError> {
        self.bank.transfer(None, transfer)
    }

    /// As [`World::transfer`]; the line then belongs to a partner.
    pub async fn transfer_by(&self, owner: Option<PartnerId>, transfer: BankTransfer) -> Result<String, WorldError> {
        self.bank.transfer(owner, transfer)
    }

    /// The payer's bank recalls a transfer, in full or in part, once. Returns the reference of the new line and the amount in
    /// minor units.
    /// [`WorldError::NotFound`] for an unknown line. [`WorldError::Impossible`] for a line that is no credit, for a transfer
    /// that was recalled before, and for more than its amount.
    pub async fn recall(&self, of: &str, amount: Option<Amount>, reason: String) -> Result<(String, Amount), WorldError> {
        self.bank.recall(None, of, amount, reason)
    }

    /// As [`World::recall`], on behalf of a partner. Lines of other partners are reported as unknown.
    pub async fn recall_by(
        &self,
        caller: Option<PartnerId>,
        of: &str,
        amount: Option<Amount>,
        reason: String,
    ) -> Result<(String, Amount), WorldError> {
        self.bank.recall(caller, of, amount, reason)
    }

    /// The newest lines of an account's statement, newest first, at most `limit`, older than the line `before`; with a partner,
    /// without lines known to belong to other partners.
    /// [`WorldError::Impossible`] if `before` is not a line of this rail.
    pub async fn account_statement(
        &self,
        partner: Option<PartnerId>,
        rail: Rail,
        account: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StatementEntry>, WorldError> {
        self.bank.account_statement(partner, rail, account, before, limit)
    }

    /// The balance of the account behind a rail, in minor units.
    /// [`WorldError::NotFound`] for an unknown rail.
    pub async fn bank_balance(&self, rail: Rail) -> Result<Amount, WorldError> {
        self.bank.balance(rail)
    }

    /// The rail of an account of ours, by its number with or without separators.
    #[must_use]
    pub fn rail_of_account(&self, account: &str) -> Option<Rail> {
        self.bank.rail_of_account(account)
    }

    /// The bank sends a payout back: a settled one is returned, an accepted one fails.
    /// [`WorldError::NotFound`] for a payout that the bank never accepted, [`WorldError::Impossible`] for one that has
    /// already failed or been returned.
    pub async fn return_payout(&self, payout: PayoutId, reason: String) -> Result<(), WorldError> {
        let id = payout.to_string();
        self.file.write(|tx| {
            if move_payout(tx, &id, PayoutTransition::Return, &reason)? || move_payout(tx, &id, PayoutTransition::Fail, &reason)? {
                return Ok(());
            }
            Err(match payout_state(tx, &id)? {
                Some(state) => WorldError::impossible(format!("the payout has already {state}")),
                None => WorldError::NotFound("the bank has not received a payout of this order".to_owned()),
            })
        })
    }

    /// A customer pays through a processor. A second payment of the same order captures nothing.
    /// [`WorldError::NotFound`] for an unknown processor.
    pub async fn pay_by_card(&self, payment: CardPayment) -> Result<CardResult, WorldError> {
        self.processors.pay(payment)
    }

    /// The processor declines a customer's payment, or the customer cancels on its page.
    /// [`WorldError::NotFound`] for an unknown processor, [`WorldError::Impossible`] for a captured payment.
    pub async fn decline_card(&self, processor: Processor, payment: OrderId, reason: String) -> Result<(), WorldError> {
        self.processors.decline(processor, payment, reason)
    }

    /// The issuer charges back a captured payment.
    /// [`WorldError::NotFound`] for a payment that was not captured, [`WorldError::Impossible`] for one that was charged back
    /// or refunded in full.
    pub async fn charge_back(&self, payment: OrderId, reason: String) -> Result<(), WorldError> {
        self.processors.charge_back(payment, &reason)
    }

    /// The customer pays by the method of the payment: the amount due, or another amount.
    /// Those of [`World::pay_by_card`] and [`World::transfer`].
    pub async fn pay_payment(
        &self,
        payable: &PayablePayment,
        amount: Option<Amount>,
        holder: Option<String>,
    ) -> Result<PayResult, WorldError> {
        let (amount, currency) = (amount.unwrap_or(payable.due), payable.currency);
        let holder = holder.unwrap_or_else(|| payable.customer_name.reveal().to_owned());
        match &payable.method {
            PayableMethod::Redirect { processor } => {
                let (processor, payment, holder) = (*processor, payable.payment, Some(Redacted::new(holder)));
                Ok(match self.processors.pay(CardPayment { processor, payment, amount, currency, holder, decided: false })? {
                    CardResult::Captured { reference } => PayResult::Paid(reference),
                    CardResult::AlreadyCaptured { reference } => PayResult::PaidBefore(reference),
                    CardResult::Pending => PayResult::Pending,
                    CardResult::Declined { reason } => PayResult::Declined(reason),
                })
            }
            PayableMethod::Transfer { rail, account, concept } => {
                let transfer = BankTransfer {
                    rail: *rail,
                    account: account.clone(),
                    amount,
                    currency,
                    concept: concept.clone(),
                    sender_name: Some(holder),
                    sender_account: None,
                    booked: Booked::Now,
                };
                self.bank.transfer(Some(payable.partner), transfer).map(PayResult::Paid)
            }
        }
    }

    /// The processor declines a customer's payment, or the customer cancels.
    /// [`WorldError::Impossible`] for a payment by bank transfer, and those of [`World::decline_card`].
    pub async fn decline_payment(&self, payable: &PayablePayment, reason: String) -> Result<(), WorldError> {
        match &payable.method {
            PayableMethod::Redirect { processor } => self.processors.decline(*processor, payable.payment, reason),
            PayableMethod::Transfer { .. } => Err(WorldError::impossible("a payment by bank transfer cannot be declined")),
        }
    }

    /// Stores a received webhook.
    pub async fn receive_webhook(&self, received: InboxWebhook) -> Result<(), WorldError> {
        self.file.write(|tx| inbox::receive(tx, &received))
    }

    /// The webhooks of a partner after a sequence number, oldest first, each with its number, and whether there are more.
    /// A page has at most 256 KiB, but at least one webhook.
    pub async fn received_webhooks(
        &self,
        partner: PartnerId,
        after: i64,
        limit: usize,
    ) -> Result<(Vec<(i64, InboxWebhook)>, bool), WorldError> {
        self.file.read(|tx| inbox::page(tx, partner, after, limit))
    }

    /// The chain of this name.
    pub(crate) fn simulated_chain(&self, name: Chain) -> Result<&Arc<SimulatedChain>, WorldError> {
        let unknown = || match self.file.config.real_chains.contains(&name) {
            true => WorldError::impossible(format!("{name} is a real chain: its own nodes make its blocks and transactions")),
            false => WorldError::NotFound(format!("there is no chain {name}")),
        };
        self.chains.get(&name).ok_or_else(unknown)
    }
}

/// Refuses a world whose time was moved, or that has simulated a chain that is real now: what it says of either is not so.
fn check_real_chains(tx: &Transaction<'_>) -> Result<(), WorldError> {
    const NEEDS: &str = "a sandbox with a real chain needs a data folder of its own";
    let Some(first) = tx.config.real_chains.first() else { return Ok(()) };
    if tx.settings.clock_offset > 0 {
        return Err(WorldError::impossible(format!("{first} is a real chain, and the clock of this world was moved: {NEEDS}")));
    }
    for chain in &tx.config.real_chains {
        if chain::exists(tx, *chain)? {
            return Err(WorldError::impossible(format!("{chain} is a real chain, and this world has simulated it before: {NEEDS}")));
        }
    }
    Ok(())
}

/// Inserts the rails, chains and coins that are in the configuration but not in the database.
fn create_missing_rows(tx: &mut Transaction<'_>) -> Result<(), WorldError> {
    let config = tx.config;
    for rail in &config.rails {
        bank::create_account(tx, rail)?;
    }
    config.chains.iter().try_for_each(|config| chain::create(tx, config))
}

/// Gives every turn to a world until it is dropped.
async fn run(world: Weak<World>) {
    loop {
        let Some(world) = world.upgrade() else { return };
        let mut settings = world.file.signals.settings.subscribe();
        let wait = world.turn().unwrap_or_else(|error| {
            tracing::warn!(%error, "the sandbox could not run what is due");
            POLL_INTERVAL
        });
        // A world that nobody uses any more must not be kept by its own turns.
        drop(world);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // A moved clock makes other things due.
            _ = settings.changed() => {}
        }
    }
}

/// Performs an action that is due.
fn perform(tx: &mut Transaction<'_>, action: Action) -> Result<(), WorldError> {
    let outcome = match action {
        Action::SettlePayout { id } => move_payout(tx, &id, PayoutTransition::Settle, "").map(|_| ()),
        Action::FailPayout { id } => move_payout(tx, &id, PayoutTransition::Fail, "the beneficiary's bank did not accept it").map(|_| ()),
        Action::ReturnPayout { id } => move_payout(tx, &id, PayoutTransition::Return, "the beneficiary's bank sent it back").map(|_| ()),
        Action::Decide { reference } => kyc::decide_by_plan(tx, reference),
        Action::Capture { payment } => processor::take_payment(tx, *payment).map(|_| ()),
        Action::ChargeBack { payment } => processor::charge_back(tx, payment, "fraudulent"),
    };
    match outcome {
        // Charged back by hand or refunded in the meantime, for example: nothing is left to do.
        Err(WorldError::Impossible(_) | WorldError::NotFound(_)) => Ok(()),
        outcome => outcome,
    }
}

/// Applies a transition to a payout that is in its initial state, and has its provider report it. Returns whether there was one.
fn move_payout(tx: &mut Transaction<'_>, id: &str, transition: PayoutTransition, reason: &str) -> Result<bool, WorldError> {
    let Some(payout) = change_payout(tx, id, transition, reason)? else { return Ok(false) };
    match payout.route {
        PayoutRoute::Bank(rail) => bank::report_payout(tx, rail, payout)?,
        PayoutRoute::Processor(processor) => processor::report_refund(tx, processor, payout)?,
    }
    Ok(true)
}
