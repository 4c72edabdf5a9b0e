//! Reads that many requests make at the same moment, made together: whatever has queued while the last statement ran is
//! read by the next one. A single request waits for nobody; a thousand share a few statements.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rampart_core::customer::Customer;
use rampart_core::id::{CustomerId, PartnerId};
use tokio::sync::{mpsc, oneshot};

use crate::error::StoreError;
use crate::sql::{Db, Value};
use crate::store::Store;
use crate::tables::read_stored;

/// How many requests may wait; one more is told that the store is unavailable.
const QUEUE: usize = 4_096;
/// How many are answered together.
const MOST: usize = 256;

/// What one request wants to know.
struct Question {
    partner: PartnerId,
    customer: CustomerId,
    address: Option<Arc<str>>,
    answer: oneshot::Sender<Result<Option<Found>, Arc<str>>>,
}

/// A customer as it is stored, and whether the address is one of ours.
struct Found {
    version: i64,
    data: Arc<str>,
    is_deposit_address: bool,
}

/// The way to the task that reads.
pub(crate) struct Together {
    questions: mpsc::Sender<Question>,
}

impl Together {
    pub(crate) fn start(db: Arc<Db>) -> Self {
        let (questions, asked) = mpsc::channel(QUEUE);
        tokio::spawn(answer_all(db, asked));
        Self { questions }
    }
}

impl Store {
    /// A partner's customer by its number, and whether an address is the deposit address of some ramp-off: what an order's
    /// checks need. Another partner's customer is not parsed, so that it takes as long as one that is not there.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn customer_and_deposit_address(
        &self,
        partner: PartnerId,
        id: CustomerId,
        address: Option<&str>,
    ) -> Result<Option<(Customer, bool)>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let question = Question { partner, customer: id, address: address.map(Into::into), answer };
        let unavailable = |reason: &str| StoreError::Unavailable(reason.to_owned());
        self.inner.together.questions.try_send(question).map_err(|_| unavailable("too many reads wait"))?;
        let found = answered.await.map_err(|_| unavailable("the store is closed"))?.map_err(|reason| unavailable(&reason))?;
        // Parsed here, by each request for itself, so that reading goes on meanwhile.
        found.map(|found| Ok((read_stored(&found.data, found.version)?, found.is_deposit_address))).transpose()
    }
}

async fn answer_all(db: Arc<Db>, mut asked: mpsc::Receiver<Question>) {
    let mut questions = Vec::with_capacity(MOST);
    while asked.recv_many(&mut questions, MOST).await > 0 {
        match look(&db, &questions).await {
            Ok((customers, addresses)) => {
                for question in questions.drain(..) {
                    let ours = question.address.is_some_and(|address| addresses.contains(&address));
                    let asked = customers.get(&question.customer.0).filter(|stored| stored.partner == question.partner);
                    let found =
                        asked.map(|stored| Found { version: stored.version, data: Arc::clone(&stored.data), is_deposit_address: ours });
                    // Who asked may have gone.
                    let _ = question.answer.send(Ok(found));
                }
            }
            Err(error) => {
                let reason: Arc<str> = error.to_string().into();
                for question in questions.drain(..) {
                    let _ = question.answer.send(Err(Arc::clone(&reason)));
                }
            }
        }
    }
}

/// A customer as it is stored.
struct StoredCustomer {
    version: i64,
    partner: PartnerId,
    data: Arc<str>,
}

type Customers = HashMap<i64, StoredCustomer>;
type Addresses = HashSet<Arc<str>>;

async fn look(db: &Db, questions: &[Question]) -> Result<(Customers, Addresses), StoreError> {
    let mut ids: Vec<i64> = questions.iter().map(|question| question.customer.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut wanted: Vec<&Arc<str>> = questions.iter().filter_map(|question| question.address.as_ref()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let by_number = |among: &str| format!("SELECT id, version, partner, data FROM customers WHERE id {among}");
    let by_address = |among: &str| format!("SELECT deposit_address FROM rampoffs WHERE deposit_address {among}");
    let mut asked = vec![db.among(by_number, ids.into_iter().map(Value::Int).collect(), Vec::new())];
    if !wanted.is_empty() {
        asked.push(db.among(by_address, wanted.into_iter().map(|address| Value::Text(Arc::clone(address))).collect(), Vec::new()));
    }
    let mut found = db.answer(asked).await?.into_iter();
    let mut customers = Customers::with_capacity(questions.len());
    for row in found.next().unwrap_or_default() {
        customers.insert(row.int(0)?, StoredCustomer { version: row.int(1)?, partner: row.parse(2)?, data: row.text(3)?.into() });
    }
    let mut addresses = Addresses::new();
    for row in found.next().unwrap_or_default() {
        addresses.insert(row.text(0)?.into());
    }
    Ok((customers, addresses))
}
