# tests/docs/docs_test.py: what the documents show is so: every config is valid, every command has the options that it is shown
# with, and the recipes for mosquitto deliver.
import argparse
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import yaml

import examples
import plant


def check_config(tidegate, folder, block):
    """A template is checked by a device that uses it."""
    config = folder / "site.yaml"
    text = block.config()
    if block.is_template():
        (folder / "templates").mkdir(exist_ok=True)
        (folder / "templates" / "example.yaml").write_text(block.text)
        text = "\n".join(examples.BASE[key] for key in ("gateway", "mqtt")) + (
            "\nbuses: { line: { adapter: modbus, tcp: { host: h }, devices: { d: { unit: 1, template: example } } } }\n")
    config.write_text(text)
    done = subprocess.run([tidegate, "check", "-c", config], capture_output=True, text=True, timeout=60)
    return [] if done.returncode == 0 else [f"{block}: check says\n{done.stderr}{text}"]


def known_options(tidegate, words, cache):
    """Options of a command, from its help; None: there is no such command."""
    key = tuple(words)
    if key not in cache:
        done = subprocess.run([tidegate, *words, "--help"], capture_output=True, text=True, timeout=60)
        text = done.stdout if done.returncode == 0 else None
        cache[key] = None if text is None else (set(re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*", text)), commands_in(text))
    return cache[key]


def commands_in(text):
    listed = text.partition("Subcommands:\n")[2].partition("\n\n")[0]
    return set(re.findall(r"^  ([a-z-]+)", listed, re.M))


def check_command(tidegate, path, line, call, cache):
    try:
        words = shlex.split(call)
    except ValueError as wrong:
        return [f"{path}:{line}: tidegate {call}: {wrong}"]
    command, rest = [], words
    options, below = known_options(tidegate, [], cache)
    while rest and rest[0] in below:
        command.append(rest[0])
        rest = rest[1:]
        options, below = known_options(tidegate, command, cache)
    if not command and not (rest and rest[0].startswith("--")):
        return [f"{path}:{line}: tidegate {call}: there is no such command"]
    used = {word.partition("=")[0] for word in rest if re.fullmatch(r"--?[a-z][a-z0-9-]*(=.*)?", word)}
    wrong = sorted(used - options)
    return [f"{path}:{line}: tidegate {call}: {' '.join(command)} has no {', '.join(wrong)}"] if wrong else []


def mosquitto_with(folder, name, text, replaced):
    """A mosquitto with a config from the documents, its port, files and addresses replaced."""
    place = folder / name
    place.mkdir()
    place.chmod(0o777)
    port = plant.free_port()
    for old, new in {"listener 1883 127.0.0.1": f"listener {port} 127.0.0.1", "listener 1883\n": f"listener {port} 127.0.0.1\n",
                     "/var/lib/mosquitto/": f"{place}/", "/etc/mosquitto/passwd": f"{place}/passwd", **replaced}.items():
        text = text.replace(old, new)
    (place / "passwd").write_text("")
    subprocess.run(["mosquitto_passwd", "-b", place / "passwd", "plant7", "secret"], check=True, capture_output=True)
    (place / "passwd").chmod(0o644)
    (place / "mosquitto.conf").write_text("user root\n" + text)
    process = plant.Process(name, ["mosquitto", "-c", place / "mosquitto.conf"], place / "log").start()
    plant.wait_for(f"{name} to run", lambda: "running" in process.output() or not process.running(), 20)
    return process, port


def run_recipes(tidegate, folder, source):
    """The gateway of the recipe delivers to the broker of the recipe, and the bridge takes what it gets further."""
    recipes = examples.blocks(source / "docs" / "recipes.md")
    simple, bridged = [b.text for b in recipes if b.kind == "conf"]
    config = next(b for b in recipes if b.kind == "yaml" and "username: plant7, password: \"@cred:mqtt-password\" }" in b.text).text
    started = []
    try:
        far, far_port = mosquitto_with(folder, "far", simple, {})
        started.append(far)
        near, near_port = mosquitto_with(folder, "near", bridged, {
            "address broker.example:8883": f"address 127.0.0.1:{far_port}", "bridge_cafile /etc/ssl/certs/ca-certificates.crt\n": ""})
        started.append(near)
        (folder / "mqtt-password").write_text("secret")
        for port, how in ((far_port, "straight"), (near_port, "over the bridge")):
            heard = subprocess.Popen(["mosquitto_sub", "-p", str(far_port), "-u", "plant7", "-P", "secret", "-t", "plant7/#", "-q", "2", "-C", "2",
                                      "-W", "30"], stdout=subprocess.PIPE, text=True)
            text = config.replace("mqtt://broker.example:1883", f"mqtt://127.0.0.1:{port}")
            path = folder / f"{port}.yaml"
            path.write_text(text + f"buffer: {{ path: {folder}/{port}.db }}\n")
            gateway = plant.Process("gateway", [tidegate, "run", "-c", path], folder / f"{port}.log", env={"CREDENTIALS_DIRECTORY": str(folder)})
            started.append(gateway.start())
            said = heard.communicate(timeout=40)[0]
            if said.count('"value"') != 2:
                return [f"recipes.md, mosquitto, {how}: {said!r}\n{gateway.output()}"]
            gateway.stop()
        return []
    finally:
        for process in reversed(started):
            if process.running():
                process.stop()


def check_events(source):
    """Each event of the log is explained."""
    page = (source / "docs" / "troubleshooting.md").read_text()
    explained = set(re.findall(r"`([a-z0-9_]+)`", page))
    failures, found = [], 0
    for path in sorted((source / "gateway").rglob("*.cpp")):
        for event in re.findall(r"\.(?:error|warning|info|debug)\(\s*\"([a-z0-9_]+)\"", path.read_text()):
            found += 1
            if event not in explained:
                failures.append(f"{path.name} logs '{event}', which docs/troubleshooting.md doesn't explain")
    return failures if found > 20 else [f"only {found} events found in the source"]


def check_words(source):
    """What the page says that the program says, it says: each phrase is in the source, or the system's."""
    sources = [path.read_text() for folder in ("mqtt", "gateway", "adapters", "store") for path in sorted((source / folder).rglob("*.cpp"))]
    # Literals that are broken over lines count as one; the system's and the protocol's names for errors are no literals.
    known = "\n".join(re.sub(r'"\s*\n\s*"', "", text) for text in sources).replace('\\"', '"').lower()
    known += "\n".join(os.strerror(number).lower() for number in range(1, 134))
    page = (source / "docs" / "troubleshooting.md").read_text()
    failures, found = [], 0
    for row in re.findall(r"^\| (`[^|]*) \|", page[page.index("## What is wrong with a device"):], re.M):
        for phrase in re.findall(r"`([^`]+)`", row):
            for part in re.split(r"…|\bHOST\b|\bN\b|\b\d+ m?s\b|/dev/\w+|\bM\b|: ?$|^exception \d+: ", phrase):
                part = part.strip(" :,.()").lower()
                if len(part) < 4 or re.fullmatch(r"exception \d+|\d+: .*", part):
                    continue
                found += 1
                if part not in known:
                    failures.append(f"docs/troubleshooting.md: nothing says '{part}'")
    return failures if found > 40 else [f"only {found} phrases found in the page"]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    tidegate = arguments.parse_args().build / "tidegate"
    source = examples.source_folder()
    failures, counts, cache = [], {"configs": 0, "commands": 0, "others": 0}, {}
    with tempfile.TemporaryDirectory(prefix="tidegate-docs-") as made:
        folder = pathlib.Path(made)
        for path in examples.documents(source):
            for block in examples.blocks(path):
                if block.kind == "yaml":
                    counts["configs"] += 1
                    failures += check_config(tidegate, folder, block)
                elif block.kind in ("json", "yaml-home-assistant"):
                    counts["others"] += 1
                    try:
                        (json.loads if block.kind == "json" else yaml.safe_load)(block.text)
                    except ValueError as wrong:
                        failures.append(f"{block}: {wrong}")
            for line, call in examples.commands(path):
                counts["commands"] += 1
                failures += check_command(tidegate, path, line, call, cache)
        failures += check_events(source)
        failures += check_words(source)
        failures += run_recipes(tidegate, folder, source)
    print(", ".join(f"{count} {what}" for what, count in counts.items()), f"{len(failures)} failures")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures or min(counts.values()) == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
