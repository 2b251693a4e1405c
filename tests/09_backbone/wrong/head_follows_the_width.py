"""The head shrinks with the width.

Rejected by: Backbone
"""


class Backbone(Backbone):
    def __init__(self, num_classes, width=1.0, rows=MOBILENET_V2, in_channels=3, dropout=0.2):
        super().__init__(num_classes, width, rows, in_channels, dropout)
        last = round_channels(1280 * width)
        self.head, self.head_bn = _conv_bn(self.head.in_channels, last, 1)
        self.classifier = nn.Linear(last, num_classes)
