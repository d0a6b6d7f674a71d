# tests/sim/mutants/check.py: is each mutant of a table caught by the simulation? Fails if one isn't.
# Not here: how a mutant gets into the program (generate.py), and what the simulation looks for (tests/sim).
#
# usage: check.py --program SIM_MUTANTS [--table TABLE] [--seeds A-B] [--mix MIX] [--jobs N] [--only NAME] [--json FILE]
#   --seeds  those to try; a mutant that passes them all has survived (default 1-10000)
#   --mix    instead of each mutant's own mix; `all`: the mixes in turn
#   --json   what came out, for tools/reliability
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

import generate

TABLE = pathlib.Path(__file__).resolve().parent / "table.toml"
MINUTES = 10  # of one mutant; only one that keeps the simulation from ending takes so long
CAUGHT = re.compile(r"^caught: seed (\d+) mix (\S+): (.*)$", re.MULTILINE)


def simulate(program, name, mix, seeds):
    command = [program, "--seeds", seeds, "--mix", mix, "--until-failure", "--no-shrink"]
    return subprocess.run(command, env={**os.environ, "MUTANT": name}, capture_output=True, text=True, timeout=60 * MINUTES,
                          check=False)


def run(program, mutant, mix, seeds):
    """{"seed": …, "mix": …, "by": …}, or {"survived": why}."""
    first, last = map(int, seeds.split("-"))
    while first <= last:
        try:
            ended = simulate(program, mutant["name"], mix, f"{first}-{last}")
        except subprocess.TimeoutExpired:
            return {"survived": f"the simulation didn't end in {MINUTES} minutes"}
        if ended.returncode == 0:
            break
        found = CAUGHT.search(ended.stdout)
        if found is None:
            return {"survived": f"the simulation ended with {ended.returncode}, but said nothing: {ended.stderr.strip()[-300:]}"}
        seed = int(found[1])
        # One that fails without a mutant as well proves nothing.
        if simulate(program, "none", mix, f"{seed}-{seed}").returncode == 0:
            return {"seed": seed, "mix": found[2], "by": found[3]}
        first = seed + 1
    return {"survived": f"nothing was noticed in the seeds {seeds} of the mix {mix}"}


def check(program, mutants, seeds, mix, jobs):
    """Yields (mutant, what came out), in the table's order."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(run, program, one, mix or one["mix"], seeds) for one in mutants]
        for mutant, future in zip(mutants, futures):
            yield mutant, future.result()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--table", type=pathlib.Path, default=TABLE)
    parser.add_argument("--seeds", default="1-10000")
    parser.add_argument("--mix")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only")
    parser.add_argument("--json", type=pathlib.Path)
    told = parser.parse_args()
    mutants = [one for one in generate.read_table(told.table) if told.only in (None, one["name"])]
    if not mutants:
        sys.exit(f"check.py: {told.table} has no such mutant")
    found = {}
    for mutant, outcome in check(told.program, mutants, told.seeds, told.mix, told.jobs):
        found[mutant["name"]] = outcome
        if "survived" in outcome:
            print(f"SURVIVED {mutant['name']}: {outcome['survived']}\n         {mutant['wrong']}", flush=True)
        else:
            print(f"caught   {mutant['name']}: seed {outcome['seed']}, mix {outcome['mix']}: {outcome['by']}", flush=True)
    if told.json:
        told.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    survivors = [name for name, outcome in found.items() if "survived" in outcome]
    print(f"{len(found) - len(survivors)} of {len(found)} mutants caught")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
