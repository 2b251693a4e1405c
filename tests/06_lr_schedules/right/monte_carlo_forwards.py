"""Each first visit is found going forwards, and its return summed by itself, in NumPy."""

import numpy as np


def monte_carlo_values(episodes, num_states, discount):
    _between(1, math.inf, num_states=num_states)
    _between(0, 1, discount=discount)
    samples = [[] for _ in range(num_states)]
    for episode in episodes:
        states = [state for state, _ in episode]
        rewards = np.array([reward for _, reward in episode])
        for state in sorted(set(states)):
            _between(0, num_states - 1, episodes=state)
            tail = rewards[states.index(state) :]
            samples[state].append(tail @ discount ** np.arange(len(tail)))
    means = [np.mean(values) if values else np.nan for values in samples]
    return torch.tensor(means, dtype=torch.float64)
