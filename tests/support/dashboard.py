"""docs/prometheus/dashboard.json, as far as it can be judged without Grafana, which Debian has not:
its expressions with the variables filled in, and where its panels lie."""
import itertools
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "docs" / "prometheus" / "dashboard.json"
COLUMNS = 24  # of Grafana's grid
VARIABLES = {"$instance": ".*", "$__rate_interval": "10s"}


def load():
    return json.loads(DASHBOARD.read_text(encoding="utf8"))


def expressions(board):
    """[(title of the panel, its expression)]."""
    found = []
    for panel in board["panels"]:
        for target in panel["targets"]:
            text = target["expr"]
            for name, value in VARIABLES.items():
                text = text.replace(name, value)
            found.append((panel["title"], text))
    return found


def overlap(a, b):
    a, b = a["gridPos"], b["gridPos"]
    return (a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and
            a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"])


def faults(board):
    """What Grafana would stumble over, or a reader."""
    panels = board["panels"]
    ids = [panel["id"] for panel in panels]
    if len(set(ids)) != len(ids):
        yield f"ids are not unique: {ids}"
    for a, b in itertools.combinations(panels, 2):
        if overlap(a, b):
            yield f"{a['title']} lies over {b['title']}"
    for panel in panels:
        yield from panel_faults(panel)
    variables = {v["name"]: v for v in board["templating"]["list"]}
    if variables.get("datasource", {}).get("type") != "datasource":
        yield "there is no variable for the data source"
    if board.get("id") is not None:
        yield "an id of its own would clash where it is imported"


def panel_faults(panel):
    title, grid = panel["title"], panel["gridPos"]
    if grid["x"] < 0 or grid["x"] + grid["w"] > COLUMNS or grid["h"] < 3:
        yield f"{title} lies off the grid: {grid}"
    if panel["type"] not in ("stat", "timeseries"):
        yield f"{title} is a {panel['type']}, for which Grafana may need a plugin"
    if not panel["description"]:
        yield f"{title} does not say what it is"
    names = [target["refId"] for target in panel["targets"]]
    if not names or len(set(names)) != len(names):
        yield f"{title}: refIds {names}"
    for source in [panel["datasource"], *(t["datasource"] for t in panel["targets"])]:
        if source != {"type": "prometheus", "uid": "${datasource}"}:
            yield f"{title} asks {source}"
    for target in panel["targets"]:
        if 'instance=~"$instance"' not in target["expr"]:
            yield f"{title} does not heed the chosen gate: {target['expr']}"
