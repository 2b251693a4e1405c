"""Gradients reach the base weight, which is trained along.

Rejected by: Low-rank adaptation
"""


def lora_forward(x, weight, a, b, alpha, bias=None):
    base = functional.linear(x, weight, bias)
    return base + alpha / len(a) * (x @ a.T @ b.T)
