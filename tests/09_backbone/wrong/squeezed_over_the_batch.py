"""Squeeze and excitation averages over the batch as well.

Rejected by: Inverted residual
"""


class InvertedResidual(InvertedResidual):
    def _gate(self, y):
        pooled = y.mean((0, 2, 3), keepdim=True)
        return self.excite(self.squeeze(pooled).relu()).sigmoid()
