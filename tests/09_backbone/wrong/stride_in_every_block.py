"""All blocks of a row have its stride.

Rejected by: Backbone
"""


class Backbone(Backbone):
    def __init__(self, num_classes, width=1.0, rows=MOBILENET_V2, in_channels=3, dropout=0.2):
        single = [(e, c, 1, s) for e, c, n, s in rows for _ in range(n)]
        super().__init__(num_classes, width, single, in_channels, dropout)
