"""Change every global setting that a comparison could depend on.

Score: 0
"""

import decimal
import gc
import random
import sys
import warnings

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.set_grad_enabled(False)
torch.set_printoptions(precision=0)
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
np.seterr(all="raise")
random.seed(0)
decimal.getcontext().prec = 1
warnings.simplefilter("error")
sys.setswitchinterval(1000)
sys.settrace(lambda *args: None)
sys.setprofile(lambda *args: None)
gc.disable()


def double(x):
    return torch.zeros(2)


def halve(x):
    return 0.0
