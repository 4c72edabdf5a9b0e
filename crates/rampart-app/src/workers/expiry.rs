//! Orders that nobody paid in time.

use futures::StreamExt as _;
use rampart_core::payment::PaymentFact;
use rampart_core::rampoff::RampoffFact;
use rampart_core::step::Step;
use rampart_store::CommitError;

use super::observe;
use super::supervisor::{Task, Turn, Worker};
use crate::app::App;
use crate::error::Reply;

const PAGE: u32 = 256;

/// Lets time pass for orders that are due.
pub(crate) struct Expiry {
    app: App,
}

impl Expiry {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }

    async fn expire(&self) -> Reply<Turn> {
        let app = &self.app;
        let now = app.business().now();
        let payments = app.store().payments_due(now, PAGE).await?;
        let rampoffs = app.store().rampoffs_due(now, PAGE).await?;
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let is_full = payments.len() == page || rampoffs.len() == page;
        let payments = payments.into_iter().map(|order| observe::payment(app, order, PaymentFact::TimePassed));
        let rampoffs = rampoffs.into_iter().map(|order| observe::rampoff(app, order, RampoffFact::TimePassed));
        let steps: Vec<Step> = payments.chain(rampoffs).collect();
        let commits = futures::stream::iter(steps).map(|step| app.commit(step)).buffer_unordered(app.config().workers.concurrency);
        let results: Vec<Result<_, CommitError>> = commits.collect().await;
        for result in results {
            match result {
                // Money came in the last moment, or somebody else was faster: the next turn sees what is left.
                Ok(_) | Err(CommitError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(if is_full { Turn::More } else { Turn::Idle })
    }
}

impl Worker for Expiry {
    fn name(&self) -> String {
        "expiry".to_owned()
    }

    fn turn(&self) -> Task<'_, Reply<Turn>> {
        Box::pin(self.expire())
    }

    fn woken(&self) -> Task<'_, ()> {
        Box::pin(std::future::pending())
    }
}
