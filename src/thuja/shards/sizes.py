"""How many samples each shard of a split gets, so that every rank that takes whole shards has the same work."""

from thuja.errors import UsageError


def even_sizes(total: int, max_count: int) -> list[int]:
    """The sizes of as few shards as hold `total` samples at `max_count` a shard; two differ by one at most.

    The larger ones come first. Raises UsageError for a size that holds nothing.

    >>> even_sizes(25, 10)
    [9, 8, 8]
    """
    if max_count < 1 or total < 0:
        raise UsageError(f"a shard holds at least one sample, got {max_count} a shard for {total:,}")
    if total == 0:
        return []
    shards = -(-total // max_count)
    size, larger = divmod(total, shards)
    return [size + 1] * larger + [size] * (shards - larger)
