"""Patience counts all epochs without a new best, not those in a row.

Rejected by: Training
"""


def _judge_epoch(state, flat, validation, class_weights, patience):
    inputs, targets = validation
    loss = cross_entropy(forward(state["parameters"], inputs), targets, class_weights).item()
    state["validation_losses"].append(loss)
    if loss < state["best_loss"]:
        state["best_loss"] = loss
        state["best_parameters"] = _unflatten(flat.clone(), state["parameters"])
    else:
        state["epochs_since_best"] += 1
    state["stopped"] = patience is not None and state["epochs_since_best"] >= patience
