# tests/system/kill_stop_test.py: a busy gateway is asked to stop by SIGTERM and killed by SIGKILL at its n-th write, sync or send
# from then on, n = 1, 2 …, until it gets to its end before; with a broker and without one, the next life on what the last one left.
# Not here: kills of a gateway at work (kill_walk_test.py).
import argparse
import itertools
import signal
import sys

import killed_life
import killed_plant
import plant

WORK = 150     # calls before it is asked to stop: it has started, is connected or without a broker, and delivers
ENDS = 5       # so many stops in a row that no kill reached: there are no further calls
MOST = 400


def stop_and_die(on, calls, phase):
    """False: it came to its end before."""
    on.gateway.start_to_die(0, phase)
    on.gateway.wait_for_count(WORK, 60)
    if on.broker.running():
        plant.wait_for("a connection", on.plant.is_connected, 60)
    on.gateway.die_in(calls, phase)
    on.plant.gateway.process.send_signal(signal.SIGTERM)
    code = on.gateway.end(60)
    if code == 0:
        return False
    on.note_death(code)
    return True


def walk(build, case):
    (version, qos), phase = case
    longest = {}

    def lives(on):
        for has_broker in (True, False):
            on.have_broker(has_broker)
            ends = 0
            for calls in range(1, MOST):
                died = stop_and_die(on, calls, (calls + phase) % 3)
                ends = 0 if died else ends + 1
                if on.failures:
                    return
                if died:
                    longest[has_broker] = calls
                if ends == ENDS:
                    break

    report, deaths, failed = killed_plant.KilledPlant(build, "stops, ", qos, version).run(lives)
    reached = f"  a stop's calls that were died at: {longest.get(True, 0)} with a broker, {longest.get(False, 0)} without one"
    if min(longest.get(True, 0), longest.get(False, 0)) < 10:
        reached += "\n  FAILED: a stop has more calls than that"
        failed = True
    return report + "\n" + reached, deaths, failed


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    options = arguments.parse_args()
    cases = list(zip(itertools.product((5, "3.1.1"), (1, 2)), itertools.cycle((killed_life.BEFORE, killed_life.MIDDLE, killed_life.AFTER))))
    return killed_plant.walk_side_by_side(walk, [(options.build, case) for case in cases])


if __name__ == "__main__":
    sys.exit(main())
