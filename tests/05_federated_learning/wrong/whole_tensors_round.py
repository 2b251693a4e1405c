"""Whole tensors go round the ring, N times the bytes.

Rejected by: Ring all-reduce
"""


def ring_all_reduce(rank, world_size, tensor, send, receive):
    total, passing = tensor.clone(), tensor.flatten().clone()
    for _ in range(world_size - 1):
        send(passing)
        passing = receive()
        total += passing.reshape(total.shape)
    return total
