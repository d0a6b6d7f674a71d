# tests/monitoring/monitoring_test.py: what monitoring/ offers: promtool takes the rules, each alert has a test that raises it, and every metric that
# a rule or the dashboard asks for is one that the gateway gives.
# Not here: the metrics' own form (the tests of /metrics).
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "monitoring" / "alerts.yaml"
TESTS = ROOT / "tests" / "monitoring" / "alerts_test.yaml"
DASHBOARD = ROOT / "monitoring" / "grafana-dashboard.json"
METRIC = re.compile(r"\btidegate_[a-z_]+")


def promtool(*arguments, folder):
    done = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"promtool {' '.join(arguments)}:\n{done.stdout}{done.stderr}"


def given():
    """The names of the metrics that the gateway writes."""
    text = (ROOT / "gateway" / "http" / "metrics_text.cpp").read_text()
    return set(re.findall(r'"(tidegate_[a-z_]+)"', text))


def check_rules(folder):
    for file in (RULES, TESTS):
        (folder / file.name).write_text(file.read_text())
    promtool("check", "rules", RULES.name, folder=folder)
    promtool("test", "rules", TESTS.name, folder=folder)
    alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text()))
    raised = set(re.findall(r"""alertname="(\w+)"}', value: 1""", TESTS.read_text()))
    assert alerts == raised, f"alerts without a test that raises them, or the other way: {alerts ^ raised}"
    for block in RULES.read_text().split("- alert: ")[1:]:
        for key in ("severity:", "summary:", "description:"):
            assert key in block, f"{block.split()[0]} has no {key}"


def expressions(dashboard):
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def check_dashboard(folder):
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels), "a panel's id twice"
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, f"{panel['title']} lies over another, or sticks out"
        taken |= cells
        assert panel["datasource"]["uid"] == "${datasource}", panel["title"]
    # Each expression as a rule, so that promtool reads it: Grafana's variables replaced by what they stand for.
    lines = ["groups:", "  - name: dashboard", "    rules:"]
    for number, text in enumerate(expressions(dashboard)):
        text = text.replace("$__rate_interval", "5m").replace("$instance", ".*")
        lines += [f"      - record: panel:{number}", f"        expr: {json.dumps(text)}"]
    (folder / "dashboard.yaml").write_text("\n".join(lines) + "\n")
    promtool("check", "rules", "dashboard.yaml", folder=folder)
    return dashboard


def check_names(dashboard):
    known = given()
    assert len(known) > 20, known
    asked = set(METRIC.findall("\n".join(re.findall(r"expr: (?:>-\n)?((?:.+\n?)(?: {10}.+\n)*)", RULES.read_text()))))
    asked |= set(METRIC.findall("\n".join(expressions(dashboard)))) | set(METRIC.findall(TESTS.read_text())) | {"tidegate_build_info"}
    assert len(asked) > 15, asked
    assert asked <= known, f"the gateway has no such metric: {sorted(asked - known)}"


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_rules(folder)
        check_names(check_dashboard(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
