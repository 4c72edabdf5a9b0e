//! A company's name and its legal form.

use super::firm_words::is_company_word;
use super::letters::Transliteration;
use super::person::is_cut;
use super::short::NamePart;
use super::words::{MatchRule, NameToken, joined, same_letters, tokens, ways, words};

/// The fewest letters of a text that was cut.
const MIN_TRUNCATED_CHARACTERS: usize = 24;

/// Legal forms by how they are written, without blanks and dots. Those of one line are one form.
const FORMS: &[&[&str]] = &[
    // Spain's limited company may call itself SRL (RDL 1/2010, article 6), and whether it has one owner changes over time.
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

/// The most tokens of a form that is written letter by letter or in words.
const MAX_FORM_TOKENS: usize = 10;

/// The tokens before the legal form at the end, and which it is; all and none where there is none.
fn split(tokens: &[NameToken]) -> (&[NameToken], Option<usize>) {
    // The longest is the right one: `S.A. de C.V.` ends with what is a form itself.
    for start in tokens.len().saturating_sub(MAX_FORM_TOKENS).max(1)..tokens.len() {
        let (core, end) = tokens.split_at(start);
        let end = joined(end, Transliteration::Plain as usize);
        if let Some(form) = FORMS.iter().position(|spellings| spellings.contains(&end.as_str())) {
            return (core, Some(form));
        }
    }
    (tokens, None)
}

/// The legal form at a name's end, as it is written there, without blanks and dots.
pub(super) fn form(tokens: &[NameToken]) -> Option<String> {
    let (core, form) = split(tokens);
    form.map(|_| joined(&tokens[core.len()..], Transliteration::Plain as usize))
}

/// Whether a name ends with a legal form.
pub(super) fn has_form(name: &str) -> bool {
    form(&tokens(name)).is_some()
}

/// Whether what is written can be a company's name: every word of it in its order, and the same legal form. The form may be
/// left out where the rest has a company's word; without one it can be the owner's own name.
pub(super) fn agrees(name: &str, written: &str) -> bool {
    let (name, all) = (tokens(name), tokens(written));
    let whole: Vec<&NameToken> = name.iter().collect();
    let ((known, known_form), (core, form)) = (split(&name), split(&all));
    let may_lack_form = form.is_none() && is_a_companys(core);
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
        (Some(known), Some(core)) => ways(&known, &core, rule).wholly(),
        _ => false,
    }
}

/// Whether a name without its form is told from its owner's: a list of persons' names never has them all.
fn is_a_companys(core: &[NameToken]) -> bool {
    core.len() > 1 && core.iter().any(|token| is_company_word(token.plain()))
}

fn letters(tokens: &[NameToken]) -> usize {
    tokens.iter().map(|token| token.plain().chars().count()).sum()
}

/// Whether what is written is how the name begins.
fn begins(name: &[&NameToken], written: &[NameToken]) -> bool {
    (0..Transliteration::ALL.len()).any(|lettering| {
        let written = joined(written, lettering);
        written.chars().count() >= MIN_TRUNCATED_CHARACTERS && joined(name.iter().copied(), lettering).starts_with(&written)
    })
}
