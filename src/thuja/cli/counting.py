"""Numbers with their nouns, as every command says them."""


def counted_as(count: int, noun: str) -> str:
    """Such as `1 picture` and `2,000 pictures`.

    >>> counted_as(1, "row"), counted_as(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"
