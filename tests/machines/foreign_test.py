# tests/machines/foreign_test.py: the packages of another architecture, installed by its own dpkg in a small Debian of it, and the program
# from there at work with a broker that isn't ours: killed again and again, nothing lost, nothing double. Programs of that architecture are
# run by qemu-user (tools/emulators). Needs root. Not here: a booted machine (power_cut_test.py).
import argparse
import pathlib
import shutil
import subprocess
import sys

import machine

TESTS = pathlib.Path(__file__).resolve().parents[1]
# Those that look at what the program does, not at what it costs, and that preload or trace nothing.
SYSTEM_TESTS = ["kill_test.py --qos 2 --version 5 --kills 20", "kill_test.py --qos 1 --version 3.1.1 --kills 10", "values_test.py",
                "simulated_values_test.py", "templates_test.py", "simulate_words_test.py", "sunspec_test.py", "modbus_ways_test.py",
                "write_test.py", "write_modbus_test.py", "broker_tls_test.py", "pub_sub_test.py", "command_line_test.py", "damage_test.py"]
ELF_MACHINE = {"arm64": 183, "armhf": 40, "amd64": 62}


def make_root(folder, architecture, packages):
    """A Debian of that architecture with what the packages need, made once for a list of them: minutes. Returns a copy without them."""
    made = folder / f"{architecture}-root"
    needed = ",".join(["systemd", *machine.depends(packages)])
    note = folder / f"{architecture}-root.packages"
    if not note.exists() or note.read_text() != needed:
        subprocess.run(["rm", "-rf", made, note], check=True)
        mirror = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Codename: bookworm",
                                 "Component: main"], capture_output=True, text=True, check=True).stdout.split()[0]
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", f"--architectures={architecture}", f"--include={needed}",
                        "bookworm", made, f"deb {mirror} bookworm main"], check=True)
        note.write_text(needed)
    root = folder / architecture
    subprocess.run(["rm", "-rf", root], check=True)
    subprocess.run(["cp", "-a", made, root], check=True)
    return root


def inside(root, *command):
    """With a /proc of its own, which is gone with the command."""
    mounted = ["unshare", "--mount", "sh", "-c", 'mount -t proc proc "$1/proc" && exec chroot "$@"', "sh"]
    done = subprocess.run([*mounted, root, *command], capture_output=True, text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def install(root, packages):
    for package in packages:
        shutil.copy(package, root / "opt")
    inside(root, "dpkg", "-i", *[f"/opt/{pathlib.Path(package).name}" for package in packages])


def must_be_of(root, architecture):
    """Every program and shared object that the packages brought."""
    files = inside(root, "sh", "-c", "dpkg -L tidegate tidegate-adapters").split("\n")
    found = 0
    for name in files:
        path = root / name.lstrip("/")
        if path.is_file() and not path.is_symlink() and (head := path.read_bytes()[:20])[:4] == b"\x7fELF":
            found += 1
            if head[18] != ELF_MACHINE[architecture]:
                raise RuntimeError(f"{name} is a program of another machine: {head[18]}")
    if found < 5:
        raise RuntimeError(f"the packages brought {found} programs and adapters: too few")
    return found


def program_folder(root, folder, architecture):
    """Looks like a build folder to the system tests: its tidegate is the installed one. For qemu-user only programs and libraries are
    the other machine's; devices, settings and the rest are this one's."""
    where = folder / f"{architecture}-installed"
    subprocess.run(["rm", "-rf", where], check=True)
    prefix = where / "prefix"
    prefix.mkdir(parents=True)
    (prefix / "usr").symlink_to(root / "usr")
    for name in [entry.name for entry in root.iterdir() if entry.name.startswith("lib")]:
        (prefix / name).symlink_to(f"usr/{name}")
    (where / "templates").symlink_to(root / "usr/share/tidegate/templates")
    program = where / "tidegate"
    program.write_text(f'#!/bin/sh\nexport QEMU_LD_PREFIX={prefix}\nexec {root}/usr/bin/tidegate "$@"\n')
    program.chmod(0o755)
    return where


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--architecture", required=True, choices=ELF_MACHINE)
    arguments.add_argument("--folder", required=True, type=pathlib.Path, help="for the small Debians")
    arguments.add_argument("--packages", required=True, nargs="+")
    options = arguments.parse_args()

    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    root = make_root(folder, options.architecture, options.packages)
    install(root, options.packages)
    print(f"{options.architecture}: installed {inside(root, 'dpkg', '--print-architecture')} packages, {inside(root, 'tidegate', '--version')}; "
          f"{must_be_of(root, options.architecture)} programs and adapters", flush=True)
    (root / "opt/site.yaml").write_text((TESTS.parent / "systemd/tidegate.yaml").read_text())
    print(inside(root, "tidegate", "check", "-c", "/opt/site.yaml"))

    build = program_folder(root, folder, options.architecture)
    failed = []
    for test in SYSTEM_TESTS:
        name, *more = test.split()
        done = subprocess.run(["/usr/bin/python3", TESTS / "system" / name, "--build", build, *more], capture_output=True, text=True)
        print(f"{'passed' if done.returncode == 0 else 'FAILED'}: {test}", flush=True)
        if done.returncode != 0:
            print(done.stdout[-3000:], done.stderr[-3000:])
            failed.append(test)
    inside(root, "dpkg", "--purge", "tidegate", "tidegate-adapters")
    if (root / "usr/bin/tidegate").exists():
        print("FAILED: purged, and still there")
        failed.append("purge")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
