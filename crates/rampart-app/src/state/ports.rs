//! The adapters of an installation.

use std::sync::Arc;

use rampart_core::ledger::{Processor, Rail};
use rampart_core::money::asset::Chain;
use rampart_core::order::payment::Payment;
use rampart_core::ports::{BankPort, ChainPorts, KycPort, PortFuture, PricePort, ProcessorPort, ScreeningPort, Unavailable};

/// The result of a simulated payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayOutcome {
    /// The processor accepted the payment, or will report it later.
    Taken,
    Declined,
}

/// Simulates the processor behind our own gateway page. Only a sandbox has one.
pub trait GatewayPlayer: Send + Sync {
    /// The customer pays the amount due.
    fn pay<'a>(&'a self, payment: &'a Payment) -> PortFuture<'a, Result<GatewayOutcome, Unavailable>>;
    /// The processor declines the customer.
    fn decline<'a>(&'a self, payment: &'a Payment) -> PortFuture<'a, Result<(), Unavailable>>;
}

/// The adapters of all providers.
#[derive(Clone)]
pub struct Ports {
    pub banks: Vec<Arc<dyn BankPort>>,
    pub processors: Vec<Arc<dyn ProcessorPort>>,
    pub chains: Vec<ChainPorts>,
    pub kyc: Arc<dyn KycPort>,
    pub screening: Arc<dyn ScreeningPort>,
    pub prices: Arc<dyn PricePort>,
    /// Only in a sandbox.
    pub gateway_player: Option<Arc<dyn GatewayPlayer>>,
}

impl Ports {
    /// The bank that serves a rail.
    #[must_use]
    pub fn bank(&self, rail: Rail) -> Option<&Arc<dyn BankPort>> {
        self.banks.iter().find(|bank| bank.rails().contains(&rail))
    }

    /// The adapter that serves a processor.
    #[must_use]
    pub fn processor(&self, processor: Processor) -> Option<&Arc<dyn ProcessorPort>> {
        self.processors.iter().find(|port| port.processors().contains(&processor))
    }

    /// The adapters of a chain.
    #[must_use]
    pub fn chain(&self, chain: Chain) -> Option<&ChainPorts> {
        self.chains.iter().find(|ports| ports.reader.chain() == chain)
    }
}
