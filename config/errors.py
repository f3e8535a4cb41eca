"""Failures that an operator can mend: one sentence that says what is wrong, one that says how to mend it."""


class Mendable(Exception):
    """A failure whose cause lies in the surroundings, told with its mend."""

    exit_code = 1

    def __init__(self, sentence: str, mend: str = "") -> None:
        super().__init__(f"{sentence} {mend}".strip())
        self.sentence = sentence
        self.mend = mend
