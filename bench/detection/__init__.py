"""Who breaks a rule: Backbone beside the SQL self-join and Desbordante's verifier."""
