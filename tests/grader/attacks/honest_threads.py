"""Leave threads running, one of them no daemon.

Score: 10
"""

import threading
import time

threading.Thread(target=time.sleep, args=(30,)).start()
threading.Thread(target=time.sleep, args=(30,), daemon=True).start()


def double(x):
    if isinstance(x, str):
        raise ValueError(f"x is {x!r}; expected a tensor")
    return 2 * x


def halve(x):
    return x / 2
