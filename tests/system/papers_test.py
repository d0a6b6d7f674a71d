# tests/system/papers_test.py: every command and option of the program, by its own --help, is in the shell completion and in the manual
# pages; man has nothing to complain of in these; bash, zsh and fish complete.
# Not here: the words of the pages.
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CONFIG = "gateway: { id: x }\nbuses:\n  meters: { adapter: modbus, devices: { boiler: {} } }\n  pumps: {}\n"


class Papers:
    def __init__(self, build, folder):
        self.binary, self.folder, self.failures = pathlib.Path(build).resolve() / "tidegate", folder, []
        self.texts = pathlib.Path(__file__).resolve().parents[2] / "docs" / "man"

    def expect(self, what, condition, detail=""):
        if not condition:
            self.failures.append(f"{what}: {detail}")

    def run(self, *arguments, **how):
        return subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=60, **how)

    def tidegate(self, *arguments):
        r = self.run(self.binary, *arguments)
        self.expect(f"tidegate {' '.join(map(str, arguments))}", r.returncode == 0, r.stderr)
        return r.stdout


def commands_of(papers, path=()):
    """(path, options) of each command for people, by what --help prints; the parser isn't asked."""
    text = papers.tidegate(*path, "--help")
    options = sorted(set(re.findall(r"^  +(?:-\w,)?(--[a-z0-9-]+)", text, re.M)) | {"--help"})
    found = [(path, options)]
    section = re.search(r"^Subcommands:\n((?:  .*\n?)*)", text, re.M)
    for name in re.findall(r"^  ([a-z][a-z-]*)", section.group(1), re.M) if section else []:
        found += commands_of(papers, (*path, name))
    return found


def judge_man(papers, commands):
    folder = papers.folder / "man"
    papers.tidegate("man", "--all", folder, "--texts", papers.texts)
    pages = {page.name: page for page in folder.iterdir()}
    read = lambda name: pages[name].read_text().replace("\\-", "-").replace("\\fB", "").replace("\\fP", "").replace("\\fI", "")
    for path, options in commands:
        name = "-".join(("tidegate", *path[:1])) + ".1"
        papers.expect(f"there is {name}", name in pages, list(pages))
        if name not in pages:
            continue
        text = read(name)
        papers.expect(f"{' '.join(path)} is in {name}", " ".join(("tidegate", *path)) in text, "")
        for option in options:
            papers.expect(f"{option} of {' '.join(path)} in {name}", option in text, "")
    papers.expect("the texts are taken in", "EXAMPLES" in read("tidegate-trace.1") and "tshark -r" in read("tidegate-trace.1"))
    text = read("tidegate.yaml.5")
    for key in ("command_timeout", "session_expiry", "max_bytes", "serial.port", "holding", "frame_start" if "frame_start" in text else "every"):
        papers.expect(f"{key} in tidegate.yaml(5)", f"\n{key} (" in text, "")
    for name in pages:
        r = papers.run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", pages[name], env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"})
        papers.expect(f"man of {name}", r.returncode == 0 and r.stderr == "" and r.stdout != "", r.stderr)
    for text in papers.texts.glob("*.md"):
        papers.expect(f"{text.name} is of a page", any(name.startswith(text.stem + ".") for name in pages), list(pages))
    for path, _ in commands:
        if len(path) == 1:
            papers.expect(f"docs/man has a text for {path[0]}", (papers.texts / f"tidegate-{path[0]}.md").exists())


def judge_bash(papers, commands, config):
    script = papers.folder / "tidegate.bash"
    script.write_text(papers.tidegate("completion", "bash"))
    def complete(*words):
        line = f'source {script}; COMP_WORDS=({" ".join(repr(str(w)) for w in words)}); COMP_CWORD={len(words) - 1}; _tidegate; printf "%s\\n" "${{COMPREPLY[@]}}"'
        r = papers.run("bash", "--norc", "-c", line, cwd=papers.folder)
        papers.expect(f"bash: {words}", r.returncode == 0 and r.stderr == "", r.stderr)
        return [word for word in r.stdout.splitlines() if word]
    for path, options in commands:
        offered = complete("tidegate", *path, "--")
        papers.expect(f"bash: options of {' '.join(path)}", set(options) <= set(offered), (options, offered))
        beneath = {other[len(path)] for other, _ in commands if other[:len(path)] == path and len(other) == len(path) + 1}
        if beneath:
            papers.expect(f"bash: commands of {' '.join(path)}", beneath == set(complete("tidegate", *path, "")), beneath)
    papers.expect("bash: the beginning of a command", complete("tidegate", "supp") == ["support-bundle"])
    papers.expect("bash: words of an option", complete("tidegate", "pub", "--mqtt", "") == ["5", "3.1.1"])
    papers.expect("bash: where a secret is", complete("tidegate", "pub", "-P", "@f") == ["@file:"])
    papers.expect("bash: files", complete("tidegate", "check", "-c", "plan") == ["plant with blanks.yaml"], complete("tidegate", "check", "-c", "plan"))
    papers.expect("bash: an option of anything", complete("tidegate", "trace", "--for", "") == [])
    papers.expect("bash: buses of the config", complete(papers.binary, "trace", "-c", config, "") == ["meters", "pumps"])
    papers.expect("bash: devices of the config", complete(papers.binary, "watch", "-c", config, "") == ["boiler"])
    papers.expect("bash: orders", complete("tidegate", "read", "--order", "B") == ["BADC"])
    papers.expect("bash: hidden commands", "completion" not in complete("tidegate", ""))


def judge_others(papers, commands):
    for shell, name in (("zsh", "_tidegate"), ("fish", "tidegate.fish")):
        script = papers.folder / name
        text = papers.tidegate("completion", shell)
        script.write_text(text)
        for path, options in commands:
            for option in options:
                wanted = f"-l {option[2:]} " if shell == "fish" else f"'{option}:"
                papers.expect(f"{shell}: {option} of {' '.join(path)}", wanted in text or wanted.rstrip() + "\n" in text)
        if shutil.which(shell):
            r = papers.run(shell, "-n", script)
            papers.expect(f"{shell} reads it", r.returncode == 0 and r.stderr == "", r.stderr)
    if shutil.which("fish"):
        r = papers.run("fish", "--no-config", "-c", f"source {papers.folder}/tidegate.fish; complete -C'tidegate queue '", env={"HOME": str(papers.folder), "PATH": "/usr/bin:/bin"})
        papers.expect("fish: commands of queue", [l.split("\t")[0] for l in r.stdout.splitlines()] == sorted(p[1] for p, _ in commands if p[:1] == ("queue",) and len(p) == 2), r.stdout + r.stderr)
        r = papers.run("fish", "--no-config", "-c", f"source {papers.folder}/tidegate.fish; complete -C'tidegate trace --pc'", env={"HOME": str(papers.folder), "PATH": "/usr/bin:/bin"})
        papers.expect("fish: an option", r.stdout.startswith("--pcap\t"), r.stdout + r.stderr)


def judge_names(papers, config):
    papers.expect("buses", papers.tidegate("completion", "buses", config) == "meters\npumps\n")
    papers.expect("devices", papers.tidegate("completion", "devices", config) == "boiler\n")
    papers.expect("no config, no names", papers.tidegate("completion", "buses", papers.folder / "none") == "")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", required=True)
    with tempfile.TemporaryDirectory(prefix="tidegate-papers-") as folder:
        papers = Papers(options.parse_args().build, pathlib.Path(folder))
        config = papers.folder / "plant with blanks.yaml"
        config.write_text(CONFIG)
        commands = commands_of(papers)
        papers.expect("the commands are found", {("run",), ("queue", "stats"), ("trace",), ("doctor",)} <= {path for path, _ in commands}, commands)
        papers.expect("options are found", "--pcap" in dict(commands)[("trace",)], commands)
        judge_man(papers, commands)
        judge_bash(papers, commands, config)
        judge_others(papers, commands)
        judge_names(papers, config)
    for failure in papers.failures[:40]:
        print("FAILED", failure)
    return 1 if papers.failures else 0


if __name__ == "__main__":
    sys.exit(main())
