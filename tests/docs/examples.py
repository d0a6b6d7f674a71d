# tests/docs/examples.py: takes the examples out of the documents: whole configs, parts of configs, commands.
# A part of a config is completed by what a comment before its block says:
#
#   <!-- before
#   buses:
#     meters:
#   -->
#
# and by a gateway, a broker and a bus, if the whole has none. A block without a name that is no YAML is told apart by its first line.
import pathlib
import re

BASE = {
    "gateway": "gateway: { id: plant7 }",
    "mqtt": 'mqtt: { url: "mqtt://broker.example" }',
    "buses": "buses: { line: { adapter: simulated, devices: { demo: { every: 1s, points: { value: {} } } } } }",
}


class Block:
    def __init__(self, path, line, kind, text, before):
        self.path, self.line, self.kind, self.text, self.before = path, line, kind, text, before

    def __str__(self):
        return f"{self.path}:{self.line}"

    def top_keys(self):
        return re.findall(r"^([a-z_]+):", self.before + self.text, re.M)

    def is_template(self):
        return "device" in self.top_keys() and "gateway" not in self.top_keys()

    def config(self):
        """The whole of a config that this is, or is a part of."""
        there = self.top_keys()
        return "\n".join(line for key, line in BASE.items() if key not in there) + "\n" + self.before + self.text


def blocks(path):
    """Every fenced block of a document, with the line on which it begins."""
    found, before, lines = [], "", path.read_text().splitlines()
    at = 0
    while at < len(lines):
        if lines[at].strip() == "<!-- before":
            end = lines.index("-->", at)
            before = "\n".join(lines[at + 1:end]) + "\n"
            at = end
        elif lines[at].startswith("```"):
            kind, end = lines[at][3:].strip(), lines.index("```", at + 1)
            found.append(Block(path, at + 2, kind, "\n".join(lines[at + 1:end]) + "\n", before))
            before, at = "", end
        at += 1
    return found


def commands(path):
    """Every call of tidegate in an indented or a fenced block of shell: (line, words after `tidegate`)."""
    found, fence = [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("```"):
            fence = None if fence is not None else line[3:].strip()
            continue
        if fence in ("sh", "console") or (fence is None and line.startswith("    ")):
            for call in re.findall(r"(?:^|[|&;$(]|sudo(?: -u tidegate)?) *tidegate ((?:[^|#;&'\"]|'[^']*'|\"[^\"]*\")*)", line.strip().removeprefix("$ ")):
                found.append((number, call))
    return found


def documents(source):
    return [source / "README.md", *sorted((source / "docs").glob("*.md"))]


def source_folder():
    return pathlib.Path(__file__).resolve().parents[2]
