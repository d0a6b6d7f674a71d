# tests/page/page_gateway_test.py: the status page as the program serves it, with a broker and simulated devices behind it: live values, a command, an
# outage, a kill -9, the token. Not here: states that are hard to produce (page_test.py).
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import plant

HERE = pathlib.Path(__file__).resolve().parent


def config_text(broker, http, folder, token):
    return f"""
gateway: {{ id: works, writes: enabled }}
mqtt: {{ url: "mqtt://127.0.0.1:{broker}" }}
buffer: {{ path: {folder}/queue.db, max_bytes: 64MiB }}
http: {{ listen: "127.0.0.1:{http}", writes: enabled{f', token: "@file:{token}"' if token else ''} }}
buses:
  bench:
    adapter: simulated
    devices:
      tank:
        every: 1s
        points:
          polls: {{ wave: counter }}
          level: {{ wave: sine, from: 10, to: 90, period: 120, unit: "%" }}
          valve: {{ wave: held, value: 20, writable: true, unit: "%", write: {{ min: 0, max: 100, every: 0s }} }}
  dead:
    adapter: simulated
    devices:
      lost: {{ silent: true, every: 1s, points: {{ nothing: {{ wave: counter }} }} }}
"""


class Works:
    """The processes, and what the browser's checks may have done to them."""

    def __init__(self, build, folder, token=None):
        self.broker = plant.Broker(folder)
        self.http = plant.free_port()
        self.plant = plant.Plant(build, folder, config_text(self.broker.port, self.http, folder, token))
        self.deeds = {"broker-stop": self.broker.stop, "broker-start": self.broker.start, "gateway-kill": self.plant.gateway.kill, "gateway-start": self.plant.gateway.start}

    def browse(self, npm, *arguments):
        """The checks ask for deeds, a line each, and wait until they are done."""
        command = ["node", HERE / "checks_gateway.mjs", f"http://127.0.0.1:{self.http}/", *arguments]
        browser = subprocess.Popen([str(part) for part in command], env={**os.environ, "TIDEGATE_NPM": str(npm)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for line in browser.stdout:
            if line.startswith("do "):
                self.deeds[line.split()[1]]()
                browser.stdin.write("done\n")
                browser.stdin.flush()
            else:
                print(line, end="", flush=True)
        return browser.wait()

    def stop(self):
        self.plant.stop()
        self.broker.stop()


def run(build, npm, folder, token, *arguments):
    works = Works(build, folder, token)
    try:
        works.broker.start()
        works.plant.gateway.start()
        plant.wait_for("the page", lambda: "http_served" in works.plant.gateway.output(), 20)
        done = works.browse(npm, *arguments)
        if done != 0:
            print(works.plant.gateway.output()[-3000:])
        return done
    finally:
        works.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    npm = build / "tests" / "page" / "npm"
    subprocess.run([HERE / "install.sh", npm], check=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "open").mkdir()
        (folder / "closed").mkdir()
        (folder / "token").write_text("open-sesame-0123456789\n")
        (folder / "token").chmod(0o600)
        return run(build, npm, folder / "open", None) or run(build, npm, folder / "closed", folder / "token", "--token", "open-sesame-0123456789")


if __name__ == "__main__":
    sys.exit(main())
