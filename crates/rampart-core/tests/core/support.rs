//! An installation without a database, and the records of a step.

use rampart_core::catalogue::Catalogue;
use rampart_core::catalogue::policy::Policy;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::example::{self, CountingRandomness};
use rampart_core::id::Mint;
use rampart_core::money::amount::Amount;
use rampart_core::order::Context;
use rampart_core::order::arrival::Eligibility;
use rampart_core::order::payment::{Payment, Receipt};
use rampart_core::order::rampoff::Rampoff;
use rampart_core::outgoing::Payout;
use rampart_core::step::Step;
use rampart_core::step::record::Record;
use rampart_core::time::Timestamp;

/// A catalogue, and identifiers that come again with every run.
pub(crate) struct Scene {
    pub(crate) catalogue: Catalogue,
    randomness: CountingRandomness,
}

impl Scene {
    pub(crate) fn new(policy: Policy) -> Self {
        Self { catalogue: example::catalogue(policy), randomness: CountingRandomness::default() }
    }

    pub(crate) fn mint(&self) -> Mint<'_> {
        self.mint_at(example::START)
    }

    pub(crate) fn mint_at(&self, now: Timestamp) -> Mint<'_> {
        Mint { now, randomness: &self.randomness }
    }

    /// Somebody in good standing, at the example's price.
    pub(crate) fn context(&self) -> Context<'_> {
        self.context_at(example::START)
    }

    pub(crate) fn context_at(&self, now: Timestamp) -> Context<'_> {
        let standing = Eligibility::good(KycLevel::Basic);
        Context { standing, ..Context::new(self.mint_at(now), &self.catalogue, Some(example::price())) }
    }
}

pub(crate) fn receipt(mint: &Mint<'_>, minor: i128, source: Option<&str>) -> Receipt {
    Receipt { source: source.map(Into::into), ..Receipt::new(mint.id(), Amount::from_minor(minor), mint.now) }
}

pub(crate) fn find<T>(step: &Step, one: impl Fn(&Record) -> Option<T>) -> Option<T> {
    step.writes.iter().find_map(one)
}

pub(crate) fn payment(step: &Step) -> Option<Payment> {
    find(step, |record| if let Record::Payment(payment) = record { Some(Payment::clone(payment)) } else { None })
}

pub(crate) fn rampoff(step: &Step) -> Option<Rampoff> {
    find(step, |record| if let Record::Rampoff(rampoff) = record { Some(Rampoff::clone(rampoff)) } else { None })
}

pub(crate) fn payouts(step: &Step) -> Vec<Payout> {
    let payout = |record: &Record| if let Record::Payout(payout) = record { Some(Payout::clone(payout)) } else { None };
    step.writes.iter().filter_map(payout).collect()
}
