# tests/system/message_life_test.py: what a message bears and what becomes of it: its idempotency key, over kills and an outage; its
# expiry; and the dead letters, where it goes when the broker refuses it.
import argparse
import collections
import json
import pathlib
import threading

import paho.mqtt.client as paho

import counting_gateway
import own_folder
import plant

FORBIDDEN = "forbidden/tank/polls1"


class Collector:
    """Subscribes by MQTT 5, and keeps what came, with its properties, by topic."""

    def __init__(self, port):
        self.messages = collections.defaultdict(list)
        subscribed = threading.Event()
        self.client = paho.Client("collector", protocol=paho.MQTTv5)
        self.client.on_connect = lambda c, *_: c.subscribe("#", 2)
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.on_message = lambda _client, _data, message: self.messages[message.topic].append(message)
        self.client.reconnect_delay_set(0.05, 0.2)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        if not subscribed.wait(10):
            raise TimeoutError("the collector could not subscribe")

    def of(self, gateway):
        return list(self.messages[f"{gateway}/tank/polls0"])

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


def key_of(message):
    return dict(getattr(message.properties, "UserProperty", [])).get("key") or json.loads(message.payload).get("key")


def check_keys(gateway, messages, epochs, failures):
    """Each message has a key of its own, of as many epochs as the gateway had lives."""
    keys = [key_of(message) for message in messages]
    seen = {key.rsplit("-", 1)[0] for key in keys}
    if len(set(keys)) != len(keys) or any(not key.startswith(f"{gateway}-") for key in keys):
        failures.append(f"{gateway}: keys {keys}")
    if len(seen) != epochs:
        failures.append(f"{gateway}: {len(seen)} epochs in {epochs} lives: {seen}")


def keys_over_kills(site, collector, failures):
    gateways = [site("by-property", points=1, every="20ms", publish={"idempotency_key": "property"}),
                site("by-json", points=1, every="20ms", publish={"idempotency_key": "json"})]
    for life in range(3):
        for gateway in gateways:
            before = len(collector.of(gateway.name))
            gateway.start()
            plant.wait_for(f"{gateway.name} to deliver", lambda: len(collector.of(gateway.name)) > before + 20, 15)
            if life < 2:
                gateway.process.kill()
    for gateway in gateways:
        gateway.process.stop()
        accepted = gateway.ledger()["accepted"]
        plant.wait_for(f"all of {gateway.name}", lambda: len(collector.of(gateway.name)) >= accepted, 10)
        check_keys(gateway.name, collector.of(gateway.name), 3, failures)


def expiry_over_an_outage(site, broker, collector, failures):
    """What got too old while the broker was away is counted, not sent; the rest says how long it has."""
    gateway = site("short-lived", publish={"expiry": "2s"}).start()
    plant.wait_for("messages", lambda: len(collector.of(gateway.name)) >= 5, 10)
    broker.stop()
    plant.run_for(5)
    broker.start()
    plant.wait_for("the queue to drain", lambda: plant.is_connected(gateway.process) and gateway.ledger()["queued"] < 5, 20)
    gateway.process.stop()
    ledger = gateway.ledger()
    print(f"{gateway.name}: {ledger}")
    if ledger["dropped"]["expired"] < 15 or not ledger["balanced"]:
        failures.append(f"{gateway.name}: {ledger}")
    lives = {getattr(message.properties, "MessageExpiryInterval", None) for message in collector.of(gateway.name)}
    if not lives <= {0, 1, 2} or not lives & {1, 2}:
        failures.append(f"{gateway.name}: lives {lives}")


def refusals(site, collector, failures):
    """The forbidden point is refused by PUBACK; the other goes on."""
    gateway = site("forbidden", points=2, publish={"qos": 1}).start()
    plant.wait_for("messages", lambda: len(collector.of(gateway.name)) >= 20, 15)
    gateway.process.stop()
    ledger = gateway.ledger()
    print(f"{gateway.name}: {ledger}")
    if not ledger["balanced"] or ledger["dropped"]["refused"] < 15 or ledger["dead_letters"]["messages"] != ledger["dropped"]["refused"]:
        failures.append(f"{gateway.name}: {ledger}")
    told = [line for line in gateway.log().splitlines() if "message_refused" in line]
    if not 1 <= len(told) <= 8 or "authori" not in told[0]:
        failures.append(f"{gateway.name}: told {told}")
    if collector.messages[FORBIDDEN]:
        failures.append("a forbidden message came through")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    build = arguments.parse_args().build
    folder = own_folder.make("life")
    rights = folder / "rights"
    rights.write_text(f"topic readwrite #\ntopic deny {FORBIDDEN}\n")
    # With "0" for no limit mosquitto 2.0 closes the connection on each message that it refuses.
    broker = plant.Broker(folder, extra=f"max_queued_messages 100000\nacl_file {rights}\n")
    running, collector, failures = [], None, []

    def site(name, **more):
        running.append(counting_gateway.CountingGateway(build, folder, name, url=f"mqtt://127.0.0.1:{broker.port}", **more))
        return running[-1]

    try:
        broker.start()
        collector = Collector(broker.port)
        keys_over_kills(site, collector, failures)
        refusals(site, collector, failures)
        expiry_over_an_outage(site, broker, collector, failures)
    except TimeoutError as late:
        failures.append(f"{late}\n" + "\n".join(one.log() for one in running))
    finally:
        if collector is not None:
            collector.stop()
        for one in running:
            if one.process.running():
                one.process.kill()
        broker.stop()
    print(f"logs {folder}")
    for failure in failures:
        print("FAILED:", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    own_folder.run(main)
