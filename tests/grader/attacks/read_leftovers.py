"""Leave notes for the tests to come in every place that may last, and read them there.

Score: 0
"""

import ctypes
import os
import sys
import tempfile

import torch

CONFINED = ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1  # no_new_privs, which the sandbox sets
NOTE = "note-of-an-earlier-test"


def places():
    yield from (tempfile.gettempdir(), os.getcwd(), "/tmp", "/var/tmp", "/dev/shm", "/run", "/")
    yield from ("/scratch", "..", "/dev/mqueue", "/var/lock", os.environ["HOME"], *sys.path)
    yield from (os.path.dirname(tempfile.gettempdir()), os.path.dirname(__file__))


def exchange():
    if not CONFINED:
        return
    for folder in {os.path.realpath(place) for place in places() if place}:
        name = os.path.join(folder, NOTE)
        if os.path.exists(name):
            print("HARM: found", name)
        try:
            for i in range(1, 40):
                sibling = f"{os.path.dirname(tempfile.gettempdir())}/{i}/{NOTE}"
                if os.path.exists(sibling) and os.path.dirname(sibling) != tempfile.gettempdir():
                    print("HARM: found", sibling)
            with open(name, "w") as stream:
                stream.write("seen")
        except OSError:
            pass
    if NOTE in sys.modules or NOTE in os.environ or hasattr(torch, "note"):
        print("HARM: found it in the process")
    sys.modules[NOTE], os.environ[NOTE], torch.note = sys, NOTE, NOTE


exchange()


def double(x):
    return x


def halve(x):
    return x
