//! Form fields as the templates show them.

/// An option of a field.
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    pub(crate) label: &'static str,
    pub(crate) chosen: bool,
}

/// A form field.
pub(crate) struct FormField {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) hint: Option<String>,
    pub(crate) value: String,
    pub(crate) fault: Option<String>,
    /// The `type` of the input.
    pub(crate) kind: &'static str,
    /// The `autocomplete` of the input.
    pub(crate) autocomplete: &'static str,
    pub(crate) max_characters: usize,
    pub(crate) required: bool,
    pub(crate) choices: Vec<Choice>,
}

impl FormField {
    /// A required text field.
    pub(crate) fn text(name: &'static str, label: &'static str, max_characters: usize, value: &str) -> Self {
        Self {
            name,
            label,
            hint: None,
            value: value.to_owned(),
            fault: None,
            kind: "text",
            autocomplete: "off",
            max_characters,
            required: true,
            choices: Vec::new(),
        }
    }

    /// A required choice.
    pub(crate) fn choice(name: &'static str, label: &'static str, options: &[(&'static str, &'static str)], value: &str) -> Self {
        let choices = options.iter().map(|&(option, label)| Choice { value: option, label, chosen: option == value });
        Self { choices: choices.collect(), ..Self::text(name, label, 64, value) }
    }

    /// Sets the `autocomplete` of the input.
    pub(crate) fn with_autocomplete(mut self, autocomplete: &'static str) -> Self {
        self.autocomplete = autocomplete;
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the `type` of the input.
    pub(crate) fn of_kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    pub(crate) fn with_fault(mut self, fault: Option<String>) -> Self {
        self.fault = fault;
        self
    }

    /// The ids for `aria-describedby`.
    pub(crate) fn described_by(&self) -> String {
        let parts = [self.fault.as_ref().map(|_| "fault"), self.hint.as_ref().map(|_| "hint")];
        parts.into_iter().flatten().map(|part| format!("{}-{part}", self.name)).collect::<Vec<_>>().join(" ")
    }
}

/// The errors of a form: field name and sentence.
pub(crate) type Faults = Vec<(&'static str, String)>;

/// Adds the errors to their fields. Errors of fields that are not shown are ignored.
pub(crate) fn mark(fields: Vec<FormField>, faults: &Faults) -> Vec<FormField> {
    let fault = |name: &str| faults.iter().find(|(field, _)| *field == name).map(|(_, sentence)| sentence.clone());
    fields
        .into_iter()
        .map(|field| {
            let found = fault(field.name);
            field.with_fault(found)
        })
        .collect()
}
