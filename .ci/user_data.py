"""Prints the user data with which a plan (`kafstack plan --format json`, on stdin) launches the VM."""

import json
import sys

plan = json.load(sys.stdin)
launch = next(step for step in plan["steps"] if step["name"] == "launch-vm")
texts = [c["stdin"] for c in launch["commands"] if c["argv"][:2] == ["multipass", "launch"]]
assert len(texts) == 1, f"one launch expected, not {len(texts)}"
for proxied in ("proxy.http=", "proxy.https=", "no_proxy="):
    assert proxied in texts[0], f"the user data lacks {proxied}"
sys.stdout.write(texts[0])
