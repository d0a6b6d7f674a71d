# tests/system/plugin_test.py: adapters by others: built out of the tree against the installed package alone, dropped into the
# plugin folder and used; and beside them one that crashes, hangs and lies, which must hurt nobody but its own bus.
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import plant

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def cached(build, name):
    return re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.M).group(1)


def build_examples(build, prefix, folder):
    """Against the package and no more: no header of the source tree can be found."""
    sources = folder / "sources"
    shutil.copytree(SOURCE / "examples" / "adapters", sources)
    run("cmake", "-S", sources, "-B", folder / "built", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_INSTALL_PREFIX={prefix}",
        f"-DCMAKE_CXX_COMPILER={cached(build, 'CMAKE_CXX_COMPILER')}", f"-DCMAKE_C_COMPILER={cached(build, 'CMAKE_C_COMPILER')}",
        f"-DCMAKE_CXX_FLAGS={cached(build, 'CMAKE_CXX_FLAGS')} -Werror -Wno-missing-field-initializers",
        f"-DCMAKE_C_FLAGS={cached(build, 'CMAKE_C_FLAGS')} -Werror -Wno-missing-field-initializers")
    run("cmake", "--build", folder / "built")
    for name in ("system_load", "number_files"):
        symbols = run("nm", "-D", "--defined-only", folder / "built" / f"{name}.so").split()[2::3]
        assert symbols == ["tidegate_adapter_entry"], f"{name}.so exports {symbols}"
    return folder / "built"


def plugin_folder(build, built, folder):
    """What comes with Tidegate, and what others made, as they lie in the installed folder."""
    plugins = folder / "plugins"
    plugins.mkdir()
    for source in (build / "adapters", built, build / "tests" / "adapters" / "plugins" / "loaded"):
        for file in source.glob("*.so"):
            shutil.copy(file, plugins)
    return plugins


def config_of(broker, folder, deed):
    return f"""
gateway: {{ id: g }}
mqtt: {{ url: "mqtt://127.0.0.1:{broker}" }}
buffer: {{ path: {folder}/queue.db }}
buses:
  board:
    adapter: system_load
    devices:
      board:
        every: 200ms
        points:
          load: {{ what: load_1min }}
          memory: {{ what: memory_available, unit: MiB }}
          uptime: {{ what: uptime, unit: s }}
  files:
    adapter: number_files
    devices:
      kernel:
        every: 200ms
        points:
          temperature: {{ file: {folder}/temperature, scale: 0.001 }}
          missing: {{ file: {folder}/nothing }}
  script:
    adapter: process
    command: [/usr/bin/python3, {SOURCE}/examples/adapters/process_adapter.py]
    devices:
      program:
        every: 200ms
        points:
          millidegrees: {{ address: {folder}/temperature }}
          nothing: {{ address: {folder}/nothing }}
  good:
    adapter: simulated
    devices:
      tank:
        every: 100ms
        points: {{ polls: {{ wave: counter }} }}
  bad:
    adapter: misbehaving
    deed: {deed}
    devices:
      liar:
        every: 100ms
        points: {{ a: {{}}, b: {{}} }}
"""


def check_use(program, environment, folder, config):
    """`check` knows their keys: a mistake in them is told like any other, from the adapter's own process."""
    path = folder / "good.yaml"
    path.write_text(config)
    run(program, "check", "-c", path, env=environment)
    broken = folder / "broken.yaml"
    broken.write_text(config.replace("what: uptime", "wat: uptime").replace("load: { what: load_1min }", "load: { }"))
    done = subprocess.run([program, "check", "-c", broken], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 1 and "did you mean 'what'" in done.stderr, done.stderr
    broken.write_text(config.replace("load: { what: load_1min }", "load: { }"))
    done = subprocess.run([program, "check", "-c", broken], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 1 and "broken.yaml:" in done.stderr and "needs to say what to read" in done.stderr, done.stderr


def arrived(watch, topic):
    return [json.loads(payload) for name, payload in watch if name == topic]


def run_with(program, environment, folder, broker, deed):
    """A gateway with all of them, for a while; returns its log."""
    path = folder / f"{deed}.yaml"
    path.write_text(config_of(broker.port, folder, deed))
    seen = []
    watcher = plant.paho.Client(client_id="", clean_session=True)
    watcher.on_message = lambda _c, _u, message: seen.append((message.topic, message.payload.decode()))
    watcher.connect("127.0.0.1", broker.port)
    watcher.subscribe("#", 1)
    watcher.loop_start()
    gateway = plant.Process("gateway", [program, "run", "-c", path], folder / f"{deed}.log", env=environment).start()
    try:
        plant.wait_for("readings of the good bus", lambda: len(arrived(seen, "g/tank/polls")) >= 20, 30)
        plant.wait_for("the board's load", lambda: arrived(seen, "g/board/load"), 30)
        plant.wait_for("a file's number", lambda: arrived(seen, "g/kernel/temperature"), 30)
        plant.wait_for("a number by way of a program", lambda: arrived(seen, "g/program/millidegrees"), 30)
        assert arrived(seen, "g/kernel/temperature")[0]["value"] == 21.5
        assert arrived(seen, "g/program/millidegrees")[0]["value"] == 21500
        if deed in ("crash", "exit", "hang"):
            assert not arrived(seen, "g/liar/a"), "a bus whose adapter fails has readings"
        if deed == "lie":
            assert {m["value"] for m in arrived(seen, "g/liar/b")} <= set(range(1, 10000)), "a lie was published"
        if deed in ("crash", "exit"):
            def told():
                return any(t == "tidegate/g/device/liar/status" and "process ended" in p for t, p in seen)
            plant.wait_for("the crash in the device's status", told, 30)
    finally:
        began = time.monotonic()
        code = gateway.stop(seconds=20)
        ended = time.monotonic() - began
        watcher.loop_stop()
        watcher.disconnect()
    assert code == 0, f"the gateway ended with {code}:\n{gateway.output()}"
    assert ended < 8, f"with an adapter that does '{deed}' the stop took {ended:.1f} s"
    values = [m["value"] for m in arrived(seen, "g/tank/polls")]
    assert values == list(range(values[0], values[0] + len(values))), "the good bus missed a reading"
    print(f"{deed}: the good bus has {len(values)} readings without a gap; stopped in {ended:.1f} s")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", type=pathlib.Path, required=True)
    build = arguments.parse_args().build
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = folder / "prefix"
        run("cmake", "--install", build, "--component", "dev", "--prefix", prefix)
        built = build_examples(build, prefix, folder)
        environment = dict(os.environ, TIDEGATE_ADAPTERS=str(plugin_folder(build, built, folder)))
        (folder / "temperature").write_text("21500\n")
        broker = plant.Broker(folder)
        broker.start()
        try:
            check_use(build / "tidegate", environment, folder, config_of(broker.port, folder, "nothing"))
            for deed in ("crash", "exit", "hang", "lie"):
                run_with(build / "tidegate", environment, folder, broker, deed)
        finally:
            broker.stop()


if __name__ == "__main__":
    sys.exit(main())
