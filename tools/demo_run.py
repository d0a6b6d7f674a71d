# tools/demo_run.py: the demo itself; tools/demo sets up and builds, then calls it. Exit 0 only if nothing was lost or doubled.
import argparse
import json
import pathlib
import sys
import tempfile
import time

import plant


def counter_of(topic, payload):
    """Each device's message carries the number of times that it was read: that is what can be lost, doubled or disordered."""
    if topic.startswith("tidegate/"):
        return None
    return topic, json.loads(payload)["counter"]


class Story:
    """Tells what happens, once a second and at each event."""

    def __init__(self, judge, the_plant):
        self.judge, self.plant, self.began = judge, the_plant, time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.began:5.1f} s  {text}", flush=True)

    def watch(self, seconds):
        self.watch_until(lambda: False, seconds)

    def watch_until(self, condition, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not condition():
            time.sleep(min(1.0, left))
            ledger = self.plant.ledger()
            self.say(f"delivered {self.judge.count():5}   waiting in the queue {ledger['queued']:5}")


def table(rows):
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(str(cell).rjust(width) if i else str(cell).ljust(width) for i, (cell, width) in enumerate(zip(row, widths))))


def report(judge, ledger):
    total = judge.verdict()
    lost = ledger["accepted"] - total["delivered"] - sum(ledger["dropped"].values())
    rows = [("", "taken", "delivered", "duplicated", "out of order")]
    for stream, numbers in sorted(judge.seen.items()):
        disorder = sum(1 for a, b in zip(numbers, numbers[1:]) if b < a)
        rows.append((stream, max(numbers), len(set(numbers)), len(numbers) - len(set(numbers)), disorder))
    rows.append(("all devices", total["taken"], total["delivered"], total["duplicated"], total["out_of_order"]))
    print("\nWhat the subscriber saw:")
    table(rows)
    print(f"\n  readings taken     {total['taken']:6}")
    print(f"  accepted (durable) {ledger['accepted']:6}   the other {total['taken'] - ledger['accepted']} were read but not yet durable when the gateway was killed")
    print(f"  delivered          {total['delivered']:6}")
    print(f"  lost               {lost:6}")
    print(f"  duplicated         {total['duplicated']:6}")
    print(f"  order              {'kept' if total['out_of_order'] == 0 else 'BROKEN'}")
    print(f"  ledger             {'balanced' if ledger['balanced'] else 'NOT BALANCED'}: accepted {ledger['accepted']} = acknowledged "
          f"{ledger['acknowledged']} + queued {ledger['queued']} + dropped {sum(ledger['dropped'].values())}")
    return lost == 0 and total["duplicated"] == 0 and total["out_of_order"] == 0 and ledger["balanced"] and ledger["queued"] == 0 and total["delivered"] > 0


def keep_running(the_plant, broker):
    print(f"""
The plant goes on (Ctrl-C ends it). Look at it from another terminal:
  messages:       mosquitto_sub -p {broker.port} -v -t 'demo/#'
  device status:  mosquitto_sub -p {broker.port} -v -t 'tidegate/#'
  the queue:      {the_plant.build}/tidegate queue stats -c {the_plant.config}
  the poll plan:  {the_plant.build}/tidegate check -c {the_plant.config}
  logs:           tail -f {the_plant.gateway.log_path}
""", flush=True)
    try:
        while the_plant.gateway.running() and broker.running():
            time.sleep(1)
    except KeyboardInterrupt:
        pass


def main():
    arguments = argparse.ArgumentParser(prog="tools/demo")
    arguments.add_argument("--build", required=True, type=pathlib.Path, help=argparse.SUPPRESS)
    arguments.add_argument("--keep", action="store_true", help="leave the plant running at the end and say how to look at it")
    options = arguments.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-demo-"))
    broker = plant.Broker(folder)
    template = (pathlib.Path(__file__).parent / "demo_plant.yaml").read_text()
    config = template.replace("BROKER_PORT", str(broker.port)).replace("METER_PORT", str(plant.free_port())).replace("FOLDER", str(folder))
    the_plant = plant.Plant(options.build, folder, config)
    judge = None
    try:
        broker.start()
        judge = plant.Judge(broker.port, ["demo/#", "tidegate/#"], counter_of)
        the_plant.start_devices(buses=2)
        the_plant.gateway.start()
        story = Story(judge, the_plant)
        story.say(f"mosquitto on 127.0.0.1:{broker.port}, four simulated devices on Modbus TCP and RTU, gateway started; config: {the_plant.config}")
        plant.wait_for("the first message", lambda: judge.count() > 0, 10)
        story.say("first message: " + json.dumps(next(iter(judge.last_text.items()))))
        story.watch(5)
        story.say("the broker goes away, for 10 s")
        broker.stop()
        story.watch(5)
        story.say("the gateway is killed (SIGKILL) and started again; the broker is still away")
        the_plant.gateway.kill()
        the_plant.gateway.start()
        story.watch(5)
        story.say("the broker comes back (the gateway tries again within 15 s)")
        broker.start()
        before = judge.count()
        story.watch_until(lambda: judge.count() > before and the_plant.ledger()["queued"] < 50, 30)
        story.say("the backlog is delivered")
        story.watch(3)
        if not options.keep:
            story.say("the gateway is asked to stop (SIGTERM): it delivers what is left")
            the_plant.gateway.stop()
        else:
            the_plant.devices.stop()  # no new readings: the figures can be compared
        plant.wait_for("the queue to empty", lambda: the_plant.ledger()["queued"] == 0, 15)
        ledger = the_plant.ledger()
        plant.wait_for("the subscriber to have all", lambda: judge.verdict()["delivered"] >= ledger["acknowledged"], 5)
        good = report(judge, ledger)
        if options.keep:
            the_plant.devices.start()
            keep_running(the_plant, broker)
        print("\n" + ("Nothing was lost, nothing came twice." if good else "THE PROMISE WAS BROKEN."))
        print(f"Logs and queue: {folder}")
        return 0 if good else 1
    finally:
        if judge:
            judge.stop()
        the_plant.stop()
        if broker.running():
            broker.stop()


if __name__ == "__main__":
    sys.exit(main())
