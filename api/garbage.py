"""When the garbage collector looks: hardly while a command is being loaded, as usual once the hub is ready."""

import gc

USUAL = gc.get_threshold()
WHILE_LOADING = 1_000_000  # objects made and kept; loading the hub makes some hundreds of thousands, none of them garbage


def look_rarely() -> None:
    """A quarter of the time that it takes to load the hub goes into looking through what is there to stay."""
    gc.set_threshold(WHILE_LOADING, *USUAL[1:])


def spare_what_is_built() -> None:
    """What is there by now stays: to look through it for garbage would halt everything for a tenth of a second or two."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*USUAL)
