# tests/system/kill_walk_test.py: a gateway's n-th life ends by SIGKILL at its n-th write, sync or send: before the call, in its
# middle or after it. On the way the broker is stopped and started, in a pattern of 23 lives, also while a life lasts.
# Long and short lives take turns, so that the short ones die while they take over the full WAL that a long one has left.
# Not here: kills at random times (kill_test.py), during a stop (kill_stop_test.py), of new and old files (kill_start_test.py), and
# the way in (kill_sub_test.py).
import argparse
import collections
import concurrent.futures
import itertools
import sys
import time

import killed_plant

PATTERN = 23  # prime, so that each call, long or short, and each kind of death comes to each place


def live(on, call, place, phase):
    """One life. Its place in the pattern says what the broker does meanwhile."""
    at = place % PATTERN
    on.have_broker(at not in (7, 8, 9, 15))
    on.gateway.start_to_die(call, phase)
    if at in (6, 16):  # goes away while the gateway works
        on.gateway.wait_for_count(call // 2, 60)
        on.have_broker(False)
    if at in (9, 15, 16):  # comes, or comes back
        on.gateway.wait_for_count(call * 2 // 3, 60)
        on.have_broker(True)
    on.note_death(on.gateway.end(60))


def woven(calls):
    """The shortest, the longest, the second shortest …"""
    half = (len(calls) + 1) // 2
    pairs = itertools.zip_longest(calls[:half], reversed(calls[half:]))
    return [call for pair in pairs for call in pair if call is not None]


def live_bounded(on, call, phase):
    """One life of many without a broker: the queue is full, and each commit drops the oldest. Then some with one."""
    on.have_broker(on.lives % 150 >= 100)
    on.gateway.start_to_die(call, phase)
    on.note_death(on.gateway.end(60))


def walk(build, calls, turns, bound, case):
    (version, qos), shift = case

    def lives(on):
        for turn, call in itertools.product(turns, woven(calls)):
            # Each combination is elsewhere in the pattern at the same call, and dies in another way.
            phase = (call + shift + turn) % 3
            live_bounded(on, call, phase) if bound else live(on, call, on.lives + shift * PATTERN // 4, phase)
            if on.failures:
                return

    return killed_plant.KilledPlant(build, "", qos, version, bound or "256MiB").run(lives)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--all-to", type=int, required=True, help="a life for each call up to this one")
    arguments.add_argument("--then-each", type=int, default=1, help="and for each so-many-th of those beyond")
    arguments.add_argument("--up-to", type=int, default=0, help="up to this one")
    arguments.add_argument("--passes", type=int, nargs="+", default=[0], help="all is done once for each; in 0 1 2 each call has all three deaths")
    arguments.add_argument("--bound", help="of the queue, so small that it is filled: 1MiB; outages of 100 lives in 150")
    options = arguments.parse_args()
    calls = [*range(1, options.all_to + 1), *range(options.all_to + options.then_each, options.up_to + 1, options.then_each)]
    cases = list(zip(itertools.product((5, "3.1.1"), (1, 2)), itertools.count()))
    began = time.monotonic()
    deaths, failed = collections.Counter(), False
    # Processes: the judges are busy, and threads of one interpreter would wait for each other.
    with concurrent.futures.ProcessPoolExecutor(len(cases)) as pool:
        for done in [pool.submit(walk, options.build, calls, options.passes, options.bound, case) for case in cases]:
            report, found, bad = done.result()
            print(report, flush=True)
            deaths.update(found)
            failed = failed or bad
    print(f"all of them, in {time.monotonic() - began:.0f} s:")
    print(killed_plant.table_of(deaths))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
