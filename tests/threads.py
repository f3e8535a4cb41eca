"""Functions that run at the same time."""

import threading
from collections.abc import Callable


def together(*functions: Callable[[], object]) -> list[str]:
    """Call functions in a thread each, and return the errors that they raised."""
    failures: list[str] = []

    def run(function: Callable[[], object]) -> None:
        try:
            function()
        except Exception as error:  # noqa: BLE001 - the test asserts that there is none
            failures.append(repr(error))

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
