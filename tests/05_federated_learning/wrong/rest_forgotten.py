"""Entries that the number of ranks does not divide are left out.

Rejected by: Ring all-reduce
"""


def ring_all_reduce(rank, world_size, tensor, send, receive):
    total = tensor.clone().contiguous()
    size = total.numel() // world_size
    pieces = total.flatten()[: size * world_size].tensor_split(world_size)
    for step in range(world_size - 1):
        send(pieces[(rank - step) % world_size])
        pieces[(rank - step - 1) % world_size].add_(receive())
    for step in range(world_size - 1):
        send(pieces[(rank - step + 1) % world_size])
        pieces[(rank - step) % world_size].copy_(receive())
    return total
