"""The drift is taken as state minus average, and the server climbs.

Rejected by: Server optimisers
"""

_as_asked = server_update


def server_update(state, average, memory, *arguments, **options):
    return _as_asked(average, state, memory, *arguments, **options)
