//! `kyc/check` and the identity form.

use rampart_core::customer::kyc::KycLevel;
use rampart_core::customer::{Customer, Identification, Profile, Warning};
use rampart_core::id::CustomerId;
use rampart_core::identity::identification::{CustomerType, ValidDocument};
use rampart_core::order::view::KycView;
use rampart_core::refusal::ErrorCode;
use rampart_core::text::redacted::Redacted;
use rampart_core::time::Timestamp;

use crate::app::App;
use crate::error::AppResult;
use crate::orders::date_of_birth::{self, DateOfBirth};
use crate::orders::{order_checks, page_links};
use crate::partner_api::register_user::{BIRTH_NEEDED, check_birth_date, check_phone, read_identification};
use crate::request::common::USER;
use crate::request::{FieldFaults, request};
use rampart_http::AuthenticatedPartner;

/// The identity form, as sent. It has no `Debug`, because everything in it is personal.
#[derive(Clone)]
pub struct KycForm {
    pub level: KycLevel,
    /// A company's name, or a person's given name.
    pub name: Option<String>,
    pub last_name: Option<String>,
    pub last_name2: Option<String>,
    /// `YYYY-MM-DD`.
    pub dob: Option<String>,
    pub phone: Option<String>,
    pub city: Option<String>,
    pub address: Option<String>,
    pub address_state: Option<String>,
    pub zipcode: Option<String>,
    pub identification_type: Option<String>,
    pub identification_number: Option<String>,
    pub professional_activity: Option<String>,
    pub source_of_funds: Option<String>,
}

request! {
    /// The request of `kyc/check`.
    KycCheck refused by [UserNotFound] {
        user_id: CustomerId = USER.example("106");
    }
}

/// The state of a customer's identity check.
///
/// # Errors
/// `user_not_found`, also for another partner's customer.
pub async fn kyc_check(app: &App, caller: &AuthenticatedPartner, request: &KycCheck<'_>) -> AppResult<KycView> {
    let customer = order_checks::customer_of(app, caller, request.user_id).await?;
    Ok(KycView { kyc_form_url: page_links::identity_link(app, customer.id), ..KycView::of(&customer, &app.config.public_url) })
}

/// The fields that a form of this level cannot be submitted without: those that are unknown, and the document that the
/// reinforced form always asks for.
pub(crate) fn missing(customer: &Customer, level: KycLevel) -> Vec<&'static str> {
    let profile = &customer.profile;
    let mut needed: Vec<(&'static str, bool)> = vec![("name", profile.name.reveal().is_empty())];
    if customer.holder() == CustomerType::Individual {
        needed.push(("last_name", profile.last_name.reveal().is_empty()));
        needed.push(("dob", profile.date_of_birth.reveal().is_empty()));
    }
    needed.push(("address", profile.address.reveal().is_empty()));
    needed.push(("city", profile.city.reveal().is_empty()));
    let lacks_document = level == KycLevel::Reinforced || customer.identification.is_none();
    needed.extend([("identification_type", lacks_document), ("identification_number", lacks_document)]);
    if level == KycLevel::Reinforced {
        needed.push(("professional_activity", profile.professional_activity.reveal().is_empty()));
        needed.push(("source_of_funds", profile.source_of_funds.reveal().is_empty()));
    }
    needed.into_iter().filter(|(_, lacks)| *lacks).map(|(field, _)| field).collect()
}

/// Applies a form to a customer. Before an approval the form overwrites; afterwards it only fills unknown fields, so
/// that nobody trades under another person's approval. The document of the reinforced form is returned beside the
/// customer: the provider checks it, and the approved document stays.
pub(crate) fn fill_in(app: &App, mut customer: Customer, form: &KycForm) -> AppResult<(Customer, Option<Identification>)> {
    let approved = customer.kyc.level.is_some();
    let reinforced = customer.kyc.level == Some(KycLevel::Reinforced);
    let holder = customer.holder();
    let now = app.business.now();
    let minimum_age = app.config.registration.minimum_age;
    let mut faults = FieldFaults::default();
    let mut warnings: Vec<Warning> = Vec::new();
    let may_set = |known: &Redacted| !approved || known.reveal().is_empty();

    let document = faults.text("identification_type", form.identification_type.as_deref());
    let number = faults.number("identification_number", form.identification_number.as_deref());
    let identified = read_identification(&mut faults, Some(customer.country), document, number);
    let sent = read_birth(&mut faults, form, now).filter(|_| may_set(&customer.profile.date_of_birth));
    let birth = sent.or_else(|| customer.profile.date_of_birth.reveal().parse().ok().and_then(|date| date_of_birth::of(date, now)));
    let document = identified.as_ref().filter(|_| form.level == KycLevel::Reinforced);
    let document = document.and_then(|(given, checked)| own_document(&mut faults, &customer, birth.as_ref(), given, checked));
    let identified = identified.filter(|_| !approved || customer.identification.is_none());
    let known = customer.identification.as_ref().and_then(|given| {
        let checked = rampart_core::identity::identification::check(customer.country, given.document, given.number.reveal());
        checked.ok().map(|checked| (given.clone(), checked))
    });
    let date = check_birth_date(&mut faults, &mut warnings, birth, identified.as_ref().or(known.as_ref()), minimum_age, now);

    let typed = form.phone.as_deref().map(str::trim).filter(|text| !text.is_empty() && may_set(&customer.profile.phone));
    // A known number was checked when it was given.
    if let Some(phone) = typed.filter(|text| *text != customer.profile.phone.reveal()) {
        customer.warnings.retain(|warning| warning.field != "phone");
        check_phone(&mut faults, &mut warnings, customer.country, phone, app.config.registration.strict_contact);
    }

    let mut apply = |field: &'static str, sent: &Option<String>, known: &mut Redacted| {
        if let Some(text) = faults.text(field, sent.as_deref())
            && may_set(known)
        {
            *known = Redacted::new(text.trim());
        }
    };
    let Profile {
        name,
        last_name,
        last_name2,
        phone,
        city,
        address,
        address_state,
        zipcode,
        date_of_birth,
        professional_activity,
        source_of_funds,
    } = &mut customer.profile;
    apply("name", &form.name, name);
    apply("last_name", &form.last_name, last_name);
    apply("last_name2", &form.last_name2, last_name2);
    apply("phone", &form.phone, phone);
    apply("city", &form.city, city);
    apply("address", &form.address, address);
    apply("address_state", &form.address_state, address_state);
    apply("zipcode", &form.zipcode, zipcode);
    // Fields that only the reinforced check reads may be corrected until it is approved.
    for (field, sent, known) in [
        ("professional_activity", &form.professional_activity, professional_activity),
        ("source_of_funds", &form.source_of_funds, source_of_funds),
    ] {
        if let Some(text) = faults.text(field, sent.as_deref())
            && !reinforced
        {
            *known = Redacted::new(text.trim());
        }
    }
    if let Some(date) = date {
        *date_of_birth = Redacted::new(date);
    }
    if let Some((given, _)) = identified {
        customer.identification = Some(given);
        customer.warnings.retain(|warning| warning.field != "identification_number");
    }
    if holder == CustomerType::Individual && customer.holder() == CustomerType::Company && !approved {
        // A company has no family name and no date of birth: a person's would be taken as part of its name.
        let profile = &mut customer.profile;
        for of_a_person in [&mut profile.last_name, &mut profile.last_name2, &mut profile.date_of_birth] {
            *of_a_person = Redacted::default();
        }
    }
    customer.customer_type = customer.holder();
    if !customer.profile.date_of_birth.reveal().is_empty() {
        customer.warnings.retain(|warning| warning.code != BIRTH_NEEDED);
    }
    for warning in warnings {
        if !customer.warnings.contains(&warning) {
            customer.warnings.push(warning);
        }
    }
    for field in missing(&customer, form.level) {
        let handed_in = document.is_some() && matches!(field, "identification_type" | "identification_number");
        // Malformed fields are reported already.
        if !handed_in && !faults.has(field) {
            faults.fault(ErrorCode::FailMandatoryField, field, "is required");
        }
    }
    faults.finish()?;
    Ok((customer, document))
}

fn read_birth(faults: &mut FieldFaults, form: &KycForm, now: Timestamp) -> Option<DateOfBirth> {
    let text = faults.text("dob", form.dob.as_deref())?;
    date_of_birth::read(faults, text.parse().ok(), now)
}

/// Checks that the document of a reinforced form can be the customer's own: of a person for a person, with the same
/// date of birth.
fn own_document(
    faults: &mut FieldFaults,
    customer: &Customer,
    birth: Option<&DateOfBirth>,
    given: &Identification,
    checked: &ValidDocument,
) -> Option<Identification> {
    if customer.holder() == CustomerType::Individual {
        if checked.customer_type == CustomerType::Company {
            faults.fault(ErrorCode::InvalidIdentification, "identification_type", "must be a person's document");
            return None;
        }
        let born = birth.map(|birth| birth.date);
        if let Some(Err(fault)) = born.map(|born| checked.agrees_with_birth(born)) {
            faults.fault(ErrorCode::InvalidIdentification, "identification_number", fault.to_string());
            return None;
        }
    }
    Some(given.clone())
}
