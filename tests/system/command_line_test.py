# tests/system/command_line_test.py: what a person sees and a script gets: exit codes, messages with places, the poll plan, JSON.
import argparse
import json
import pathlib
import subprocess

import own_folder
import plant

VALID = """gateway: { id: shop }
mqtt: { url: "mqtt://127.0.0.1:1" }
buffer: { path: FOLDER/queue.db }
buses:
  meters:
    adapter: modbus
    serial: { port: FOLDER/line, baud: 9600, parity: even }
    devices:
      boiler:
        unit: 3
        every: 1s
        points:
          supply: { register: 40108, type: int16, scale: 0.1 }
          power:  { input: 52, type: float32, order: CDAB }
"""


class Shell:
    def __init__(self, build, folder):
        self.binary, self.folder, self.failures = pathlib.Path(build) / "tidegate", folder, []

    def run(self, *arguments):
        return subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True, timeout=30)

    def expect(self, what, condition, result):
        if not condition:
            self.failures.append(f"{what}: exit {result.returncode}\n{result.stdout}{result.stderr}")


def look_into_a_queue(shell, folder):
    config = folder / "peek.yaml"
    config.write_text(f"""gateway: {{ id: shop }}
mqtt: {{ url: "mqtt://127.0.0.1:1" }}
buffer: {{ path: {folder}/peek.db }}
buses:
  b: {{ adapter: simulated, devices: {{ d: {{ every: 50ms, points: {{ p: {{}} }} }} }} }}
""")
    path = folder / "peek.db"
    gateway = plant.Process("tidegate run", [shell.binary, "run", "-c", config], folder / "peek.log").start()
    plant.wait_for("readings in the queue", lambda: path.exists() and shell.run("queue", "peek", "--path", path).stdout.count("shop/d/p") == 10, 20)
    r = shell.run("queue", "peek", "-c", config, "-n", 3)
    shell.expect("peek beside the service", r.returncode == 0 and [line.split()[0] for line in r.stdout.splitlines()] == ["1", "2", "3"], r)
    gateway.stop()
    r = shell.run("queue", "export", "-c", config)
    exported = [json.loads(line) for line in r.stdout.splitlines()]
    queued = json.loads(shell.run("queue", "stats", "--path", path, "--json").stdout)["queued"]
    shell.expect("export of all", r.returncode == 0 and [m["sequence"] for m in exported] == list(range(1, queued + 1)), r)
    shell.expect("export keeps the payload", json.loads(exported[0]["payload"])["value"] == 0 and exported[0]["qos"] == 1, r)
    r = shell.run("queue", "peek", "--path", path, "--dead-letters", "--json")
    shell.expect("no dead letters", r.returncode == 0 and r.stdout == "" and "none" in r.stderr, r)
    for command in ("peek", "export", "stats"):
        r = shell.run("queue", command)
        shell.expect(f"{command} of what?", r.returncode == 1 and "--path" in r.stderr, r)
        r = shell.run("queue", command, "--path", folder / "nothing.db")
        shell.expect(f"{command} of no file", r.returncode == 1 and "nothing.db" in r.stderr, r)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    folder = own_folder.make("cli")
    shell = Shell(arguments.parse_args().build, folder)

    valid = folder / "site.yaml"
    valid.write_text(VALID.replace("FOLDER", str(folder)))
    broken = folder / "broken.yaml"
    broken.write_text(VALID.replace("FOLDER", str(folder)).replace("register:", "regsiter:").replace("baud: 9600", "baud: 9601"))

    r = shell.run("check", "-c", valid)
    shell.expect("check of a valid file", r.returncode == 0 and "bus meters" in r.stdout and "load" in r.stdout, r)
    shell.expect("both notations in the plan", "107" in r.stdout and "40108" in r.stdout, r)
    r = shell.run("check", "-c", valid, "--json")
    plan = json.loads(r.stdout)
    shell.expect("check --json", plan["valid"] and len(plan["buses"][0]["requests"]) == 2 and 0 < plan["buses"][0]["load"] < 1, r)

    r = shell.run("check", "-c", broken)
    shell.expect("check of a broken file", r.returncode == 1, r)
    shell.expect("the place and the suggestion", "broken.yaml:13:21: error:" in r.stderr and "did you mean 'register'?" in r.stderr, r)
    shell.expect("all errors at once", "9601" in r.stderr and r.stderr.count("error:") >= 2, r)
    r = shell.run("run", "-c", broken)
    shell.expect("run refuses a broken file", r.returncode == 1 and "did you mean" in r.stderr, r)

    r = shell.run("check", "-c", folder / "missing.yaml")
    shell.expect("a missing file", r.returncode == 1 and "No such file" in r.stderr, r)
    r = shell.run("queue", "stats", "-c", valid)
    shell.expect("stats without a queue", r.returncode == 1 and "queue.db" in r.stderr, r)
    for wrong in ([], ["check"], ["polish"], ["check", "--nonsense", "-c", valid]):
        r = shell.run(*wrong)
        shell.expect(f"usage error {wrong}", r.returncode == 2, r)
    r = shell.run("--version")
    shell.expect("--version", r.returncode == 0 and r.stdout.startswith("tidegate "), r)

    # Neither the device nor the broker is there: the service starts all the same, and stops in order.
    gateway = plant.Process("tidegate run", [shell.binary, "run", "-c", valid], folder / "gateway.log").start()
    plant.wait_for("the queue file", lambda: (folder / "queue.db").exists() and "started" in gateway.output(), 10)
    r = shell.run("queue", "stats", "-c", valid)
    shell.expect("stats beside the service", r.returncode == 0 and "balances" in r.stdout, r)
    shell.expect("stats of dead letters, inbox and expiry", all(words in r.stdout for words in (
        "dead letters             0   kept of those refused", "inbox                    0   received", "expired 0")), r)
    r = shell.run("run", "-c", valid)
    shell.expect("a second instance is refused", r.returncode == 1 and "queue.db" in r.stderr, r)
    code = gateway.stop()
    if code != 0:
        shell.failures.append(f"exit code {code} after SIGTERM\n{gateway.output()}")
    r = shell.run("queue", "stats", "-c", valid, "--json")
    shell.expect("stats --json after the service", r.returncode == 0 and json.loads(r.stdout)["balanced"], r)
    figures = json.loads(r.stdout)
    shell.expect("stats --json of dead letters, inbox and expiry", figures["dead_letters"] == {"messages": 0, "crowded_out": 0, "not_found": 0}
                 and figures["inbox"] == {"waiting": 0, "bytes": 0} and figures["dropped"]["expired"] == 0, r)

    look_into_a_queue(shell, folder)
    for failure in shell.failures:
        print("FAILED:", failure)
    return 1 if shell.failures else 0


if __name__ == "__main__":
    own_folder.run(main)
