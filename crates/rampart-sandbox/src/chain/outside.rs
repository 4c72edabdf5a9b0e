//! What goes wrong outside: a node that lags or misreads, finality that stands, a market that moves, and a wallet of ours that is used
//! elsewhere.

use rampart_core::money::amount::Amount;
use rampart_core::outgoing::Lane;
use rampart_core::ports::{BlockHead, FeeMarket};

use super::broadcast::waiting_at;
use super::deposit::next_id;
use super::fees::{node_fees, units};
use super::holdings::{balance_of, next_nonce};
use super::stored::{StoredTransaction, stored_misreading};
use super::{SimulatedChain, WAITING_STATE, newest_height};
use crate::error::WorldError;
use crate::file::{FeeSettings, FinalitySettings, MisreadBlocks, Misreading};

const MAX_MISREAD_BLOCKS: u32 = 1_000;

impl SimulatedChain {
    /// Makes the node lag by this many blocks.
    pub(crate) fn set_lag(&self, blocks: u32) -> Result<(), WorldError> {
        self.change(|settings| {
            settings.lag_blocks = blocks;
            Ok(())
        })
    }

    /// Sets the depth of finality, and whether it stands where it is now. Returns the newest final block.
    pub(crate) fn set_finality(&self, depth: Option<u32>, stalled: bool) -> Result<Option<BlockHead>, WorldError> {
        self.file.write(|tx| {
            let last_final = self.read_tip(tx)?.last_final.map(|last| last.height);
            // A chain that has called nothing final yet stands at its first block.
            let stalled_at = stalled.then(|| last_final.unwrap_or_default());
            tx.change_settings(|settings| {
                settings.chains.entry(self.config.name).or_default().finality = Some(FinalitySettings { depth, stalled_at });
                Ok(())
            })?;
            Ok(self.read_tip(tx)?.last_final)
        })
    }

    /// Sets the prices. Returns what the market asks.
    pub(crate) fn set_fees(&self, fees: FeeSettings) -> Result<FeeMarket, WorldError> {
        if fees.times == 0 || [fees.base, fees.tip, fees.least_tip].into_iter().flatten().any(Amount::is_negative) {
            return Err(WorldError::impossible("a price cannot be negative, and a market asks for it at least once"));
        }
        self.change(|settings| {
            settings.fees = fees;
            Ok(node_fees(&self.config, Some(settings)).market)
        })
    }

    /// Makes the first reading wrong for all transfers of the next blocks.
    pub(crate) fn misread_blocks(&self, misreading: Misreading, blocks: u32) -> Result<(), WorldError> {
        if blocks > MAX_MISREAD_BLOCKS {
            return Err(WorldError::impossible(format!("at most {MAX_MISREAD_BLOCKS} blocks are misread at once")));
        }
        self.file.write(|tx| {
            let until = newest_height(tx, self.config.name)?.saturating_add(i64::from(blocks));
            tx.change_settings(|settings| {
                let misread = MisreadBlocks { misreading, until };
                settings.chains.entry(self.config.name).or_default().misreading = Some(misread).filter(|_| blocks > 0);
                Ok(())
            })
        })
    }

    /// Makes the first reading wrong for transactions that wait.
    pub(crate) fn misread_transactions(&self, misreading: Misreading, txids: &[String]) -> Result<(), WorldError> {
        const MARK: &str = "UPDATE transactions SET misreading = ?3 WHERE txid = ?1 AND chain = ?2 AND state = 0";
        self.file.write(|tx| {
            for txid in txids {
                if tx.execute(MARK, (txid, self.config.name.as_str(), stored_misreading(misreading)))? == 0 {
                    return Err(WorldError::impossible(format!("{txid} does not wait for a block")));
                }
            }
            Ok(())
        })
    }

    /// A transaction from elsewhere waits for a nonce of a wallet of ours.
    pub(crate) fn spend_nonce(&self, lane: Lane, nonce: Option<u64>) -> Result<String, WorldError> {
        self.file.write(|tx| {
            let (chain, native, sender) = (self.config.name, self.config.native, self.wallet(tx, lane)?);
            let next = next_nonce(tx, chain, &sender)?;
            let nonce = nonce.map_or(next, |nonce| i64::try_from(nonce).unwrap_or(i64::MAX));
            if nonce < next {
                return Err(WorldError::impossible(format!("nonce {nonce} is spent; the next is {next}")));
            }
            if let Some(rival) = waiting_at(tx, chain.as_str(), &sender, nonce)? {
                rival.drop_waiting(tx, &self.config)?;
            }
            let (unique, recipient) = self.unique(tx, next_id(tx)?);
            let transaction = StoredTransaction {
                id: 0,
                txid: self.txid_of(tx, &format!("{sender}/{nonce}"), &unique),
                sender,
                recipient,
                symbol: native.to_string(),
                amount: Amount::ZERO,
                fee: node_fees(&self.config, tx.settings.chains.get(&chain)).usual(units(&self.config, lane, native)),
                nonce: Some(nonce),
                state: WAITING_STATE,
                offer: None,
                misreading: None,
            };
            let held = balance_of(tx, chain, &transaction.sender, native.as_str())?;
            if held.amount.minus(held.waiting).unwrap_or_default() < transaction.fee {
                return Err(WorldError::impossible(format!("the wallet lacks {native} for the fee")));
            }
            transaction.reserve(tx, &self.config)?;
            self.insert(tx, &transaction)?;
            Ok(transaction.txid)
        })
    }
}
