# tests/system/template_folders_test.py: where the program looks for device templates, what `tidegate templates` and `tidegate check`
# say of them, and how faults in one are told. What the shipped ones hold is templates_test.py's.
import argparse
import json
import os
import pathlib
import shutil
import subprocess

import own_folder

CONFIG = """gateway: { id: shop }
mqtt: { url: "mqtt://127.0.0.1:1" }
buses:
  line:
    adapter: modbus
    tcp: { host: 127.0.0.1, port: 1502 }
    devices:
"""
OWN = """template: { description: own, adapter: modbus }
device: { every: 1s, points: { LABEL: { input: 1, type: int16 } } }
"""


class Shell:
    def __init__(self, binary):
        self.binary, self.failures = binary, []

    def run(self, *arguments, **environment):
        return subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **environment})

    def expect(self, what, condition, result):
        if not condition:
            self.failures.append(f"{what}: exit {result.returncode}\n{result.stdout[-2000:]}{result.stderr[-2000:]}")


def site(folder, devices, **templates):
    """A config file in a folder of its own, with templates beside it."""
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    for name, text in templates.items():
        (folder / "templates" / f"{name.replace('_', '-')}.yaml").write_text(text)
    (folder / "site.yaml").write_text(CONFIG + devices)
    return folder / "site.yaml"


def points_of(shell, config, **environment):
    """The names of the first device's points, as a message's topic would have them; by way of what the template is said to be."""
    r = shell.run("templates", "probe", "-c", config, "--json", **environment)
    return [point["name"] for point in json.loads(r.stdout).get("points", [])], r


def look_in_folders(shell, folder):
    device = "      d: { unit: 1, template: probe }\n"
    config = site(folder / "order", device)
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "probe.yaml").write_text(OWN.replace("LABEL", "elsewhere"))
    r = shell.run("check", "-c", config)
    shell.expect("no such template", r.returncode == 1 and "unknown template 'probe'" in r.stderr and
                 f"{folder}/order/templates" in r.stderr and "'tidegate templates' lists" in r.stderr, r)
    found, r = points_of(shell, config, TIDEGATE_TEMPLATES=str(elsewhere))
    shell.expect("the environment's folder", found == ["elsewhere"], r)
    site(folder / "order", device, probe=OWN.replace("LABEL", "beside"))
    found, r = points_of(shell, config, TIDEGATE_TEMPLATES=str(elsewhere))
    shell.expect("the folder beside the config goes first", found == ["beside"], r)
    r = shell.run("templates", "--json", TIDEGATE_TEMPLATES=str(elsewhere))
    shell.expect("the environment's folder instead of the shipped one", [json.loads(l)["name"] for l in r.stdout.splitlines()] == ["probe"], r)
    r = shell.run("check", "-c", config)
    shell.expect("check with an own template", r.returncode == 0 and "d (probe), every 1s" in r.stdout, r)


def look_at_installed(shell, build, folder):
    prefix = folder / "prefix"
    for component in ("program", "adapters"):
        done = subprocess.run(["cmake", "--install", build, "--component", component, "--prefix", prefix], capture_output=True, text=True, timeout=120)
        shell.expect("the installation", done.returncode == 0, done)
        if done.returncode != 0:
            return
    installed = sorted(path.stem for path in (prefix / "share/tidegate/templates").glob("*.yaml"))
    moved = folder / "moved"
    shutil.move(prefix, moved)  # as a package that is unpacked elsewhere
    there = Shell(moved / "bin/tidegate")
    adapters = next(moved.glob("lib*/**/adapters"))
    r = there.run("templates", "--json", TIDEGATE_ADAPTERS=str(adapters))
    listed = [json.loads(line) for line in r.stdout.splitlines()]
    there.expect("the installed ones", [one["name"] for one in listed] == installed and len(installed) >= 30, r)
    there.expect("all of them right", all(one["valid"] for one in listed), r)
    there.expect("their files", all(one["file"].startswith(str(moved)) for one in listed), r)
    shell.failures += there.failures


def look_at_faults(shell, folder):
    broken = """template: { description: broken, adapter: modbus }
device:
  every: 1s
  points:
    a: { input: 1, typ: int16 }
"""
    refused = broken.replace("typ: int16", "type: int16, length: 3")
    config = site(folder / "faults", "      d: { unit: 1, template: broken }\n      e: { unit: 2, template: broken }\n", broken=broken)
    r = shell.run("check", "-c", config)
    shell.expect("a fault in a template, once, with both places", r.returncode == 1 and r.stderr.count("error:") == 1 and
                 f"templates/broken.yaml:5:20: error: unknown key 'typ' (did you mean 'type'?)" in r.stderr and
                 "    a: { input: 1, typ: int16 }" in r.stderr and f"used at {config}:8:31" in r.stderr, r)
    site(folder / "faults", "      d: { unit: 1, template: broken }\n      e: { unit: 2, template: broken }\n", broken=refused)
    r = shell.run("check", "-c", config)
    shell.expect("what the adapter says of a template", r.returncode == 1 and r.stderr.count("error:") == 1 and
                 "templates/broken.yaml:5:41: error: length is for string" in r.stderr and f"used at {config}:8:31" in r.stderr, r)
    found = json.loads(shell.run("check", "-c", config, "--json").stdout)["diagnostics"]
    shell.expect("check --json", len(found) == 1 and found[0]["file"].endswith("templates/broken.yaml") and
                 (found[0]["line"], found[0]["used_at"]) == (5, {"line": 8, "column": 31}), r)
    config = site(folder / "faults", "      d: { unit: 1, template: xy-md02, points: { humidity: { length: 3 } } }\n")
    r = shell.run("check", "-c", config)
    shell.expect("the user's own fault is told in the config", r.returncode == 1 and f"{config}:8:70: error: length is for string" in r.stderr and
                 "used at" not in r.stderr, r)
    r = shell.run("templates", "broken", "-c", config)
    shell.expect("a template that only its adapter refuses is shown", r.returncode == 0 and "length 3" in r.stdout, r)
    site(folder / "faults", "", broken=broken)
    r = shell.run("templates", "broken", "-c", config)
    shell.expect("a broken template", r.returncode == 1 and "broken.yaml:5:20: error:" in r.stderr and r.stdout == "", r)
    r = shell.run("templates", "-c", config)
    shell.expect("a broken template in the list", r.returncode == 0 and "has errors: see 'tidegate templates broken'" in r.stdout, r)


def look_at_listing(shell, folder):
    r = shell.run("templates")
    shell.expect("the list", r.returncode == 0 and "eastron-sdm630" in r.stdout and "90 points" in r.stdout and r.stderr == "", r)
    r = shell.run("templates", "eastron-sdm120")
    shell.expect("one of them", r.returncode == 0 and "single-phase energy meter" in r.stdout and "baud 2400" in r.stdout and
                 "wirenboard/wb-mqtt-serial" in r.stdout and "input 12, type float32" in r.stdout, r)
    r = shell.run("templates", "eastron-sdm12")
    shell.expect("a slip", r.returncode == 1 and "did you mean 'eastron-sdm120'" in r.stderr and r.stdout == "", r)
    config = site(folder / "plain", "      hall: { unit: 1, template: carlo-gavazzi-em24, only: ['power_l*'], every: 1s }\n")
    r = shell.run("check", "-c", config, "--json")
    bus = json.loads(r.stdout)["buses"][0]
    shell.expect("check --json names it", bus["devices"] == [{"name": "hall", "template": "carlo-gavazzi-em24"}], r)
    shell.expect("points are chosen, requests kept small", sum(q["points"] for q in bus["requests"]) == 3 and
                 max(q["registers"] for q in bus["requests"]) <= 11, r)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    build = arguments.parse_args().build
    folder = own_folder.make("folders")
    os.environ.pop("TIDEGATE_TEMPLATES", None)
    shell = Shell(build / "tidegate")
    look_in_folders(shell, folder)
    look_at_installed(shell, build, folder)
    look_at_faults(shell, folder)
    look_at_listing(shell, folder)
    for failure in shell.failures:
        print("FAILED:", failure)
    return 1 if shell.failures else 0


if __name__ == "__main__":
    own_folder.run(main)
