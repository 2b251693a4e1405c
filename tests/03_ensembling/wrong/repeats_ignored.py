"""Whoever labels a task several times is counted once, with the last label.

Rejected by: Crowd labels
"""

_all_rows = dawid_skene


def dawid_skene(annotations, num_classes, iterations=100):
    _check_annotations(annotations, num_classes)
    last = {(t, a): label for t, a, label in annotations.tolist()}
    rows = [[t, a, label] for (t, a), label in last.items()]
    kept = torch.tensor(rows, dtype=torch.int64, device=annotations.device)
    return _all_rows(kept, num_classes, iterations)
