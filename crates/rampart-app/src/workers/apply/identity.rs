//! What the identity provider decides.

use rampart_core::fact::FactBody;
use rampart_core::kyc::{Kyc, KycCheck, KycLevel, KycStatus};
use rampart_core::step::Step;
use rampart_core::time::Timestamp;

use super::{Effect, Trouble};
use crate::app::App;
use crate::workers::observe;

pub(super) async fn effect(app: &App, body: &FactBody) -> Effect {
    let FactBody::KycDecided { customer, reference, level, status, reasons, may_retry } = body else {
        return Err(Trouble::Never("not a decision about an identity".to_owned()));
    };
    let found = app.store().customer(*customer).await?;
    let before = found.ok_or_else(|| Trouble::Never(format!("there is no customer {customer}")))?;
    let check = KycCheck {
        level: *level,
        reference: reference.clone(),
        status: *status,
        reasons: reasons.clone(),
        may_retry: *may_retry,
        updated_at: app.business().now(),
    };
    let mut step = Step::new();
    if let Some(kyc) = decided(&before.kyc, check) {
        let mut after = before.clone();
        after.kyc = kyc;
        observe::customer_changed(app, &before, after, &mut step);
    }
    Ok(step)
}

/// What is known of an identity after a decision; nothing when it says nothing new. A refusal of a level that was
/// approved withdraws it; one of a higher level leaves the lower one as it is.
fn decided(kyc: &Kyc, check: KycCheck) -> Option<Kyc> {
    let is_current = kyc.check.as_ref().is_none_or(|known| known.reference == check.reference);
    if check.status == KycStatus::Processing && !is_current {
        return None;
    }
    let level = match check.status {
        KycStatus::Valid => kyc.level.max(Some(check.level)),
        KycStatus::Fail if check.level == KycLevel::Basic => None,
        KycStatus::Fail => kyc.level.map(|_| KycLevel::Basic),
        KycStatus::Unused | KycStatus::Processing => kyc.level,
    };
    let same =
        kyc.check.as_ref().is_some_and(|known| KycCheck { updated_at: Timestamp::default(), ..known.clone() } == without_time(&check));
    (!same || level != kyc.level).then_some(Kyc { level, check: Some(check) })
}

fn without_time(check: &KycCheck) -> KycCheck {
    KycCheck { updated_at: Timestamp::default(), ..check.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(level: KycLevel, status: KycStatus) -> KycCheck {
        KycCheck { level, reference: "r".to_owned(), status, reasons: Vec::new(), may_retry: true, updated_at: Timestamp::default() }
    }

    #[test]
    fn levels_rise_and_fall_with_decisions() {
        use KycLevel::{Basic, Reinforced};
        use KycStatus::{Fail, Processing, Valid};
        for (before, level, status, after) in [
            (None, Basic, Valid, Some(Basic)),
            (None, Reinforced, Valid, Some(Reinforced)),
            (Some(Reinforced), Basic, Valid, Some(Reinforced)),
            (Some(Basic), Reinforced, Fail, Some(Basic)),
            (Some(Reinforced), Reinforced, Fail, Some(Basic)),
            (Some(Reinforced), Basic, Fail, None),
            (Some(Basic), Reinforced, Processing, Some(Basic)),
        ] {
            let kyc = Kyc { level: before, check: None };
            assert_eq!(decided(&kyc, check(level, status)).unwrap().level, after, "{before:?} {level:?} {status:?}");
        }
    }

    #[test]
    fn the_same_decision_again_says_nothing_new() {
        let kyc = Kyc { level: Some(KycLevel::Basic), check: Some(check(KycLevel::Basic, KycStatus::Valid)) };
        assert_eq!(decided(&kyc, check(KycLevel::Basic, KycStatus::Valid)), None);
    }
}
