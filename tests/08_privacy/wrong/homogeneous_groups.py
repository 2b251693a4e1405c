"""Distinct sensitive values are counted in the whole table, not group by group.

Rejected by: Anonymous tables
"""


def l_diversity(table, quasi_identifiers, sensitive):
    _groups(table, quasi_identifiers)
    _require(sensitive in table, "a column", sensitive=sensitive)
    return len(torch.unique(table[sensitive]))
