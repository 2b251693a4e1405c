"""The factor grows beyond what float32 holds.

Rejected by: Loss scaling
"""


class LossScaler(LossScaler):
    def update(self):
        state, good = self._state, all(self._finite.values())
        self._finite.clear()
        state["_growth_tracker"] = state["_growth_tracker"] + 1 if good else 0
        if not good:
            state["scale"] *= state["backoff_factor"]
        elif state["_growth_tracker"] == state["growth_interval"]:
            state["_growth_tracker"] = 0
            state["scale"] *= state["growth_factor"]
