"""The input is never added.

Rejected by: Inverted residual
"""


class InvertedResidual(InvertedResidual):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.adds = False
