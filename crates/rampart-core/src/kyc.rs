//! What is known of a customer's identity, and to which level.

use crate::customer::{Customer, Identification};
use crate::event::{EventDraft, EventType};
use crate::id::{Mint, OrderId};
use crate::job::{Job, JobKind};
use crate::step::Step;
use crate::time::Timestamp;
use crate::view::KycView;

/// The status a partner sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KycStatus {
    /// Nothing submitted yet.
    #[default]
    Unused,
    /// The provider is looking.
    Processing,
    /// Approved.
    Valid,
    /// Refused, whether it may be tried again or not.
    Fail,
}

/// How much the provider was asked to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycLevel {
    /// The form: level 1.
    Basic,
    /// Occupation, source of funds and a document on top: level 2.
    Reinforced,
}

impl KycLevel {
    /// The number partners see: 1 or 2.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Basic => 1,
            Self::Reinforced => 2,
        }
    }

    /// The level of a number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Basic),
            2 => Some(Self::Reinforced),
            _ => None,
        }
    }
}

/// One attempt at a level: what was submitted and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KycCheck {
    /// The level asked for.
    pub level: KycLevel,
    /// Our reference at the provider, which is its idempotency key too.
    pub reference: String,
    /// Where the check stands.
    pub status: KycStatus,
    /// Why it failed, for the customer.
    pub reasons: Vec<String>,
    /// Whether a failed customer may try again.
    pub may_retry: bool,
    /// The document that was handed in for it, where the level asks for one beside the identification that is known.
    #[serde(default)]
    pub document: Option<Identification>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A customer's identity as far as it has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Kyc {
    /// The highest level that is approved and not withdrawn.
    pub level: Option<KycLevel>,
    /// The last attempt.
    pub check: Option<KycCheck>,
}

impl Kyc {
    /// The status a partner sees: a valid level stays valid while a higher one is being checked or has failed.
    #[must_use]
    pub fn status(&self) -> KycStatus {
        match (&self.level, &self.check) {
            (Some(_), _) => KycStatus::Valid,
            (None, Some(check)) => check.status,
            (None, None) => KycStatus::Unused,
        }
    }
}

/// What an identity provider decided of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KycVerdict {
    /// Our reference of the check.
    pub reference: String,
    /// The level decided upon.
    pub level: KycLevel,
    /// `processing`, `valid` or `fail`.
    pub status: KycStatus,
    /// Why, for the customer.
    pub reasons: Vec<String>,
    /// Whether a failed customer may try again.
    pub may_retry: bool,
}

impl Kyc {
    /// The level whose form can be submitted now; nothing while one is being looked at, after a refusal for good, and
    /// when everything is approved.
    #[must_use]
    pub fn wanted(&self) -> Option<KycLevel> {
        let next = match self.level {
            None => KycLevel::Basic,
            Some(KycLevel::Basic) => KycLevel::Reinforced,
            Some(KycLevel::Reinforced) => return None,
        };
        match &self.check {
            Some(check) if check.status == KycStatus::Processing => None,
            Some(check) if check.status == KycStatus::Fail && check.level >= next && !check.may_retry => None,
            _ => Some(next),
        }
    }
}

impl Customer {
    /// The level whose form can be submitted now. Beside what [`Kyc::wanted`] says, a customer of Latin America who was
    /// approved without an identification can hand it in, and one whose date of birth has to be asked for can say it.
    #[must_use]
    pub fn wanted_level(&self, minimum_age: u8, now: Timestamp) -> Option<KycLevel> {
        let lacks_identification = self.identification.is_none() && self.country.is_latin_american();
        let under_way = self.kyc.check.as_ref().is_some_and(|check| check.status == KycStatus::Processing);
        let lacks_something = lacks_identification || self.lacks_birth(minimum_age, now);
        if lacks_something && self.kyc.level.is_some() && !under_way { Some(KycLevel::Basic) } else { self.kyc.wanted() }
    }

    /// A form was submitted (what it says is in the profile already, except for the document that the reinforced one asks
    /// for): the provider is asked.
    #[must_use]
    pub fn kyc_submitted(mut self, level: KycLevel, document: Option<Identification>, mint: &Mint<'_>, public_url: &str) -> Step {
        let before = KycView::of(&self, public_url);
        self.kyc.check = Some(KycCheck {
            level,
            reference: format!("kyc_{}", mint.id::<OrderId>()),
            status: KycStatus::Processing,
            reasons: Vec::new(),
            may_retry: true,
            document,
            updated_at: mint.now,
        });
        let mut step = Step::new();
        step.write(Job::due_now(mint, JobKind::SubmitKyc, self.id));
        self.finish_kyc(&before, mint, public_url, &mut step);
        step
    }

    /// The provider decided. Decisions are facts: one about an earlier check, or about no check that we know of, counts
    /// too, and leaves a check that is under way as it is.
    #[must_use]
    pub fn kyc_decided(mut self, verdict: KycVerdict, mint: &Mint<'_>, public_url: &str) -> Step {
        let before = KycView::of(&self, public_url);
        match verdict.status {
            KycStatus::Valid => self.kyc.level = self.kyc.level.max(Some(verdict.level)),
            // What was approved is withdrawn, down to the level below the one that failed.
            KycStatus::Fail if self.kyc.level >= Some(verdict.level) => {
                self.kyc.level = (verdict.level == KycLevel::Reinforced).then_some(KycLevel::Basic);
            }
            KycStatus::Fail | KycStatus::Processing | KycStatus::Unused => {}
        }
        let other_under_way =
            self.kyc.check.as_ref().is_some_and(|check| check.status == KycStatus::Processing && check.reference != verdict.reference);
        if !other_under_way {
            let decided = self.kyc.check.take().filter(|check| check.reference == verdict.reference);
            self.kyc.check = Some(KycCheck {
                level: verdict.level,
                reference: verdict.reference,
                status: verdict.status,
                reasons: verdict.reasons,
                may_retry: verdict.may_retry,
                document: decided.and_then(|check| check.document),
                updated_at: mint.now,
            });
        }
        let mut step = Step::new();
        self.finish_kyc(&before, mint, public_url, &mut step);
        step
    }

    /// Writes the customer, and tells the partner when what it sees has changed.
    fn finish_kyc(self, before: &KycView, mint: &Mint<'_>, public_url: &str, step: &mut Step) {
        let after = KycView::of(&self, public_url);
        if after != *before {
            step.events.push(EventDraft {
                id: mint.id(),
                partner: self.partner,
                kind: EventType::KycUpdated,
                subject: self.id.to_string(),
                data: after.to_json(),
                created_at: mint.now,
            });
        }
        step.write(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;

    fn kyc(level: Option<KycLevel>, check: Option<(KycLevel, KycStatus, bool)>) -> Kyc {
        let check = check.map(|(level, status, may_retry)| KycCheck {
            level,
            reference: "kyc_1".into(),
            status,
            reasons: Vec::new(),
            may_retry,
            document: None,
            updated_at: Timestamp::default(),
        });
        Kyc { level, check }
    }

    #[test]
    fn what_a_partner_is_told() {
        use KycLevel::{Basic, Reinforced};
        use KycStatus::{Fail, Processing, Unused, Valid};
        let cases = [
            (None, None, Unused),
            (None, Some((Basic, Processing, true)), Processing),
            // Whether it may be tried again is on the form; something was submitted, and it failed.
            (None, Some((Basic, Fail, true)), Fail),
            (None, Some((Basic, Fail, false)), Fail),
            (Some(Basic), Some((Reinforced, Fail, true)), Valid),
        ];
        for (level, check, shown) in cases {
            assert_eq!(kyc(level, check).status(), shown, "{level:?} {check:?}");
        }
    }

    #[test]
    fn which_form_is_wanted() {
        use KycLevel::{Basic, Reinforced};
        use KycStatus::{Fail, Processing, Valid};
        let cases = [
            (None, None, Some(Basic)),
            (None, Some((Basic, Processing, true)), None),
            (None, Some((Basic, Fail, true)), Some(Basic)),
            (None, Some((Basic, Fail, false)), None),
            (Some(Basic), Some((Basic, Valid, true)), Some(Reinforced)),
            (Some(Basic), Some((Reinforced, Processing, true)), None),
            (Some(Basic), Some((Reinforced, Fail, true)), Some(Reinforced)),
            (Some(Basic), Some((Reinforced, Fail, false)), None),
            (Some(Reinforced), Some((Reinforced, Valid, true)), None),
        ];
        for (level, check, wanted) in cases {
            assert_eq!(kyc(level, check).wanted(), wanted, "{level:?} {check:?}");
        }
    }

    fn decide(before: Kyc, reference: &str, level: KycLevel, status: KycStatus) -> (Kyc, usize) {
        let chance = crate::example::Counting::default();
        let mint = Mint { now: Timestamp::from_micros(1), randomness: &chance };
        let customer = Customer {
            id: crate::id::CustomerId(1),
            version: 1,
            partner: mint.id(),
            email: "ana@example.com".into(),
            country: crate::country::Country::SPAIN,
            country_as_sent: "ESP".into(),
            customer_type: crate::identification::CustomerType::Individual,
            profile: crate::customer::Profile::default(),
            identification: None,
            bank_account: None,
            warnings: Vec::new(),
            kyc: before,
            earlier_link: None,
            callback_url: None,
            banned: None,
            charged_back: None,
            counts_as: None,
            created_at: Timestamp::default(),
        };
        let verdict = KycVerdict { reference: reference.into(), level, status, reasons: Vec::new(), may_retry: true };
        let step = customer.kyc_decided(verdict, &mint, "http://localhost");
        let Some(Record::Customer(customer)) = step.writes.first() else { panic!("a customer") };
        (customer.kyc.clone(), step.events.len())
    }

    #[test]
    fn decisions_move_the_level() {
        use KycLevel::{Basic, Reinforced};
        use KycStatus::{Fail, Processing, Valid};
        let under_way = kyc(None, Some((Basic, Processing, true)));
        assert_eq!(decide(under_way.clone(), "kyc_1", Basic, Valid).0.level, Some(Basic));
        assert_eq!(decide(under_way.clone(), "kyc_1", Basic, Fail).0.level, None);
        assert_eq!(decide(under_way.clone(), "kyc_1", Basic, Processing).1, 1, "the moment it changed is part of what is seen");
        // One that nobody asked for counts, and leaves what is under way alone.
        let (after, events) = decide(under_way, "kyc_0", Basic, Valid);
        assert_eq!((after.level, after.check.map(|check| check.status), events), (Some(Basic), Some(Processing), 1));
        // Withdrawn.
        let reinforced = kyc(Some(Reinforced), Some((Reinforced, Valid, true)));
        assert_eq!(decide(reinforced.clone(), "kyc_1", Reinforced, Fail).0.level, Some(Basic));
        assert_eq!(decide(reinforced, "kyc_1", Basic, Fail).0.level, None);
        // A failed attempt at the higher level leaves the lower one.
        let basic = kyc(Some(Basic), Some((Reinforced, Processing, true)));
        assert_eq!(decide(basic, "kyc_1", Reinforced, Fail).0.level, Some(Basic));
    }
}
