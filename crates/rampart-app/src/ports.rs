//! The adapters that an installation is made of.

use std::sync::Arc;

use rampart_core::asset::Chain;
use rampart_core::ledger::{Processor, Rail};
use rampart_core::payment::Payment;
use rampart_core::ports::{BankPort, ChainPort, KycPort, PortFuture, PricePort, ProcessorPort, ScreeningPort, Unavailable};

/// What a processor that is played says to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// It took the payment, or will say so in a while.
    Taken,
    /// It declined; the customer may try again.
    Declined,
}

/// Plays the processor behind our own gateway page. Only a sandbox has one.
pub trait GatewayPlayer: Send + Sync {
    /// The customer pays what is due.
    fn pay<'a>(&'a self, payment: &'a Payment) -> PortFuture<'a, Result<Played, Unavailable>>;
    /// The processor refuses the customer.
    fn decline<'a>(&'a self, payment: &'a Payment) -> PortFuture<'a, Result<(), Unavailable>>;
}

/// Everything that the ramp asks of the outside world.
#[derive(Clone)]
pub struct Ports {
    pub banks: Vec<Arc<dyn BankPort>>,
    pub processors: Vec<Arc<dyn ProcessorPort>>,
    pub chains: Vec<Arc<dyn ChainPort>>,
    pub kyc: Arc<dyn KycPort>,
    pub screening: Arc<dyn ScreeningPort>,
    /// The source of market prices.
    pub prices: Arc<dyn PricePort>,
    /// Plays the processors of a sandbox.
    pub gateway_player: Option<Arc<dyn GatewayPlayer>>,
}

impl Ports {
    /// The bank behind a rail.
    #[must_use]
    pub fn bank(&self, rail: Rail) -> Option<&Arc<dyn BankPort>> {
        self.banks.iter().find(|bank| bank.rails().contains(&rail))
    }

    /// Who serves a processor.
    #[must_use]
    pub fn processor(&self, processor: Processor) -> Option<&Arc<dyn ProcessorPort>> {
        self.processors.iter().find(|port| port.processors().contains(&processor))
    }

    #[must_use]
    pub fn chain(&self, chain: Chain) -> Option<&Arc<dyn ChainPort>> {
        self.chains.iter().find(|port| port.chain() == chain)
    }
}
