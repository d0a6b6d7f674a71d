# tests/system/package_test.py: the Debian packages, made from this build, judged by lintian and systemd-analyze, and taken through a board's
# life in a booted systemd (package_story.py, in a container of systemd-nspawn whose root is thrown away). Needs root.
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
UNIT = "lib/systemd/system/tidegate.service"
INSIDE = ["systemd-sysv", "dbus", "udev", "procps", "python3-minimal", "libpython3-stdlib", "mosquitto", "mosquitto-clients"]
PASSED, FAILED = 7, 8  # what the container ends with; anything else: it never came so far
STORY = """[Unit]
Description=package_story.py
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 -B /mnt/test/package_story.py
StandardOutput=file:/mnt/out/story.log
StandardError=inherit
ExecStopPost=/bin/sh -c 'exec systemctl exit --no-block $([ "$SERVICE_RESULT" = success ] && echo 7 || echo 8)'
"""
SERIAL_BUS = """  serial:
    adapter: modbus
    serial: { port: /run/plant/ttyS0, baud: 19200, parity: none, stop_bits: 2 }
    devices:
      line: { unit: 1, every: 500ms, points: { register: { holding: 0, type: uint16 } } }
"""
SERIAL = "gateway: { id: plant7 }\nmqtt: { url: 'mqtt://127.0.0.1' }\nbuses:\n" + SERIAL_BUS
PLANT = f"""gateway: {{ id: plant7 }}
mqtt: {{ url: "mqtt://127.0.0.1" }}
publish: {{ qos: 2 }}
buses:
  try:
    adapter: simulated
    devices:
      demo: {{ every: 20ms, points: {{ n: {{ wave: counter }} }} }}
{SERIAL_BUS}  system:
    adapter: system_load
    devices:
      board: {{ every: 500ms, points: {{ uptime: {{ what: uptime }} }} }}
  script:
    adapter: process
    command: [/usr/bin/python3, /opt/process_adapter.py]
    devices:
      program: {{ every: 500ms, points: {{ value: {{ address: /opt/number }} }} }}
"""
NORTH = """gateway: { id: north }
mqtt: { url: "mqtt://127.0.0.1:1884", username: north, password: "@cred:mqtt-password" }
buffer: { path: /var/lib/tidegate/north/queue.db }
buses: { try: { adapter: simulated, devices: { demo: { every: 1s, points: { n: {} } } } } }
"""


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL,
                          timeout=500, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def make_packages(build, folder):
    run("cpack", "--config", build / "CPackConfig.cmake", "-B", folder, cwd=folder, umask=0o077)  # it must not get into the packages
    shutil.rmtree(folder / "_CPack_Packages")
    return sorted(folder.glob("*.deb"))


def field(package, name):
    return run("dpkg-deb", "-f", package, name).strip()


def judged_by_lintian(packages):
    run("lintian", "--allow-root", "--fail-on", "error,warning", *packages)


def versions(depends):
    """Of a Depends field: library → version, "0" if any will do."""
    return dict(re.match(r"(\S+)(?: \(>= (.*)\))?$", one).groups("0") for one in depends.split(", ") if one.startswith("lib"))


def check_written_dependencies(build, packages):
    """What cmake/debian.cmake writes down for other architectures covers what dpkg-shlibdeps finds for this one."""
    config = (build / "CPackConfig.cmake").read_text()
    for component, name in (("PROGRAM", "tidegate"), ("ADAPTERS", "tidegate-adapters")):
        written = versions(re.search(f'CPACK_TIDEGATE_LIBRARIES_{component} "(.*)"', config).group(1))
        found = versions(field(next(p for p in packages if p.name.startswith(name + "_")), "Depends"))
        where = f"LIBRARIES_{component.lower()} in cmake/debian.cmake"
        assert written.keys() == found.keys(), f"{where}: it has {sorted(written)}, and the programs load {sorted(found)}"
        for library in found:
            run("dpkg", "--compare-versions", written[library], "ge", found[library])


def check_unit(packages, folder):
    root = folder / "unpacked"
    for package in packages:
        run("dpkg-deb", "-x", package, root)
    for unit in ("tidegate.service", "tidegate@.service"):
        path = root / "usr" / "lib/systemd/system" / unit
        run("systemd-analyze", "security", "--offline=true", "--threshold=15", path)
        copy = folder / unit.replace("@", "@one")  # verify wants the program to be there
        copy.write_text(path.read_text().replace("/usr/bin/tidegate", str(root / "usr/bin/tidegate")))
        words = run("systemd-analyze", "verify", "--man=no", copy)
        assert not words.strip(), words


def newer(packages, folder):
    """The same packages, of a higher version: only their control files differ."""
    folder.mkdir()
    for package in packages:
        content = folder / "content"
        run("dpkg-deb", "-R", package, content)
        control = content / "DEBIAN/control"
        version = field(package, "Version")
        control.write_text(control.read_text().replace(version, version + "+newer"))
        run("dpkg-deb", "--root-owner-group", "-Znone", "-b", content, folder)
        shutil.rmtree(content)


def board(build, packages):
    """A root folder with Debian, a broker and what the packages depend on; kept, as making it takes half a minute."""
    needed = set(INSIDE)
    for package in packages:
        needed |= {d.split(" ")[0] for d in field(package, "Depends").split(", ") if d.startswith("lib")}
    stamp = "\n".join(sorted(needed))
    root = build / "package_board"
    if (root / "packages").exists() and (root / "packages").read_text() == stamp:
        return root
    shutil.rmtree(root, ignore_errors=True)
    run("mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(sorted(needed)), "bookworm", root)
    (root / "packages").write_text(stamp)
    return root


def build_example_adapter(to):
    run("cc", "-shared", "-fPIC", "-O1", "-I", SOURCE, SOURCE / "examples/adapters/system_load.c", "-o", to)


def tell_story(build, root, folder):
    out = folder / "out"
    out.mkdir()
    (folder / "story.service").write_text(STORY)
    binds = {folder / "test": "/mnt/test", folder / "story.service": "/etc/systemd/system/story.service"}
    command = ["systemd-nspawn", "-q", "--register=no", "--keep-unit", "--private-network", "--volatile=overlay", "-D", root,
               f"--bind={out}:/mnt/out", *(f"--bind-ro={here}:{there}" for here, there in binds.items()),
               *os.environ.get("TIDEGATE_NSPAWN", "").split(), "--boot", "systemd.wants=story.service"]
    with (folder / "console.log").open("w") as console:
        ended = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=console, stderr=console, timeout=240,
                               env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}).returncode
    log = out / "story.log"
    print(log.read_text() if log.exists() else (folder / "console.log").read_text())
    assert ended == PASSED, f"the container ended with {ended}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--keep", action="store_true", help="leave the packages and logs")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("This test boots a system in a container: it needs root.")
    for tool, package in (("systemd-nspawn", "systemd-container"), ("mmdebstrap", "mmdebstrap"), ("lintian", "lintian")):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: tools/setup test installs it (Debian: {package}).")
    build = options.build.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="package-", dir=build))  # not in /tmp: a container has its own
    at = time.monotonic()
    try:
        test = folder / "test"
        (test / "packages").mkdir(parents=True)
        packages = make_packages(build, test / "packages")
        print(f"{time.monotonic() - at:.1f} s: packages, " + ", ".join(f"{p.name} {p.stat().st_size / 1e6:.2f} MB, installed "
              f"{int(field(p, 'Installed-Size')) / 1000:.1f} MB" for p in packages))
        judged_by_lintian(packages)
        check_written_dependencies(build, packages)
        check_unit(packages, folder)
        print(f"{time.monotonic() - at:.1f} s: lintian and systemd-analyze have nothing to say")
        for package in packages:
            if package.name.startswith("tidegate-dev"):
                package.unlink()
        newer(sorted((test / "packages").glob("*.deb")), test / "newer")
        for part in ("tests/system/package_story.py", "examples/adapters/process_adapter.py"):
            shutil.copy(SOURCE / part, test)
        (test / "serial.yaml").write_text(SERIAL)
        (test / "plant.yaml").write_text(PLANT)
        (test / "north.yaml").write_text(NORTH)
        build_example_adapter(test / "system_load.so")
        root = board(build, sorted((test / "packages").glob("*.deb")))
        print(f"{time.monotonic() - at:.1f} s: the board is there", flush=True)
        tell_story(build, root, folder)
        print(f"{time.monotonic() - at:.1f} s in all")
    finally:
        if not options.keep:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
