"""Columns are normalised instead of rows.

Rejected by: Attention
"""


def attention_rollout(attentions):
    _require(len(attentions) > 0, "one layer or more", attentions=attentions)
    identity = torch.eye(attentions[0].shape[-1]).to(attentions[0])
    rollout = identity
    for attention in attentions:
        mixed = attention.mean(1) + identity
        rollout = mixed / mixed.sum(-2, keepdim=True) @ rollout
    return rollout
