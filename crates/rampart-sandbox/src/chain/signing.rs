//! Transactions: what is sent as JSON, and an HMAC with the world's key as its signature. So a broadcast needs no record of what was
//! signed, and the same order always gives the same bytes.

use hmac::{Hmac, KeyInit, Mac};
use rampart_core::address::AddressKind;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Symbol;
use rampart_core::outgoing::{FeeTerms, Lane, SignedAttempt, Slot};
use rampart_core::ports::{CoinMovement, Signature, Unavailable, Unsigned, WrongSignature};
use sha2::{Digest, Sha256};
use sha3::Keccak256;

use super::{SimulatedChain, prefix};

/// Length of the HMAC-SHA256 after what is sent.
const TAG_BYTES: usize = 32;
const MAX_TRANSACTION_BYTES: usize = 1_024;

/// What a transaction sends.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct SentCoins {
    pub(super) to: String,
    pub(super) symbol: Symbol,
    pub(super) amount: Amount,
}

/// A transaction without its signature.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Payload {
    chain: String,
    lane: Lane,
    pub(super) from: String,
    pub(super) nonce: u64,
    /// `None` for what was signed by an earlier version: it was mined whatever the market asked.
    pub(super) fee: Option<FeeTerms>,
    /// `None`: it only spends its nonce.
    pub(super) sends: Option<SentCoins>,
}

/// The wallet of ours that coins leave from, as an earlier version wrote it.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(tag = "from", content = "index", rename_all = "snake_case")]
enum EarlierSource {
    Hot,
    Deposit(u64),
}

/// A transaction as an earlier version wrote it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct EarlierPayload {
    chain: String,
    source: EarlierSource,
    from: String,
    to: String,
    symbol: Symbol,
    amount: Amount,
    nonce: u64,
}

impl Payload {
    pub(super) const fn lane(&self) -> Lane {
        self.lane
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().or_else(|| {
            let EarlierPayload { chain, source, from, to, symbol, amount, nonce } = serde_json::from_slice(bytes).ok()?;
            let lane = match source {
                EarlierSource::Hot => Lane::FIRST,
                EarlierSource::Deposit(index) => Lane::Deposit(index),
            };
            Some(Self { chain, lane, from, nonce, fee: None, sends: Some(SentCoins { to, symbol, amount }) })
        })
    }
}

impl SimulatedChain {
    fn tag(&self, body: &[u8]) -> Option<Hmac<Sha256>> {
        let key = format!("rampart-sandbox/{}/keys", self.file.config.seed);
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok().map(|mac| mac.chain_update(body))
    }

    /// The receiver and the coins of a movement.
    pub(super) fn sent_coins(&self, movement: &CoinMovement) -> Result<SentCoins, Unavailable> {
        let CoinMovement { coin, amount, .. } = *movement;
        if coin.chain != self.config.name || self.config.coin(coin.symbol).is_none() {
            return Err(Unavailable(format!("{coin} is not a coin of {}", self.config.name)));
        }
        if !amount.is_positive() {
            return Err(Unavailable("nothing to transfer".to_owned()));
        }
        let to = self.config.addresses.normalize(&movement.to).map_err(|fault| Unavailable(format!("the destination {fault}")))?;
        Ok(SentCoins { to, symbol: coin.symbol, amount })
    }

    /// Writes the transaction that makes at most one movement.
    pub(super) fn composed(&self, slot: &Slot, from: String, movements: &[CoinMovement], fee: FeeTerms) -> Result<Unsigned, Unavailable> {
        let sends = match movements {
            [] => None,
            [movement] => Some(self.sent_coins(movement)?),
            _ => return Err(Unavailable("a transaction of a simulated chain makes one movement".to_owned())),
        };
        let (chain, cancels) = (self.config.name.to_string(), sends.is_none());
        let payload = Payload { chain, lane: slot.lane(), from, nonce: slot.nonce(), fee: Some(fee), sends };
        let body = serde_json::to_vec(&payload).map_err(|error| Unavailable(error.to_string()))?;
        Ok(Unsigned { body: hex::encode(body), fee, cancels })
    }

    /// Parses what is to be signed. `Err` says why it is no transaction of a wallet.
    pub(super) fn read_unsigned(&self, lane: Lane, unsigned: &Unsigned) -> Result<Payload, &'static str> {
        let body = hex::decode(&unsigned.body).map_err(|_| "the transaction is not hexadecimal")?;
        let payload = Payload::read(&body).ok_or("the transaction cannot be read")?;
        if payload.chain != self.config.name.as_str() {
            return Err("the transaction is one of another chain");
        }
        if payload.lane != lane || !self.addresses_of(lane).contains(&payload.from) {
            return Err("the transaction is one of another wallet");
        }
        if payload.fee != Some(unsigned.fee) || payload.sends.is_none() != unsigned.cancels {
            return Err("the transaction is not what it is said to be");
        }
        Ok(payload)
    }

    /// Signs a transaction.
    pub(super) fn signature(&self, unsigned: &Unsigned) -> Option<Signature> {
        let tag = self.tag(&hex::decode(&unsigned.body).ok()?)?;
        Some(Signature(hex::encode(tag.finalize().into_bytes())))
    }

    /// Checks a signature. Returns the transaction's identifier and its signed bytes.
    pub(super) fn assembled(&self, lane: Lane, unsigned: &Unsigned, signature: &Signature) -> Result<(String, String), WrongSignature> {
        let wrong = |reason: &str| WrongSignature(reason.to_owned());
        self.read_unsigned(lane, unsigned).map_err(wrong)?;
        let mut bytes = hex::decode(&unsigned.body).map_err(|_| wrong("the transaction is not hexadecimal"))?;
        let tag = hex::decode(&signature.0).map_err(|_| wrong("it is not hexadecimal"))?;
        let own = self.tag(&bytes).ok_or_else(|| wrong("the wallet has no key"))?;
        own.verify_slice(&tag).map_err(|_| wrong("it is not the wallet's, or over other bytes"))?;
        bytes.extend_from_slice(&tag);
        Ok((self.txid(&bytes), hex::encode(bytes)))
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
    pub(super) fn read_signed(&self, attempt: &SignedAttempt) -> Option<Payload> {
        if attempt.bytes.len() > MAX_TRANSACTION_BYTES * 2 {
            return None;
        }
        let bytes = hex::decode(&attempt.bytes).ok()?;
        let (body, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        self.tag(body)?.verify_slice(tag).ok()?;
        let payload = Payload::read(body)?;
        (payload.chain == self.config.name.as_str() && self.txid(&bytes) == attempt.txid).then_some(payload)
    }
}
