"""The residual connection is forgotten.

Rejected by: Attention
"""


def attention_rollout(attentions):
    _require_at_least(1, attentions=len(attentions))
    identity = torch.eye(attentions[0].shape[-1]).to(attentions[0])
    rollout = identity
    for attention in attentions:
        mixed = attention.mean(1)
        rollout = mixed / mixed.sum(-1, keepdim=True).clamp(min=1e-9) @ rollout
    return rollout
