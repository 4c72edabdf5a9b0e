//! Wallet addresses: the chains' own rules.

mod bitcoin;
mod evm;

pub use bitcoin::segwit_address;
pub use evm::checksummed;

/// Which rules a chain's addresses follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressKind {
    /// Ethereum and its like: 20 bytes, EIP-55 checksum.
    Evm,
    /// Bitcoin main network: base58check (BIP 13) and bech32 (BIP 173, BIP 350).
    Bitcoin,
}

/// Why a text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// Not the shape of an address at all.
    #[error("is not an address of this chain")]
    Shape,
    /// The checksum does not fit.
    #[error("has a wrong checksum: please compare it with your wallet's")]
    Checksum,
    /// Coins sent there would be lost.
    #[error("is the zero address")]
    Zero,
}

impl AddressKind {
    /// Reads an address and writes it as this chain's port does: EIP-55 for EVM chains, lower case for bech32.
    ///
    /// # Errors
    /// An [`AddressFault`] that says what is wrong.
    pub fn normalize(self, address: &str) -> Result<String, AddressFault> {
        if address.len() > 100 {
            return Err(AddressFault::Shape);
        }
        match self {
            Self::Evm => evm::normalize(address),
            Self::Bitcoin => bitcoin::normalize(address),
        }
    }
}
