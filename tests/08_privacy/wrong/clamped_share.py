"""The estimate is clamped to 0 to 1, which biases it.

Rejected by: Randomised response
"""

_unclamped = estimate_share


def estimate_share(responses, epsilon):
    share, variance = _unclamped(responses, epsilon)
    return min(max(share, 0.0), 1.0), variance
