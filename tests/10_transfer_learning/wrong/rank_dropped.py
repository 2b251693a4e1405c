"""The update is scaled by alpha alone.

Rejected by: Low-rank adaptation
"""

_scaled = lora_forward


def lora_forward(x, weight, a, b, alpha, bias=None):
    return _scaled(x, weight, a, b, alpha * len(a), bias)
