# tests/system/bundle_test.py: `tidegate support-bundle` has what it promises, and none of the secrets that are planted in every place
# where one can be, however they might be written: as they are, in base64, hexadecimal, URL and JSON encoding.
# Not here: masking by itself (tests/gateway/diagnosis/masking_test.cpp).
import argparse
import base64
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse

import certificates
import plant

# One for each place, so that what leaks says where from.
NAMES = ["password_file", "password_env", "credential", "header_literal", "header_file", "header_env", "proxy_password", "key_password", "command_text",
         "command_id", "template_header", "comment", "unlock", "meter", "query", "environment"]
SECRETS = {name: f"S3cr/t+{name.replace('_', '-')}=9\"x" for name in NAMES}
UNLOCK = "06 00 10 BE EF"


def writings(secret):
    """As any program might write it down."""
    raw = secret.encode()
    yield "plain", raw
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw)
        core = whole[(before * 8 + 5) // 6:((before + len(raw)) * 8) // 6]
        yield f"base64, {before} bytes in", core
        yield f"base64 for URLs, {before} bytes in", core.replace(b"+", b"-").replace(b"/", b"_")
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    yield "hex with blanks", raw.hex(" ").encode()
    yield "URL", urllib.parse.quote(secret, safe="").encode()
    yield "URL, all of it", "".join(f"%{b:02X}" for b in raw).encode()
    yield "JSON", json.dumps(secret)[1:-1].encode()


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def config_of(folder, broker, authority, pair):
    s = SECRETS
    return f"""# {s['comment']}
gateway: {{ id: bundled, clock: trusted, writes: enabled }}
mqtt:
  url: {quoted(f"wss://127.0.0.1:{broker}/mqtt?token=" + urllib.parse.quote(s['query'], safe=''))}
  username: known
  password: "@file:{folder}/password"
  tls: {{ ca: {authority}, cert: {pair[0]}, key_password: "@env:KEY_PASSWORD", key: {pair[1]} }}
  websocket:
    headers:
      X-Plain: {quoted(s['header_literal'])}
      X-File: "@file:{folder}/header"
      X-Env: "@env:HEADER_ENV"
      X-Cred: "@cred:planted"
  # old: {s['comment']}
buffer: {{ path: {folder}/queue.db }}
buses:
  bench:
    adapter: simulated
    devices:
      tank:
        every: 100ms
        points:
          mode: {{ wave: held, value: auto, writable: true }}
          name: {{ wave: held, value: x, writable: true }}
  meters:
    adapter: modbus
    tcp: {{ host: 127.0.0.1, port: 1 }}
    devices:
      locked: {{ unit: 1, every: 1s, before_write: ["{UNLOCK}"], points: {{ p: {{ holding: 1, type: uint16, writable: true }} }} }}
      read: {{ template: planted, unit: 2 }}
"""


def template_of():
    return f"""template: {{ description: "a meter", adapter: modbus }}
device:
  every: 1s
  before_write: ["{UNLOCK}"]
  points: {{ p: {{ holding: 1, type: uint16 }} }} # {SECRETS['comment']}
"""


class Bundles:
    def __init__(self, build, folder):
        self.binary, self.folder, self.failures = pathlib.Path(build) / "tidegate", folder, []
        self.home = folder / "home"
        (self.home / "templates").mkdir(parents=True)
        self.broker = plant.Broker(folder, extra="").start()
        text = pathlib.Path(self.broker.command[-1])
        self.broker.stop()
        self.web = plant.free_port()
        authority = certificates.Authority(folder, "ours")
        shown, pair = authority.issue("broker", "DNS:localhost,IP:127.0.0.1"), authority.issue("gateway", purpose="clientAuth")
        text.write_text(text.read_text() + f"listener {self.web} 127.0.0.1\nprotocol websockets\ncertfile {shown[0]}\nkeyfile {shown[1]}\n")
        self.broker.start()
        for name in ("password", "header"):
            (self.home / name).write_text(SECRETS[f"{name}_file"] + "\n")
            (self.home / name).chmod(0o600)
        credentials = folder / "credentials"
        credentials.mkdir()
        (credentials / "planted").write_text(SECRETS["credential"])
        self.key = pathlib.Path(pair[1])
        self.config = self.home / "plant.yaml"
        self.config.write_text(config_of(self.home, self.web, authority.certificate, pair))
        (self.home / "templates" / "planted.yaml").write_text(template_of())
        self.environment = {**os.environ, "KEY_PASSWORD": SECRETS["key_password"], "HEADER_ENV": SECRETS["header_env"],
                            "UNRELATED": SECRETS["environment"], "CREDENTIALS_DIRECTORY": str(credentials)}

    def expect(self, what, condition, detail=""):
        if not condition:
            self.failures.append(f"{what}: {detail}")

    def run(self, name, config, environment=None):
        """The files of a bundle, by name."""
        path = self.folder / name
        r = subprocess.run([self.binary, "support-bundle", "-c", config, "-o", path], capture_output=True, text=True, timeout=200,
                           env=environment or self.environment)
        self.expect(f"{name} is made", r.returncode == 0 and r.stdout.strip() == str(path), r.stdout + r.stderr)
        self.expect(f"{name} is for its owner alone", stat.S_IMODE(path.stat().st_mode) == 0o600, oct(path.stat().st_mode))
        with tarfile.open(path) as archive:
            members = archive.getmembers()
            self.expect(f"{name}: one folder, plain files", all(m.isfile() and m.name.startswith("tidegate-support/") and m.mode == 0o600 for m in members), members)
            return {m.name.split("/", 1)[1]: archive.extractfile(m).read() for m in members}

    def search(self, files):
        for name, content in files.items():
            for which, secret in SECRETS.items():
                for how, form in writings(secret):
                    self.expect(f"the secret of {which} in {name}", form not in content, how)
            key = self.key.read_text().splitlines()[1]
            self.expect(f"the key in {name}", key.encode() not in content)
            for form in (UNLOCK, UNLOCK.lower(), UNLOCK.replace(" ", ""), UNLOCK.replace(" ", "").lower()):
                self.expect(f"what unlocks a device, in {name}", form.encode() not in content, form)


def command(run, point, value):
    payload = json.dumps({"value": value, "id": SECRETS["command_id"]})
    subprocess.run([run.binary, "pub", f"mqtt://127.0.0.1:{run.broker.port}", f"tidegate/bundled/set/tank/{point}", payload], check=True, timeout=20)


def judge_contents(run, files):
    texts = {name: content.decode() for name, content in files.items()}
    for name in ("README.txt", "doctor.txt", "doctor.json", "check.txt", "config.yaml", "queue.txt", "audit.txt", "status.json", "journal.txt", "unit.txt", "system.txt", "kernel.txt"):
        run.expect(f"there is {name}", name in texts, list(texts))
    config = texts["config.yaml"]
    run.expect("references stay", "@file:" in config and "@env:KEY_PASSWORD" in config and "@cred:planted" in config, config)
    run.expect("what is no secret stays", "username: known" in config and "every: 100ms" in config and "# line 3" in config, config)
    run.expect("headers are masked", re.search(r'X-Plain: \*\*\*', config), config)
    run.expect("the template is there", any(name.startswith("templates/") and "holding: 1" in text for name, text in texts.items()), list(texts))
    run.expect("doctor's findings", "broker login" in texts["doctor.txt"] and json.loads(texts["doctor.json"])["checks"], texts["doctor.txt"])
    run.expect("the ledger", re.search(r"^accepted \d+$", texts["queue.txt"], re.M) and "balanced yes" in texts["queue.txt"], texts["queue.txt"])
    audit = [json.loads(line) for line in texts["audit.txt"].splitlines()]
    run.expect("the audit, without values", audit and audit[-1]["device"] == "tank" and not any("value" in a or "old" in a for a in audit), audit)
    run.expect("the system", "tidegate 0." in texts["system.txt"] and "MemTotal" in texts["system.txt"] and "/proc/mounts" in texts["system.txt"], texts["system.txt"][:300])


def broken_configs(run):
    """What check refuses may be the very secret that must not be there."""
    for number, text in enumerate([
            f"mqtt: {{ url: 'mqtt://bob:{SECRETS['query'].replace(chr(34), '')}@h:1', password: {quoted(SECRETS['password_env'])},"
            f" proxy: {{ url: 'http://p:1', password: {quoted(SECRETS['proxy_password'])} }} }}\n",
            f"mqtt:\n  password: |\n    {SECRETS['meter']}\n  passwort: {quoted(SECRETS['meter'])}\n",
            f"mqtt: {{ password: {quoted(SECRETS['meter'])}\n",
            f"- {quoted(SECRETS['comment'])}\n: : {SECRETS['comment']}"]):
        config = run.home / f"broken{number}.yaml"
        config.write_text(text)
        files = run.run(f"broken{number}.tar.gz", config)
        run.search({name: content for name, content in files.items() if name != "config.yaml" or number != 3})
        run.expect(f"broken {number} says so", b"failed" in files["doctor.txt"], files["doctor.txt"])
        leaked = SECRETS["query"].replace('"', "").encode()
        run.expect(f"the login of a URL in broken {number}", not any(leaked in content for content in files.values()))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", required=True)
    with tempfile.TemporaryDirectory(prefix="tidegate-bundle-") as folder:
        run = Bundles(options.parse_args().build, pathlib.Path(folder))
        gateway = plant.Process("tidegate run", [run.binary, "run", "-c", run.config, "--verbose"], run.folder / "gateway.log", run.environment).start()
        try:
            plant.wait_for("the gateway", lambda: plant.is_connected(gateway) or not gateway.running(), 20)
            run.expect("the gateway runs", gateway.running(), gateway.output()[-3000:])
            command(run, "name", SECRETS["command_text"])
            audited = lambda: subprocess.run([run.binary, "queue", "audit", "-c", run.config, "--json"], capture_output=True, text=True, env=run.environment).stdout
            plant.wait_for("the command's entry", lambda: '"device":"tank"' in audited(), 20)
            files = run.run("bundle.tar.gz", run.config)
            run.search(files)
            judge_contents(run, files)
            run.expect("without compression", "config.yaml" in run.run("bundle.tar", run.config))
            broken_configs(run)
            run.expect("the service goes on", gateway.running() and plant.is_connected(gateway), gateway.output()[-2000:])
            r = subprocess.run([run.binary, "support-bundle", "-c", run.config, "-o", "/nowhere/b.tar"], capture_output=True, text=True, timeout=200, env=run.environment)
            run.expect("a place that can't be", r.returncode == 1 and "No such file" in r.stderr, r.stderr)
        finally:
            gateway.stop()
            run.broker.stop()
    for failure in run.failures[:40]:
        print("FAILED", failure)
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
