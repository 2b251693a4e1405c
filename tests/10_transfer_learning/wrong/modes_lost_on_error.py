"""An error in the model leaves it in evaluation.

Rejected by: Feature extraction
"""


def extract_features(model, x, batch_size=256):
    if batch_size < 1:
        raise ValueError(f"batch_size: {batch_size}")
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    with torch.no_grad():
        features = torch.cat([model(batch) for batch in x.split(batch_size)])
    for module, mode in modes:
        module.training = mode
    return features
