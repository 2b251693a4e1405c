"""The checkpoint is JSON: every number survives, and text cannot run."""

import json


def save(path, state):
    text = json.dumps(_encoded(state))
    unfinished = Path(f"{path}.new")
    unfinished.write_text(text, encoding="ascii")
    unfinished.replace(path)


def load(path, device="cpu"):
    try:
        state = _decoded(json.loads(Path(path).read_text(encoding="ascii")), device)
        state["best_parameters"]
    except (ValueError, TypeError, KeyError, IndexError) as problem:
        raise ValueError(f"path: {path} is not a checkpoint") from problem
    return state


def _encoded(value):
    if isinstance(value, torch.Tensor):
        return {"dtype": str(value.dtype)[6:], "tensor": value.tolist()}
    if isinstance(value, dict):
        return {"dict": {key: _encoded(item) for key, item in value.items()}}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_encoded(item) for item in value]}
    return value


def _decoded(value, device):
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        dtype = getattr(torch, value["dtype"])
        return torch.tensor(value["tensor"], dtype=dtype, device=device)
    if "dict" in value:
        return {key: _decoded(item, device) for key, item in value["dict"].items()}
    kind = tuple if "tuple" in value else list
    return kind(_decoded(item, device) for item in value[kind.__name__])
