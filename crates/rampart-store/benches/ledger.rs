//! Postings per second of the commit path: callers that move an amount between two of some accounts, each waiting for its commit.
//!
//! Run by `cargo xtask bench ledger`, as `ledger <url of an empty database> <accounts> <callers> <seconds>`. Prints one number.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rampart_core::id::{CustomerId, Mint, Randomness};
use rampart_core::ledger::{Account, Entry, Origin, Posting, PostingKind};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::step::Step;
use rampart_core::text::code::Code;
use rampart_core::time::{Clock, Sleep, Timestamp};
use rampart_store::{Store, StoreOptions};

/// Postings before the measurement.
const WARM_UP: Duration = Duration::from_secs(1);
/// What every account opens with: more than is moved from it.
const OPENING_MINOR_UNITS: i128 = 1_000_000_000_000;

struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "a measurement is of this machine's time")]
    fn now(&self) -> Timestamp {
        let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, _: Timestamp) -> Sleep {
        Box::pin(std::future::pending())
    }
}

/// Bytes that no other call draws: a counter, scrambled (SplitMix64).
struct Scrambled(AtomicU64);

impl Scrambled {
    fn next(&self) -> u64 {
        let mut value = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }
}

impl Randomness for Scrambled {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let length = chunk.len();
            chunk.copy_from_slice(&self.next().to_be_bytes()[..length]);
        }
    }
}

struct Ledger {
    store: Store,
    randomness: Arc<Scrambled>,
    currency: Asset,
    accounts: u64,
}

impl Ledger {
    async fn open(url: &str, accounts: u64) -> Self {
        let randomness = Arc::new(Scrambled(AtomicU64::new(1)));
        let options = StoreOptions::new(Arc::new(MachineClock), randomness.clone());
        let store = Store::open(url, options).await.expect("the database can be opened");
        let ledger = Self { store, randomness, currency: Asset::Fiat(code("EUR")), accounts };
        let bank = Account::Bank(code("sepa"));
        for number in 1..=accounts {
            ledger.post(bank, account(number), OPENING_MINOR_UNITS, Origin::Fact).await;
        }
        ledger
    }

    async fn post(&self, debit: Account, credit: Account, minor_units: i128, origin: Origin) {
        let mint = Mint { now: MachineClock.now(), randomness: &*self.randomness };
        let amount = Amount::from_minor(minor_units);
        let entries = vec![Entry::debit(debit, self.currency, amount), Entry::credit(credit, self.currency, amount)];
        let mut step = Step::new();
        step.postings.push(Posting::new(&mint, PostingKind::SetAside, origin, None, entries).expect("one amount on both sides"));
        self.store.commit(step).await.expect("the database takes a posting");
    }

    /// Moves amounts until the end; returns how many after the warm-up.
    async fn move_amounts(&self, warm: Instant, end: Instant) -> u64 {
        let mut postings = 0;
        while Instant::now() < end {
            let from = self.randomness.next() % self.accounts;
            let to = (from + 1 + self.randomness.next() % (self.accounts - 1)) % self.accounts;
            self.post(account(from + 1), account(to + 1), 1, Origin::Request).await;
            postings += u64::from(Instant::now() >= warm);
        }
        postings
    }
}

fn code<const N: usize>(text: &str) -> Code<N> {
    text.parse().expect("a valid code")
}

fn account(number: u64) -> Account {
    Account::Customer(CustomerId(i64::try_from(number).unwrap_or(i64::MAX)))
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [url, accounts, callers, seconds] = &arguments[..] else {
        // `cargo bench` without arguments runs every benchmark.
        println!("run by `cargo xtask bench ledger`");
        return;
    };
    let number = |text: &String| text.parse::<u64>().expect("a number");
    let (accounts, callers, length) = (number(accounts), number(callers), Duration::from_secs(number(seconds)));
    assert!(accounts >= 2, "an amount is moved between two accounts");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let postings = runtime.block_on(async {
        let ledger = Arc::new(Ledger::open(url, accounts).await);
        let warm = Instant::now() + WARM_UP;
        let end = warm + length;
        let callers: Vec<_> = (0..callers)
            .map(|_| {
                let ledger = Arc::clone(&ledger);
                tokio::spawn(async move { ledger.move_amounts(warm, end).await })
            })
            .collect();
        let mut postings = 0;
        for caller in callers {
            postings += caller.await.expect("no caller panics");
        }
        ledger.store.close().await;
        postings
    });
    println!("{}", postings / length.as_secs().max(1));
}
