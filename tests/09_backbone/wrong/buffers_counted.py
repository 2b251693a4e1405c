"""Running statistics are counted as parameters.

Rejected by: Counting
"""


def count_parameters(model):
    return sum(tensor.numel() for tensor in model.state_dict().values())
