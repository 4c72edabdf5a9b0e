//! Wallet addresses, with the published examples of each chain.

use bech32::{Fe32, Hrp};
use rampart_core::address::{AddressError, AddressKind, checksummed, segwit_address};

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
        assert_eq!(AddressKind::Evm.normalize(&swapped), Err(AddressError::Checksum));
    }
    assert_eq!(AddressKind::Evm.normalize(&format!("0x{}", "0".repeat(40))), Err(AddressError::Zero));
    // Addresses without a key: the lowest are system contracts, others are used to burn coins.
    for burned in (1..=0x11_u32).chain([0x100, 0x1010, 0xdead]).map(|number| format!("0x{number:040x}")) {
        assert_eq!(AddressKind::Evm.normalize(&burned), Err(AddressError::Burned), "{burned}");
    }
    for burned in [
        "0x000000000000000000000000000000000000dEaD",
        "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE",
        "0xffffffffffffffffffffffffffffffffffffffff",
        "0xdEAD000000000000000042069420694206942069",
        "0xdeaddeaddeaddeaddeaddeaddeaddeaddeaddead",
        "0xDeadDeAddeAddEAddeadDEaDDEAdDeaDDeAD0000",
    ] {
        assert_eq!(AddressKind::Evm.normalize(burned), Err(AddressError::Burned), "{burned}");
    }
    for near in ["0x0000000000000000000000000000000000010000", "0x00000000000000000000000000000000deadbeef"] {
        assert!(AddressKind::Evm.normalize(near).is_ok(), "{near}");
    }
    for wrong in [
        "",
        "0x",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0xgg",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    ] {
        assert_eq!(AddressKind::Evm.normalize(wrong), Err(AddressError::Shape), "{wrong}");
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

/// The witness address of a program, with the checksum of its version.
fn witness(version: u8, program: &[u8]) -> String {
    bech32::segwit::encode(Hrp::parse_unchecked("bc"), Fe32::try_from(version).unwrap(), program).unwrap()
}

/// The x-coordinate of the curve's generator (SEC 2, 2.4.1).
const GENERATOR: &str = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

fn of_hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|place| u8::from_str_radix(&text[place..place + 2], 16).unwrap()).collect()
}

/// BIP 141: witness programs without rules can be spent by anyone. BIP 341: version 1 with 32 bytes has rules, and no other length.
#[test]
fn no_coins_go_where_anybody_may_take_them() {
    // Of BIP 350 (the first two), and pay-to-anchor.
    for anyones in [
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "BC1SW50QGDZ25J",
        "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
        "bc1pfeessrawgf",
        // The hashes of the script `OP_TRUE`, and of the empty script.
        "bc1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsq2gp3gp",
        "3MaB7QVq3k4pQx3BhsvEADgzQonLSBwMdj",
        "bc1quwcvgs5clswpfxhm7nyfjmaeysn6us0yvjdexn9yjkv3k7zjhp2sfl5g83",
    ] {
        assert_eq!(AddressKind::Bitcoin.normalize(anyones), Err(AddressError::AnyoneCanSpend), "{anyones}");
    }
    let key = of_hex(GENERATOR);
    for length in (2..=40).filter(|length| *length != 32) {
        let program: Vec<u8> = key.iter().copied().cycle().take(length).collect();
        assert_eq!(AddressKind::Bitcoin.normalize(&witness(1, &program)), Err(AddressError::AnyoneCanSpend), "{length} bytes");
    }
    for version in 2..=16 {
        assert_eq!(AddressKind::Bitcoin.normalize(&witness(version, &key)), Err(AddressError::AnyoneCanSpend), "version {version}");
    }
    assert_eq!(AddressKind::Bitcoin.normalize(&witness(1, &key)), Ok(witness(1, &key)));
    for length in [20, 32] {
        let address = witness(0, &key[..length]);
        assert_eq!(AddressKind::Bitcoin.normalize(&address.to_uppercase()), Ok(address));
    }
    // Version 0 with another length (BIP 173), and each version with the other's checksum (BIP 350).
    for wrong in [
        "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "bc1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq54wykw",
    ] {
        assert!(matches!(AddressKind::Bitcoin.normalize(wrong), Err(AddressError::Shape | AddressError::Checksum)), "{wrong}");
    }
}

/// 32 bytes that are not an x-coordinate of the curve can never be spent (BIP 340, `lift_x`).
#[test]
fn no_coins_go_where_nobody_can_take_them() {
    // Of the vectors of BIP 340: on the curve or not.
    for (x, has_point) in [
        (GENERATOR, true),
        ("dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659", true),
        ("f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9", true),
        ("0000000000000000000000000000000000000000000000000000000000000001", true),
        ("eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34", false),
        ("4a298dacae57395a15d0795ddbfd1dcb564da82b0f269bc70a74f8220429ba1d", false),
        ("0000000000000000000000000000000000000000000000000000000000000005", false),
        // The prime, and one more.
        ("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", false),
        ("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30", false),
        // A point with unknown discrete logarithm (BIP 341).
        ("50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0", false),
    ] {
        let address = witness(1, &of_hex(x));
        let expected = if has_point { Ok(address.clone()) } else { Err(AddressError::Burned) };
        assert_eq!(AddressKind::Bitcoin.normalize(&address), expected, "{x}");
    }
    for burned in [
        "1111111111111111111114oLvT2",
        "31h1vYVSYuKP6AhS86fbRdMw9XHieotbST",
        "1BitcoinEaterAddressDontSendf59kuE",
        "1CounterpartyXXXXXXXXXXXXXXXUWLpVr",
        // The hash of an empty key.
        "1HT7xU2Ngenf7D4yocz2SAcnNLW7rK8d4E",
    ] {
        assert_eq!(AddressKind::Bitcoin.normalize(burned), Err(AddressError::Burned), "{burned}");
    }
    for program in [[0_u8; 32], [0xff; 32]] {
        assert_eq!(AddressKind::Bitcoin.normalize(&witness(0, &program[..20])), Err(AddressError::Burned));
        assert_eq!(AddressKind::Bitcoin.normalize(&witness(0, &program)), Err(AddressError::Burned));
    }
}
