# tests/conformance/check.py: which test proves which statement of MQTT. Fails if a statement has none; writes docs/conformance.md.
# Not here: the statements (statements.tsv), in our words, with the ids of the two specifications.
#
# A test bears a statement by its name, that of a Catch2 test case or of a ctest test. The grammar: a version, a space, and one
# id or several with ", " between them, anywhere in the name, as often as needed; by habit at the end, in square brackets:
#   "session: an identifier in use is not given out again [3.1.1 MQTT-2.3.1-2; 5.0 MQTT-2.2.1-3, MQTT-4.3.2-1]"
#   "codec: a second property of a kind is refused [5.0 (2.2.2.2)]"
# An id is as in statements.tsv: "MQTT-..." for numbered statements, "(section)" for unnumbered text. Between two versions
# anything may stand; a semicolon only within square brackets, since CMake splits a list of names at others.
#
# usage: check.py --build BUILD [--write]
#   Without --write: exit 1 if a statement has no test, an id has no statement, or docs/conformance.md is not what it should be.
#   --write: writes docs/conformance.md, and takes out of open.txt what has a test by now.
import argparse
import csv
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
STATEMENTS = HERE / "statements.tsv"
# The statements that have no test yet, one a line as "version id"; the file may be missing.
OPEN = HERE / "open.txt"
DOCUMENT = HERE.parent.parent / "docs" / "conformance.md"

ID = r"(?:MQTT-\d[\d.]*(?:-[\d.]*\d)+|\(\d[\d./-]*\))"
BORNE = re.compile(rf"\b(3\.1\.1|5\.0) ({ID}(?:, {ID})*)")
WITHOUT_VERSION = re.compile(r"MQTT-\d[\d.-]*")
TRAILING = re.compile(rf" *\[(?:(?:3\.1\.1|5\.0) {ID}(?:, {ID})*(?:; )?)+\]")


def read_statements(path=STATEMENTS):
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    keys = [key_of(row) for row in rows]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise ValueError(f"{path}: twice: {', '.join(sorted(twice))}")
    return rows


def key_of(row):
    return f"{row['version']} {row['id']}"


def read_open(path=OPEN):
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line for line in lines if line and not line.startswith("#")]


def borne_by(name):
    """The keys ("version id") that a test's name bears."""
    return [f"{version} {one}" for version, ids in BORNE.findall(name) for one in ids.split(", ")]


def tests_of(build, ctest):
    """The names of all tests that ctest knows, Catch2's test cases among them."""
    listed = subprocess.run([ctest, "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True, check=True)
    names = [test["name"] for test in json.loads(listed.stdout)["tests"]]
    missing = [name for name in names if "_NOT_BUILT" in name]
    if missing:
        raise ValueError("not built: " + ", ".join(missing))
    return names


def trace(rows, names):
    """Each statement's tests: key → names. And the ids that no statement has: (id, name)."""
    tests = {key_of(row): [] for row in rows}
    unknown = []
    for name in names:
        for key in borne_by(name):
            if key in tests:
                if name not in tests[key]:
                    tests[key].append(name)
            else:
                unknown.append((key, name))
    return tests, unknown


def findings(rows, names, still_open):
    """What is wrong, as lines of text; none: every statement has a test or is openly without one."""
    tests, unknown = trace(rows, names)
    found = [f"no statement has this id: {key}, in '{name}'" for key, name in unknown]
    found += [f"an id without its version: '{name}'" for name in names if WITHOUT_VERSION.search(BORNE.sub("", name))]
    found += [f"no test: {key}: {row['statement']}" for row in rows if not tests[key := key_of(row)] and key not in still_open]
    found += [f"open.txt says that it has no test, but it has: {key}" for key in still_open if tests.get(key)]
    found += [f"open.txt: no statement has this id: {key}" for key in still_open if key not in tests]
    return found


def section_order(row):
    """By section of the specification, as numbers: 3.10 comes after 3.2."""
    return [int(number) for number in re.findall(r"\d+", row["id"])]


def document(rows, names):
    tests, _ = trace(rows, names)
    lines = [
        "# Conformance",
        "",
        "What MQTT asks of a client, in our words, and the tests that prove it. Ids are those of the specifications of OASIS "
        "(MQTT 3.1.1 and 5.0); an id in parentheses is a section with a rule that has no number. Written by "
        "`tests/conformance/check.py --write` from the names of the tests; a test fails if a statement has none.",
    ]
    for version in dict.fromkeys(row["version"] for row in rows):
        of_version = [row for row in rows if row["version"] == version]
        proven = sum(1 for row in of_version if tests[key_of(row)])
        lines += ["", f"## MQTT {version}", "", f"{proven} of {len(of_version)} statements have a test."]
        for area in sorted({row["area"] for row in of_version}):
            lines += ["", f"### {area}", "", "| id | statement | tests |", "|---|---|---|"]
            for row in sorted((row for row in of_version if row["area"] == area), key=section_order):
                proofs = [TRAILING.sub("", name) for name in sorted(tests[key_of(row)])]
                cells = [row["id"], row["statement"], "<br>".join(proofs) or "**none yet**"]
                lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def write(rows, names):
    DOCUMENT.write_text(document(rows, names), encoding="utf-8")
    if not OPEN.exists():
        return
    tests, _ = trace(rows, names)
    lines = OPEN.read_text(encoding="utf-8").splitlines()
    OPEN.write_text("".join(line + "\n" for line in lines if not tests.get(line)), encoding="utf-8")


def main():
    arguments = argparse.ArgumentParser(prog="check.py")
    arguments.add_argument("--build", required=True, help="a build in which all tests are built")
    arguments.add_argument("--ctest", default="ctest")
    arguments.add_argument("--write", action="store_true", help="write docs/conformance.md and shorten open.txt")
    options = arguments.parse_args()
    rows, names = read_statements(), tests_of(options.build, options.ctest)
    if options.write:
        write(rows, names)
    found = findings(rows, names, read_open())
    written = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    if written != document(rows, names):
        found.append("docs/conformance.md is not up to date: python3 tests/conformance/check.py --build BUILD --write")
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
