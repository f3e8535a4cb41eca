"""Python's garbage collector, set for processes that read many documents: what they make is freed without it."""

import gc

YOUNG_OBJECTS = 50_000
"""So many new containers before the collector looks: a request's documents alone are as many, and hold no cycles."""


def calm() -> None:
    """Let the collector look seldom, and never again at what is there now: modules, settings, code.

    It took a third of the door's time and a tenth of a worker's. What is not in a cycle is freed at once all the same.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)
