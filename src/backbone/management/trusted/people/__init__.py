"""What people decided about rows and cells: it comes before cleaning and rules.

`rulings` carries it out, `rulingtables` holds it as relations, `naming` tells which
current rows decisions name.
"""
