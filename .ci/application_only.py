"""The build backend of pyproject.toml: it refuses, because Souschef is an application and not a library.

A wheel would put `config`, `models`, `tasks` and `web` beside other packages, under names that those may use too.
"""

from typing import NoReturn

SENTENCE = (
    "Souschef is an application: run it from its folder with bin/souschef (make demo installs what it needs), "
    "or as an image (docker build .). There is no wheel to install; other programs read its database contract "
    "(docs/contract.md) and call its HTTP API."
)


def _refuse(*_: object, **__: object) -> NoReturn:
    raise SystemExit(SENTENCE)


get_requires_for_build_wheel = get_requires_for_build_sdist = get_requires_for_build_editable = _refuse
build_wheel = build_sdist = build_editable = prepare_metadata_for_build_wheel = _refuse
