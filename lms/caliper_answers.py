"""What was answered in a question of Caliper's Survey Profile.

Source: Caliper Analytics 1.2, "Survey Profile": RatingScaleResponse, MultiselectResponse, OpenEndedResponse.
"""

from __future__ import annotations

import math
from typing import Any

from lms.json_fields import MAX_TEXT, get_path, localized_text, number, postgres_text

_STEPS = 1_000
"""A numeric scale finer than this has no points that can be distinguished."""


def read(question: object, response: object) -> dict[str, Any] | None:
    """Return kind and answer, or None where there is none: a selection that is no point of the scale is unknown.

    A date is nobody's interest.
    """
    kind = get_path(response, "type")
    match kind.rsplit("/", 1)[-1] if isinstance(kind, str) else "":
        case "RatingScaleResponse":
            return _rating(get_path(question, "scale"), _selections(response))
        case "MultiselectResponse":
            return _several(question, _selections(response))
        case "OpenEndedResponse":
            text = localized_text(get_path(response, "value"))
            return (
                None if text is None else {"kind": "text", "answer": postgres_text(text, "/generated/value")[:MAX_TEXT]}
            )
        case _:
            return None


def _selections(response: object) -> list[str]:
    found = get_path(response, "selections")
    return [str(each) for each in found if isinstance(each, str | int | float)] if isinstance(found, list) else []


def _rating(scale: object, selections: list[str]) -> dict[str, Any] | None:
    if len(selections) != 1:
        return None
    labels, values = _texts(get_path(scale, "itemLabels")), _texts(get_path(scale, "itemValues"))
    if not labels and not values:
        return _on_numeric_scale(scale, selections[0])
    position = _position(selections[0], labels, values)
    if position is None:
        return None
    answer = _as_number(values[position]) if position < len(values) else None
    label = labels[position] if position < len(labels) else values[position]
    options = max(len(labels), len(values))
    place = {"position": position, "options": options}
    return {"kind": "rating", "answer": position if answer is None else answer, "label": label, **place}


def _on_numeric_scale(scale: object, selection: str) -> dict[str, Any] | None:
    low, high, step = (get_path(scale, name) for name in ("minValue", "maxValue", "step"))
    value = _as_number(selection)
    if value is None or low is None or high is None:
        return None
    least, most = number(low, "/object/question/scale/minValue"), number(high, "/object/question/scale/maxValue")
    stride = 1.0 if step is None else number(step, "/object/question/scale/step")
    if not least <= value <= most or least == most or stride <= 0 or (most - least) / stride > _STEPS:
        return None
    place = {"position": round((value - least) / stride), "options": round((most - least) / stride) + 1}
    return {"kind": "rating", "answer": value, "label": selection, **place}


def _several(question: object, selections: list[str]) -> dict[str, Any] | None:
    """Return the labels chosen, and their values beside them, which may be the IRIs of learning objectives."""
    labels, values = _texts(get_path(question, "itemLabels")), _texts(get_path(question, "itemValues"))
    if not labels and not values:
        return {"kind": "choices", "answer": selections} if selections else None
    places = [_position(selection, labels, values) for selection in selections]
    selected = sorted({place for place in places if place is not None})
    if not selected:
        return None
    answer = [labels[place] if place < len(labels) else values[place] for place in selected]
    meant = [values[place] for place in selected if place < len(values)]
    return {"kind": "choices", "answer": answer, "values": meant, "options": max(len(labels), len(values))}


def _position(selection: str, labels: list[str], values: list[str]) -> int | None:
    for texts in (values, labels):
        if selection in texts:
            return texts.index(selection)
    return None


def _texts(value: object) -> list[str]:
    found = value if isinstance(value, list) else []
    return [postgres_text(str(each), "/object/question") for each in found if isinstance(each, str | int | float)]


def _as_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
