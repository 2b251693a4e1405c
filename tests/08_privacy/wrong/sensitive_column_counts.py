"""The sensitive column is taken for one more quasi-identifier.

Rejected by: Anonymous tables
"""


def l_diversity(table, quasi_identifiers, sensitive):
    _require(sensitive in table, "a column", sensitive=sensitive)
    return k_anonymity(table, [*quasi_identifiers, sensitive])
