"""Transfer learning against scikit-learn and timm."""
