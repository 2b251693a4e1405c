"""After the first half of the ring each rank keeps its piece of the sum.

Rejected by: Ring all-reduce
"""


def ring_all_reduce(rank, world_size, tensor, send, receive):
    total = tensor.clone().contiguous()
    pieces = total.flatten().tensor_split(world_size)
    for step in range(world_size - 1):
        send(pieces[(rank - step) % world_size])
        pieces[(rank - step - 1) % world_size].add_(receive())
    return total
