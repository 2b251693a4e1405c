"""Participants are drawn once, for all rounds.

Rejected by: Rounds
"""

_anew = make_plan


def make_plan(sizes, rounds, fraction, epochs, batch_size, generator):
    plan = _anew(sizes, rounds, fraction, epochs, batch_size, generator)
    return [
        {client: _batches(sizes[client], epochs, batch_size, generator) for client in plan[0]}
        for _ in plan
    ]
