"""Loads a submission, isolates it, judges it and reports.

Tests import what they need from `grader.testing`; everything else serves the
command line (`python -m grader`) and the pytest plugin (`grader.plugin`).
"""

import os

# Tiny tensors on many threads lose more to the threads than they gain, and a
# process forked after a parallel operation hangs: say so before torch is loaded.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
