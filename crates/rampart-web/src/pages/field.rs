//! A field of a form, as a template shows it.

/// One of the options of a field.
pub(crate) struct Choice {
    /// What is sent.
    pub(crate) value: &'static str,
    /// What is read.
    pub(crate) label: &'static str,
    /// Whether it is the chosen one.
    pub(crate) chosen: bool,
}

/// A field of a form.
pub(crate) struct FormField {
    /// Its name, which is its element's id as well.
    pub(crate) name: &'static str,
    /// What it is called.
    pub(crate) label: &'static str,
    /// What to mind.
    pub(crate) hint: Option<String>,
    /// What is in it.
    pub(crate) value: String,
    /// What is wrong with it.
    pub(crate) fault: Option<String>,
    /// The `type` of the input.
    pub(crate) kind: &'static str,
    /// The `autocomplete` of the input.
    pub(crate) autocomplete: &'static str,
    /// The most characters it takes.
    pub(crate) most: usize,
    /// Whether it must be filled.
    pub(crate) required: bool,
    /// The options; empty for a text.
    pub(crate) choices: Vec<Choice>,
}

impl FormField {
    /// A required text.
    pub(crate) fn text(name: &'static str, label: &'static str, most: usize, value: &str) -> Self {
        Self {
            name,
            label,
            hint: None,
            value: value.to_owned(),
            fault: None,
            kind: "text",
            autocomplete: "off",
            most,
            required: true,
            choices: Vec::new(),
        }
    }

    /// A required choice.
    pub(crate) fn choice(name: &'static str, label: &'static str, options: &[(&'static str, &'static str)], value: &str) -> Self {
        let choices = options.iter().map(|&(option, label)| Choice { value: option, label, chosen: option == value });
        Self { choices: choices.collect(), ..Self::text(name, label, 64, value) }
    }

    /// What browsers may fill in.
    pub(crate) fn filled_with(mut self, autocomplete: &'static str) -> Self {
        self.autocomplete = autocomplete;
        self
    }

    /// With something to mind.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Of another `type`.
    pub(crate) fn of_kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// That may stay empty.
    pub(crate) fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// With what is wrong with it.
    pub(crate) fn with_fault(mut self, fault: Option<String>) -> Self {
        self.fault = fault;
        self
    }

    /// The ids of what describes it, for `aria-describedby`.
    pub(crate) fn described_by(&self) -> String {
        let parts = [self.fault.as_ref().map(|_| "fault"), self.hint.as_ref().map(|_| "hint")];
        parts.into_iter().flatten().map(|part| format!("{}-{part}", self.name)).collect::<Vec<_>>().join(" ")
    }
}

/// What is wrong with the fields of a form: (name, sentence).
pub(crate) type Faults = Vec<(&'static str, String)>;

/// Puts the faults at their fields; a fault of a field that is not shown stays behind.
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
