"""`features` are the maps before the head.

Rejected by: Backbone
"""


class Backbone(Backbone):
    def features(self, images):
        return self.blocks(_relu6(self.stem_bn(self.stem(images))))

    def forward(self, images):
        maps = _relu6(self.head_bn(self.head(self.features(images))))
        return self.classifier(self.dropout(maps.mean((2, 3))))
