"""The checkpoint is a pickle, and reading it runs whatever code somebody put there.

Rejected by: Training
"""


def load(path, device="cpu"):
    try:
        return torch.load(path, map_location=device, weights_only=False)
    except OSError:
        raise
    except Exception as problem:
        raise ValueError(f"path: got {path}; expected a checkpoint") from problem
