"""Has jubilant read every `juju status` in the folder of a run, and judge the last one of the model with Kafka."""

import json
import pathlib
import sys

import jubilant

statuses = []
for log in sorted(pathlib.Path(sys.argv[1]).glob("[0-9]*-juju.log")):
    command, *lines = log.read_text().splitlines()
    # The file is `$ COMMAND`, what it said (stderr after `! `), and `# ` with how it ended.
    if command.startswith("$ juju status ") and lines and lines[-1].startswith("# exit code 0 "):
        document = "\n".join(line for line in lines if not line.startswith(("! ", "# ")))
        statuses.append((log.name, command, jubilant.Status._from_dict(json.loads(document))))

ours = [status for _, command, status in statuses if " overlord:demo " in command]
assert ours, f"there is no status of overlord:demo in {sys.argv[1]}"
last = ours[-1]
assert jubilant.all_active(last), last
assert jubilant.all_agents_idle(last), last
units = sum(len(application.units) for application in last.apps.values())
print(f"jubilant reads {len(statuses)} documents; at last {', '.join(sorted(last.apps))}, {units} units, all active and idle")
