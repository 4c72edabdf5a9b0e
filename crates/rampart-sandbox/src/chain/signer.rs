//! The signer. It signs what means what it says, and remembers the orders that it was given. Faults of the chain do not apply to it;
//! it has rules of its own.

use std::time::Duration;

use rampart_core::ports::{CallOutcome, LookupResult, PortFuture, Signature, SignerPort, SigningMeaning, SigningOrder, Unavailable};
use rampart_core::time::Timestamp;
use sha2::{Digest, Sha256};

use super::SimulatedChain;
use super::signing::Payload;
use crate::error::WorldError;
use crate::file::{SignerOutcome, SignerRule, Transaction};

const MAX_RULES: usize = 100;
const MAX_DELAY_SECONDS: u32 = 86_400;
const REFUSAL: &str = "the signer refuses (sandbox)";

/// What the signer makes of an order that it was given.
#[derive(Clone, Copy)]
enum Signing {
    Refused,
    /// The same reference was given with other bytes.
    Mistaken,
    /// The signature is there from this moment on.
    Signed(Timestamp),
}

fn body_hash(order: &SigningOrder) -> String {
    hex::encode(Sha256::digest(&order.unsigned.body))
}

/// What the signer knows of an order by its reference.
fn known(tx: &Transaction<'_>, order: &SigningOrder) -> Result<Option<Signing>, WorldError> {
    const KNOWN: &str = "SELECT body, signed_at FROM signings WHERE chain = ?1 AND reference = ?2";
    tx.row(KNOWN, (order.chain.as_str(), order.reference()), |row| {
        if row.get::<_, String>(0)? != body_hash(order) {
            return Ok(Signing::Mistaken);
        }
        Ok(row.get::<_, Option<i64>>(1)?.map_or(Signing::Refused, |at| Signing::Signed(Timestamp::from_micros(at))))
    })
}

fn remember(tx: &Transaction<'_>, order: &SigningOrder, signing: Signing) -> Result<(), WorldError> {
    const REMEMBER: &str = "INSERT OR REPLACE INTO signings (chain, reference, body, signed_at) VALUES (?1, ?2, ?3, ?4)";
    let signed_at = match signing {
        Signing::Refused | Signing::Mistaken => None,
        Signing::Signed(at) => Some(at.micros()),
    };
    tx.execute(REMEMBER, (order.chain.as_str(), order.reference(), body_hash(order), signed_at)).map(|_| ())
}

/// Uses up one order of the first rule that applies to it.
fn take_rule(tx: &mut Transaction<'_>, order: &SigningOrder, payload: &Payload) -> Result<Option<SignerRule>, WorldError> {
    let to = payload.sends.as_ref().map(|sends| sends.to.as_str());
    let applies = |rule: &SignerRule| rule.to.is_none() || rule.to.as_deref() == to;
    if !tx.settings.chains.get(&order.chain).is_some_and(|settings| settings.signer.iter().any(applies)) {
        return Ok(None);
    }
    tx.change_settings(|settings| {
        let rules = &mut settings.chains.entry(order.chain).or_default().signer;
        let found = rules.iter_mut().find(|rule| applies(rule)).map(|rule| {
            rule.count = rule.count.map(|count| count.saturating_sub(1));
            rule.clone()
        });
        rules.retain(|rule| rule.count != Some(0));
        Ok(found)
    })
}

impl SimulatedChain {
    /// Why the signer does not sign an order, whatever it was set to do.
    fn contradiction(&self, order: &SigningOrder) -> Result<Payload, &'static str> {
        if order.chain != self.config.name {
            return Err("the order is one of another chain");
        }
        let payload = self.read_unsigned(order.lane, &order.unsigned)?;
        let is_meant = match (&order.meaning, &payload.sends) {
            (SigningMeaning::Cancels, None) => true,
            (SigningMeaning::Moves(movements), Some(sends)) => {
                matches!(movements.as_slice(), [movement] if self.sent_coins(movement).as_ref() == Ok(sends))
            }
            _ => false,
        };
        if is_meant { Ok(payload) } else { Err("the transaction does not do what the order says") }
    }

    fn take_order(&self, tx: &mut Transaction<'_>, order: &SigningOrder) -> Result<CallOutcome<Signature>, WorldError> {
        let refused = |reason: &str| CallOutcome::Refused { reason: reason.to_owned() };
        let payload = match self.contradiction(order) {
            Ok(payload) => payload,
            Err(reason) => return Ok(refused(reason)),
        };
        let lost = || CallOutcome::Unknown { reason: "the signer's answer was lost (sandbox)".to_owned() };
        let signing = match known(tx, order)? {
            Some(signing) => signing,
            None => {
                let rule = take_rule(tx, order, &payload)?;
                let signing = match rule.as_ref().map(|rule| rule.outcome) {
                    Some(SignerOutcome::Lost) => return Ok(lost()),
                    Some(SignerOutcome::Refuse) => Signing::Refused,
                    Some(SignerOutcome::Late) | None => {
                        let delay = rule.as_ref().map_or(0, |rule| rule.delay_seconds);
                        Signing::Signed(tx.now.after(Duration::from_secs(delay.into())))
                    }
                };
                remember(tx, order, signing)?;
                if rule.is_some_and(|rule| rule.outcome == SignerOutcome::Late) {
                    return Ok(lost());
                }
                signing
            }
        };
        Ok(match signing {
            Signing::Refused => refused(REFUSAL),
            Signing::Mistaken => refused("another transaction was given under the same reference"),
            Signing::Signed(at) if at > tx.now => lost(),
            Signing::Signed(_) => {
                let unsigned = CallOutcome::NotSent { reason: "the wallet has no key".to_owned() };
                self.signature(&order.unsigned).map_or(unsigned, CallOutcome::Accepted)
            }
        })
    }

    fn find_order(&self, tx: &Transaction<'_>, order: &SigningOrder) -> Result<LookupResult<Signature>, WorldError> {
        Ok(match known(tx, order)? {
            Some(Signing::Signed(at)) if at > tx.now => LookupResult::NotYet,
            Some(Signing::Signed(_)) => self.signature(&order.unsigned).map_or(LookupResult::NeverWill, LookupResult::Found),
            Some(Signing::Refused | Signing::Mistaken) | None => LookupResult::NeverWill,
        })
    }

    /// Makes the signer leave orders unsigned. A count of 0 removes all rules.
    pub(crate) fn add_signer_rule(&self, mut rule: SignerRule) -> Result<(), WorldError> {
        let normalize = |to: String| self.config.addresses.normalize(&to).map_err(|fault| WorldError::impossible(format!("to {fault}")));
        if rule.delay_seconds > MAX_DELAY_SECONDS {
            return Err(WorldError::impossible(format!("a signature can be at most {MAX_DELAY_SECONDS} seconds late")));
        }
        rule.to = rule.to.map(normalize).transpose()?;
        self.change(|settings| {
            if rule.count == Some(0) {
                settings.signer.clear();
            } else if settings.signer.len() < MAX_RULES {
                settings.signer.push(rule);
            } else {
                return Err(WorldError::impossible(format!("there are already {MAX_RULES} rules")));
            }
            Ok(())
        })
    }
}

impl SignerPort for SimulatedChain {
    fn sign<'a>(&'a self, order: &'a SigningOrder) -> PortFuture<'a, CallOutcome<Signature>> {
        Box::pin(async move {
            // It is not known whether a failed commit took place.
            self.file.write(|tx| self.take_order(tx, order)).unwrap_or_else(|error| CallOutcome::Unknown { reason: error.to_string() })
        })
    }

    fn find<'a>(&'a self, order: &'a SigningOrder) -> PortFuture<'a, Result<LookupResult<Signature>, Unavailable>> {
        Box::pin(async move { self.file.read(|tx| self.find_order(tx, order)).map_err(|error| Unavailable(error.to_string())) })
    }
}
