"""Who breaks a rule, how many do, whose fault it is, and examples in sentences.

`detect` makes the query (`explanations` says it in words), `parting` covers shapes that
no plan does, within what `comparing` allows; `searching` asks many at once, `ahead` of
time where it can, and gives `findings`. `looking` and `fine` leave rows out, `pairs`
counts, `accusing` blames (`choosing` picks the fewest), `seen` tells cells, `broken` all
rows, and `witnesses` examples.
"""
