"""Values are iterated to convergence, and the greedy policy is read off at the end."""


def policy_iteration(transitions, rewards, discount):
    _check_process(transitions, rewards)
    _require(0 <= discount < 1, "at least 0 and below 1", discount=discount)
    values, change, size = torch.zeros_like(rewards[:, 0]), math.inf, 0.0
    while change > 1e-14 * size * (1 - discount):
        updated = (rewards + discount * transitions @ values).amax(1)
        change = (updated - values).abs().max().item()
        values, size = updated, updated.abs().max().item()
    return (rewards + discount * transitions @ values).argmax(1), values
