"""`errors` is indexed by annotator, label, truth.

Rejected by: Crowd labels
"""

_as_asked = dawid_skene


def dawid_skene(annotations, num_classes, iterations=100):
    found = _as_asked(annotations, num_classes, iterations)
    return found | {"errors": found["errors"].transpose(1, 2)}
