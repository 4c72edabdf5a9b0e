//! The fields of the identity form: what a level requires, what is known already, and the errors of what was typed.

use rampart_app::KycForm;
use rampart_core::customer::Customer;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::identity::identification::{self, CustomerType, Date, DocumentType};
use rampart_core::identity::phone;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::text;

use super::field::{Faults, FormField};
use super::forms::FormData;
use super::frame::DetailRow;
use super::labels;
use super::language::Language;
use super::text::{Texts, fill};

/// A field of the form, and whether the level requires it.
struct KycField {
    name: &'static str,
    max_characters: usize,
    required: bool,
}

const SOURCES: [&str; 8] = ["salary", "business", "savings", "investments", "property", "inheritance", "pension", "other"];

fn source_label(source: &str, t: &'static Texts) -> Option<&'static str> {
    Some(match source {
        "salary" => t.funds_salary,
        "business" => t.funds_business,
        "savings" => t.funds_savings,
        "investments" => t.funds_investments,
        "property" => t.funds_property,
        "inheritance" => t.funds_inheritance,
        "pension" => t.funds_pension,
        "other" => t.funds_other,
        _ => return None,
    })
}

fn level_fields(holder: CustomerType, level: KycLevel) -> Vec<KycField> {
    let person = holder == CustomerType::Individual;
    let field = |name, max_characters, required| KycField { name, max_characters, required };
    let mut fields = vec![field("name", 100, true)];
    if person {
        fields.extend([field("last_name", 100, true), field("last_name2", 100, false), field("dob", 10, true)]);
    }
    fields.extend([field("identification_type", 40, true), field("identification_number", identification::MAX_CHARACTERS, true)]);
    if level == KycLevel::Reinforced {
        fields.extend([field("professional_activity", 100, true), field("source_of_funds", 40, true)]);
    }
    fields.extend([
        field("address", 200, true),
        field("city", 100, true),
        field("address_state", 100, false),
        field("zipcode", 20, false),
        field("phone", phone::MAX_CHARACTERS, false),
    ]);
    fields
}

/// The known value of a field.
fn known<'a>(customer: &'a Customer, name: &str) -> &'a str {
    let profile = &customer.profile;
    match name {
        "name" => profile.name.reveal(),
        "last_name" => profile.last_name.reveal(),
        "last_name2" => profile.last_name2.reveal(),
        "dob" => profile.date_of_birth.reveal(),
        "phone" => profile.phone.reveal(),
        "city" => profile.city.reveal(),
        "address" => profile.address.reveal(),
        "address_state" => profile.address_state.reveal(),
        "zipcode" => profile.zipcode.reveal(),
        "professional_activity" => profile.professional_activity.reveal(),
        "source_of_funds" => profile.source_of_funds.reveal(),
        "identification_type" => customer.identification.as_ref().map_or("", |identification| identification.document.as_str()),
        "identification_number" => customer.identification.as_ref().map_or("", |identification| identification.number.reveal()),
        _ => "",
    }
}

/// Whether the level asks for the field although it is known: the data that the reinforced check verifies.
fn confirms(name: &str, level: KycLevel) -> bool {
    level == KycLevel::Reinforced
        && matches!(name, "professional_activity" | "source_of_funds" | "identification_type" | "identification_number")
}

/// Whether the field is a number of which only the last characters are shown.
fn is_number(name: &str) -> bool {
    matches!(name, "identification_number" | "phone")
}

/// The identity form of a customer for a level.
pub(crate) struct KycFormView<'a> {
    customer: &'a Customer,
    level: KycLevel,
    language: Language,
    everything: bool,
    /// The submitted values, if any.
    typed: Option<&'a FormData>,
}

impl<'a> KycFormView<'a> {
    pub(crate) const fn new(
        customer: &'a Customer,
        level: KycLevel,
        language: Language,
        everything: bool,
        typed: Option<&'a FormData>,
    ) -> Self {
        Self { customer, level, language, everything, typed }
    }

    /// Whether known data may be corrected. Approved data stays: a form can only add to it.
    fn is_correctable(&self) -> bool {
        self.everything && self.customer.kyc.level.is_none()
    }

    /// Person or company: by the typed number if it will become the customer's document, otherwise by what is known.
    fn holder(&self) -> CustomerType {
        let becomes_own = self.is_correctable() || self.customer.identification.is_none();
        let typed = self.typed.filter(|typed| becomes_own && !self.keeps_document(typed));
        typed.and_then(|typed| self.typed_holder(typed)).unwrap_or_else(|| self.customer.holder())
    }

    fn typed_holder(&self, typed: &FormData) -> Option<CustomerType> {
        let document: DocumentType = typed.get("identification_type")?.parse().ok()?;
        let checked = identification::check(self.customer.country, document, typed.get("identification_number")?);
        checked.ok().map(|checked| checked.customer_type)
    }

    fn shown_fields(&self) -> impl Iterator<Item = KycField> {
        let missing = |spec: &KycField| spec.required && known(self.customer, spec.name).is_empty();
        let correctable = self.is_correctable();
        level_fields(self.holder(), self.level)
            .into_iter()
            .filter(move |spec| correctable || missing(spec) || confirms(spec.name, self.level))
    }

    /// The fields to show, with the typed or known values.
    pub(crate) fn fields(&self) -> Vec<FormField> {
        let show = |spec: KycField| {
            let value = match self.typed {
                Some(fields) => fields.get(spec.name).unwrap_or_default(),
                // The holder of the link must not see numbers that the partner or another person entered.
                None if is_number(spec.name) => "",
                None => known(self.customer, spec.name),
            };
            self.field(&spec, value)
        };
        self.shown_fields().map(show).collect()
    }

    fn field(&self, spec: &KycField, value: &str) -> FormField {
        let t = self.language.texts();
        let text = |label| FormField::text(spec.name, label, spec.max_characters, value);
        let field = match spec.name {
            "name" if self.holder() == CustomerType::Company => text(t.field_company).with_autocomplete("organization"),
            "name" => text(t.field_name).with_autocomplete("given-name"),
            "last_name" => text(t.field_last_name).with_autocomplete("family-name"),
            "last_name2" => text(t.field_last_name2).with_autocomplete("additional-name"),
            "dob" => text(t.field_dob).of_kind("date").with_autocomplete("bday").with_hint(t.field_dob_hint),
            "phone" => text(t.field_phone).of_kind("tel").with_autocomplete("tel"),
            "city" => text(t.field_city).with_autocomplete("address-level2"),
            "address" => text(t.field_address).with_autocomplete("street-address"),
            "address_state" => text(t.field_address_state).with_autocomplete("address-level1"),
            "zipcode" => text(t.field_zipcode).with_autocomplete("postal-code"),
            "professional_activity" => text(t.field_activity).with_autocomplete("organization-title"),
            "identification_type" => {
                let documents = DocumentType::of_country(self.customer.country);
                let options: Vec<_> = documents.map(|document| (document.as_str(), labels::document(document, t))).collect();
                FormField::choice(spec.name, t.field_identification_type, &options, value)
            }
            "source_of_funds" => {
                let options = SOURCES.map(|source| (source, source_label(source, t).unwrap_or(source)));
                FormField::choice(spec.name, t.field_source_of_funds, &options, value)
            }
            _ => text(t.field_identification_number),
        };
        let field = if self.keeps(spec.name) { field.with_hint(t.field_keep).optional() } else { field };
        if spec.required { field } else { field.optional() }
    }

    /// Whether a known number is kept if its field is left empty. A document that must be confirmed has to be typed again.
    fn keeps(&self, name: &str) -> bool {
        is_number(name) && !known(self.customer, name).is_empty() && !confirms(name, self.level)
    }

    /// Whether the known document is kept: its number was left empty and its type is unchanged.
    fn keeps_document(&self, typed: &FormData) -> bool {
        let same = typed.get("identification_type").is_none_or(|kind| kind == known(self.customer, "identification_type"));
        same && self.keeps("identification_number") && typed.get("identification_number").is_none_or(str::is_empty)
    }

    /// The known data that the form does not ask for again. Of numbers, only the last characters are shown.
    pub(crate) fn known(&self) -> Vec<DetailRow> {
        let t = self.language.texts();
        let shown: Vec<&str> = self.shown_fields().map(|spec| spec.name).collect();
        let mut rows = Vec::new();
        let name = self.customer.profile.full_name();
        if !name.is_empty() && !shown.contains(&"name") {
            let company = self.holder() == CustomerType::Company;
            rows.push(DetailRow::new(if company { t.field_company } else { t.field_name }, name));
        }
        rows.push(DetailRow::new(t.field_country, labels::country(self.customer.country, self.language)));
        rows.push(DetailRow::new(t.field_email, self.customer.email.reveal()));
        if let Some(identification) = &self.customer.identification
            && !shown.contains(&"identification_number")
        {
            rows.push(DetailRow::new(labels::document(identification.document, t), labels::masked_number(identification.number.reveal())));
        }
        for (name, label) in [("dob", t.field_dob), ("address", t.field_address), ("city", t.field_city)] {
            let value = known(self.customer, name);
            if !value.is_empty() && !shown.contains(&name) {
                rows.push(DetailRow::new(label, value));
            }
        }
        rows
    }

    /// The errors that the page itself can find.
    pub(crate) fn faults(&self, typed: &FormData) -> Faults {
        let t = self.language.texts();
        let mut faults = Faults::new();
        for spec in self.shown_fields() {
            let value = typed.get(spec.name).unwrap_or_default();
            let fault = match spec.name {
                "identification_number" if self.keeps_document(typed) => None,
                _ if value.is_empty() => spec.required.then(|| t.fault_required.to_owned()),
                _ if value.chars().count() > spec.max_characters => Some(fill(t.fault_too_long, &[&spec.max_characters.to_string()])),
                _ if text::check(value).is_err() => Some(t.fault_hidden.to_owned()),
                "dob" => value.parse::<Date>().is_err().then(|| t.fault_date.to_owned()),
                "source_of_funds" => (!SOURCES.contains(&value)).then(|| t.fault_choose.to_owned()),
                "identification_type" => match value.parse::<DocumentType>() {
                    Ok(document) if document.belongs_to(self.customer.country) => None,
                    _ => Some(t.fault_choose.to_owned()),
                },
                "identification_number" => self.number_fault(typed, value),
                // An invalid number that was stored with a warning does not block the customer.
                "phone" if value != known(self.customer, "phone") => {
                    let fault = phone::check(self.customer.country, value).err();
                    fault.map(|fault| labels::phone_fault(&fault, self.language))
                }
                _ => None,
            };
            faults.extend(fault.map(|sentence| (spec.name, sentence)));
        }
        faults
    }

    fn number_fault(&self, typed: &FormData, number: &str) -> Option<String> {
        let document = typed.get("identification_type").unwrap_or_else(|| known(self.customer, "identification_type"));
        let document: DocumentType = document.parse().ok()?;
        if !document.belongs_to(self.customer.country) {
            return None;
        }
        let born = typed.get("dob").unwrap_or_else(|| known(self.customer, "dob")).parse().ok();
        let checked = identification::check(self.customer.country, document, number);
        let fault = checked.and_then(|checked| born.map_or(Ok(()), |born| checked.agrees_with_birth(born))).err()?;
        Some(labels::number_fault(&fault, self.language))
    }

    /// The errors of a refusal, in the page's language.
    pub(crate) fn refused(&self, refusal: &Refusal) -> Faults {
        let t = self.language.texts();
        let mut faults = Faults::new();
        for spec in self.shown_fields() {
            if refusal.fields.iter().any(|(name, _)| name == spec.name) {
                let sentence = match (refusal.code, spec.name) {
                    (ErrorCode::FailMandatoryField, _) => t.fault_required,
                    (_, "dob") => t.fault_underage,
                    (_, "identification_number") => t.fault_number,
                    (_, "identification_type") => t.fault_choose,
                    _ => t.fault_invalid,
                };
                faults.push((spec.name, sentence.to_owned()));
            }
        }
        // No shown field has the error: report it at a field that is shown, so that the customer learns of it.
        if faults.is_empty() && (refusal.code == ErrorCode::InvalidIdentification || !refusal.fields.is_empty()) {
            let number = self.shown_fields().find(|spec| spec.name == "identification_number");
            let sentence = if number.is_some() { t.fault_number } else { t.fault_invalid };
            faults.extend(number.or_else(|| self.shown_fields().next()).map(|place| (place.name, sentence.to_owned())));
        }
        faults
    }

    /// The form as the application expects it: only the fields that were shown.
    pub(crate) fn submission(&self, typed: &FormData) -> KycForm {
        let shown: Vec<&str> = self.shown_fields().map(|spec| spec.name).collect();
        let kept = self.keeps_document(typed);
        let sent = |name: &str| shown.contains(&name) && !(kept && name.starts_with("identification_"));
        let value = |name: &str| typed.owned(name).filter(|_| sent(name));
        KycForm {
            level: self.level,
            name: value("name"),
            last_name: value("last_name"),
            last_name2: value("last_name2"),
            dob: value("dob"),
            phone: value("phone"),
            city: value("city"),
            address: value("address"),
            address_state: value("address_state"),
            zipcode: value("zipcode"),
            identification_type: value("identification_type"),
            identification_number: value("identification_number"),
            professional_activity: value("professional_activity"),
            source_of_funds: value("source_of_funds"),
        }
    }
}
