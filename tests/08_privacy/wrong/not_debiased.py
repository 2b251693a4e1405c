"""The share of yes is reported as it came, pulled towards one half by the reversed answers.

Rejected by: Randomised response
"""

_corrected = estimate_share


def estimate_share(responses, epsilon):
    _, variance = _corrected(responses, epsilon)
    return float(responses.double().mean()), variance
