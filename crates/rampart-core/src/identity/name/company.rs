//! Company names and legal forms.

use super::firm_words::is_company_word;
use super::short::NamePart;
use super::words::{MatchRule, NameToken, agreement, is_cut, joined, same_letters, tokens, words};
use crate::identity::letters::Transliteration;

/// A shorter text is not a truncated name.
const MIN_TRUNCATED_CHARACTERS: usize = 24;

/// Legal forms by their spellings, without blanks and dots. All spellings on one line are the same form.
const FORMS: &[&[&str]] = &[
    // A Spanish limited company may call itself SRL (RDL 1/2010, article 6), and whether it has a single owner changes over time.
    &[
        "sl",
        "slu",
        "srl",
        "srlu",
        "slunipersonal",
        "sociedadlimitada",
        "sociedadlimitadaunipersonal",
        "sociedadderesponsabilidadlimitada",
        "sderl",
        "srltda",
        "scrl",
        "scrltda",
        "sociedadcomercialderesponsabilidadlimitada",
    ],
    &["sa", "sau", "saunipersonal", "sociedadanonima", "sociedadanonimaunipersonal"],
    &["sadecv", "sociedadanonimadecapitalvariable"],
    &["sderldecv", "srldecv", "sociedadderesponsabilidadlimitadadecapitalvariable"],
    &["sapidecv", "sociedadanonimapromotoradeinversiondecapitalvariable"],
    &["sapi", "sociedadanonimapromotoradeinversion"],
    &["sabdecv", "sociedadanonimabursatildecapitalvariable"],
    &["sas", "sociedadporaccionessimplificada"],
    &["sasdecv", "sociedadporaccionessimplificadadecapitalvariable"],
    &["spa", "sociedadporacciones"],
    &["ltda", "limitada", "ltd", "limited", "cialtda", "companialimitada"],
    &["eirl", "empresaindividualderesponsabilidadlimitada"],
    &["sac", "sociedadanonimacerrada"],
    &["saa", "sociedadanonimaabierta"],
    &["sca", "sociedadencomanditaporacciones"],
    &["sc", "sociedadcivil"],
    &["sll", "sociedadlimitadalaboral"],
    &["sal", "sociedadanonimalaboral"],
    &["slp", "sociedadlimitadaprofesional"],
    &["slne", "sociedadlimitadanuevaempresa"],
    &["scoop", "scoopltda", "sociedadcooperativa", "cooperativa"],
    &["cb", "comunidaddebienes"],
    &["ac", "asociacioncivil"],
    &["gmbh"],
    &["llc"],
    &["inc", "incorporated"],
    &["lda"],
    &["scp", "sociedadcivilparticular"],
    &["bv"],
    &["nv"],
    &["kg", "gmbhcokg"],
    &["corp", "corporation"],
    &["plc"],
    &["llp"],
    &["sarl"],
    &["ute", "uniontemporaldeempresas"],
    &["aie", "agrupaciondeintereseconomico"],
];

/// Tokens of the longest form, in words or letter by letter.
const MAX_FORM_TOKENS: usize = 10;

/// Splits a legal form off the end: the tokens before it, and its index in [`FORMS`].
fn split(tokens: &[NameToken]) -> (&[NameToken], Option<usize>) {
    // The longest match wins: `S.A. de C.V.` ends with another form.
    for start in tokens.len().saturating_sub(MAX_FORM_TOKENS).max(1)..tokens.len() {
        let (core, end) = tokens.split_at(start);
        let end = joined(end, Transliteration::Plain as usize);
        if let Some(form) = FORMS.iter().position(|spellings| spellings.contains(&end.as_str())) {
            return (core, Some(form));
        }
    }
    (tokens, None)
}

/// The legal form at the end of a name, as written, without blanks and dots.
pub(super) fn form(tokens: &[NameToken]) -> Option<String> {
    let (core, form) = split(tokens);
    form.map(|_| joined(&tokens[core.len()..], Transliteration::Plain as usize))
}

/// Whether a name ends with a legal form.
pub(super) fn has_form(name: &str) -> bool {
    form(&tokens(name)).is_some()
}

/// Whether the written text can be the name of a company: all its words in order, and the same legal form. The form may be missing if the
/// rest has a word of companies; otherwise it may be the name of the owner.
pub(super) fn agrees(name: &str, written: &str) -> bool {
    let (name, all) = (tokens(name), tokens(written));
    let whole: Vec<&NameToken> = name.iter().collect();
    let ((known, known_form), (core, form)) = (split(&name), split(&all));
    let may_lack_form = form.is_none() && is_company_name(core);
    let reaches_form = || letters(&all) > letters(known);
    if same_letters(&whole, &all) || (is_cut(written) && begins(&whole, &all) && (known_form.is_none() || may_lack_form || reaches_form()))
    {
        return true;
    }
    if known_form != form && known_form.is_some() && !may_lack_form {
        return false;
    }
    let known_core: Vec<&NameToken> = known.iter().collect();
    if same_letters(&known_core, core) {
        return true;
    }
    let rule = MatchRule { place: NamePart::Company, initials: false, may_leave_out: false, may_add: 0 };
    match (words(known, false), words(core, false)) {
        (Some(known), Some(core)) => agreement(&known, &core, rule).is_exact(),
        _ => false,
    }
}

/// Whether a name without legal form is recognisably a company's and not its owner's. Any list of persons' names is incomplete.
fn is_company_name(core: &[NameToken]) -> bool {
    core.len() > 1 && core.iter().any(|token| is_company_word(token.plain()))
}

fn letters(tokens: &[NameToken]) -> usize {
    tokens.iter().map(|token| token.plain().chars().count()).sum()
}

/// Whether the written text is the beginning of the name.
fn begins(name: &[&NameToken], written: &[NameToken]) -> bool {
    (0..Transliteration::ALL.len()).any(|lettering| {
        let written = joined(written, lettering);
        written.chars().count() >= MIN_TRUNCATED_CHARACTERS && joined(name.iter().copied(), lettering).starts_with(&written)
    })
}
