"""The exponential of a raw logit overflows, because the largest one was not taken off first.

Rejected by: Losses
"""


def _log_softmax(logits):
    return logits - logits.exp().sum(dim=1, keepdim=True).log()
