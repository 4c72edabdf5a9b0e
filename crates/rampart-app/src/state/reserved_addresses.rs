//! Addresses that are no customer's.

use std::collections::{HashMap, HashSet};

use rampart_core::address::AddressKind;
use rampart_core::catalogue::Catalogue;
use rampart_core::outgoing::Lane;

use super::ports::Ports;

/// Addresses that customers cannot give as a wallet, per address kind: our hot wallets and token contracts of all its
/// chains. (Deposit addresses are looked up in the store.)
#[derive(Debug, Default)]
pub(crate) struct ReservedAddresses(HashMap<AddressKind, HashSet<String>>);

impl ReservedAddresses {
    /// The reserved addresses of a catalogue.
    pub(crate) fn of(catalogue: &Catalogue, ports: &Ports) -> Self {
        let mut reserved = Self::default();
        for chain in &catalogue.chains {
            let contracts = catalogue.coins.iter().filter(|coin| coin.id.chain == chain.name).filter_map(|coin| coin.contract.clone());
            let hot = ports.chain(chain.name).map(|ports| ports.reader.address(Lane::FIRST));
            let addresses = contracts.chain(hot).map(|address| chain.addresses.normalize(&address).unwrap_or(address));
            reserved.0.entry(chain.addresses).or_default().extend(addresses);
        }
        reserved
    }

    pub(crate) fn contains(&self, family: AddressKind, address: &str) -> bool {
        self.0.get(&family).is_some_and(|addresses| addresses.contains(address))
    }
}
