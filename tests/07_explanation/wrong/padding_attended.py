"""The mask is taken and not used: padding keeps its weight.

Rejected by: Attention
"""

_checked = attention_pool


def attention_pool(hidden, scores, mask):
    _checked(hidden, scores, mask)
    weights = scores.softmax(1)
    return (weights[:, None] @ hidden).squeeze(1), weights
