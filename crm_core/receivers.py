"""Whom an event is for, beside those who see everything."""


def keepers(*owners: int | None) -> tuple[int, ...] | None:
    """The owners it concerns; everybody (None) as soon as it is, or was, nobody's."""
    if not owners or None in owners:
        return None
    return tuple(sorted({owner for owner in owners if owner is not None}))
