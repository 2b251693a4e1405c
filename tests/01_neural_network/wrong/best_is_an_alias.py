"""The best parameters are the ones in training, which move on: the best is always the last.

Rejected by: Training
"""


def _judge_epoch(state, flat, validation, class_weights, patience):
    inputs, targets = validation
    loss = cross_entropy(forward(state["parameters"], inputs), targets, class_weights).item()
    state["validation_losses"].append(loss)
    state["epochs_since_best"] += 1
    if loss < state["best_loss"]:
        state["best_loss"], state["epochs_since_best"] = loss, 0
        state["best_parameters"] = state["parameters"]
    state["stopped"] = patience is not None and state["epochs_since_best"] >= patience
