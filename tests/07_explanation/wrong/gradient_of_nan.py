"""The NaN of a sequence that is all padding is overwritten, but not that of its gradient.

Rejected by: Attention
"""

_checked = attention_pool


def attention_pool(hidden, scores, mask):
    _checked(hidden, scores, mask)
    nowhere = torch.zeros_like(scores).masked_fill(~mask, -math.inf)
    weights = (scores.nan_to_num() + nowhere).softmax(1).nan_to_num()
    return (weights[:, None] @ hidden.masked_fill(~mask[..., None], 0)).squeeze(1), weights
