# tests/system/kill_sub_test.py: `tidegate sub --state` is killed by SIGKILL at the n-th write, sync or send of its n-th life while
# messages keep coming. Each message must be printed, and always under the same number; at QoS 2 none may get two numbers, and the
# numbers are in the order of the messages.
# Not here: the way out (kill_walk_test.py).
import argparse
import collections
import itertools
import json
import pathlib
import shutil

import paho.mqtt.client as paho

import killed_life
import killed_plant
import own_folder
import plant

CALLS = 10  # for a message; what is published for a life is about what it can take, so that no backlog grows


class Publisher:
    """Another client, which numbers its messages."""

    def __init__(self, port, topic):
        self.topic, self.published = topic, 0
        self.client = paho.Client("publisher", protocol=paho.MQTTv311)
        self.client.max_inflight_messages_set(20)
        self.client.max_queued_messages_set(0)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def publish(self, count):
        for _ in range(count):
            self.last = self.client.publish(self.topic, str(self.published), qos=2)
            self.published += 1

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


def printed(process):
    lines = (line for line in process.output().split("\n")[:-1] if line.startswith("{"))
    return [(one["number"], int(one["payload"])) for one in map(json.loads, lines)]


def judge(found, total, qos, excused):
    """What is wrong with what was printed."""
    by_number = {}
    failures = []
    for number, message in found:
        if by_number.setdefault(number, message) != message:
            failures.append(f"number {number} stands for messages {by_number[number]} and {message}")
    received = [by_number[number] for number in sorted(by_number)]
    lost = total - len(set(received))
    repeated = len(received) - len(set(received))
    if lost:
        failures.append(f"{lost} messages were lost")
    if qos == 2 and repeated > excused:
        failures.append(f"{repeated} messages came twice at QoS 2, of which {excused} were sent anew by the broker")
    first_arrivals = list(dict.fromkeys(received))
    if first_arrivals != sorted(first_arrivals):
        failures.append("first arrivals are out of order")
    return f"{total} messages, lost {lost}, duplicated {repeated} (by the broker itself {excused})", failures


def walk(build, calls, case):
    (version, qos), shift = case
    name = f"sub, QoS {qos}, MQTT {version}"
    folder = own_folder.make("sub")
    broker = plant.Broker(folder, extra="log_type all\n")
    state = folder / "state.db"
    url = f"mqtt://127.0.0.1:{broker.port}"
    process = plant.Process("tidegate sub", [pathlib.Path(build) / "tidegate", "sub", url, "numbers", "--state", state, "-q", qos, "--json",
                                             "--mqtt", version, "--retry", "--client-id", "reader"], folder / "sub.log")
    reader = killed_life.KilledGateway(process, build, state, broker.port)
    deaths, failures, facts = collections.Counter(), [], ""
    broker.start()
    publisher = Publisher(broker.port, "numbers")
    try:
        # What is published before there is a session is nobody's.
        reader.start_to_live()
        plant.wait_for(f"{name}: the subscription", lambda: publisher.publish(1) or printed(process), 60)
        first = printed(process)[0][1]
        process.kill()
        for call in calls:
            publisher.publish(1 + call // CALLS)
            reader.start_to_die(call, (call + shift) % 3)
            while not reader.has_ended(0.1):
                publisher.publish(1 + call // CALLS)
            code = reader.end(60)
            if not reader.died_as_told(code):
                failures.append(f"ended with code {code} after {reader.count()} calls of {call}")
                break
            deaths[reader.death()] += 1
        publisher.last.wait_for_publish(60)
        reader.start_to_live()
        last = publisher.published - 1
        plant.wait_for(f"{name}: the last message", lambda: any(message == last for _, message in printed(process)), 60)
        process.kill()
        facts, wrong = judge(printed(process), publisher.published - first, qos, plant.repeats_of_broker(broker.output(), "reader"))
        failures += wrong
    except TimeoutError as wrong:
        failures.append(str(wrong))
    finally:
        publisher.stop()
        process.kill()
        broker.stop()
    if not failures:
        shutil.rmtree(folder)
    report = [f"{name}: {sum(deaths.values())} lives, {facts}"] + [f"  FAILED: {failure}; all in {folder}" for failure in failures]
    return "\n".join(report), deaths, bool(failures)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--all-to", type=int, required=True, help="a life for each call up to this one")
    options = arguments.parse_args()
    cases = list(zip(itertools.product(("5", "3.1.1"), (1, 2)), itertools.count()))
    return killed_plant.walk_side_by_side(walk, [(options.build, range(1, options.all_to + 1), case) for case in cases])


if __name__ == "__main__":
    own_folder.run(main)
