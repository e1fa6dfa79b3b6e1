"""Has jubilant read every `juju status` in the folder of a run, and judge the last one of the model with Kafka."""

import json
import pathlib
import sys

import jubilant

# The file is, for each question, `$ COMMAND`, what it said (stderr after `! `), and `# ` with how it ended.
statuses = []
command, said = "", []
for line in pathlib.Path(sys.argv[1], "questions.log").read_text().splitlines():
    if line.startswith("$ "):
        command, said = line, []
    elif line.startswith("# "):
        if command.startswith("$ juju status ") and line.startswith("# exit code 0 "):
            statuses.append((command, jubilant.Status._from_dict(json.loads("\n".join(said)))))
    elif not line.startswith("! "):
        said.append(line)

ours = [status for command, status in statuses if " overlord:demo " in command]
assert ours, f"there is no status of overlord:demo in {sys.argv[1]}"
last = ours[-1]
assert jubilant.all_active(last), last
assert jubilant.all_agents_idle(last), last
units = sum(len(application.units) for application in last.apps.values())
print(f"jubilant reads {len(statuses)} documents; at last {', '.join(sorted(last.apps))}, {units} units, all active and idle")
