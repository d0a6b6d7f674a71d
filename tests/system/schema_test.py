# The JSON Schema that the program prints, by a validator that isn't ours: whatever `check` accepts is valid, what is broken is
# refused wherever a schema can tell, and the reference for people is up to date, each of its examples valid.
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Files that `check` refuses and a schema can't: what is wrong is between two places, in a name's meaning, or below what YAML shows.
ONLY_CHECK = {
    "duplicate_device", "duration_too_short", "hostile_text", "http_listen", "http_listen_ipv6", "http_listen_name", "http_listen_port", "http_without_token", "idempotency_key_shared",
    "idempotency_key_without_a_place", "integer_too_large", "integer_with_fraction", "intervals_reversed", "missing_every", "on_outage_qos", "password_without_username",
    "raw_message_of_two_points", "same_topic_of_two_devices", "same_topic_of_two_points", "scram_in_old_version",
    "scram_without_login", "several_lines", "shared_port", "shared_topic_disagreement", "template_faulty", "template_topics",
    "tls_of_a_plain_url", "topic_of_the_gateway", "urls_half_encrypted"}


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors have it: `off` and `012` hold no traps; keys are text."""

    def construct_mapping(self, node, deep=False):
        seen = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is None or name in seen:
                raise yaml.YAMLError(f"a key that is none, or is there twice: {name}")
            seen[name] = self.construct_object(value, deep=True)
        return seen


Core.yaml_implicit_resolvers = {}
Core.yaml_constructors = dict(yaml.SafeLoader.yaml_constructors)
Core.add_constructor("tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node))
Core.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value, 0) if "x" in node.value.lower() else int(node.value))
for tag, pattern, first in (("null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""]), ("bool", r"^(true|True|TRUE|false|False|FALSE)$", list("tTfF")),
                            ("int", r"^([-+]?[0-9]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
                            ("float", r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", list("-+.0123456789"))):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)


def load(text):
    return yaml.load(text, Core)


def check(condition, words):
    if not condition:
        sys.exit(f"FAILED: {words}")


def program(build, *words, cwd=None):
    return subprocess.run([build / "tidegate", *words], capture_output=True, text=True, timeout=60, cwd=cwd)


def printed_schema(build, *words):
    done = program(build, "schema", *words)
    check(done.returncode == 0, f"schema {words} ends with {done.returncode}: {done.stderr}")
    schema = json.loads(done.stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def first_fault(validator, what):
    fault = jsonschema.exceptions.best_match(validator.iter_errors(what))
    return None if fault is None else f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}"


def accepted_files(build):
    """Every config of the tree that `check` accepts."""
    found = sorted({*ROOT.glob("tests/**/*.yaml"), *ROOT.glob("tools/**/*.yaml"), *ROOT.glob("examples/**/*.yaml"), *ROOT.glob("docs/**/*.yaml")})
    for path in found:
        if "/build/" in str(path) or "/templates/" in str(path):
            continue
        if program(build, "check", "-c", str(path)).returncode == 0:
            yield path


def configs_in_documents(build, folder):
    """Whole config files shown in the documents."""
    for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]:
        for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.M | re.S)):
            path = folder / f"{page.stem}-{number}.yaml"
            path.write_text(block)
            if program(build, "check", "-c", str(path)).returncode == 0:
                yield path


def accept(validator, files):
    count = 0
    for path in files:
        fault = first_fault(validator, load(path.read_text(encoding="utf-8-sig")))
        check(fault is None, f"{path} is accepted by check, yet the schema says: {fault}")
        count += 1
    return count


def refuse(validator):
    """The broken examples: each is refused, or known to be beyond a schema."""
    refused, beyond = 0, set()
    for path in sorted((ROOT / "tests/config/broken").glob("*.yaml")):
        try:
            what = load(path.read_text())
        except (yaml.YAMLError, UnicodeDecodeError, ValueError):
            continue  # no editor gets as far as the schema
        if first_fault(validator, what) is None:
            beyond.add(path.stem)
        else:
            refused += 1
    check(beyond <= ONLY_CHECK, f"the schema takes what is broken: {sorted(beyond - ONLY_CHECK)}")
    check(beyond >= ONLY_CHECK, f"no longer beyond a schema: {sorted(ONLY_CHECK - beyond)}")
    return refused, len(beyond)


SMALL = """
gateway: { id: plant7 }
mqtt: { url: mqtt://127.0.0.1 }
buses:
  meters:
    adapter: modbus
    serial: { port: /dev/ttyUSB0, baud: 9600 }
    devices:
      hall:
        unit: 4
        every: 5s
        points:
          power: { input: 52, type: float32 }
"""

# A change of SMALL, and what of it the schema must point at.
BROKEN = (("baud: 9600", "baud: 9601", "serial/baud"), ("unit: 4", "unit: 300", "unit"), ("every: 5s", "every: 5", "every"),
          ("every: 5s", "every: 5 sec", "every"), ("type: float32", "type: float31", "power/type"), ("input: 52", "inputs: 52", "power"),
          ("mqtt://", "tcp://", "mqtt/url"), ("adapter: modbus", "adapter: modbuz", "adapter"), ("gateway: { id: plant7 }", "", ""),
          ("url: mqtt://127.0.0.1", "url: mqtt://a, password: letmein", "mqtt/password"), ("hall:", "a/b:", "devices"),
          ("serial: {", "serial: { bauds: 1,", "serial"), ("input: 52", "input: 65536", "power/input"),
          ("adapter: modbus", "adapter: simulated", "meters"), ("url: mqtt://127.0.0.1", "keepalive: 60s", "mqtt"),
          ("type: float32", "type: float32, writable: yes", "power/writable"), ("input: 52", "input: -1", "power/input"),
          ("id: plant7", "id: ''", "gateway/id"), ("{ port: /dev/ttyUSB0, baud: 9600 }", "{}", "serial"), ("hall:", "h" * 65 + ":", "devices"),
          ("unit: 4", "only: [power]", "hall"), ("unit: 4", "except: [power]", "hall"))
# … and what it must take.
SOUND = (("every: 5s", "every: 5000000000ns"), ("every: 5s", "every: 1.5min"), ("hall:", "h" * 64 + ":"), ("unit: 4", "unit: '0x04'"),
         ("input: 52", "input: 0"), ("input: 52", "input: 65535"), ("mqtt://127.0.0.1", "'mqtt://[fe80::1%eth0]:1883'"))


def exact(validator):
    check(first_fault(validator, load(SMALL)) is None, "the small config is valid")
    for old, new in SOUND:
        check(old in SMALL, f"{old} is in the small config")
        fault = first_fault(validator, load(SMALL.replace(old, new, 1)))
        check(fault is None, f"{new!r} is valid, yet the schema says: {fault}")
    for old, new, where in BROKEN:
        check(old in SMALL, f"{old} is in the small config")
        faults = ["/".join(map(str, f.absolute_path)) for f in flat(validator.iter_errors(load(SMALL.replace(old, new, 1))))]
        check(any(one.endswith(where) for one in faults), f"{new!r} is refused at {where!r}, not at {faults}")


def flat(faults):
    for fault in faults:
        yield fault
        yield from flat(fault.context or [])


SECTIONS = {"## `gateway`": "gateway", "## `mqtt`": "mqtt", "## `buffer`": "buffer", "## `publish`": "publish", "## `http`": "http",
            "## A device": "device", "## A point": "point"}


def examples(validator, page):
    """Each example of the reference, as the value of its key."""
    definitions, where, adapter, count = validator.schema["definitions"], None, None, 0
    for line in page.splitlines():
        if line.startswith("## "):
            named = [name for start, name in SECTIONS.items() if line.startswith(start)]
            where, adapter = named[0] if named else None, re.match(r"## Adapter `(\w+)`", line)
            adapter = adapter.group(1) if adapter else None
        if line.startswith("### "):
            where = {"bus": "bus", "devices": "device", "points": "point"}[line.split()[-1]] + "-" + adapter
        row = re.match(r"\| `([\w.]+)` \|.*\| `(.+)` \|$", line)
        if row is None or where is None:
            continue
        name = where + "-modbus" if where in ("device", "point") else where
        try:
            value = load(row.group(2).replace("\\|", "|"))
        except yaml.YAMLError as error:
            sys.exit(f"FAILED: {where}: the example of {row.group(1)}, {row.group(2)}, is no YAML: {error}")
        inside = {"definitions": definitions, **definitions[name]}
        for step in row.group(1).split("."):
            check(step in inside["properties"], f"{where}: {row.group(1)} of the reference is in the schema")
            inside = inside["properties"][step]
        fault = first_fault(jsonschema.Draft7Validator({**inside, "definitions": definitions}), value)
        check(fault is None, f"{where}: the example of {row.group(1)}, {row.group(2)}: {fault}")
        count += 1
    return count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, type=pathlib.Path)
    build = parser.parse_args().build.resolve()
    validator, of_template = printed_schema(build), printed_schema(build, "--template")
    with tempfile.TemporaryDirectory(prefix="tidegate-schema-") as folder:
        count = accept(validator, accepted_files(build)) + accept(validator, configs_in_documents(build, pathlib.Path(folder)))
    check(count >= 9, f"{count} configs are too few to mean something")
    templates = accept(of_template, sorted((ROOT / "config/templates").glob("*.yaml")))
    refused, beyond = refuse(validator)
    check(refused >= 50, f"only {refused} of the broken files are refused")
    exact(validator)

    page = program(build, "schema", "--markdown").stdout
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    lacking = [line.split("`")[1] for line in rows if line.endswith("|  |") and not re.search(r"\| map( of names)? \|", line)]
    check(not lacking, f"keys without an example in the reference: {lacking}")
    shown = examples(validator, page)
    check((ROOT / "docs/config-reference.md").read_text() == page,
          "docs/config-reference.md is out of date: build/dev/tidegate schema --markdown > docs/config-reference.md")
    print(f"schema: {count} configs and {templates} templates valid, {refused} broken ones refused, {beyond} beyond a schema, {shown} examples valid")


main()
