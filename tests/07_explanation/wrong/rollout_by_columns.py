"""Columns are normalised instead of rows.

Rejected by: Attention
"""


def attention_rollout(attentions):
    _require_at_least(1, attentions=len(attentions))
    identity = torch.eye(attentions[0].shape[-1]).to(attentions[0])
    rollout = identity
    for attention in attentions:
        mixed = attention.mean(1) + identity
        rollout = mixed / mixed.sum(-2, keepdim=True) @ rollout
    return rollout
