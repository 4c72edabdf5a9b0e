//! Wallet addresses, by the rules of their chains.

mod bitcoin;
mod burned;
mod evm;
mod secp256k1;

pub use bitcoin::segwit_address;
pub use evm::checksummed;

/// Longer input is refused before it is parsed.
const MAX_ADDRESS_BYTES: usize = 100;

/// The address format of a chain. Chains with one format are a family: an address and its key are the same on all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressKind {
    /// EVM chains: 20 bytes, EIP-55 checksum.
    Evm,
    /// Bitcoin main network: base58check (BIP 13) and bech32 (BIP 173, BIP 350).
    Bitcoin,
}

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("is not an address of this chain")]
    Shape,
    #[error("has a wrong checksum: please compare it with your wallet's")]
    Checksum,
    #[error("is the zero address")]
    Zero,
    #[error("is an address that nobody has the key of: coins sent there would be lost")]
    Burned,
    /// Anyone could spend coins sent there: a witness version or length without rules, or a script without conditions.
    #[error("is an address whose coins anybody could take: please compare it with your wallet's")]
    AnyoneCanSpend,
}

impl AddressKind {
    /// The name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evm => "evm",
            Self::Bitcoin => "bitcoin",
        }
    }

    /// Validates an address and normalises it as the port of the chain does: EIP-55 for EVM chains, lower case for bech32.
    pub fn normalize(self, address: &str) -> Result<String, AddressError> {
        if address.len() > MAX_ADDRESS_BYTES {
            return Err(AddressError::Shape);
        }
        match self {
            Self::Evm => evm::normalize(address),
            Self::Bitcoin => bitcoin::normalize(address),
        }
    }
}
