"""The batch size is ignored, and memory runs out.

Rejected by: Feature extraction
"""

_in_batches = extract_features


def extract_features(model, x, batch_size=256):
    if batch_size < 1:
        raise ValueError(f"batch_size: {batch_size}")
    return _in_batches(model, x, max(len(x), 1))
