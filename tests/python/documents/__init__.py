"""Numbers of identification documents and bank accounts, made without the validator under test."""
