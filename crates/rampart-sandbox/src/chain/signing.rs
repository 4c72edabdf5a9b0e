//! Signed transactions: the whole transfer as JSON, followed by an HMAC with the world's key. So a broadcast needs no
//! record of what was signed, and the same request always gives the same bytes.

use hmac::{Hmac, KeyInit, Mac};
use rampart_core::address::AddressKind;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Symbol;
use rampart_core::outgoing::{SignedTransaction, TransferSource};
use rampart_core::ports::{SigningRequest, Unavailable};
use sha2::{Digest, Sha256};
use sha3::Keccak256;

use super::{SimulatedChain, prefix};

/// The transfer that is signed.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Payload {
    pub(crate) chain: String,
    pub(crate) source: TransferSource,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) symbol: Symbol,
    pub(crate) amount: Amount,
    pub(crate) nonce: u64,
}

/// Length of the HMAC-SHA256 after the payload.
const TAG_BYTES: usize = 32;
const MAX_TRANSACTION_BYTES: usize = 1_024;

impl SimulatedChain {
    fn tag(&self, payload: &[u8]) -> Option<Hmac<Sha256>> {
        let key = format!("rampart-sandbox/{}/keys", self.file.config.seed);
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok().map(|mac| mac.chain_update(payload))
    }

    pub(super) fn signed(&self, request: &SigningRequest, from: String) -> Result<SignedTransaction, Unavailable> {
        if request.coin.chain != self.config.name || self.config.coin(request.coin.symbol).is_none() {
            return Err(Unavailable(format!("{} is not a coin of {}", request.coin, self.config.name)));
        }
        let to = self.config.addresses.normalize(&request.to).map_err(|fault| Unavailable(format!("the destination {fault}")))?;
        let payload = Payload {
            chain: self.config.name.to_string(),
            source: request.source,
            from,
            to,
            symbol: request.coin.symbol,
            amount: request.amount,
            nonce: request.nonce,
        };
        let mut bytes = serde_json::to_vec(&payload).map_err(|error| Unavailable(error.to_string()))?;
        let tag = self.tag(&bytes).ok_or_else(|| Unavailable("the wallet has no key".to_owned()))?;
        bytes.extend_from_slice(&tag.finalize().into_bytes());
        Ok(SignedTransaction { nonce: request.nonce, txid: self.txid(&bytes), bytes: hex::encode(bytes) })
    }

    /// The transaction identifier, a hash of the bytes.
    fn txid(&self, bytes: &[u8]) -> String {
        let digest = match self.config.addresses {
            AddressKind::Evm => hex::encode(Keccak256::digest(bytes)),
            AddressKind::Bitcoin => hex::encode(Sha256::digest(Sha256::digest(bytes))),
        };
        format!("{}{digest}", prefix(self.config.name))
    }

    /// Parses signed bytes. `None` if they were not signed by this world, or for another chain.
    pub(super) fn read_signed(&self, signed: &SignedTransaction) -> Option<Payload> {
        if signed.bytes.len() > MAX_TRANSACTION_BYTES * 2 {
            return None;
        }
        let bytes = hex::decode(&signed.bytes).ok()?;
        let (payload, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        self.tag(payload)?.verify_slice(tag).ok()?;
        let payload: Payload = serde_json::from_slice(payload).ok()?;
        (payload.chain == self.config.name.as_str() && self.txid(&bytes) == signed.txid).then_some(payload)
    }
}
