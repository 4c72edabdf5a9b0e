//! Wallet addresses by their chains' own published examples.

use rampart_core::address::{AddressFault, AddressKind, checksummed, segwit_address};

#[test]
fn evm_addresses_carry_their_checksum() {
    // The examples of EIP-55.
    for right in [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ] {
        assert_eq!(AddressKind::Evm.normalize(right), Ok(right.to_owned()));
        assert_eq!(AddressKind::Evm.normalize(&right.to_lowercase()), Ok(right.to_owned()));
        let swapped: String = right
            .chars()
            .enumerate()
            .map(|(index, letter)| {
                if index < 2 {
                    letter
                } else if letter.is_ascii_lowercase() {
                    letter.to_ascii_uppercase()
                } else {
                    letter.to_ascii_lowercase()
                }
            })
            .collect();
        assert_eq!(AddressKind::Evm.normalize(&swapped), Err(AddressFault::Checksum));
    }
    assert_eq!(AddressKind::Evm.normalize(&format!("0x{}", "0".repeat(40))), Err(AddressFault::Zero));
    for wrong in [
        "",
        "0x",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0xgg",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    ] {
        assert_eq!(AddressKind::Evm.normalize(wrong), Err(AddressFault::Shape), "{wrong}");
    }
    assert_eq!(AddressKind::Evm.normalize(&checksummed(&[0x11; 20])), Ok(checksummed(&[0x11; 20])));
}

#[test]
fn bitcoin_addresses_follow_their_proposals() {
    // BIP 173, BIP 350 and the genesis block's address; a pay-to-script-hash address of BIP 16's chain.
    for right in [
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
    ] {
        assert!(AddressKind::Bitcoin.normalize(right).is_ok(), "{right}");
    }
    for wrong in [
        "",
        "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    ] {
        assert!(AddressKind::Bitcoin.normalize(wrong).is_err(), "{wrong}");
    }
    assert!(AddressKind::Bitcoin.normalize(&segwit_address(&[7; 20])).is_ok());
}
