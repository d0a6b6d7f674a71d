# tests/system/pub_sub_test.py: `tidegate pub` and `tidegate sub` as a person and a script use them: what they say of mistakes,
# messages of every size and kind, other people's clients, and --state over kill -9 and a restart of the broker.
import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading

import certificates
import own_folder
import plant

BINARY_PAYLOAD = bytes(range(256))


class Tool:
    def __init__(self, build, folder):
        self.binary, self.folder, self.failures, self.started = pathlib.Path(build) / "tidegate", folder, [], []
        self.environment = {**os.environ, "GOOD": "secret", "BAD": "wrong"}

    def start(self, *arguments, **how):
        how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        self.started.append(subprocess.Popen([self.binary, *map(str, arguments)], env=self.environment, **how))
        return self.started[-1]

    def stop(self):
        """Nothing outlives a test that failed."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()

    def run(self, *arguments, given=b""):
        process = self.start(*arguments, stdin=subprocess.PIPE)
        out, err = process.communicate(given, timeout=20)
        return process.returncode, out, err.decode()

    def expect(self, what, condition, detail=""):
        if not condition:
            self.failures.append(f"{what}: {detail!r}"[:2000])

    def expect_refusal(self, words, code, *arguments, given=b""):
        result = self.run(*arguments, given=given)
        self.expect(f"{arguments} should end with {code} and say '{words}'", result[0] == code and words in result[2], result)


def mistakes(tool, at, ours):
    plain, login, tls, web = (f"mqtt://127.0.0.1:{at['plain']}", f"mqtt://127.0.0.1:{at['login']}", f"mqtts://127.0.0.1:{at['tls']}",
                              f"ws://127.0.0.1:{at['ws']}")
    closed = plant.free_port()
    tool.expect_refusal("did you mean '--password'?", 2, "pub", plain, "t", "x", "--pasword", "y")
    tool.expect_refusal("did you mean 'pub'?", 2, "pbu", plain, "t", "x")
    tool.expect_refusal("'3' is not a whole number from 0 to 2", 2, "pub", plain, "t", "x", "-q", "3")
    tool.expect_refusal("not a whole number from 0 to 2", 2, "pub", plain, "t", "x", "--will-topic", "w", "--will-qos", "3")
    tool.expect_refusal("not a whole number from 0 to 2", 2, "sub", plain, "t", "--retain-handling", "3")
    tool.expect_refusal("not a whole number from 1 to 268435455", 2, "sub", plain, "t", "--identifier", "268435456")
    tool.expect_refusal("not a whole number from 1", 2, "sub", plain, "t", "-n", "0")
    tool.expect_refusal("--client-id: not UTF-8", 2, "pub", plain, "t", "x", "-i", b"\xff".decode(errors="surrogateescape"))
    tool.expect_refusal("has no unit; write '5s'", 2, "pub", plain, "t", "x", "--timeout", "5")
    tool.expect_refusal("say where it is", 2, "pub", plain, "t", "x", "-u", "alice", "-P", "secret")
    tool.expect_refusal("need --will-topic", 2, "pub", plain, "t", "x", "--will-delay", "3s")
    tool.expect_refusal("needs a URL with ws://", 2, "pub", plain, "t", "x", "--header", "A=b")
    tool.expect_refusal("needs MQTT 5", 2, "pub", plain, "t", "x", "--expiry", "3s", "--mqtt", "3.1.1")
    tool.expect_refusal("need MQTT 5", 2, "sub", plain, "t", "--no-local", "--mqtt", "3.1.1")
    tool.expect_refusal("--no-local can't be used with", 2, "sub", plain, "$share/g/t", "--no-local")
    (tool.folder / "no-file").mkdir()
    tool.expect_refusal("is not a file", 2, "pub", plain, "t", "x", "--state", tool.folder / "no-file")
    tool.expect_refusal(f"can't connect to mqtt://127.0.0.1:{closed}: Connection refused", 1, "pub", f"mqtt://127.0.0.1:{closed}", "t", "x")
    tool.expect_refusal("--timeout has passed: 1 message not sent", 1, "pub", f"mqtt://127.0.0.1:{closed}", "t", "x", "--retry", "--timeout", "200ms")
    tool.expect_refusal("check --username and --password", 1, "pub", login, "t", "x", "-u", "alice", "-P", "@env:BAD")
    tool.expect_refusal("is this port for mqtts://", 1, "pub", f"mqtt://127.0.0.1:{at['tls']}", "t", "x")
    tool.expect_refusal("is this port for mqtts://", 1, "pub", f"mqtt://127.0.0.1:{at['ws']}", "t", "x")
    tool.expect_refusal("isn't among the authorities trusted", 1, "pub", tls, "t", "x")
    tool.expect_refusal("it isn't for other.example", 1, "pub", tls, "t", "x", "--ca", ours, "--server-name", "other.example")
    tool.expect_refusal("--timeout has passed after 0 of 1 messages", 1, "sub", plain, "nothing", "-n", "1", "--timeout", "200ms")
    for right in ([login, "t", "x", "-u", "alice", "-P", "@env:GOOD"], [tls, "t", "x", "--ca", ours], [web, "t", "x"],
                  [plain, "t", "-5"], [plain, "t", ""], [plain, "t", "-f", "-"], [plain, "t", "-l"], [plain, "t", "x", "--mqtt", "3.1.1", "-q", "2"]):
        tool.expect_refusal("", 0, "pub", *right)


def every_kind(tool, url, port):
    """Retained, so that no one must wait for a subscription."""
    for name, payload in {"binary": BINARY_PAYLOAD, "large": b"\x01" * (5 << 20), "empty line": b"\n"}.items():
        for version in ("5", "3.1.1"):
            topic = f"kind/{name}/{version}"
            tool.expect(topic, tool.run("pub", url, topic, "-r", "-f", "-", "--mqtt", version, given=payload)[0] == 0)
            result = tool.run("sub", url, topic, "--payload", "-n", "1", "--timeout", "10s", "--mqtt", version)
            tool.expect(f"{topic} comes back", result[:2] == (0, payload + b"\n"), (result[0], len(result[1]), result[2]))
    lines = tool.run("pub", url, "kind/lines", "-l", "-r", "-q", "2", given=b"first\nlast without an end")
    result = tool.run("sub", url, "kind/lines", "-n", "1", "--timeout", "10s")
    tool.expect("the last line", lines[0] == 0 and result[1] == b"kind/lines last without an end\n", (lines, result))

    properties = ["--property", "a=b", "--property", "a=c", "--response-topic", "r/t", "--correlation-data", "id", "--content-type", "text/plain",
                  "--utf8", "--expiry", "1h"]
    tool.expect("pub with properties", tool.run("pub", url, "kind/properties", "é", "-r", "-q", "2", *properties)[0] == 0)
    one = json.loads(tool.run("sub", url, "kind/properties", "--json", "-n", "1", "-q", "2", "--identifier", "7", "--timeout", "10s")[1])
    del one["ts"]
    tool.expect("properties in JSON", one.pop("expiry") in (3599, 3600) and one == {
        "topic": "kind/properties", "payload": "é", "qos": 2, "retain": True, "payload_format": 1, "content_type": "text/plain",
        "response_topic": "r/t", "correlation_data": "id", "subscription_identifiers": [7], "properties": [["a", "b"], ["a", "c"]]}, one)
    theirs = subprocess.run(["mosquitto_sub", "-p", str(port), "-V", "5", "-t", "kind/properties", "-q", "2", "-C", "1", "-W", "10", "-F", "%P|%R|%D|%C|%p"],
                            capture_output=True, text=True, timeout=20)
    tool.expect("mosquitto_sub hears it", theirs.stdout == "a:b a:c|r/t|id|text/plain|é\n", theirs.stdout)
    subprocess.run(["mosquitto_pub", "-p", str(port), "-V", "5", "-t", "kind/theirs", "-r", "-q", "2", "-m", "hi", "-D", "publish", "user-property", "k", "v"],
                   check=True, timeout=20)
    one = json.loads(tool.run("sub", url, "kind/theirs", "--json", "-n", "1", "--timeout", "10s")[1])
    tool.expect("mosquitto_pub is heard", one["payload"] == "hi" and one["properties"] == [["k", "v"]], one)


def ends(tool, url):
    """Ctrl-C, a reader that goes away, no standard streams at all."""
    waiting = tool.start("sub", url, "kind/lines", "end/#")
    waiting.stdout.readline()
    waiting.send_signal(signal.SIGINT)
    tool.expect("Ctrl-C of an endless sub is its end", waiting.wait(10) == 0)
    waiting = tool.start("sub", url, "kind/lines", "end/#")
    waiting.stdout.readline()
    waiting.stdout.close()
    tool.run("pub", url, "end/1", "x")
    tool.expect("a closed pipe ends sub", waiting.wait(10) == 1)
    closed = subprocess.run(["sh", "-c", '"$0" pub "$1" t -l <&- && "$0" sub "$1" t --timeout 100ms >&-', tool.binary, url], timeout=20)
    tool.expect("without standard streams", closed.returncode == 0)


def lost_on_the_way(tool):
    """A broker that takes three messages and goes: they may have arrived, and are not called unsent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            with server.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(bytes([0x20, 3, 0, 0, 0]))  # CONNACK
                connection.recv(1000)

        serving = threading.Thread(target=serve)
        serving.start()
        tool.expect_refusal("3 messages may have arrived or not", 1, "pub", f"mqtt://127.0.0.1:{server.getsockname()[1]}", "t", "-l", given=b"1\n2\n3\n")
        serving.join()


def messages_in(path):
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def exactly_once(tool, broker, url, version):
    """Lines go through a `pub` and a `sub` with state files; `sub` is killed and the broker restarted meanwhile."""
    total, name = 600, f"once-{version}"
    out = tool.folder / name
    tool.run("pub", url, f"ready/{name}", "yes", "-r")
    subscribe = ["sub", url, name, f"ready/{name}", "--state", tool.folder / f"{name}-sub.db", "-i", f"{name}-sub", "-q", "2", "--json", "--mqtt",
                 version, "--retry"]
    write = lambda: tool.start(*subscribe, stdout=out.open("ab"), stderr=(tool.folder / "errors").open("ab"))
    reader = write()
    plant.wait_for("the subscription", lambda: messages_in(out), 40)
    writer = tool.start("pub", url, name, "-l", "-q", "2", "--state", tool.folder / f"{name}-pub.db", "--mqtt", version, "--retry",
                        stdin=subprocess.PIPE, stderr=(tool.folder / "errors").open("ab"))

    def feed():
        try:
            for number in range(total):
                writer.stdin.write(b"%d\n" % number)
                writer.stdin.flush()
                plant.run_for(0.002)
            writer.stdin.close()
        except BrokenPipeError:
            pass  # that pub ended early is told by its exit code

    feeder = threading.Thread(target=feed)
    feeder.start()
    for part in (100, 200, 400):
        plant.wait_for(f"{part} messages", lambda: len(messages_in(out)) > part, 40)
        reader.kill()
        reader.wait()
        if part == 200:
            broker.stop()
            broker.start()
        reader = write()
    feeder.join()
    tool.expect("pub delivered all", writer.wait(40) == 0)
    # Not for it to be the last of all: what is retained comes once more with each new subscription.
    plant.wait_for("the last line", lambda: any(one["payload"] == str(total - 1) for one in messages_in(out)), 40)
    reader.send_signal(signal.SIGTERM)
    # The one before it may have printed all; then this one may not have come to take signals yet.
    tool.expect("sub stops", reader.wait(10) in (0, -signal.SIGTERM))
    by_number = {}
    for one in messages_in(out):
        if one["topic"] == name:
            tool.expect("a number stands for one message", by_number.setdefault(one["number"], one["payload"]) == one["payload"], one)
    lines = [by_number[number] for number in sorted(by_number)]
    first = list(dict.fromkeys(lines))
    twice, of_broker = len(lines) - len(first), plant.repeats_of_broker(broker.output(), f"{name}-sub")
    # Not their order (kill_sub_test.py): mosquitto 2.0.11 lets a new message pass those that it queued before it was restarted.
    tool.expect(f"{name}: each line", sorted(map(int, first)) == list(range(total)), first)
    tool.expect(f"{name}: each line once, but for what the broker itself sent anew ({of_broker})", twice <= of_broker, (twice, lines))


def killed_publisher(tool, url, port):
    """What `pub --state` had in its file when it was killed, the next call delivers: the lines up to some line, each once."""
    out = (tool.folder / "killed").open("wb")
    theirs = subprocess.Popen(["mosquitto_sub", "-p", str(port), "-t", "killed", "-t", "kind/theirs", "-q", "2"], stdout=out)
    heard = lambda: [line for line in (tool.folder / "killed").read_text().split("\n")[:-1] if line != "hi"]
    plant.wait_for("mosquitto_sub", lambda: "hi\n" in (tool.folder / "killed").read_text(), 40)
    state = tool.folder / "killed.db"
    for call in range(3):
        writer = tool.start("pub", url, "killed", "-l", "-q", "2", "--state", state, stdin=subprocess.PIPE)
        writer.stdin.write("".join(f"{call} {number}\n" for number in range(5000)).encode())
        writer.stdin.flush()
        plant.wait_for("some lines", lambda: sum(line.startswith(f"{call} ") for line in heard()) > 50, 40)
        writer.kill()
        writer.communicate()
    tool.expect("the rest is delivered", tool.run("pub", url, "killed", "-l", "-q", "2", "--state", state, "--timeout", "15s")[0] == 0)
    tool.run("pub", url, "killed", "end", "-q", "2")
    plant.wait_for("the end", lambda: heard()[-1:] == ["end"], 40)
    theirs.terminate()
    theirs.wait()
    for call in range(3):
        numbers = [int(line.split()[1]) for line in heard()[:-1] if line.startswith(f"{call} ")]
        tool.expect(f"call {call}: lines from the first on, each once, in order", numbers and numbers == list(range(len(numbers))), numbers[:50])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    folder = own_folder.make("pub-sub")
    tool = Tool(arguments.parse_args().build, folder)
    authority = certificates.Authority(folder, "ours")
    certificate, key = authority.issue("broker", "IP:127.0.0.1")
    subprocess.run(["mosquitto_passwd", "-b", "-c", folder / "passwords", "alice", "secret"], check=True)
    (folder / "passwords").chmod(0o644)
    at = {name: plant.free_port() for name in ("login", "tls", "ws")}
    # Who may come is said for each listener; what Broker says is for the plain one.
    broker = plant.Broker(folder, extra=f"log_type all\nlistener {at['login']} 127.0.0.1\nallow_anonymous false\npassword_file {folder}/passwords\n"
                          f"listener {at['tls']} 127.0.0.1\nallow_anonymous true\ncertfile {certificate}\nkeyfile {key}\n"
                          f"listener {at['ws']} 127.0.0.1\nallow_anonymous true\nprotocol websockets\n")
    config = folder / "mosquitto.conf"
    config.write_text("per_listener_settings true\n" + config.read_text())
    at["plain"] = broker.port
    broker.start()
    url = f"mqtt://127.0.0.1:{broker.port}"
    try:
        mistakes(tool, at, authority.certificate)
        every_kind(tool, url, broker.port)
        ends(tool, url)
        lost_on_the_way(tool)
        for version in ("5", "3.1.1"):
            exactly_once(tool, broker, url, version)
        killed_publisher(tool, url, broker.port)
    finally:
        tool.stop()
        broker.stop()
    for failure in tool.failures:
        print("FAILED:", failure)
    return 1 if tool.failures else 0


if __name__ == "__main__":
    own_folder.run(main)
