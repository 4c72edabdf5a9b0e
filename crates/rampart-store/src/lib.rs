//! Everything that is stored: all SQL, on both engines, the migrations, the reads, and the one commit path.
//!
//! - [`Store::commit`] is the only way anything of the ramp is written. Steps that wait together become durable together.
//! - Reads are methods of [`Store`] too; they see what was committed before they began and hold no lock.
//! - [`Store::verify`] recomputes the ledger from its entries; [`Store::copy_to`] moves an installation between engines.
//!
//! Lock order, the same for every batch on every node: records (tables in the order of [`rampart_core::record::RecordKey`],
//! then keys; but partners and customers after all others), balances, counters, claims, event counters, series of numbers.
//! Rows that are new are inserted after that in the same order. A batch's own row, which only the same batch ever asks for
//! again, is written before partners and customers are locked.

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
pub use copy::Copied;
pub use error::{CommitError, StoreError, StoredClaim};
pub use read::{
    AccountBalance, CustomerFilter, DueReceivers, EntryLine, Installation, LedgerPosting, OrderCounts, OrderFilter, PostedEntry,
    UnfannedPartner,
};
pub use sql::DatabaseEngine;
pub use store::{OnRead, Schema, Store, StoreOptions};
pub use verify::{Inconsistency, VerifyReport};
