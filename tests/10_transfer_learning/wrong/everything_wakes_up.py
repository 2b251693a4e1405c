"""Afterwards the whole model is put into training, or none of it.

Rejected by: Feature extraction
"""


def extract_features(model, x, batch_size=256):
    if batch_size < 1:
        raise ValueError(f"batch_size: {batch_size}")
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            return torch.cat([model(batch) for batch in x.split(batch_size)])
    finally:
        model.train(training)
