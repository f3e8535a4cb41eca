"""Write the Grafana dashboard and the recording rules from the metrics that `/metrics` has.

`python .ci/dashboards.py` writes deploy/grafana/souschef.json and config/prometheus/recording.yml. Each metric is one
panel, titled with its help text, so that a new metric is on the dashboard without another hand; a test holds the files.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric  # noqa: E402 - the path comes first

from web.routes.health import every_family  # noqa: E402 - see above

DASHBOARD = ROOT / "deploy" / "grafana" / "souschef.json"
RECORDING = ROOT / "config" / "prometheus" / "recording.yml"
WIDTH, HEIGHT, COLUMNS = 8, 7, 3
QUANTILES = (0.5, 0.95)
WITHIN_SECONDS = "5.0"
"""The share of events whose effect can be seen within this long is recorded as a service level."""


def labels_of(family: Metric) -> list[str]:
    """Return the labels of a family, which has no samples yet."""
    return list(getattr(family, "_labelnames", ()))


def recorded(family: Metric) -> dict[str, str]:
    """Return the recording rules of a counter or histogram: name and expression."""
    short = family.name.removeprefix("souschef_")
    if isinstance(family, CounterMetricFamily):
        by = ", ".join(labels_of(family))
        return {f"souschef:{short}:rate5m": f"sum by ({by}) (rate({family.name}_total[5m]))"}
    if isinstance(family, HistogramMetricFamily):
        buckets = f"sum by (le) (rate({family.name}_bucket[10m]))"
        quantiles = {
            f"souschef:{short}:p{round(100 * share)}": f"histogram_quantile({share}, {buckets})" for share in QUANTILES
        }
        count = f"sum(rate({family.name}_count[1h]))"
        within = f'sum(rate({family.name}_bucket{{le="{WITHIN_SECONDS}"}}[1h]))'
        return quantiles | {f"souschef:{short}:within5s": f"{within} / {count}"}
    return {}


def recording_rules(families: list[Metric]) -> str:
    """Return the text of recording.yml."""
    rules = [{"record": name, "expr": expr} for family in families for name, expr in recorded(family).items()]
    body = yaml.safe_dump({"groups": [{"name": "souschef-recorded", "rules": rules}]}, sort_keys=False, width=118)
    return f"# Made by .ci/dashboards.py from the metrics that /metrics has; do not edit.\n{body}"


def queries(family: Metric, label: str) -> dict[str, str]:
    """Return the expressions that draw a family, with their legends."""
    if isinstance(family, CounterMetricFamily):
        return dict.fromkeys(recorded(family), label)
    if isinstance(family, HistogramMetricFamily):
        names = {name: name.rpartition(":")[2] for name in recorded(family)}
        return {name: legend for name, legend in names.items() if legend.startswith("p")}
    by = f" by ({', '.join(labels_of(family))})" if label else ""
    return {f"max{by} ({family.name})": label}


def panel(family: Metric, place: int) -> dict[str, Any]:
    """Return the panel of one family."""
    label = "".join(f"{{{{{name}}}}} " for name in labels_of(family)).strip()
    seconds = family.name.endswith("_seconds")
    unit = "cps" if isinstance(family, CounterMetricFamily) else "s" if seconds else "short"
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": family.documentation,
        "description": family.name,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {
            "h": HEIGHT, "w": WIDTH, "x": WIDTH * (place % COLUMNS), "y": HEIGHT * (place // COLUMNS),
        },
        "fieldConfig": {
            "defaults": {"min": 0, "unit": unit},
            "overrides": [],
        },
        "targets": [
            {"refId": chr(65 + number), "expr": expr, "legendFormat": legend or "__auto"}
            for number, (expr, legend) in enumerate(queries(family, label).items())
        ],
    }  # fmt: skip


def dashboard(families: list[Metric]) -> str:
    """Return the text of the dashboard."""
    source = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus", "current": {}}
    body = {
        "uid": "souschef",
        "title": "Souschef",
        "tags": ["souschef"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [source]},
        "panels": [panel(family, place) for place, family in enumerate(families)],
    }
    return json.dumps(body, indent=1) + "\n"


def main() -> None:
    """Write both files."""
    families = every_family()
    DASHBOARD.parent.mkdir(parents=True, exist_ok=True)
    DASHBOARD.write_text(dashboard(families))
    RECORDING.write_text(recording_rules(families))


if __name__ == "__main__":
    main()
