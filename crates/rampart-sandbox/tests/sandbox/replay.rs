use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use rampart_core::customer::kyc::KycLevel;
use rampart_core::id::{CustomerId, Mint, OrderId, Randomness};
use rampart_core::money::amount::Amount;
use rampart_core::outgoing::{Lane, Payout, PayoutRoute};
use rampart_core::ports::{KycDetails, KycSubmission, ProcessorEvent};
use rampart_core::time::{Clock, Sleep, Timestamp};
use rampart_sandbox::{CardPayment, ChainDeposit, World};
use tempfile::TempDir;

use crate::test_world::{TestWorld, WALLET, config, signed, usdc};

/// A clock that only moves when it is moved.
struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn sleep_until(&self, _: Timestamp) -> Sleep {
        Box::pin(std::future::pending())
    }
}

/// Numbers that begin anew with each run.
struct Counted(AtomicU8);

impl Randomness for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

async fn still_world() -> (TestWorld, Arc<ManualClock>) {
    let (folder, clock) = (TempDir::new().unwrap(), Arc::new(ManualClock(AtomicI64::new(START.micros()))));
    let world = World::open_with_clock(folder.path().join("sandbox.db"), config(), clock.clone()).await.unwrap();
    (TestWorld { world, folder }, clock)
}

/// Plays half a minute of a busy world, and returns all that its providers say about it.
async fn played() -> String {
    let (test, clock) = still_world().await;
    let (world, counted) = (&test.world, Counted(AtomicU8::new(0)));
    let mint = Mint { now: START, randomness: &counted };
    let (sepa, card, polygon) = ("sepa".parse().unwrap(), "card".parse().unwrap(), "polygon".parse().unwrap());
    for customer in 1..6 {
        let (reference, details) = (format!("check-{customer}"), KycDetails::default());
        let submission = KycSubmission { reference, customer: CustomerId(customer), level: KycLevel::Basic, details };
        world.kyc().submit(&submission).await;
        let amount = Amount::from_minor([7_777, 5_555, 6_666, 100, 101][usize::try_from(customer).unwrap() - 1]);
        let payment = OrderId::mint(START, &counted);
        let payment = CardPayment { processor: card, payment, amount, currency: "EUR".parse().unwrap(), holder: None, decided: false };
        world.pay_by_card(payment).await.unwrap();
        let template = test.payout(PayoutRoute::Bank(sepa), i128::from(customer), "ES9421000418440006660002");
        let payout = Payout::new(&mint, template.purpose, template.route, template.currency, template.amount, template.destination);
        world.bank().pay(&payout).await;
        let port = test.polygon();
        port.writer.broadcast(&signed(&port, WALLET, 1, u64::try_from(customer).unwrap() - 1).await).await;
        let to = port.reader.address(Lane::Deposit(3));
        world.deposit(ChainDeposit { chain: polygon, to, symbol: usdc().symbol, amount: Amount::SMALLEST, from: None }).await.unwrap();
    }
    let mut turns = Vec::new();
    while let Some(due) = world.next_due().unwrap().filter(|due| *due <= START.after(Duration::from_secs(31))) {
        clock.0.store(due.micros(), Ordering::Relaxed);
        turns.push(format!("{} at {due}", world.run_due().unwrap()));
        assert_eq!(world.run_due().unwrap(), 0, "everything due is done at once");
    }
    let page = world.processor().events(card, "", 100).await.unwrap();
    assert!(page.items.iter().any(|event| matches!(event, ProcessorEvent::Reversed { .. })), "{page:?}");
    let (statement, decisions) = (world.bank().statement(sepa, "", 100).await, world.kyc().decisions("", 100).await);
    let (transactions, head) = (world.transactions(polygon, None, None, 100).await, test.polygon().reader.tip().await);
    format!("{turns:#?} {page:#?} {statement:#?} {decisions:#?} {transactions:#?} {head:#?}")
}

#[tokio::test]
async fn a_world_whose_clock_is_moved_by_hand_repeats_itself() {
    assert_eq!(played().await, played().await);
}

#[tokio::test]
async fn what_is_due_is_done_in_the_order_of_its_time() {
    let (test, clock) = still_world().await;
    assert_eq!(test.world.run_due().unwrap(), 0);
    let payout = test.payout(PayoutRoute::Bank("sepa".parse().unwrap()), 100, "ES9421000418440006660002");
    test.world.bank().pay(&payout).await;
    assert_eq!(test.world.next_due().unwrap(), Some(START.after(Duration::from_secs(1))));
    // Settled after one second and returned after three; two chains make a block every two seconds.
    clock.0.fetch_add(5_000_000, Ordering::Relaxed);
    assert_eq!(test.world.run_due().unwrap(), 2 + 2 * 2);
    let lines = test.world.account_statement(None, "sepa".parse().unwrap(), crate::test_world::IBAN, None, 9).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.kind).collect::<Vec<_>>(), ["payout_returned", "payout_settled"]);
    assert_eq!(test.world.next_due().unwrap(), Some(START.after(Duration::from_secs(6))));
}
