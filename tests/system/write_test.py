# tests/system/write_test.py: commands, from an MQTT client over a real broker and the real program to a device and back: each stage of
# the answer, what is refused, what a crash, an outage and a missing broker make of them. The devices are simulated ones that count
# the writes that reach them, in a file that outlives the gateway.
# Not here: each refusal by itself (tests/gateway/write/write_judge_test.cpp), and kills at each call (write_kill_test.py).
import argparse
import collections
import json
import pathlib
import subprocess
import threading
import time

import paho.mqtt.client as paho
import paho.mqtt.packettypes as packettypes
import paho.mqtt.properties as properties

import own_folder
import plant


def config_of(folder, broker_port, version):
    held = lambda name, value, **more: {"wave": "held", "value": value, "writable": True, **more}
    write = {"every": "100ms", "verify_timeout": "700ms"}
    tank = {"every": "200ms", "points": {
        "valve": held("valve", 20, write={**write, "min": 0, "max": 100, "fail_safe": {"value": 5, "after": "2s"}}),
        "mode": held("mode", "auto", write={**write, "allowed": ["auto", "hand"]}),
        "locked": held("locked", 1, on_write="refuse", write=write),
        "deaf": held("deaf", 1, on_write="ignore", write=write),
        "mute": held("mute", 1, on_write="forget_answer", write=write),
        "guarded": held("guarded", 1, write={**write, "only_if": "mode == hand"}),
        "pressure": {"wave": "constant", "value": 3},
        "writes": {"wave": "writes"}}}
    return {"gateway": {"id": "w", "writes": "enabled", "clock": "trusted"},
            "mqtt": {"url": f"mqtt://127.0.0.1:{broker_port}", "version": version},
            "buffer": {"path": f"{folder}/queue.db"}, "publish": {"mode": "every_poll"},
            "buses": {"bench": {"adapter": "simulated", "journal": f"{folder}/journal", "devices": {
                "tank": tank, "dead": {"silent": True, "every": "1s", "points": {"valve": held("valve", 1)}}}}}}


class Operator:
    """Sends commands, and keeps all answers and readings."""

    def __init__(self, port, version):
        self.answers = collections.defaultdict(list)  # by topic, in order
        self.messages = collections.defaultdict(list)
        self.readings = []
        self.version = version
        self.lock = threading.Lock()
        subscribed = threading.Event()
        protocol = paho.MQTTv5 if version == 5 else paho.MQTTv311
        # A session that outlives the broker: answers come before the operator is there again.
        self.client = paho.Client("operator", protocol=protocol, clean_session=None if version == 5 else False)
        how = {}
        if version == 5:
            for_ever = properties.Properties(packettypes.PacketTypes.CONNECT)
            for_ever.SessionExpiryInterval = 3600
            how = {"clean_start": False, "properties": for_ever}
        self.client.reconnect_delay_set(0.05, 0.2)
        self.client.on_connect = lambda c, *_: [c.subscribe(t, 2) for t in ("tidegate/w/ack/#", "answers/#", "w/#")]
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.on_message = self.take
        self.client.connect("127.0.0.1", port, **how)
        self.client.loop_start()
        if not subscribed.wait(10):
            raise TimeoutError("the operator could not subscribe")

    def take(self, _client, _data, message):
        with self.lock:
            if message.topic.startswith("w/"):
                self.readings.append((message.topic, json.loads(message.payload).get("value")))
                return
            answer = json.loads(message.payload)
            # QoS 1: after a kill an answer may come once more.
            if "id" not in answer or answer not in self.answers[message.topic]:
                self.answers[message.topic].append(answer)
            self.messages[message.topic].append(message)

    def send(self, point, payload, retain=False, qos=1, **more):
        text = payload if isinstance(payload, str) else json.dumps(payload)
        done = self.client.publish(f"tidegate/w/set/{point}", text, qos, retain, **more)
        done.wait_for_publish(10)

    def answers_of(self, point):
        with self.lock:
            return list(self.answers[f"tidegate/w/ack/{point}"])

    def command(self, point, payload, seconds=10, **how):
        """Sends it and waits for the final answer; all answers to it."""
        before = len(self.answers_of(point))
        self.send(point, payload, **how)
        return self.final_answer(point, before, seconds)

    def final_answer(self, point, before, seconds=10):
        new = lambda: self.answers_of(point)[before:]
        plant.wait_for(f"the final answer of {point}", lambda: any(a["final"] for a in new()), seconds)
        return new()

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


class Site:
    def __init__(self, build, folder, version):
        self.build, self.folder, self.version = build, folder, version
        folder.mkdir()
        self.broker = plant.Broker(folder).start()
        self.config = folder / "site.yaml"
        self.config.write_text(json.dumps(config_of(folder, self.broker.port, version), indent=1))
        self.gateway = plant.Process("gateway", [build / "tidegate", "run", "-c", self.config], folder / "log")
        self.operator = Operator(self.broker.port, version)
        self.failures = []

    def start(self):
        subscribed = lambda: self.gateway.output()[self.gateway.started_at:].count("commands_subscribed") == 2
        self.gateway.start()
        plant.wait_for("the gateway to take commands", subscribed, 20)
        readings = len(self.operator.readings)
        plant.wait_for("readings", lambda: len(self.operator.readings) > readings + 10, 20)

    def writes(self):
        """All that the devices were ever written."""
        path = self.folder / "journal"
        return path.read_text().splitlines() if path.exists() else []

    def audit(self):
        shown = subprocess.run([self.build / "tidegate", "queue", "audit", "-c", self.config, "--json", "-n", "1000"], capture_output=True, text=True)
        if shown.returncode != 0:
            raise RuntimeError(shown.stderr)
        return [json.loads(line) for line in shown.stdout.splitlines()]

    def expect(self, what, answers, stages, **fields):
        found = [answer["stage"] for answer in answers]
        last = answers[-1]
        wrong = {name: last.get(name) for name, value in fields.items() if last.get(name) != value}
        if found != stages or wrong:
            self.failures.append(f"MQTT {self.version}: {what}: {answers}")

    def expect_nothing_written(self, what, before):
        if self.writes() != before:
            self.failures.append(f"MQTT {self.version}: {what}: the device was written: {self.writes()[len(before):]}")

    def refused(self, what, point, payload, reason, **how):
        before = self.writes()
        self.expect(what, self.operator.command(point, payload, **how), ["rejected"], ok=False, reason=reason)
        self.expect_nothing_written(what, before)


def good_ones(on):
    answers = on.operator.command("tank/valve", {"value": 25, "id": "a1"})
    on.expect("a good one", answers, ["accepted", "verified"], ok=True, id="a1", value=25)
    seen = [value for topic, value in on.operator.readings if topic == "w/tank/valve"]
    plant.wait_for("the reading", lambda: ("w/tank/valve", 25) in on.operator.readings, 5)
    if seen and seen[0] != 20:
        on.failures.append(f"the valve read {seen[0]} at first")
    on.expect("a bare one", on.operator.command("tank/mode", "hand"), ["accepted", "verified"], value="hand")
    plant.wait_for("the mode", lambda: ("w/tank/mode", "hand") in on.operator.readings, 5)
    on.expect("interlock open", on.operator.command("tank/guarded", "7"), ["accepted", "verified"])
    before = on.writes()
    plant.wait_for("the valve again", lambda: [v for t, v in on.operator.readings if t == "w/tank/valve"][-1] == 25, 5)
    plant.run_for(0.5)
    on.expect("the same again", on.operator.command("tank/valve", "25"), ["verified"], reason="unchanged")
    on.expect_nothing_written("the same again", before)
    both = on.operator.command("tank", {"valve": 26, "mode": "auto", "id": 7})
    on.expect("two together", both, ["accepted", "verified"], id="7")
    if on.writes()[-2:] != ["tank/valve=26", "tank/mode=auto"]:
        on.failures.append(f"two together: {on.writes()[-3:]}")


def difficult_devices(on):
    on.expect("a device that refuses", on.operator.command("tank/locked", "2"), ["rejected"], reason="device_refused", exception=4)
    on.expect("a device that ignores", on.operator.command("tank/deaf", "2"), ["accepted", "timeout"], ok=False, reason="not_verified",
              detail="deaf reads 1 instead of 2")
    on.expect("a device that doesn't answer", on.operator.command("tank/mute", "2"), ["sent", "verified"], ok=True)
    on.expect("a device that is away", on.operator.command("dead/valve", "2"), ["timeout"], reason="offline")


def refusals(on):
    on.refused("beyond its range", "tank/valve", "101", "above_max")
    on.refused("no number", "tank/valve", "open", "wrong_type")
    on.refused("not a number", "tank/valve", "NaN", "not_a_number")
    on.refused("not listed", "tank/mode", "off", "not_allowed")
    on.refused("no such point", "tank/tap", "1", "unknown_point")
    on.refused("no such device", "pond/valve", "1", "unknown_device")
    on.refused("read only", "tank/pressure", "1", "not_writable")
    on.refused("broken", "tank/valve", '{"value":1', "not_readable")
    on.refused("too old", "tank/valve", {"value": 1, "ts": int(time.time() * 1000) - 60_000}, "expired")
    on.refused("an interlock", "tank/guarded", "9", "interlock")
    on.refused("an id twice", "tank/valve", {"value": 30, "id": "a1"}, "duplicate")
    if on.version == 5:
        on.refused("retained", "tank/mute", "33", "retained", retain=True)
        with_answer = properties.Properties(packettypes.PacketTypes.PUBLISH)
        with_answer.ResponseTopic = "answers/mine"
        with_answer.CorrelationData = b"c7"
        on.operator.send("tank/valve", "102", properties=with_answer)
        plant.wait_for("an answer elsewhere", lambda: on.operator.messages["answers/mine"], 10)
        message = on.operator.messages["answers/mine"][0]
        if message.properties.CorrelationData != b"c7" or ("status", "rejected") not in message.properties.UserProperty:
            on.failures.append(f"an answer elsewhere: {message.properties}")


def crash(on):
    """An id that was sent is known after kill -9; a command that the broker kept meanwhile is refused unless it is known to be young."""
    on.expect("before the crash", on.operator.command("tank/valve", {"value": 40, "id": "b1"}), ["accepted", "verified"])
    on.gateway.kill()
    before = on.writes()
    answers = {point: len(on.operator.answers_of(point)) for point in ("tank/valve", "tank/locked", "tank/mode", "tank/mute")}
    if on.version != 5:
        # In 3.1.1 only a message that was there before the subscription is marked as retained. In both it comes with each process.
        retained = paho.Client("before")
        retained.connect("127.0.0.1", on.broker.port)
        retained.loop_start()
        retained.publish("tidegate/w/set/tank/mute", "77", 0, True).wait_for_publish(10)
        retained.disconnect()
        retained.loop_stop()
    on.operator.send("tank/valve", "41")  # the broker keeps these
    on.operator.send("tank/locked", {"value": 3, "ts": int(time.time() * 1000) - 30_000})
    on.operator.send("tank/mode", {"value": "hand", "ts": int(time.time() * 1000), "ttl": "1min"})
    on.start()
    on.expect("kept by the broker", on.operator.final_answer("tank/valve", answers["tank/valve"]), ["rejected"], reason="ts_missing")
    on.expect("kept too long", on.operator.final_answer("tank/locked", answers["tank/locked"]), ["rejected"], reason="expired")
    on.expect("kept, and young", on.operator.final_answer("tank/mode", answers["tank/mode"]), ["accepted", "verified"])
    on.expect("retained", on.operator.final_answer("tank/mute", answers["tank/mute"])[-1:], ["rejected"], reason="retained")
    if on.writes() != before + ["tank/mode=hand"]:
        on.failures.append(f"after the crash: {on.writes()[len(before):]}")
    stamp = int(time.time() * 1000)
    on.refused("an id of an earlier life", "tank/valve", {"value": 41, "id": "b1", "ts": stamp, "ttl": "1min"}, "duplicate")


def no_broker(on):
    before, answered = on.writes(), len(on.operator.answers_of("tank/valve"))
    on.broker.stop()
    plant.wait_for("the fail-safe value", lambda: "tank/valve=5" in on.writes()[len(before):], 20)
    plant.run_for(3)
    if on.writes()[len(before):] != ["tank/valve=5"]:
        on.failures.append(f"without a broker: {on.writes()[len(before):]}")
    on.broker.start()
    on.expect("the fail-safe value's answer", on.operator.final_answer("tank/valve", answered, 20), ["accepted", "verified"], value=5)


def books(on):
    """The audit has a line for each command, with who and what; and says so beside the running service."""
    # A retained command comes, and is refused, once more with each connection in 3.1.1: its answer may still be on its way.
    final = lambda: sum(len([a for a in answers if a["final"]]) for answers in on.operator.answers.values())
    plant.wait_for("an entry for each answer", lambda: len(on.audit()) == final(), 10)
    audit = on.audit()
    for point, stage, reason in (("valve", "verified", None), ("locked", "rejected", "device_refused"), ("deaf", "timeout", "not_verified"),
                                 ("mute", "rejected", "retained"), ("valve", "rejected", "duplicate"), ("valve", "rejected", "ts_missing")):
        if not any(e["point"] == point and e["stage"] == stage and e.get("reason") == reason for e in audit):
            on.failures.append(f"no entry of {point}, {stage}, {reason}")
    safe = [e for e in audit if e["who"] == "fail_safe"]
    if len(safe) != 1 or safe[0]["value"] != "5":
        on.failures.append(f"the audit's fail-safe: {safe}")
    if sum(e["sent"] for e in audit) != len(on.writes()) - 1:  # two points went together
        on.failures.append(f"{sum(e['sent'] for e in audit)} entries of what was sent, {len(on.writes())} writes")
    if " write device=tank point=valve value=25 old=20 who=mqtt id=a1 stage=verified" not in on.gateway.output():
        on.failures.append("the log has no line for a write")


def run(build, folder, version):
    on = Site(build, folder, version)
    try:
        on.start()
        for chapter in (good_ones, difficult_devices, refusals, crash, no_broker, books):
            chapter(on)
        if on.gateway.stop() != 0:
            on.failures.append("the gateway didn't stop in order")
    except (TimeoutError, RuntimeError) as wrong:
        on.failures.append(f"MQTT {version}: {wrong}")
    finally:
        on.operator.stop()
        for process in (on.gateway, on.broker):
            if process.running():
                process.stop()
    print(f"MQTT {version}: {len(on.writes())} writes, {sum(map(len, on.operator.answers.values()))} answers, {len(on.failures)} failures")
    return on.failures


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    folder = own_folder.make("write")
    failures = [failure for version in (5, "3.1.1") for failure in run(options.build, folder / str(version), version)]
    for failure in failures:
        print("FAILED:", failure)
    if failures:
        print("all in", folder)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
