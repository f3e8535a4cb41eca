"""Show the policy: each setting with its value, what may be set, who set it, and what it means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.table import Table

from learning.selection.policy import Policy
from learning.selection.policy_meanings import MEANINGS, range_text
from workers.cli.views.tables import WIDE, console

Settings = Mapping[str, Mapping[str, Any]]


def described(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the settings with meaning, range and default, as `--json` prints them."""
    shipped = Policy().document()
    return {
        name: {**setting, "default": shipped[name], "range": range_text(name), "meaning": MEANINGS[name]}
        for name, setting in settings.items()
    }


def show_policy(settings: Settings) -> None:
    """Print a line a setting; what somebody has set stands out and says who and why."""
    out = console()
    wide = out.width >= WIDE
    names = ("Setting", "Value", "Default", "May be", "Meaning") if wide else ("Setting", "Value", "Meaning")
    table = Table(*names, box=None, pad_edge=False, header_style="bold")
    for name, setting in described(settings).items():
        value, default = _text(setting["value"]), _text(setting["default"])
        may_be = (default, setting["range"]) if wide else ()
        meaning = setting["meaning"] if wide else f"{setting['meaning']} ({setting['range']}; {default})"
        table.add_row(
            name, value, *may_be, meaning + _who(setting), style="" if setting["from"] == "shipped" else "bold"
        )
    out.print(table, markup=False)


def _who(setting: Mapping[str, Any]) -> str:
    """Return who has set a setting, for whom, why and until when."""
    if setting["from"] == "shipped":
        return ""
    until = f" until {setting['until'][:16].replace('T', ' ')}Z" if setting.get("until") else ""
    return f"\nSet for the {setting['from']}{until} by {setting['by']}: {setting['reason']}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return "all"
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)
