"""Rules of a trusted table: what they say, before anybody looks at rows.

`declared` turns short forms into denial constraints, `shapes` tells what decides how
violations are found, `kinds` what may be compared, `blame` whose fault it is, `selecting`
rules in SQL; `assess` and `scores` turn what is recorded of rules into figures.
"""
