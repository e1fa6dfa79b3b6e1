"""Has jubilant read every `juju status` in the folder of a run, and judge the last one of the model with Kafka."""

import json
import pathlib
import sys

import jubilant

# One question a line, with its answer.
statuses = []
for line in pathlib.Path(sys.argv[1], "questions.ndjson").read_text().splitlines():
    question = json.loads(line)
    command = " ".join(question["argv"])
    if command.startswith("juju status ") and question["exit_code"] == 0:
        statuses.append((command, jubilant.Status._from_dict(json.loads(question["stdout"]))))

ours = [status for command, status in statuses if " overlord:demo " in command]
assert ours, f"there is no status of overlord:demo in {sys.argv[1]}"
last = ours[-1]
assert jubilant.all_active(last), last
assert jubilant.all_agents_idle(last), last
units = sum(len(application.units) for application in last.apps.values())
print(f"jubilant reads {len(statuses)} documents; at last {', '.join(sorted(last.apps))}, {units} units, all active and idle")
