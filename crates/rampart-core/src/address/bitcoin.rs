//! Addresses of the Bitcoin main network.

use bech32::primitives::decode::SegwitHrpstringError;
use bech32::{Fe32, Hrp};

use super::{AddressError, burned, secp256k1};

const MAIN: Hrp = Hrp::parse_unchecked("bc");

/// The version-0 witness address (P2WPKH, BIP 173) of a 20-byte program.
#[must_use]
pub fn segwit_address(program: &[u8; 20]) -> String {
    bech32::segwit::encode(MAIN, bech32::segwit::VERSION_0, program).unwrap_or_default()
}

pub(super) fn normalize(address: &str) -> Result<String, AddressError> {
    let lower = address.to_ascii_lowercase();
    if lower.starts_with("bc1") {
        // Version 0 has the checksum of BIP 173 and 20 or 32 bytes; later versions have the checksum of BIP 350.
        let (hrp, version, program) = bech32::segwit::decode(address).map_err(|fault| match fault.0 {
            SegwitHrpstringError::InvalidWitnessVersion(_) | SegwitHrpstringError::WitnessLength(_) => AddressError::Shape,
            _ => AddressError::Checksum,
        })?;
        return match version {
            _ if hrp != MAIN => Err(AddressError::Shape),
            _ if burned::bitcoin(&lower, &program) => Err(AddressError::Burned),
            Fe32::Q if program.len() == 20 && burned::is_empty_key_hash(&program) => Err(AddressError::Burned),
            Fe32::Q if program.len() == 32 && burned::is_anyone_can_spend(&program) => Err(AddressError::AnyoneCanSpend),
            Fe32::Q => Ok(lower),
            // BIP 341: the x-coordinate of a public key. A value that is not on the curve can never be spent.
            Fe32::P if program.len() == 32 && secp256k1::has_point(&program) => Ok(lower),
            Fe32::P if program.len() == 32 => Err(AddressError::Burned),
            // Witness versions without rules can be spent by anyone.
            _ => Err(AddressError::AnyoneCanSpend),
        };
    }
    // 1… pays to the hash of a public key (version 0), 3… to the hash of a script (version 5).
    let payload = bs58::decode(address).with_check(None).into_vec().map_err(|fault| match fault {
        bs58::decode::Error::InvalidChecksum { .. } => AddressError::Checksum,
        _ => AddressError::Shape,
    })?;
    match payload.split_first() {
        Some((0 | 5, hash)) if hash.len() == 20 && burned::bitcoin(address, hash) => Err(AddressError::Burned),
        Some((0, hash)) if burned::is_empty_key_hash(hash) => Err(AddressError::Burned),
        Some((5, hash)) if burned::is_anyone_can_spend(hash) => Err(AddressError::AnyoneCanSpend),
        Some((0 | 5, hash)) if hash.len() == 20 => Ok(address.to_owned()),
        _ => Err(AddressError::Shape),
    }
}
