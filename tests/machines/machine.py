# tests/machines/machine.py: a small emulated machine (QEMU, no hardware support needed) that a test boots, gives commands and cuts the
# power of. Its disks are files; tests/machines/image makes the first. Not here: what is installed in it and judged.
import os
import pathlib
import signal
import socket
import subprocess
import time

BOOT_SECONDS = 400  # a minute on an idle machine; this is for a very busy one


class Machine:
    """`disks` are image files, /dev/vda first. The host's loopback is 10.0.2.2 in there."""

    def __init__(self, image, disks, folder):
        self.image, self.disks, self.folder = pathlib.Path(image), disks, pathlib.Path(folder)
        self.process = self.shell = None
        self.boots = 0
        self.boot_seconds = []

    def boot(self):
        began = time.monotonic()
        self.boots += 1
        ours, theirs = socket.socketpair()
        command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "512", "-smp", "2",
                   "-kernel", self.image / "vmlinuz", "-initrd", self.image / "initrd.img",
                   "-append", "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0 mitigations=off apparmor=0",
                   "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net",
                   "-display", "none", "-monitor", "none", "-no-reboot", "-serial", f"file:{self.console()}",
                   "-chardev", f"socket,id=shell,fd={theirs.fileno()}", "-serial", "chardev:shell"]
        for disk in self.disks:
            # Nothing is held back in the emulator: what the machine has not written itself is lost with it.
            command += ["-drive", f"file={disk},if=virtio,format=raw,cache=writeback"]
        with open(self.folder / "qemu.log", "ab") as log:
            self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            pass_fds=[theirs.fileno()])
        theirs.close()
        self.shell = ours
        self.received = b""
        self._until(b"=ready=\n", BOOT_SECONDS)
        self.boot_seconds.append(time.monotonic() - began)
        return self

    def console(self):
        return self.folder / f"console-{self.boots}.log"

    def run(self, command, seconds=120):
        """Runs one line in the machine's shell; returns its exit code and output."""
        assert "\n" not in command
        self.shell.sendall(command.encode() + b"\n")
        try:
            output = self._until(b"=exit ", seconds)
            return int(self._until(b"=\n", seconds)), output.decode(errors="replace")
        except TimeoutError as silence:
            raise TimeoutError(f"`{command}`: {silence}") from None

    def must(self, command, seconds=120):
        code, output = self.run(command, seconds)
        if code != 0:
            raise RuntimeError(f"in the machine, `{command}` failed with {code}: {output}")
        return output.strip()

    def wait_for(self, what, command, seconds):
        """Until the command succeeds there."""
        end = time.monotonic() + seconds
        while True:
            code, output = self.run(command)
            if code == 0:
                return output.strip()
            if time.monotonic() > end:
                raise TimeoutError(f"waited {seconds} s for {what}: {output}")
            time.sleep(0.2)

    def put(self, path, text):
        # printf's %b: a line for the shell has no line feeds.
        quoted = text.replace("\\", "\\\\").replace("'", "'\\''").replace("\n", "\\n")
        self.must(f"mkdir -p $(dirname {path}) && printf %b '{quoted}' >{path}")

    def cut_power(self):
        """The emulator is killed: what the machine's memory held and its disks didn't is gone."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.shell.close()
        self.process = None

    def stop(self):
        if self.process is not None:
            self.cut_power()

    def _until(self, mark, seconds):
        end = time.monotonic() + seconds
        while mark not in self.received:
            left = end - time.monotonic()
            if left <= 0 or self.process.poll() is not None:
                raise TimeoutError(f"the machine {'ended' if left > 0 else f'said nothing in {seconds} s'}; before: "
                                   f"{self.received[-500:]!r}; its console is in {self.console()}")
            self.shell.settimeout(min(left, 1.0))
            try:
                more = self.shell.recv(65536)
            except socket.timeout:
                continue
            self.received += more
        before, _, self.received = self.received.partition(mark)
        return before


def depends(packages):
    """The Debian packages that those need, by name; of alternatives the first."""
    names = set()
    for package in packages:
        text = subprocess.run(["dpkg-deb", "-f", package, "Depends"], capture_output=True, text=True, check=True).stdout
        names |= {entry.split()[0] for entry in text.replace("|", ",|").split(",") if entry.strip() and not entry.startswith("|")}
    return sorted(name for name in names if not name.startswith("tidegate"))


def sparse_copy(source, target):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)


def ext4_disk(path, size):
    if os.path.exists(path):
        os.remove(path)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", path, size], check=True, stdout=subprocess.DEVNULL)
