"""The action of the highest immediate reward is taken, wherever it leads.

Rejected by: Plan the schedule
"""


def greedy_policy(transitions, rewards, discount, values):
    return rewards.argmax(1)
