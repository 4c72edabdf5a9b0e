//! Storage: all SQL for both engines, the migrations, the reads, and the only commit path.
//!
//! - [`Store::commit`] writes all business records. Steps that are queued together become durable together. A few writes bypass it:
//!   reserved numbers, pruning, the installation's own rows, and copying.
//! - Reads are methods of [`Store`]. They see what was committed before they began and hold no lock.
//! - [`Store::verify`] recomputes the ledger from its entries; [`Store::copy_to`] moves an installation between engines.
//!
//! Lock order, the same for every batch on every node: records (tables in the order of [`rampart_core::step::record::RecordKey`], then by
//! key, but partners and customers after all others), balances, counters, claims, event counters, number series. New rows are
//! inserted after that in the same order. A batch's own row is written before partners and customers are locked; only the same batch
//! ever asks for it again. Within one combined statement PostgreSQL does not guarantee the order; a deadlock makes the writer run
//! the batch again.

mod commit;
mod copy;
mod error;
mod lock;
mod read;
mod sql;
mod store;
mod tables;
mod verify;

pub use commit::{CommitFault, Committed, Failing, Histogram, NumberedEvent, Pruned, Stats};
pub use copy::CopyReport;
pub use error::{CommitError, StoreError, StoredClaim};
pub use read::{
    AccountBalance, CustomerFilter, DueReceivers, EntryLine, InstallationRecord, LedgerPosting, OrderCounts, OrderFilter, PostedEntry,
    UnfannedPartner,
};
pub use sql::DatabaseEngine;
pub use store::{OnRead, Schema, Store, StoreOptions};
pub use verify::{Inconsistency, VerifyReport};
