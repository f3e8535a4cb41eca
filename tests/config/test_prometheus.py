"""Alerts fire when they should and else not, in Prometheus's own test runner; what is drawn and recorded exists."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.programs import load_program
from web.routes.health import every_family

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "config" / "prometheus"
dashboards = load_program("dashboards")
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
DOCS = "https://docs.school.example/souschef"
BAD = {
    "SouschefDoorSilent": {'up{job="souschef"}': "0x200"},
    "SouschefDatabaseGone": {"souschef_database_up": "0x200"},
    "SouschefBrokerGone": {"souschef_broker_up": "0x200"},
    "SouschefBacklogOld": {"souschef_backlog_oldest_seconds": "121x200"},
    "SouschefOutboxOld": {"souschef_outbox_oldest_seconds": "121x200"},
    "SouschefNobodySweeps": {"souschef_last_sweep_seconds": "121x200"},
    "SouschefQuarantine": {'souschef_quarantined_events{code="all"}': "1x200"},
    "SouschefNumbersMissing": {"souschef_number_holes": "1x200"},
    "SouschefStale": {"souschef_stale_students": "1x200"},
    # A tenth of the events take longer than half a minute.
    "SouschefSlow": {
        'souschef_event_visible_seconds_bucket{le="30.0"}': "0+90x200",
        'souschef_event_visible_seconds_bucket{le="60.0"}': "0+100x200",
        'souschef_event_visible_seconds_bucket{le="+Inf"}': "0+100x200",
    },
}
"""What each alert is about, as series with a value a minute."""
WELL = {
    'up{job="souschef"}': "1x200",
    "souschef_database_up": "1x200",
    "souschef_broker_up": "1x200",
    "souschef_backlog_oldest_seconds": "119x200",
    "souschef_outbox_oldest_seconds": "119x200",
    "souschef_last_sweep_seconds": "12x200",
    'souschef_quarantined_events{code="all"}': "0x200",
    "souschef_number_holes": "0x200",
    "souschef_stale_students": "0x200 ",
    'souschef_event_visible_seconds_bucket{le="1.0"}': "0+99x200",
    'souschef_event_visible_seconds_bucket{le="30.0"}': "0+100x200",
    'souschef_event_visible_seconds_bucket{le="+Inf"}': "0+100x200",
}
MINUTES = {"1m": 1, "2m": 2, "5m": 5, "30m": 30}


def promtool(*arguments: str | Path) -> str:
    """Run promtool, which ends with 0 or fails the test; return what it says."""
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed: apt-get install prometheus")
    ran = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def case(series: dict[str, str], rule: dict[str, Any], *, fires: bool, minute: int) -> dict[str, Any]:
    """Return one test of promtool: these series, and whether the rule's alert is there in that minute."""
    labels = rule["labels"] | ({"job": "souschef"} if "up{" in rule["expr"] else {})
    labels |= {"code": "all"} if 'code="all"' in rule["expr"] else {}
    annotations = {name: text.replace("{{ $externalLabels.docs }}", DOCS) for name, text in rule["annotations"].items()}
    return {
        "interval": "1m",
        "external_labels": {"docs": DOCS},
        "input_series": [{"series": name, "values": values.strip()} for name, values in series.items()],
        "alert_rule_test": [
            {
                "eval_time": f"{minute}m",
                "alertname": rule["alert"],
                "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations}] if fires else [],
            }
        ],
    }


def test_each_alert_fires_when_its_time_has_come_not_before_and_not_where_all_is_well(tmp_path: Path) -> None:
    assert {rule["alert"] for rule in RULES} == set(BAD)
    cases = []
    for rule in RULES:
        wait = MINUTES[rule["for"]] if "for" in rule else 0
        bad = WELL | BAD[rule["alert"]] if rule["alert"] != "SouschefSlow" else BAD[rule["alert"]]
        first = 1 if rule["alert"] == "SouschefSlow" else 0  # a rate needs two values
        cases.append(case(bad, rule, fires=True, minute=first + wait + 1))
        if wait:
            cases.append(case(bad, rule, fires=False, minute=first + wait - 1))
        cases.append(case(WELL, rule, fires=False, minute=60))
    file = tmp_path / "cases.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(FOLDER / "alerts.yml")], "tests": cases}))
    assert "SUCCESS" in promtool("test", "rules", file)


def test_prometheus_accepts_its_configuration_and_all_rules() -> None:
    assert "rules found" in promtool("check", "config", FOLDER / "prometheus.yml")


def test_each_alert_links_to_the_section_that_says_what_to_do() -> None:
    """The site's address is a label of the school's own Prometheus; that the section is there is tested elsewhere."""
    for rule in RULES:
        page, _, heading = rule["annotations"]["page"].removeprefix("docs/").partition("#")
        expected = f"{{{{ $externalLabels.docs }}}}/{page.removesuffix('.md')}/{'#' + heading if heading else ''}"
        assert rule["annotations"]["runbook_url"] == expected


def metric_names() -> set[str]:
    """Return every name that a sample of `/metrics` may have."""
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
    return {family.name + ending for family in every_family() for ending in endings[family.type]}


def test_dashboard_and_recording_rules_are_made_from_the_metrics_that_exist() -> None:
    assert dashboards.DASHBOARD.read_text() == dashboards.dashboard(every_family()), "run .ci/dashboards.py"
    assert dashboards.RECORDING.read_text() == dashboards.recording_rules(every_family()), "run .ci/dashboards.py"


def test_every_metric_is_drawn_and_every_name_that_is_asked_for_exists() -> None:
    recorded = {
        rule["record"]: rule["expr"] for rule in yaml.safe_load(dashboards.RECORDING.read_text())["groups"][0]["rules"]
    }
    panels = json.loads(dashboards.DASHBOARD.read_text())["panels"]
    assert [panel["description"] for panel in panels] == [family.name for family in every_family()]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    for expr in [recorded.get(each, each) for each in asked] + list(recorded.values()):
        names = set(re.findall(r"\bsouschef_\w+", expr))
        assert names
        assert names <= metric_names(), expr
    boxes = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(boxes) == len(panels)


def test_objectives_ask_for_metrics_and_alerts_that_exist() -> None:
    page = (ROOT / "docs" / "objectives.md").read_text()
    assert set(re.findall(r"\bsouschef_[a-z_]+", page)) <= metric_names()
    names = set(re.findall(r"\bSouschef[A-Z]\w+", page))
    assert names
    assert names <= {rule["alert"] for rule in RULES}


ROUTES = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"


def test_alerts_are_routed_by_a_severity_that_they_have_and_silenced_by_names_that_exist() -> None:
    found = yaml.safe_load(ROUTES.read_text())
    severities = {re.fullmatch(r'severity="(\w+)"', each["matchers"][0])[1] for each in found["route"]["routes"]}  # type: ignore[index] # it matches
    assert severities == {rule["labels"]["severity"] for rule in RULES}
    names = set(re.findall(r"Souschef\w+", json.dumps(found["inhibit_rules"])))
    assert names <= {rule["alert"] for rule in RULES}


@pytest.mark.skipif(
    not shutil.which("amtool"), reason="amtool is not installed: apt-get install prometheus-alertmanager"
)
def test_alertmanager_accepts_the_routes_and_wakes_somebody_for_critical_alerts() -> None:
    def amtool(*arguments: str) -> str:
        return subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=True, timeout=60).stdout

    assert "SUCCESS" in amtool("check-config", str(ROUTES))
    for severity, receiver in (("critical", "on-call"), ("warning", "mail")):
        routed = amtool("config", "routes", "test", "--config.file", str(ROUTES), f"severity={severity}")
        assert routed.strip() == receiver
