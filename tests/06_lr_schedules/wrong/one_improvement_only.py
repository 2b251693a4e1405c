"""The policy is improved once and not evaluated again: policy iteration without iteration.

Rejected by: Plan the schedule
"""


def policy_iteration(transitions, rewards, discount):
    values = _policy_values(transitions, rewards, discount, rewards.argmax(1))
    policy = (rewards + discount * transitions @ values).argmax(1)
    return policy, _policy_values(transitions, rewards, discount, policy)
