"""Tables are handled row by row, in dictionaries of plain Python."""

from collections import defaultdict


def _rows_of_groups(table, quasi_identifiers):
    for name in quasi_identifiers:
        if name not in table:
            raise ValueError(f"quasi_identifiers: no column {name}")
    groups = defaultdict(list)
    rows = len(next(iter(table.values())))
    named = [table[name].tolist() for name in quasi_identifiers]
    for row in range(rows):
        groups[tuple(column[row] for column in named)].append(row)
    return groups.values()


def k_anonymity(table, quasi_identifiers):
    return min((len(rows) for rows in _rows_of_groups(table, quasi_identifiers)), default=0)


def l_diversity(table, quasi_identifiers, sensitive):
    groups = _rows_of_groups(table, quasi_identifiers)
    if sensitive not in table:
        raise ValueError(f"sensitive: no column {sensitive}")
    values = table[sensitive].tolist()
    return min((len({values[row] for row in rows}) for rows in groups), default=0)


def generalise(table, widths):
    for name, width in widths.items():
        if name not in table or width < 1:
            raise ValueError(f"widths: {name}, {width}")
    return {
        name: column - column % widths[name] if name in widths else column.clone()
        for name, column in table.items()
    }


def suppress(table, quasi_identifiers, k):
    if k < 1:
        raise ValueError(f"k={k}")
    groups = _rows_of_groups(table, quasi_identifiers)
    rows = sorted(row for group in groups if len(group) >= k for row in group)
    return {name: column[rows] for name, column in table.items()}
