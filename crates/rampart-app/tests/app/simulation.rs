//! A seeded simulation: customers act in random order and make every mistake; afterwards the ramp's books are compared with those of the
//! sandbox world. A seed replays its run: the event log of both engines is the same, byte for byte.
//!
//! `RAMPART_SIMULATION_SEEDS` selects the seeds, such as `7` or `0..1000`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use rampart_app::orders::page_links;
use rampart_app::pages;
use rampart_core::catalogue::Coin;
use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::{CustomerId, OrderId, Randomness};
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::order::payment::PaymentState;
use rampart_core::order::rampoff::RampoffState;
use rampart_core::outgoing::{Lane, PayoutPurpose, PayoutState};
use rampart_sandbox::ChainDeposit;
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm};
use rampart_testkit::{CustomerOf, SeededRandomness, TestApp, TestEngine, buy, partner_api, payable, scenario, sell};

const ACTIONS: u32 = 90;

/// The seeds of every test run.
const SEEDS: Range<u64> = 0..20;

fn seeds() -> Range<u64> {
    let Ok(chosen) = std::env::var("RAMPART_SIMULATION_SEEDS") else { return SEEDS };
    let (first, end) = chosen.split_once("..").map_or((chosen.as_str(), None), |(first, end)| (first, Some(end)));
    let first = first.parse().expect("a seed is a number");
    first..end.map_or(first + 1, |end| end.parse().expect("the end of the seeds is a number"))
}

#[test]
fn a_seed_replays_its_run_on_both_engines() {
    for seed in seeds() {
        eprintln!("simulation of seed {seed}; RAMPART_SIMULATION_SEEDS={seed} repeats it");
        let run = |engine| std::thread::spawn(move || event_log(engine, seed));
        let runs = [TestEngine::Sqlite, TestEngine::Postgres].map(run);
        let [sqlite, postgres] = runs.map(|run| run.join().expect("a run comes to its end"));
        let difference = sqlite.iter().zip(&postgres).find(|(one, other)| one != other);
        assert_eq!((difference, sqlite.len()), (None, postgres.len()), "seed {seed}");
    }
}

/// Runs the simulation of a seed and returns its event log.
fn event_log(engine: TestEngine, seed: u64) -> Vec<String> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let written = log.clone();
    scenario(TestApp::start(engine), |test| async move { *written.lock() = books_agree(&test, seed).await });
    std::mem::take(&mut log.lock())
}

/// Seeded randomness, equal for equal seeds.
struct EventRandomness(SeededRandomness);

impl EventRandomness {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }

    fn below(&self, limit: u32) -> u32 {
        u32::from_le_bytes(self.bytes()) % limit
    }

    fn pick<T: Copy>(&self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[usize::try_from(self.below(u32::try_from(of.len()).unwrap())).unwrap()])
    }

    /// A wallet that belongs to no one; no two orders share one.
    fn wallet(&self) -> String {
        let digits: String = self.bytes::<20>().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("0x{digits}")
    }
}

/// The orders created so far.
struct Simulation {
    test: Arc<TestApp>,
    dice: EventRandomness,
    customers: Vec<CustomerId>,
    payments: Vec<OrderId>,
    rampoffs: Vec<OrderId>,
}

impl Simulation {
    async fn step(&mut self) {
        match self.dice.below(20) {
            0..=4 => self.buys().await,
            5..=7 => self.sells().await,
            8..=13 => self.pays().await,
            14..=16 => self.deposits().await,
            17 => self.gives_up().await,
            18 => self.charges_back().await,
            _ => self.test.advance(u64::from(self.dice.below(2_000))).await,
        }
    }

    async fn buys(&mut self) {
        let Some(customer) = self.dice.pick(&self.customers) else { return };
        let amount = format!("{}.{:02}", 30 + self.dice.below(300), self.dice.below(100));
        let method = if self.dice.below(2) == 0 { "card" } else { "transfer" };
        let request = CreatePaymentForm { payment_type: Some(method.into()), wallet: Some(self.dice.wallet()), ..buy(customer, &amount) };
        let answer = partner_api::create_payment(&self.test.app, &self.test.caller, &request, None).await.unwrap();
        self.payments.push(TestApp::order_of(&answer));
    }

    async fn sells(&mut self) {
        let Some(customer) = self.dice.pick(&self.customers) else { return };
        let amount = format!("{}.{:06}", 20 + self.dice.below(200), self.dice.below(1_000_000));
        let refund_wallet = (self.dice.below(2) == 0).then(|| self.dice.wallet());
        let request = CreateRampoffForm { refund_wallet, ..sell(customer, &amount) };
        let answer = partner_api::create_rampoff(&self.test.app, &self.test.caller, &request, None).await.unwrap();
        self.rampoffs.push(TestApp::order_of(&answer));
    }

    /// Pays the amount due, less, more, or in another name; possibly for a payment that was paid or has ended.
    async fn pays(&self) {
        let Some(id) = self.dice.pick(&self.payments) else { return };
        let payment = self.test.payment(id).await;
        let due = payment.terms.fiat_amount.minor();
        let (amount, payer) = match self.dice.below(10) {
            0 => (due / 2, "Ana García López"),
            1 => (due + 1_000, "Ana García López"),
            2 => (due, "Pedro Picapiedra"),
            _ => (due, "ANA GARCIA LOPEZ"),
        };
        // The world refuses the impossible, such as paying a card payment twice.
        let _ = self.test.world.pay_payment(&payable(&payment, payer), Some(Amount::from_minor(amount)), None).await;
    }

    /// Sends the announced amount, less, more, or another coin; possibly to an order that has ended.
    async fn deposits(&self) {
        let Some(id) = self.dice.pick(&self.rampoffs) else { return };
        let rampoff = self.test.rampoff(id).await;
        let announced = rampoff.terms.coin_amount.minor();
        let (amount, symbol) = match self.dice.below(8) {
            0 => (announced / 2, "USDC"),
            1 => (announced + 5_000_000, "USDC"),
            2 => (announced, "USDT"),
            _ => (announced, "USDC"),
        };
        let (chain, to) = (rampoff.chain(), rampoff.deposit_address.clone());
        let deposit = ChainDeposit { chain, to, symbol: symbol.parse().unwrap(), amount: Amount::from_minor(amount), from: None };
        self.test.world.deposit(deposit).await.unwrap();
    }

    async fn gives_up(&self) {
        if let Some(id) = self.dice.pick(&self.payments) {
            let token = page_links::payment_token(&self.test.app, id);
            // Refused once money has arrived.
            let _ = pages::cancel_payment(&self.test.app, &token).await;
        }
    }

    async fn charges_back(&self) {
        if let Some(id) = self.dice.pick(&self.payments) {
            // The world refuses it for payments it has not captured.
            let _ = self.test.world.charge_back(id, "stolen card".into()).await;
        }
    }

    /// Waits until no order changes any more.
    async fn settle(&self) {
        let (test, payments, rampoffs) = (&self.test, &self.payments, &self.rampoffs);
        test.eventually("everything comes to rest", || async move {
            let counts = test.app.store.order_counts().await.unwrap();
            let mut moving = counts.facts_waiting > 0 || counts.jobs.iter().any(|job| job.1 > 0);
            for id in payments {
                moving |= matches!(
                    test.payment(*id).await.state,
                    PaymentState::PaymentReceived { .. }
                        | PaymentState::Sending { .. }
                        | PaymentState::CoinsSent { confirmations: 0, .. }
                        | PaymentState::RefundPending { .. }
                );
            }
            for id in rampoffs {
                let rampoff = test.rampoff(*id).await;
                moving |= matches!(
                    rampoff.state,
                    RampoffState::CryptoReceived { .. } | RampoffState::PayingOut { .. } | RampoffState::RefundPending { .. }
                );
                // An order that waits for the rest of its coins is at rest.
                moving |= rampoff.deposits.iter().any(|deposit| deposit.confirmations == 0);
            }
            (!moving).then_some(())
        })
        .await;
    }
}

/// Lets everything come to rest, compares the books, and returns the event log.
async fn books_agree(test: &Arc<TestApp>, seed: u64) -> Vec<String> {
    let dice = EventRandomness(SeededRandomness::new(seed));
    let mut simulation = Simulation { test: test.clone(), dice, customers: Vec::new(), payments: Vec::new(), rampoffs: Vec::new() };
    for number in 0..4 {
        let customer = test.verified(CustomerOf::SPAIN, &format!("{number}@example.com")).await;
        test.decide(customer, KycLevel::Reinforced, KycStatus::Valid).await;
        simulation.customers.push(customer);
    }
    for _ in 0..ACTIONS {
        simulation.step().await;
    }
    simulation.settle().await;
    // A recent deposit may still wait for its block and its confirmations.
    test.eventually("the chains agree", || async { (deposits_differ(&simulation).await.is_none()).then_some(()) }).await;
    simulation.settle().await;
    banks_agree(test).await;
    wallets_agree(test).await;
    let mut seen: HashSet<&str> = HashSet::new();
    for id in &simulation.payments {
        payment_agrees(test, *id).await;
        seen.insert(test.payment(*id).await.status().as_str());
    }
    for id in &simulation.rampoffs {
        rampoff_agrees(test, *id).await;
        seen.insert(test.rampoff(*id).await.status().as_str());
    }
    assert!(!seen.is_empty(), "nothing happened");
    events_agree(test).await
}

async fn posted(test: &TestApp, account: Account, asset: impl Into<Asset>) -> Amount {
    test.app.store.balance(account, asset.into()).await.unwrap().posted
}

async fn banks_agree(test: &TestApp) {
    for rail in &test.app.catalogue.rail_accounts {
        let outside = test.world.bank_balance(rail.rail).await.unwrap();
        assert_eq!(posted(test, Account::Bank(rail.rail), rail.currency).await, outside, "the bank behind {}", rail.rail);
        assert!(posted(test, Account::InTransit(rail.rail), rail.currency).await.is_zero(), "on the way over {}", rail.rail);
    }
}

async fn wallets_agree(test: &TestApp) {
    for Coin { id, .. } in &test.app.catalogue.coins {
        let port = test.app.ports.chain(id.chain).unwrap();
        let outside = port.reader.balance(Lane::FIRST, *id).await.unwrap();
        assert_eq!(posted(test, Account::ChainHot(id.chain), *id).await, outside, "the hot wallet's {id}");
        assert!(posted(test, Account::InTransit(id.chain), *id).await.is_zero(), "{id} on its way");
    }
}

/// The first coin whose balance at the deposit addresses differs from the books.
async fn deposits_differ(simulation: &Simulation) -> Option<String> {
    let test = &simulation.test;
    for Coin { id, .. } in test.app.catalogue.coins.iter().filter(|coin| coin.id.chain.as_str() == "polygon") {
        let port = test.app.ports.chain(id.chain).unwrap();
        let mut outside = Amount::ZERO;
        for order in &simulation.rampoffs {
            let index = test.rampoff(*order).await.deposit_index;
            outside = outside.plus(port.reader.balance(Lane::Deposit(index), *id).await.unwrap()).unwrap();
        }
        let inside = posted(test, Account::ChainDeposits(id.chain), *id).await;
        if inside != outside {
            return Some(format!("{id}: {inside} in the books, {outside} at the addresses"));
        }
    }
    None
}

/// Coins were sent exactly once for a completed order, and never for another.
async fn payment_agrees(test: &TestApp, id: OrderId) {
    let payment = test.payment(id).await;
    let sent = test.world.transactions(payment.terms.coin.chain, Some(&payment.wallet), None, 10).await.unwrap();
    let sent: Vec<_> = sent.iter().filter(|transaction| transaction.state == "in_block").map(|transaction| transaction.amount).collect();
    match payment.state {
        PaymentState::CoinsSent { coins, .. } => assert_eq!(sent, [coins], "{id}"),
        _ => assert!(sent.is_empty(), "{id} is {} and has sent {sent:?}", payment.status().as_str()),
    }
}

/// Money was paid exactly once for a completed order, and never for another.
async fn rampoff_agrees(test: &TestApp, id: OrderId) {
    let rampoff = test.rampoff(id).await;
    let payouts = test.app.store.payouts_of_order(id).await.unwrap();
    let arrived: Vec<_> = payouts
        .iter()
        .filter(|payout| payout.purpose == PayoutPurpose::Rampoff && matches!(payout.state, PayoutState::Settled { .. }))
        .map(|payout| payout.amount)
        .collect();
    let account = test.app.catalogue.rail_account(rampoff.rail).unwrap().account.clone();
    let statement = test.world.account_statement(None, rampoff.rail, &account, None, 10_000).await.unwrap();
    let ours: HashSet<String> = payouts.iter().map(|payout| payout.id.to_string()).collect();
    let paid: Vec<_> = statement
        .iter()
        .filter(|line| line.kind == "payout_settled" && line.payout.as_ref().is_some_and(|payout| ours.contains(payout)))
        .map(|line| line.amount)
        .collect();
    match rampoff.state {
        RampoffState::Finished { fiat, .. } => {
            assert_eq!((arrived.as_slice(), paid.as_slice()), ([fiat].as_slice(), [fiat].as_slice()), "{id}")
        }
        _ => assert!(paid.is_empty(), "{id} is {} and has paid {paid:?}", rampoff.status().as_str()),
    }
}

/// The event log has no gap, and what happens to an order once is reported once.
async fn events_agree(test: &TestApp) -> Vec<String> {
    let mut log = Vec::new();
    let partner = test.caller.partner.id;
    let mut reported: HashMap<(String, &str), u32> = HashMap::new();
    let mut last = 0;
    loop {
        let page = test.app.store.events_after(partner, last, 100).await.unwrap();
        if page.is_empty() {
            break;
        }
        for event in page {
            last += 1;
            assert_eq!(event.sequence, last, "without a gap");
            log.push(format!("{event:?}"));
            *reported.entry((event.draft.subject, event.draft.kind.as_str())).or_default() += 1;
        }
    }
    for ((subject, kind), times) in reported {
        let once = matches!(kind, "PAY_IN" | "COINS_SENT" | "CRYPTO_RECEIVED" | "RAMPOFF_FINISHED");
        assert!(!once || times == 1, "{kind} of {subject} was reported {times} times");
    }
    log
}
