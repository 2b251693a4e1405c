"""The split is the best for its left side alone, not for both.

Rejected by: Faithfulness
"""


def _best_split(x, classes):
    values, order = x.sort(0)
    left = classes[order[:-1]].cumsum(0)
    purity = left.square().sum(2) / left.sum(2) ** 2
    purity[values[1:] == values[:-1]] = -1
    place, feature = divmod(int(purity.argmax()), x.shape[1])
    return feature, values[place : place + 2, feature].mean().item()
