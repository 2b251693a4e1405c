"""A state that no episode visits gets the value 0, as if that had been seen.

Rejected by: Plan the schedule
"""


def monte_carlo_values(episodes, num_states, discount):
    totals, counts = [0.0] * num_states, [0] * num_states
    for episode in episodes:
        for state, value in _first_returns(episode, discount).items():
            totals[state] += value
            counts[state] += 1
    return torch.tensor(totals, dtype=torch.float64) / torch.tensor(counts).clamp(min=1)
