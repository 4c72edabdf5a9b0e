//! Batched reads for orders: requests that queue while a read runs share the next one. A single request does not wait; a thousand
//! share a few statements.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rampart_core::customer::Customer;
use rampart_core::id::{CustomerId, PartnerId};
use tokio::sync::{mpsc, oneshot};

use crate::Store;
use crate::error::StoreError;
use crate::sql::{ReaderPool, SqlValue};
use crate::tables::read_stored;

/// Requests that may wait. Further ones fail as unavailable.
const MAX_QUEUED_REQUESTS: usize = 4_096;
/// Requests per read.
const MAX_BATCHED_REQUESTS: usize = 256;

struct CustomerQuery {
    partner: PartnerId,
    customer: CustomerId,
    address: Option<Arc<str>>,
    answer: oneshot::Sender<Result<Option<CustomerLookup>, Arc<str>>>,
}

/// A stored customer, and whether the requested address is one of our deposit addresses.
struct CustomerLookup {
    version: i64,
    data: Arc<str>,
    is_deposit_address: bool,
}

/// The handle of the reading task.
pub(crate) struct CustomerBatcher {
    queries: mpsc::Sender<CustomerQuery>,
}

impl CustomerBatcher {
    pub(crate) fn start(db: Arc<ReaderPool>) -> Self {
        let (queries, requests) = mpsc::channel(MAX_QUEUED_REQUESTS);
        tokio::spawn(run_queries(db, requests));
        Self { queries }
    }
}

impl Store {
    /// A partner's customer by number, and whether an address is the deposit address of a ramp-off: what validating an order needs.
    /// Another partner's customer is not parsed, so timing does not reveal whether it exists.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when too many requests wait, the store is closed, or the database cannot be read.
    pub async fn customer_and_deposit_address(
        &self,
        partner: PartnerId,
        id: CustomerId,
        address: Option<&str>,
    ) -> Result<Option<(Customer, bool)>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let query = CustomerQuery { partner, customer: id, address: address.map(Into::into), answer };
        let unavailable = |reason: &str| StoreError::Unavailable(reason.to_owned());
        self.inner.customers.queries.try_send(query).map_err(|_| unavailable("too many reads wait"))?;
        let found = answered.await.map_err(|_| unavailable("the store is closed"))?.map_err(|reason| unavailable(&reason))?;
        // Parsed by each request itself, so that the reading task can go on.
        found.map(|found| Ok((read_stored(&found.data, found.version)?, found.is_deposit_address))).transpose()
    }
}

async fn run_queries(db: Arc<ReaderPool>, mut requests: mpsc::Receiver<CustomerQuery>) {
    let mut queries = Vec::with_capacity(MAX_BATCHED_REQUESTS);
    while requests.recv_many(&mut queries, MAX_BATCHED_REQUESTS).await > 0 {
        match look_up(&db, &queries).await {
            Ok((customers, addresses)) => {
                for query in queries.drain(..) {
                    let ours = query.address.is_some_and(|address| addresses.contains(&address));
                    let requests = customers.get(&query.customer.0).filter(|stored| stored.partner == query.partner);
                    let found = requests.map(|stored| CustomerLookup {
                        version: stored.version,
                        data: Arc::clone(&stored.data),
                        is_deposit_address: ours,
                    });
                    // The caller may be gone.
                    let _ = query.answer.send(Ok(found));
                }
            }
            Err(error) => {
                let reason: Arc<str> = error.to_string().into();
                for query in queries.drain(..) {
                    let _ = query.answer.send(Err(Arc::clone(&reason)));
                }
            }
        }
    }
}

struct StoredCustomer {
    version: i64,
    partner: PartnerId,
    data: Arc<str>,
}

type Customers = HashMap<i64, StoredCustomer>;
type Addresses = HashSet<Arc<str>>;

async fn look_up(db: &ReaderPool, queries: &[CustomerQuery]) -> Result<(Customers, Addresses), StoreError> {
    let mut ids: Vec<i64> = queries.iter().map(|query| query.customer.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut wanted: Vec<&Arc<str>> = queries.iter().filter_map(|query| query.address.as_ref()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let by_number = |keys_match: &str| format!("SELECT id, version, partner, data FROM customers WHERE id {keys_match}");
    let by_address = |keys_match: &str| format!("SELECT deposit_address FROM rampoffs WHERE deposit_address {keys_match}");
    let mut requests = vec![db.by_keys(by_number, ids.into_iter().map(SqlValue::Int).collect(), Vec::new())];
    if !wanted.is_empty() {
        requests.push(db.by_keys(by_address, wanted.into_iter().map(|address| SqlValue::Text(Arc::clone(address))).collect(), Vec::new()));
    }
    let mut found = db.run(requests).await?.into_iter();
    let mut customers = Customers::with_capacity(queries.len());
    for row in found.next().unwrap_or_default() {
        customers.insert(row.int(0)?, StoredCustomer { version: row.int(1)?, partner: row.parse(2)?, data: row.text(3)?.into() });
    }
    let mut addresses = Addresses::new();
    for row in found.next().unwrap_or_default() {
        addresses.insert(row.text(0)?.into());
    }
    Ok((customers, addresses))
}
