# tests/system/package_story.py: what a board goes through, from the installation to the purge. Runs as root inside the booted container
# that package_test.py makes; ends with an exception if something isn't as it should be. Nothing outside Python and the container is needed.
import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path("/mnt/test")
CONFIG = pathlib.Path("/etc/tidegate/tidegate.yaml")
QUEUE = pathlib.Path("/var/lib/tidegate/queue.db")
HEARD = pathlib.Path("/run/heard")
UNIT = "tidegate.service"
SECOND = "tidegate@north.service"
SECRET = "deep-water"
BROKER = """per_listener_settings true
max_queued_messages 0
max_inflight_messages 0
listener 1883 127.0.0.1
allow_anonymous true
listener 1884 127.0.0.1
allow_anonymous false
password_file /etc/mosquitto/passwords
"""
BACKLOG = 300  # messages that wait when the upgrade comes
began = time.monotonic()


def told(text):
    print(f"{time.monotonic() - began:6.2f} s  {text}", flush=True)


def run(*command, may_fail=False):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0 and not may_fail:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def wait_for(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}\n" + run("systemctl", "status", "--no-pager", UNIT, may_fail=True)
                                 + run("journalctl", "-n", "40", "--no-pager", "-u", UNIT, may_fail=True))
        time.sleep(0.05)
    return found


def shown(name, unit=UNIT):
    return run("systemctl", "show", "-P", name, unit).strip()


def main_pid(unit=UNIT):
    return int(shown("MainPID", unit))


def lines(topic):
    """The payloads that came on this topic, in their order."""
    text = HEARD.read_text() if HEARD.exists() else ""
    return [json.loads(line.split(" ", 1)[1]) for line in text.splitlines() if line.split(" ", 1)[0] == topic]


def more_of(topic, why):
    before = len(lines(topic))
    wait_for(f"readings on {topic} {why}", lambda: len(lines(topic)) > before)


def ledger():
    return json.loads(run("tidegate", "queue", "stats", "-c", str(CONFIG), "--json"))


def log_has(text, unit=UNIT):
    return text in run("journalctl", "--no-pager", "-o", "cat", "-u", unit)


# ---- Chapters ----

def start_broker():
    pathlib.Path("/etc/hosts").write_text("127.0.0.1 localhost\n")  # a bare container has none
    pathlib.Path("/etc/mosquitto/conf.d/test.conf").write_text(BROKER)
    run("mosquitto_passwd", "-b", "-c", "/etc/mosquitto/passwords", "north", SECRET)
    os.chmod("/etc/mosquitto/passwords", 0o644)
    run("systemctl", "restart", "mosquitto")
    wait_for("the broker", lambda: subprocess.run(["mosquitto_pub", "-t", "x", "-n"], stderr=subprocess.DEVNULL).returncode == 0)
    with HEARD.open("w") as heard:
        return subprocess.Popen(["mosquitto_sub", "-i", "judge", "-q", "2", "-t", "plant7/#", "-F", "%t %p"], stdout=heard)


def install():
    """A package without a config: nothing runs, nothing has failed, and the next step is told."""
    words = run("dpkg", "-i", *map(str, sorted(HERE.glob("packages/*.deb"))))
    assert "/etc/tidegate/tidegate.yaml" in words and "tidegate check" in words, words
    assert run("systemctl", "is-enabled", UNIT).strip() == "enabled"
    assert shown("ActiveState") == "inactive" and shown("ConditionResult") == "no", run("systemctl", "status", UNIT, may_fail=True)
    groups = run("id", "-nG", "tidegate").split()
    assert groups[0] == "tidegate" and "dialout" in groups, groups
    folder = CONFIG.parent.stat()
    assert oct(folder.st_mode & 0o777) == "0o750" and folder.st_uid == 0, folder
    told("installed: it waits for its config")


def first_reading():
    """The three commands that the installation names."""
    installed = time.monotonic()
    CONFIG.write_bytes(pathlib.Path("/usr/share/doc/tidegate/examples/tidegate.yaml").read_bytes())
    run("tidegate", "check", "-c", str(CONFIG))
    run("systemctl", "start", UNIT)
    wait_for("the first reading", lambda: lines("plant7/demo/level"))
    assert shown("ActiveState") == "active" and shown("Type") == "notify" and shown("StatusText"), shown("StatusText")
    told(f"the first reading, {time.monotonic() - installed:.2f} s after the installation; status: {shown('StatusText')}")


def confined():
    """What the process has, as the kernel says, beside what systemd thinks of the unit."""
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{main_pid()}/status").read_text().splitlines() if ":\t" in line)
    assert int(status["CapEff"], 16) == 0 and int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
    assert status["Uid"].split()[0] == run("id", "-u", "tidegate").strip()
    score = run("systemd-analyze", "security", "--no-pager", UNIT)
    exposure = float(re.search(r"Overall exposure level.*: ([0-9.]+)", score).group(1))
    assert exposure <= 1.5, score
    kept = {name: shown(name) for name in ("Restart", "WatchdogUSec", "StartLimitIntervalUSec", "UMask", "OOMPolicy")}
    assert kept == {"Restart": "always", "WatchdogUSec": "30s", "StartLimitIntervalUSec": "0", "UMask": "0077", "OOMPolicy": "continue"}, kept
    state = QUEUE.stat()
    assert oct(state.st_mode & 0o777) == "0o600" and state.st_uid == int(status["Uid"].split()[0]), state
    told(f"exposure {exposure} by systemd-analyze security; no capabilities, a filter of system calls, the queue its own; "
         f"{int(status['VmRSS'].split()[0])} KiB")


def add_adapters_of_others():
    """A shared object where the package has its own, and a program."""
    folder, = pathlib.Path("/usr/lib").glob("*/tidegate/adapters")
    (folder / "system_load.so").write_bytes((HERE / "system_load.so").read_bytes())
    pathlib.Path("/opt/process_adapter.py").write_bytes((HERE / "process_adapter.py").read_bytes())
    pathlib.Path("/opt/number").write_text("42\n")


def start_device():
    """A serial device on a pseudo-terminal that belongs to dialout, as a USB adapter does."""
    plant = pathlib.Path("/run/plant")
    plant.mkdir()
    device = subprocess.Popen(["tidegate", "simulate", "-c", str(HERE / "serial.yaml")], stdout=subprocess.DEVNULL)
    port = plant / "ttyS0"
    wait_for("the simulated line", lambda: port.exists())
    run("chown", "root:dialout", str(port.resolve()))
    os.chmod(port.resolve(), 0o660)
    return device


def reload():
    """A new config by SIGHUP: the same process; an invalid one changes nothing, and is told. Serial port, adapters of others and programs
    all work inside the sandbox."""
    pid = main_pid()
    CONFIG.write_bytes((HERE / "plant.yaml").read_bytes())
    run("systemctl", "reload", UNIT)
    for topic in ("plant7/demo/n", "plant7/line/register", "plant7/board/uptime", "plant7/program/value"):
        wait_for(f"a reading on {topic}", lambda: lines(topic))
    assert main_pid() == pid, "reload took another process"
    told("reloaded: a serial port, an adapter in its own process, and a program, all in the sandbox")

    CONFIG.write_text(CONFIG.read_text().replace("plant7", "plant8").replace("every:", "evry:"))
    run("systemctl", "reload", UNIT, may_fail=True)
    wait_for("the invalid config to be told", lambda: log_has("evry"))
    more_of("plant7/demo/n", "after an invalid config")
    assert main_pid() == pid and shown("ActiveState") == "active"
    CONFIG.write_bytes((HERE / "plant.yaml").read_bytes())
    told("an invalid config changed nothing, and is told")


def killed():
    pid = main_pid()
    os.kill(pid, signal.SIGKILL)
    wait_for("a new process after kill -9", lambda: shown("NRestarts") == "1" and shown("ActiveState") == "active" and main_pid() != pid)
    more_of("plant7/demo/n", "after kill -9")
    told("kill -9: started again by systemd")


def hung():
    """A process that does nothing any more, not even end."""
    folder = pathlib.Path("/etc/systemd/system/tidegate.service.d")
    folder.mkdir()
    (folder / "test.conf").write_text("[Service]\nWatchdogSec=4\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", UNIT)
    more_of("plant7/demo/n", "with a watchdog of 4 s")
    pid, restarts = main_pid(), int(shown("NRestarts"))
    stopped = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    wait_for("the watchdog", lambda: log_has("Watchdog timeout"))
    took = time.monotonic() - stopped
    wait_for("a new process after the hang", lambda: int(shown("NRestarts")) == restarts + 1 and shown("ActiveState") == "active")
    more_of("plant7/demo/n", "after the hang")
    (folder / "test.conf").unlink()
    folder.rmdir()
    run("systemctl", "daemon-reload")
    told(f"hung: seen by systemd after {took:.1f} s, killed and started again")


def second():
    """Another gateway beside it, whose broker asks for a password: a credential that only systemd and this service can read."""
    secret = pathlib.Path("/etc/tidegate/credentials/mqtt-password")
    assert oct(secret.parent.stat().st_mode & 0o777) == "0o700"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    folder = pathlib.Path(f"/etc/systemd/system/{SECOND}.d")
    folder.mkdir()
    (folder / "credentials.conf").write_text(f"[Service]\nLoadCredential=mqtt-password:{secret}\n")
    pathlib.Path("/etc/tidegate/north.yaml").write_bytes((HERE / "north.yaml").read_bytes())
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--now", SECOND)
    wait_for("the second gateway's connection", lambda: log_has("broker_connected", SECOND))
    assert not log_has(SECRET, SECOND)
    assert pathlib.Path("/run/tidegate/north.sock").exists() and pathlib.Path("/run/tidegate/plant7.sock").exists()
    told("a second gateway, with a password by credential")


def upgrade():
    """A newer package while the broker is away and messages wait."""
    broker = int(run("systemctl", "show", "-P", "MainPID", "mosquitto"))
    os.kill(broker, signal.SIGSTOP)  # not stopped: it would send again to the judge what that has had
    wait_for(f"{BACKLOG} messages to wait", lambda: ledger()["queued"] >= BACKLOG, 60)
    pid, second_pid, config = main_pid(), main_pid(SECOND), CONFIG.read_bytes()
    at = time.monotonic()
    run("dpkg", "-i", *map(str, sorted(HERE.glob("newer/*.deb"))))
    took = time.monotonic() - at
    assert shown("ActiveState") == "active" and main_pid() != pid, "the upgrade didn't start the service anew"
    assert main_pid(SECOND) not in (0, second_pid), "the upgrade didn't start the second gateway anew"
    assert run("dpkg-query", "-W", "-f", "${Version}", "tidegate").endswith("+newer")
    assert CONFIG.read_bytes() == config
    waiting = ledger()["queued"]
    assert waiting >= BACKLOG, ledger()
    os.kill(broker, signal.SIGCONT)
    wait_for("the queue to be delivered", lambda: ledger()["queued"] < 10, 60)
    told(f"upgraded in {took:.1f} s with {waiting} messages in the queue")


def counted():
    """Nothing lost and nothing doubled, at QoS 2: by the ledger, and by the counter of each process."""
    run("systemctl", "stop", UNIT)
    assert shown("Result") == "success", shown("Result")
    left = ledger()
    assert left["balanced"] and left["accepted"] == left["acknowledged"] + left["queued"] + sum(left["dropped"].values()), left
    assert sum(left["dropped"].values()) == 0, left
    wait_for("what was acknowledged to be with the judge", lambda: len(HEARD.read_text().splitlines()) >= left["acknowledged"])
    heard = HEARD.read_text().splitlines()
    doubled = [line for line, times in collections.Counter(heard).items() if times > 1]
    assert not doubled, doubled[:5]
    numbers = [int(one["value"]) for one in lines("plant7/demo/n")]
    starts = [place for place, number in enumerate(numbers) if number == 0]
    gaps = [(a, b) for a, b in zip(numbers, numbers[1:]) if b not in (a + 1, 0)]
    assert not gaps, gaps[:5]
    assert numbers[0] == 0 and len(starts) == PROCESSES, f"{len(starts)} processes counted, {PROCESSES} ran"
    assert len(heard) - left["acknowledged"] <= left["queued"], (len(heard), left)
    told(f"{left['accepted']} accepted = {left['acknowledged']} acknowledged + {left['queued']} queued; "
         f"{len(heard)} came, none twice, no gap, over {PROCESSES} processes")


PROCESSES = 5  # reloaded in place; then after kill -9, for the watchdog's drop-in, after the hang, after the upgrade


def leave():
    """Removal keeps queue and config; a purge deletes the queue, and the config that a person wrote stays."""
    run("systemctl", "start", UNIT)
    pid = main_pid()
    pids = [pid, main_pid(SECOND)]
    run("dpkg", "-r", "tidegate")
    assert not [p for p in pids if pathlib.Path(f"/proc/{p}").exists()], "a service runs on after its removal"
    assert QUEUE.exists() and CONFIG.exists()
    run("dpkg", "-P", "tidegate", "tidegate-adapters")
    assert not QUEUE.parent.exists() and CONFIG.exists()
    assert not pathlib.Path("/run/tidegate").exists()
    left = list(pathlib.Path("/etc/systemd").rglob("*tidegate.service*")) + list(pathlib.Path("/var/lib/systemd").rglob("*tidegate.service*"))
    assert not left, left
    told("removed: queue and config stay; purged: the config stays")


def story():
    judge = start_broker()
    told("booted, with a broker")
    install()
    first_reading()
    confined()
    device = start_device()
    add_adapters_of_others()
    reload()
    killed()
    hung()
    second()
    upgrade()
    counted()
    device.terminate()
    device.wait()
    leave()
    judge.terminate()
    judge.wait()


if __name__ == "__main__":
    try:
        story()
    except BaseException:
        sys.stdout.flush()
        print(run("journalctl", "-b", "--no-pager", "-n", "60", may_fail=True), file=sys.stderr)
        raise
