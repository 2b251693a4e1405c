"""The state leaves the count of good iterations at 0.

Rejected by: Loss scaling
"""


class LossScaler(LossScaler):
    def state_dict(self):
        return {**super().state_dict(), "_growth_tracker": 0}
