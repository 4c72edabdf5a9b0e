//! Number series in blocks: the database reserves a block, memory hands out its numbers, so a number costs no
//! statement.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use rampart_core::address::AddressKind;
use rampart_store::Store;

use crate::error::AppResult;

/// A number series. The rest of a block is lost when the process stops.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Series {
    name: String,
    block: i64,
}

impl Series {
    /// Serial numbers of payment references.
    pub(crate) fn concepts() -> Self {
        Self { name: "concepts".into(), block: 512 }
    }

    /// Indexes of deposit addresses of one address kind.
    pub(crate) fn addresses(family: AddressKind) -> Self {
        Self { name: format!("addresses-{}", family.as_str()), block: 64 }
    }
}

type NumberBlock = Arc<tokio::sync::Mutex<Range<i64>>>;

/// The reserved blocks. The number of series is bounded by the catalogue.
#[derive(Debug, Default)]
pub(crate) struct NumberAllocator {
    blocks: Mutex<HashMap<Series, NumberBlock>>,
}

impl NumberAllocator {
    /// The next number of a series, from 1, never handed out twice.
    pub(crate) async fn next(&self, store: &Store, series: Series) -> AppResult<i64> {
        let block = self.blocks.lock().entry(series.clone()).or_default().clone();
        let mut block = block.lock().await;
        if let Some(number) = block.next() {
            return Ok(number);
        }
        *block = store.reserve_numbers(&series.name, series.block).await?;
        block.next().ok_or_else(|| crate::error::AppError::defect("an empty block of numbers"))
    }
}
