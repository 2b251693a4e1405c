"""Return one buffer and let a thread change it while it is looked at.

Score: 0
"""

import threading
import time

import torch

BUFFER = torch.zeros(2)


def flicker():
    for i in range(2_000):
        BUFFER.fill_(float(i % 7))
        time.sleep(0.0005)


threading.Thread(target=flicker, daemon=True).start()


def double(x):
    return BUFFER.detach()


def halve(x):
    return BUFFER.numpy()[:1]
