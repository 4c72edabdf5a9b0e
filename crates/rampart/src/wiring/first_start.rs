//! The first start of a sandbox: a demo partner, and shell commands to try the API.

use rampart_app::{App, Credentials, operate};

use crate::error::CommandError;

const PARTNER_NAME: &str = "demo";

/// Creates the demo partner, unless there is a partner already.
pub(crate) async fn demo_partner(app: &App) -> Result<Option<Credentials>, CommandError> {
    if !operate::partners::partners(app, None, 1).await?.is_empty() {
        return Ok(None);
    }
    match operate::partners::create_partner(app, PARTNER_NAME, "first start").await {
        Ok(credentials) => Ok(Some(credentials)),
        // Another node started at the same moment; that one prints the secret.
        Err(_) if !operate::partners::partners(app, None, 1).await?.is_empty() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Shell commands for a first purchase.
pub(crate) fn shell_commands(address: &str, credentials: &Credentials) -> String {
    let base = format!("http://{address}");
    // Printed once, for the person who created this sandbox.
    let (key, secret) = (&credentials.api_key, credentials.api_secret.reveal());
    format!(
        r#"
A sandbox of your own. Every provider (banks, cards, chains, identity checks) is simulated.
Its partner `{PARTNER_NAME}` (the secret is shown only once; `rampart partner rotate-key {PARTNER_NAME}` creates a new one):

  api_key     {key}
  api_secret  {secret}

Paste these into a shell, one after another (they need curl):

# 1. A token
TOKEN=$(curl -s {base}/api/authenticate -H 'content-type: application/json' \
  -d '{{"api_key":"{key}","api_secret":"{secret}"}}' | grep -o '"token":"[^"]*"' | cut -d'"' -f4); echo "$TOKEN"

# 2. A customer
CUSTOMER=$(curl -s {base}/api/registerUser -H "auth: $TOKEN" -H 'content-type: application/json' \
  -d '{{"name":"Alvaro","last_name":"Iglesia","last_name2":"Vicente","phone":"+54xxxxxxxxx","country":"Argentina","country_code":"ARG","city":"Buenos Aires","address":"Fray Justo St. María de Oro 2121","email":"email@gmail.com","identification_number":"11111111","password":"123456","professional_activity":"Developer","address_state":"CABA","zipcode":"1425","dob":"1986-05-03","identification_type":"DNI","iban":"123123123"}}' \
  | tee /dev/stderr | grep -o '"id":[0-9]*' | head -1 | cut -d: -f2); echo; echo "customer $CUSTOMER"

# 3. The identity provider approves (in a browser: open the kyc_form_url above)
curl -s {base}/sandbox/kyc/$CUSTOMER -H "auth: $TOKEN" -H 'content-type: application/json' -d '{{"decision":"approve"}}'; sleep 1; echo

# 4. A receiver of webhooks: the sandbox inbox (or your own URL)
for TYPE in PAY_IN COINS_SENT; do curl -s {base}/api/subscribeToWebhook -H "auth: $TOKEN" -d "type=$TYPE" -d "url={base}/sandbox/inbox"; echo; done

# 5. A payment: ETH on polygon for 240 ARS by Khipu
PAYMENT=$(curl -s {base}/api/createPayment -H "auth: $TOKEN" -H 'content-type: application/json' \
  -d '{{"user_id":'$CUSTOMER',"external_id":"23232323231","payment_type":"KHIPU","fiat_symbol":"ARS","fiat_amount":240,"coin_symbol":"ETH","coin_chain":"polygon","wallet":"0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"}}' \
  | tee /dev/stderr | grep -o '"payment_id":"[^"]*"' | cut -d'"' -f4); echo; echo "payment $PAYMENT"

# 6. The customer pays (in a browser: open the url_payment above)
curl -s {base}/sandbox/payments/$PAYMENT/pay -H "auth: $TOKEN" -X POST; sleep 3; echo

# 7. The payment, and the webhooks it caused
curl -s {base}/api/payment/$PAYMENT -H "auth: $TOKEN"; echo; curl -s {base}/sandbox/inbox -H "auth: $TOKEN"; echo

All calls: {base}/docs
"#
    )
}
