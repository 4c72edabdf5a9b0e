//! Wallet addresses: the chains' own rules.

mod bitcoin;
mod burned;
mod evm;
mod secp256k1;

pub use bitcoin::segwit_address;
pub use evm::checksummed;

/// Which rules a chain's addresses follow. Chains of one kind are a family: an address is the same on all of them, and whoever
/// has its key has it on all of them.
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
pub enum AddressError {
    /// Not the shape of an address at all.
    #[error("is not an address of this chain")]
    Shape,
    /// The checksum does not fit.
    #[error("has a wrong checksum: please compare it with your wallet's")]
    Checksum,
    /// Coins sent there would be lost.
    #[error("is the zero address")]
    Zero,
    /// Coins sent there would be lost: nobody can have its key.
    #[error("is an address that nobody has the key of: coins sent there would be lost")]
    Burned,
    /// Coins sent there could be taken by anybody: a witness version or length that no rule is made for yet, or a script that
    /// asks for nothing.
    #[error("is an address whose coins anybody could take: please compare it with your wallet's")]
    Anyones,
}

impl AddressKind {
    /// The family's name, as it is configured.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evm => "evm",
            Self::Bitcoin => "bitcoin",
        }
    }

    /// Reads an address and writes it as this chain's port does: EIP-55 for EVM chains, lower case for bech32.
    ///
    /// # Errors
    /// An [`AddressError`] that says what is wrong.
    pub fn normalize(self, address: &str) -> Result<String, AddressError> {
        if address.len() > 100 {
            return Err(AddressError::Shape);
        }
        match self {
            Self::Evm => evm::normalize(address),
            Self::Bitcoin => bitcoin::normalize(address),
        }
    }
}
