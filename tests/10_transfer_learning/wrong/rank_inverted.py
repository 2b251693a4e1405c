"""The update is scaled by rank / alpha.

Rejected by: Low-rank adaptation
"""

_scaled = lora_merge


def lora_merge(weight, a, b, alpha):
    return _scaled(weight, a, b, len(a) ** 2 / alpha)
