# tests/sim/long_run.py: runs seeds of the simulation on all cores until so many power cuts have happened; prints each mix's figures.
# Not here: the simulation itself (main.cpp). An interrupted run says how it is continued.
import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import time

SEEDS_A_PIECE = 500


def run_piece(program, first):
    """One piece of the seeds, in a process of its own: its figures and its failures."""
    done = subprocess.run(
        [program, "--seeds", f"{first}-{first + SEEDS_A_PIECE - 1}", "--json", "--no-shrink"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"sim --seeds {first}-{first + SEEDS_A_PIECE - 1} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def print_figures(sums, began):
    for mix, figures in sorted(sums.items()):
        words = " ".join(f"{name}={value}" for name, value in figures.items() if value > 0)
        print(f"{mix:<11} {words}")
    total = sum((collections.Counter(each) for each in sums.values()), collections.Counter())
    print(
        f"all: {total['runs']} runs, {total['events']} events, {total['power_cuts']} power cuts, "
        f"{time.monotonic() - began:.0f} s"
    )


def run(program, wanted, first, jobs):
    sums = {}
    failures = []
    began = time.monotonic()
    cuts = 0
    next_seed = finished = first
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        pieces = collections.deque()
        try:
            while cuts < wanted and not failures:
                while len(pieces) < jobs:
                    pieces.append(pool.submit(run_piece, program, next_seed))
                    next_seed += SEEDS_A_PIECE
                found = pieces.popleft().result()
                finished += SEEDS_A_PIECE
                failures += found["failures"]
                for mix, figures in found["mixes"].items():
                    sums.setdefault(mix, collections.Counter()).update(figures)
                    cuts += figures["power_cuts"]
                if sys.stdout.isatty():
                    print(f"\r{cuts} of {wanted} power cuts", end="", flush=True)
        except KeyboardInterrupt:
            print(f"\ninterrupted; to go on: SIM_FIRST={finished} SIM_POWER_CUTS={max(0, wanted - cuts)}")
        for piece in pieces:
            piece.cancel()
    if sys.stdout.isatty():
        print()
    print(f"seeds {first}-{finished - 1}")
    print_figures(sums, began)
    return cuts, failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--power-cuts", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=int(time.time()) * 1_000_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    how = parser.parse_args()
    program = os.path.join(how.build, "tests", "sim", "sim")
    cuts, failures = run(program, how.power_cuts, how.first, how.jobs)
    for each in failures:
        print(f"FAILED: seed {each['seed']}, mix {each['mix']}: {each['complaint']}")
    if failures:
        first = failures[0]
        subprocess.run([program, "--seeds", str(first["seed"]), "--mix", first["mix"]], check=False)
    if cuts < how.power_cuts and not failures:
        return 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
