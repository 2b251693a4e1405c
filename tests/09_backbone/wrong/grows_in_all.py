"""Good iterations are counted in all, not in a row.

Rejected by: Loss scaling
"""


class LossScaler(LossScaler):
    def update(self):
        tracker = self._state["_growth_tracker"]
        good = all(self._finite.values())
        super().update()
        if not good:
            self._state["_growth_tracker"] = tracker
