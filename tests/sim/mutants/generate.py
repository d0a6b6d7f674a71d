# tests/sim/mutants/generate.py: writes copies of the product's sources in which each mutant of a table can be switched on.
# Not here: which mutants there are (table.toml), and whether they are caught (check.py). The sources themselves stay as they are.
#
# A table is a list of [[mutant]]:
#   name      words and hyphens
#   wrong     one sentence: what is wrong
#   breaks    one sentence: which promise that breaks
#   file      the source, as a path from the root of the tree
#   original  one or more whole statements; they must be there exactly once, however they are indented and broken into lines
#   mutated   the statements in their place; may be empty
#   mix       the simulation's mix of faults that catches it soonest
# In the copy there is `{ if (mutants::is_on(NAME)) { mutated } else { original } }`.
#
# usage: generate.py --source ROOT --out FOLDER TABLE …    writes the copies and mutants.hpp
#        generate.py --source ROOT --list TABLE …          prints the sources that they touch
import argparse
import pathlib
import re
import sys
import tomllib

KEYS = {"name", "wrong", "breaks", "file", "original", "mutated", "mix"}


class TableError(Exception):
    pass


def read_table(path):
    with open(path, "rb") as file:
        mutants = tomllib.load(file).get("mutant", [])
    for one in mutants:
        name = one.get("name", "?")
        if one.keys() != KEYS:
            raise TableError(f"{path}: mutant \"{name}\": missing or unknown: {', '.join(sorted(one.keys() ^ KEYS))}")
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise TableError(f"{path}: mutant \"{name}\": a name is lower-case words with hyphens between them")
    return mutants


def read_tables(paths):
    mutants = [one for path in paths for one in read_table(path)]
    names = [one["name"] for one in mutants]
    for name in names:
        if names.count(name) > 1:
            raise TableError(f"mutant \"{name}\" is there twice")
    return mutants


def identifier_of(mutant):
    return mutant["name"].replace("-", "_")


def place_of(mutant, text):
    """Where the original statements are in the source's text."""
    words = mutant["original"].split()
    if not words:
        raise TableError(f"mutant \"{mutant['name']}\": its original text is empty")
    found = list(re.finditer(r"\s+".join(map(re.escape, words)), text))
    if len(found) != 1:
        times = f"{len(found)} times" if found else "nowhere"
        raise TableError(
            f"mutant \"{mutant['name']}\": its original text is {times} in {mutant['file']}, and must be there exactly once; "
            f"bring the table up to date with the source:\n{mutant['original'].strip()}"
        )
    return found[0].span()


def places_of(mutants, text):
    """[(begin, end, mutants)]: those with the very same place are together; others must not overlap."""
    by_place = {}
    rotten = []
    for mutant in mutants:
        try:
            by_place.setdefault(place_of(mutant, text), []).append(mutant)
        except TableError as wrong:
            rotten.append(str(wrong))
    if rotten:
        raise TableError("\n".join(rotten))
    places = sorted((*span, those) for span, those in by_place.items())
    for one, next_one in zip(places, places[1:]):
        if next_one[0] < one[1]:
            raise TableError(
                f"mutants \"{one[2][0]['name']}\" and \"{next_one[2][0]['name']}\": their original texts overlap in "
                f"{one[2][0]['file']}; give both the same one"
            )
    return places


def mutated_copy(text, path, mutants):
    """`path`: of the source, for what a debugger or an assertion says."""

    def line_directive(at):
        return f'\n#line {text.count(chr(10), 0, at) + 1} "{path}"\n'

    made = ['#include "mutants.hpp"', line_directive(0)]
    done = 0
    for begin, end, those in places_of(mutants, text):
        made += [text[done:begin], "\n{ "]
        for mutant in those:
            made += [f"if (mutants::is_on(mutants::mutant::{identifier_of(mutant)})) {{\n{mutant['mutated'].strip()}\n}} else "]
        made += ["{", line_directive(begin), text[begin:end], "\n} }", line_directive(end)]
        done = end
    return "".join(made + [text[done:]])


def header(mutants):
    identifiers = "".join(f", {identifier_of(one)}" for one in mutants)
    names = "".join(f', "{one["name"]}"' for one in mutants)
    return f"""// Written by tests/sim/mutants/generate.py: which mutant is switched on.
#pragma once
#include <array>
#include <string_view>
namespace mutants {{
enum class mutant {{ none{identifiers} }};
inline constexpr std::array<std::string_view, {len(mutants) + 1}> names{{"none"{names}}};
inline mutant on = mutant::none;
inline bool is_on(mutant one) {{ return on == one; }}
}}  // namespace mutants
"""


def write(path, text):
    """Not if it is the same already: then nothing is compiled anew."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def files_of(mutants):
    return sorted({one["file"] for one in mutants})


def generate(source, out, mutants):
    copies = {}
    rotten = []
    for name in files_of(mutants):
        path = source / name
        if not path.exists():
            raise TableError(f"mutant \"{next(m['name'] for m in mutants if m['file'] == name)}\": there is no {name}")
        try:
            copies[name] = mutated_copy(path.read_text(encoding="utf-8"), path, [one for one in mutants if one["file"] == name])
        except TableError as wrong:
            rotten.append(str(wrong))
    if rotten:  # all of them at once
        raise TableError("\n".join(rotten))
    for name, text in copies.items():
        write(out / name, text)
    write(out / "mutants.hpp", header(mutants))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("tables", type=pathlib.Path, nargs="+")
    told = parser.parse_args()
    try:
        mutants = read_tables(told.tables)
        if told.list:
            print("\n".join(files_of(mutants)))
        else:
            generate(told.source, told.out, mutants)
    except TableError as wrong:
        sys.exit(f"generate.py: {wrong}")


if __name__ == "__main__":
    main()
