//! A customer's identity check and its level.

use crate::customer::{Customer, Identification};
use crate::id::{Mint, OrderId};
use crate::order::view::KycView;
use crate::partner::event::{EventDraft, EventType};
use crate::step::Step;
use crate::step::job::{Job, JobKind};
use crate::time::Timestamp;

/// The status of an identity check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum KycStatus {
    #[default]
    Unused,
    Processing,
    Valid,
    /// Rejected, whether the customer may try again or not.
    Fail,
}

/// Level of the identity check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycLevel {
    /// Level 1: the form.
    Basic,
    /// Level 2: also occupation, source of funds and a document.
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

    /// The level with this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Basic),
            2 => Some(Self::Reinforced),
            _ => None,
        }
    }
}

/// One attempt at a level, and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KycCheck {
    pub level: KycLevel,
    /// Our reference at the provider; also the idempotency key.
    pub reference: String,
    pub status: KycStatus,
    /// Reasons of a failure, for the customer.
    pub reasons: Vec<String>,
    /// Whether a failed customer may try again.
    pub may_retry: bool,
    /// The document submitted for it, if the level asks for one beside the known identification.
    #[serde(default)]
    pub document: Option<Identification>,
    pub updated_at: Timestamp,
}

/// A customer's identity, as far as it was checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Kyc {
    /// The highest approved level that was not withdrawn.
    pub level: Option<KycLevel>,
    pub check: Option<KycCheck>,
}

impl Kyc {
    /// The status partners see: a valid level stays valid while a higher one is being checked or has failed.
    #[must_use]
    pub fn status(&self) -> KycStatus {
        match (&self.level, &self.check) {
            (Some(_), _) => KycStatus::Valid,
            (None, Some(check)) => check.status,
            (None, None) => KycStatus::Unused,
        }
    }
}

/// A decision of the identity provider about a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KycVerdict {
    pub reference: String,
    pub level: KycLevel,
    /// `processing`, `valid` or `fail`.
    pub status: KycStatus,
    pub reasons: Vec<String>,
    /// Whether a failed customer may try again.
    pub may_retry: bool,
}

impl Kyc {
    /// The level whose form can be submitted now; `None` while a form is being checked, after a final rejection, and when
    /// everything is approved.
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
    /// The level whose form can be submitted now. Beyond [`Kyc::wanted`], an approved customer of Latin America without an
    /// identification can submit one, and a customer whose date of birth has to be asked for can state it.
    #[must_use]
    pub fn wanted_level(&self, minimum_age: u8, now: Timestamp) -> Option<KycLevel> {
        let lacks_identification = self.identification.is_none() && self.country.is_latin_american();
        let under_way = self.kyc.check.as_ref().is_some_and(|check| check.status == KycStatus::Processing);
        let lacks_something = lacks_identification || self.needs_date_of_birth(minimum_age, now);
        if lacks_something && self.kyc.level.is_some() && !under_way { Some(KycLevel::Basic) } else { self.kyc.wanted() }
    }

    /// Records a submitted form and creates the job that sends it. The profile has its data already, except for the document of
    /// the reinforced form.
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

    /// Applies the provider's decision. Decisions are facts: one about an earlier or unknown check counts too, and leaves a
    /// check in progress as it is.
    #[must_use]
    pub fn kyc_decided(mut self, verdict: KycVerdict, mint: &Mint<'_>, public_url: &str) -> Step {
        let before = KycView::of(&self, public_url);
        match verdict.status {
            KycStatus::Valid => self.kyc.level = self.kyc.level.max(Some(verdict.level)),
            // Withdraws an approval, down to the level below the failed one.
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

    /// Writes the customer, and emits an event if the partner's view changed.
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
    use crate::step::record::Record;

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
    fn what_a_partner_sees() {
        use KycLevel::{Basic, Reinforced};
        use KycStatus::{Fail, Processing, Unused, Valid};
        let cases = [
            (None, None, Unused),
            (None, Some((Basic, Processing, true)), Processing),
            // A retry is offered on the form; the status is that something was submitted and failed.
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
        let chance = crate::example::CountingRandomness::default();
        let mint = Mint { now: Timestamp::from_micros(1), randomness: &chance };
        let customer = Customer {
            id: crate::id::CustomerId(1),
            version: 1,
            partner: mint.id(),
            email: "ana@example.com".into(),
            country: crate::identity::country::Country::SPAIN,
            country_as_sent: "ESP".into(),
            customer_type: crate::identity::identification::CustomerType::Individual,
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
        // An unrequested decision counts, and leaves the check in progress alone.
        let (after, events) = decide(under_way, "kyc_0", Basic, Valid);
        assert_eq!((after.level, after.check.map(|check| check.status), events), (Some(Basic), Some(Processing), 1));
        // Withdrawn.
        let reinforced = kyc(Some(Reinforced), Some((Reinforced, Valid, true)));
        assert_eq!(decide(reinforced.clone(), "kyc_1", Reinforced, Fail).0.level, Some(Basic));
        assert_eq!(decide(reinforced, "kyc_1", Basic, Fail).0.level, None);
        // A failed attempt at the higher level keeps the lower one.
        let basic = kyc(Some(Basic), Some((Reinforced, Processing, true)));
        assert_eq!(decide(basic, "kyc_1", Reinforced, Fail).0.level, Some(Basic));
    }
}
