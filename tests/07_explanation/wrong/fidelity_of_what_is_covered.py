"""Rows for which no rule holds are left out of the fidelity.

Rejected by: Faithfulness
"""


def fidelity(predict, rules, x):
    _require_rows(x=x)
    labels = torch.full((len(x),), -1, device=x.device)
    for rule in reversed(rules):
        labels[_holds(rule["bounds"], x)] = rule["label"]
    covered = labels >= 0
    agree = (labels == predict(x))[covered]
    return agree.double().mean().item() if len(agree) else 0.0
