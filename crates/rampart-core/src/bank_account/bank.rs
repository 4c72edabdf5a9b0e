//! Banks by their codes, as far as public lists name them. An unknown code is an error only where the list is the central
//! bank's own (Mexico) or the code is given apart from the number (Chile, Colombia).

use std::fmt;
use std::ops::RangeInclusive;

/// A bank's code: three or four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankCode {
    number: u16,
    digits: usize,
}

impl BankCode {
    /// The code that is written so.
    pub(super) const fn of<const DIGITS: usize>(written: [u8; DIGITS]) -> Self {
        Self { number: number(&written), digits: DIGITS }
    }

    /// The code of three digits that a shorter one is, its leading zeros left out.
    pub(super) const fn of_three(written: &[u8]) -> Self {
        Self { number: number(written), digits: 3 }
    }
}

impl fmt::Display for BankCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:0width$}", self.number, width = self.digits)
    }
}

/// The number that digits are.
const fn number(digits: &[u8]) -> u16 {
    let (mut number, mut place) = (0, 0);
    while place < digits.len() {
        number = number * 10 + (digits[place] - b'0') as u16;
        place += 1;
    }
    number
}

/// A list of banks, in which the number that a code is leads to its bank.
struct Register<const CODES: usize> {
    banks: &'static [(&'static str, &'static str)],
    /// By the code's number: one more than the bank's place in the list, or none.
    places: [u8; CODES],
}

impl<const CODES: usize> Register<CODES> {
    const fn of(banks: &'static [(&'static str, &'static str)]) -> Self {
        let mut places = [0; CODES];
        let mut place = 0;
        while place < banks.len() && place < 255 {
            let code = number(banks[place].0.as_bytes()) as usize;
            assert!(places[code] == 0, "a code names one bank");
            places[code] = place as u8 + 1;
            place += 1;
        }
        assert!(place == banks.len(), "the list is longer than a place can tell");
        Self { banks, places }
    }

    fn name(&self, code: BankCode) -> Option<&'static str> {
        let place = self.places.get(usize::from(code.number)).copied().unwrap_or(0);
        usize::from(place).checked_sub(1).and_then(|place| self.banks.get(place)).map(|(_, name)| *name)
    }
}

/// Banco de España's register.
static SPAIN: Register<10_000> = Register::of(&[
    ("0019", "Deutsche Bank S.A.E."),
    ("0049", "Santander"),
    ("0061", "Banca March"),
    ("0073", "Openbank"),
    ("0078", "Banca Pueyo"),
    ("0081", "Sabadell"),
    ("0083", "Renta 4"),
    ("0125", "Bancofar"),
    ("0128", "Bankinter"),
    ("0182", "BBVA"),
    ("0186", "Mediolanum"),
    ("0198", "Cooperativo Español"),
    ("0229", "WiZink"),
    ("0232", "Inversis"),
    ("0234", "Caminos"),
    ("0235", "Pichincha"),
    ("0237", "CajaSur"),
    ("0239", "EVO"),
    ("0240", "BCC"),
    ("1465", "ING"),
    ("1474", "Citibank Europe"),
    ("1491", "Triodos"),
    ("1544", "Andbank"),
    ("1563", "N26"),
    ("1583", "Revolut"),
    ("1586", "Trade Republic"),
    ("2000", "Cecabank"),
    ("2045", "Caixa Ontinyent"),
    ("2056", "Colonya"),
    ("2080", "Abanca"),
    ("2085", "Ibercaja"),
    ("2095", "Kutxabank"),
    ("2100", "CaixaBank"),
    ("2103", "Unicaja"),
    ("3025", "Caja Ingenieros"),
    ("3035", "Laboral Kutxa"),
    ("3058", "Cajamar"),
    ("3191", "Caja Rural Aragón"),
]);

/// Banxico's list of institutions.
static MEXICO: Register<1_000> = Register::of(&[
    ("001", "Banxico"),
    ("002", "Banamex"),
    ("006", "Bancomext"),
    ("009", "Banobras"),
    ("012", "BBVA"),
    ("014", "Santander"),
    ("019", "Banjército"),
    ("021", "HSBC"),
    ("030", "Bajío"),
    ("036", "Inbursa"),
    ("042", "Mifel"),
    ("044", "Scotiabank"),
    ("058", "Banregio"),
    ("059", "Invex"),
    ("060", "Bansi"),
    ("062", "Afirme"),
    ("072", "Banorte"),
    ("106", "Bank of America"),
    ("108", "MUFG"),
    ("110", "JP Morgan"),
    ("112", "Bmonex"),
    ("113", "Ve por Más"),
    ("124", "Citi"),
    ("127", "Azteca"),
    ("128", "Autofin"),
    ("129", "Barclays"),
    ("130", "Compartamos"),
    ("132", "Multiva"),
    ("133", "Actinver"),
    ("135", "Nafin"),
    ("136", "Intercam"),
    ("137", "BanCoppel"),
    ("138", "Ualá"),
    ("140", "Consubanco"),
    ("141", "Volkswagen"),
    ("143", "CIBanco"),
    ("145", "BBase"),
    ("147", "Bankaool"),
    ("148", "Pagatodo"),
    ("150", "Inmobiliario"),
    ("151", "Donde"),
    ("152", "Bancrea"),
    ("154", "Covalto"),
    ("155", "ICBC"),
    ("156", "Sabadell"),
    ("157", "Shinhan"),
    ("158", "Mizuho"),
    ("159", "Bank of China"),
    ("160", "Banco S3"),
    ("166", "BaBien"),
    ("167", "Hey Banco"),
    ("168", "Hipotecaria Federal"),
    ("600", "Monex CB"),
    ("601", "GBM"),
    ("602", "Masari"),
    ("605", "Value"),
    ("616", "Finamex"),
    ("617", "Valmex"),
    ("620", "Profuturo"),
    ("630", "CB Intercam"),
    ("631", "CI Bolsa"),
    ("634", "Fincomún"),
    ("638", "Nu"),
    ("646", "STP"),
    ("652", "Credicapital"),
    ("653", "Kuspit"),
    ("656", "Unagra"),
    ("659", "ASP Integra"),
    ("661", "Klar"),
    ("670", "Libertad"),
    ("677", "Caja Popular Mexicana"),
    ("680", "Cristóbal Colón"),
    ("683", "Caja Telefonistas"),
    ("684", "Transfer"),
    ("685", "Fondo FIRA"),
    ("688", "Crediclub"),
    ("689", "Fomped"),
    ("699", "Fondeadora"),
    ("703", "Tesored"),
    ("706", "Arcus"),
    ("710", "NVIO (Bitso)"),
    ("714", "PPBalance"),
    ("715", "Cashi"),
    ("720", "MexPago"),
    ("721", "Albo"),
    ("722", "Mercado Pago"),
    ("723", "Cuenca"),
    ("725", "Coopdesarrollo"),
    ("727", "Transfer Directo"),
    ("728", "Spin by OXXO"),
    ("729", "Depósitos y Pagos Digitales"),
    ("730", "Swap"),
    ("732", "Peibo"),
    ("734", "Finco Pay"),
    ("738", "Fintoc"),
    ("901", "CLS"),
    ("902", "Indeval"),
    ("903", "CoDi Valida"),
]);

/// BCRA's codes.
static ARGENTINA: Register<1_000> = Register::of(&[
    ("007", "Galicia"),
    ("011", "Nación"),
    ("014", "Provincia"),
    ("015", "ICBC"),
    ("016", "Citi"),
    ("017", "BBVA"),
    ("020", "Córdoba"),
    ("027", "Supervielle"),
    ("029", "Ciudad"),
    ("034", "Patagonia"),
    ("044", "Hipotecario"),
    ("045", "San Juan"),
    ("065", "Rosario"),
    ("072", "Santander"),
    ("083", "Chubut"),
    ("086", "Santa Cruz"),
    ("093", "La Pampa"),
    ("094", "Corrientes"),
    ("097", "Neuquén"),
    ("143", "Brubank"),
    ("147", "Interfinanzas"),
    ("150", "HSBC"),
    ("158", "Openbank"),
    ("165", "JP Morgan"),
    ("191", "Credicoop"),
    ("198", "Valores"),
    ("247", "Roela"),
    ("254", "Mariva"),
    ("259", "Itaú"),
    ("262", "BofA"),
    ("266", "BNP"),
    ("268", "Tierra del Fuego"),
    ("269", "República (Uruguay)"),
    ("277", "Sáenz"),
    ("281", "Meridian"),
    ("285", "Macro"),
    ("299", "Comafi"),
    ("300", "BICE"),
    ("301", "Piano"),
    ("305", "Julio"),
    ("309", "Rioja"),
    ("310", "del Sol"),
    ("311", "Chaco"),
    ("312", "Voii"),
    ("315", "Formosa"),
    ("319", "CMF"),
    ("321", "Santiago del Estero"),
    ("322", "Industrial"),
    ("330", "Santa Fe"),
    ("331", "Cetelem"),
    ("332", "BSF"),
    ("336", "Bradesco"),
    ("338", "BST"),
    ("339", "RCI"),
    ("340", "BACS"),
    ("341", "Masventas"),
    ("384", "Wilobank"),
    ("386", "Entre Ríos"),
    ("389", "Columbia"),
    ("415", "Rebanking"),
    ("426", "Bica"),
    ("431", "Coinag"),
    ("432", "Comercio"),
    ("435", "Su Crédito"),
    ("438", "Iudú"),
    ("448", "Dino"),
    ("515", "Bank of China"),
]);

/// Entities of the Cámara de Compensación Electrónica.
static PERU: Register<1_000> = Register::of(&[
    ("002", "BCP"),
    ("003", "Interbank"),
    ("007", "Citibank"),
    ("009", "Scotiabank"),
    ("011", "BBVA"),
    ("018", "Nación"),
    ("023", "Comercio"),
    ("035", "Pichincha"),
    ("038", "BanBif"),
    ("043", "Crediscotia"),
    ("049", "Mibanco"),
    ("053", "GNB"),
    ("054", "Falabella"),
    ("055", "Ripley"),
    ("056", "Santander"),
    ("058", "Azteca"),
]);

/// CMF's codes.
static CHILE: Register<1_000> = Register::of(&[
    ("001", "Chile/Edwards"),
    ("009", "Internacional"),
    ("012", "Estado"),
    ("014", "Scotiabank"),
    ("016", "BCI"),
    ("017", "do Brasil"),
    ("027", "Itaú-Corpbanca"),
    ("028", "BICE"),
    ("031", "HSBC"),
    ("037", "Santander"),
    ("039", "Itaú"),
    ("041", "JP Morgan"),
    ("043", "Nación Argentina"),
    ("045", "MUFG"),
    ("049", "Security"),
    ("051", "Falabella"),
    ("052", "Deutsche"),
    ("053", "Ripley"),
    ("054", "Rabobank"),
    ("055", "Consorcio"),
    ("059", "BTG Pactual"),
    ("504", "BBVA"),
    ("507", "Desarrollo"),
    ("672", "Coopeuch"),
    ("693", "CMR Falabella"),
    ("729", "Prepago Los Héroes"),
]);

/// Codes of the ACH and PSE.
static COLOMBIA: Register<1_000> = Register::of(&[
    ("001", "Bogotá"),
    ("002", "Popular"),
    ("006", "Itaú Corpbanca"),
    ("007", "Bancolombia"),
    ("009", "Citi"),
    ("012", "GNB Sudameris"),
    ("013", "BBVA"),
    ("014", "Itaú"),
    ("019", "Scotiabank Colpatria"),
    ("023", "Occidente"),
    ("031", "Bancóldex"),
    ("032", "Caja Social"),
    ("040", "Agrario"),
    ("041", "JP Morgan"),
    ("042", "BNP"),
    ("047", "Mundo Mujer"),
    ("051", "Davivienda"),
    ("052", "AV Villas"),
    ("053", "Banco W"),
    ("058", "Procredit"),
    ("059", "Bancamía"),
    ("060", "Pichincha"),
    ("061", "Bancoomeva"),
    ("062", "Falabella"),
    ("063", "Finandina"),
    ("065", "Santander"),
    ("066", "Coopcentral"),
    ("067", "Mibanco"),
    ("069", "Serfinanza"),
    ("070", "Lulo"),
    ("071", "JP Morgan"),
    ("121", "Juriscoop"),
    ("151", "Rappipay"),
    ("283", "CFA"),
    ("286", "JFK"),
    ("289", "Cotrafa"),
    ("291", "Coofinep"),
    ("292", "Confiar"),
    ("303", "Giros y Finanzas"),
    ("370", "Coltefinanciera"),
    ("507", "Nequi"),
    ("551", "Daviplata"),
    ("558", "Credifinanciera"),
    ("637", "Iris"),
    ("801", "Movii"),
    ("802", "Ding"),
    ("805", "BTG"),
]);

/// A Spanish bank.
pub(super) fn spain(code: BankCode) -> Option<&'static str> {
    SPAIN.name(code)
}

/// A Mexican institution.
pub(super) fn mexico(code: BankCode) -> Option<&'static str> {
    MEXICO.name(code)
}

/// An Argentine bank.
pub(super) fn argentina(code: BankCode) -> Option<&'static str> {
    ARGENTINA.name(code)
}

/// An Argentine payment service provider, by the four digits behind the zeros of a CVU.
pub(super) fn argentine_provider(code: BankCode) -> Option<&'static str> {
    (code.number == 3).then_some("Mercado Pago")
}

/// A Peruvian entity.
pub(super) fn peru(code: BankCode) -> Option<&'static str> {
    PERU.name(code)
}

/// A Chilean bank.
pub(super) fn chile(code: BankCode) -> Option<&'static str> {
    CHILE.name(code)
}

/// A Colombian bank, and how many digits its accounts have.
pub(super) fn colombia(code: BankCode) -> Option<(&'static str, RangeInclusive<usize>)> {
    let lengths = match code.number {
        1 => 3..=9,
        2 => 3..=12,
        6 => 9..=9,
        7 => 3..=11,
        9 => 10..=10,
        12 => 3..=11,
        13 => 9..=20,
        14 => 9..=9,
        19 => 10..=10,
        23 => 3..=9,
        32 => 12..=12,
        40 => 11..=11,
        42 => 12..=12,
        47 => 11..=11,
        51 => 12..=16,
        507 => 10..=11,
        551 => 10..=10,
        _ => 3..=18,
    };
    COLOMBIA.name(code).map(|name| (name, lengths))
}
