"""Who breaks a rule, how many do, whose fault it is, and examples in sentences.

`detect` makes the query (`explanations` says it in words), `parting` covers shapes that
no plan does, within what `comparing` allows; `findings` asks many at once and `ahead` of
time; `looking` and `fine` leave rows out, `pairs` counts, `accusing` blames, `seen` tells
cells and `witnesses` examples.
"""
