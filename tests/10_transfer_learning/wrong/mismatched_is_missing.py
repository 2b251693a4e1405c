"""What has another shape is reported as missing.

Rejected by: Loading what fits
"""

_told_apart = load_matching


def load_matching(model, checkpoint, rename=None):
    report = _told_apart(model, checkpoint, rename)
    lost = {*report["missing"], *report["mismatched"]}
    missing = [name for name in model.state_dict() if name in lost]
    return report | {"missing": missing, "mismatched": []}
