"""Has real clients load what `client-config` writes, and exchange messages with it.

The broker is librdkafka's mock cluster: it speaks Kafka's protocol over TCP to other processes' clients as well, but
plaintext only. So address and protocol are replaced for the exchange; that the SASL settings are understood is
shown by librdkafka accepting them, which refuses unknown settings and values.
"""

import json
import pathlib
import shlex
import subprocess
import sys

import yaml
from confluent_kafka import Consumer, Producer

folder = pathlib.Path(sys.argv[1])
wanted = json.loads((folder / "json").read_text())


def pairs(name):
    """The `key=value` lines of a file."""
    lines = (folder / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def python():
    """The dictionary that the Python module defines for a consumer."""
    names = {}
    exec((folder / "python").read_text(), names)
    return names["consumer_config"]


def same(name, settings):
    """The settings say what the JSON form says."""
    assert settings["bootstrap.servers"] == ",".join(wanted["bootstrap_servers"]), name
    assert settings["security.protocol"] == wanted["security_protocol"], name
    assert settings["sasl.mechanism"] == wanted["sasl_mechanism"], name
    jaas = shlex.split(settings["sasl.jaas.config"].rstrip(";")) if "sasl.jaas.config" in settings else []
    words = dict(word.split("=", 1) for word in jaas if "=" in word)
    assert settings.get("sasl.username", words.get("username")) == wanted["username"], name
    assert settings.get("sasl.password", words.get("password")) == wanted["password"], name


spring = yaml.safe_load((folder / "spring").read_text())["spring"]["kafka"]
same("spring", {"bootstrap.servers": spring["bootstrap-servers"], **spring["properties"]})
same("properties", pairs("properties"))
sourced = subprocess.run(
    ["sh", "-c", '. "$1"; env -0', "sh", str(folder / "env")], check=True, capture_output=True, text=True
)
variables = dict(line.split("=", 1) for line in sourced.stdout.split("\0") if line)
assert variables["KAFKA_SASL_PASSWORD"] == wanted["password"], "env"

mock = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 3})
servers = ",".join(f"{broker.host}:{broker.port}" for broker in mock.list_topics(timeout=30).brokers.values())
for name, settings in [("librdkafka", pairs("librdkafka")), ("kcat", pairs("kcat")), ("python", python())]:
    same(name, settings)
    # As they stand: every key and value must be one that librdkafka knows.
    Consumer(settings).close()
    here = {**settings, "bootstrap.servers": servers, "security.protocol": "PLAINTEXT"}
    here["group.id"] = f"{settings['group.id']}-{name}"
    producer = Producer({key: value for key, value in here.items() if key != "group.id"})
    for number in range(100):
        producer.produce(f"orders-{name}", f"message {number}")
    assert producer.flush(30) == 0, name
    consumer = Consumer({**here, "auto.offset.reset": "earliest"})
    consumer.subscribe([f"orders-{name}"])
    read = set()
    for _ in range(600):
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            read.add(message.value().decode())
        if len(read) == 100:
            break
    consumer.close()
    assert read == {f"message {number}" for number in range(100)}, (name, len(read))
    print(f"{name}: librdkafka accepts the settings, 100 messages there and back")
print("properties, env, spring: read back as written")
