# tests/machines/power_cut_test.py: the installed package in a booted machine whose power is cut: by killing the emulator, which loses
# what the machine's memory held, and, many times in one boot, by a device-mapper target that drops what the queue's disk was not yet
# given. Nothing accepted may be lost; at QoS 2 nothing may come twice or out of order. Judged outside of the machine: by a broker, a
# subscriber and devices that know nothing of the cuts. Needs root (to make the disk).
# With --without-sync the queue's syncs do nothing, and the test passes only if that is noticed: it shows that the cuts are cuts.
import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import machine
import plant

HERE = pathlib.Path(__file__).resolve().parent
UNITS, POINTS, EVERY = 2, 5, 0.1  # 100 readings/s
COMMIT_EVERY = 0.1
SLACK = 1.9  # s: an emulated disk's sync on a busy machine
STATE, CONFIG = "/var/lib/tidegate", "/etc/tidegate/tidegate.yaml"


class Site:
    """The machine with the package, and beside it what it talks to."""

    def __init__(self, options, folder, queue_disk):
        self.folder = pathlib.Path(folder)
        self.broker = plant.Broker(self.folder)
        text = plant.counting_config("cut", self.broker.port, plant.free_port(), STATE, UNITS, POINTS, "100ms", 2)
        self.config = text.replace("max_bytes: 256MiB", "max_bytes: 128MiB, commit_every: 100ms")
        self.plant = plant.Plant(options.build, self.folder, self.config)  # its devices; the gateway is in the machine
        self.judge = None
        packages = self.folder / "packages"
        packages.mkdir()
        for package in options.packages:
            shutil.copy(package, packages)
        if options.without_sync:
            subprocess.run(["cc", "-shared", "-fPIC", "-o", packages / "no_sync.so", HERE / "no_sync.c"], check=True)
        package_disk = self.folder / "packages.img"
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", packages, package_disk, "64M"], check=True, stdout=subprocess.DEVNULL)
        disk = self.folder / "disk.img"
        machine.sparse_copy(pathlib.Path(options.image) / "disk.img", disk)
        self.machine = machine.Machine(options.image, [disk, queue_disk, package_disk], self.folder)
        self.cuts = 0
        self.without_sync = options.without_sync

    def start(self):
        self.broker.start()
        self.judge = plant.Judge(self.broker.port, ["cut/#"], plant.counter_of)
        self.plant.start_devices(buses=1)

    def stop(self):
        self.machine.stop()
        if self.judge is not None:
            self.judge.stop()
        self.plant.stop()
        if self.broker.running():
            self.broker.stop()

    def install(self):
        """As a person would: the package, the config, the service. The queue is on a disk of its own."""
        there = self.machine
        there.must(f"mkdir -p {STATE} && echo '/dev/vdb {STATE} ext4 defaults 0 2' >>/etc/fstab && mount {STATE}")
        there.must("mount -o ro /dev/vdc /mnt && DEBIAN_FRONTEND=noninteractive dpkg -i /mnt/*.deb >/dev/null && umount /mnt", 300)
        if self.without_sync:
            there.must("mount -o ro /dev/vdc /mnt && cp /mnt/no_sync.so /usr/local/lib && umount /mnt")
            there.put("/etc/systemd/system/tidegate.service.d/no-sync.conf", "[Service]\nEnvironment=LD_PRELOAD=/usr/local/lib/no_sync.so\n")
            there.must("systemctl daemon-reload")
        there.put(CONFIG, self.config.replace("127.0.0.1", "10.0.2.2"))
        there.must(f"chown root:tidegate {CONFIG} && chmod 640 {CONFIG}")
        there.must("systemctl enable --quiet tidegate && systemctl restart tidegate", 300)
        self.await_service()
        there.must("sync")  # the installation isn't what is cut

    def await_service(self):
        self.machine.wait_for("the service", "systemctl is-active -q tidegate", 200)

    def await_readings(self):
        before = self.judge.count()
        began = time.monotonic()
        plant.wait_for("readings at the subscriber", lambda: self.judge.count() > before, 120)
        return time.monotonic() - began

    def ledger(self):
        # As the service's user, who then owns what is left beside the file.
        return json.loads(self.machine.must(f"runuser -u tidegate -- tidegate queue stats -c {CONFIG} --json"))

    def have_broker(self, wanted):
        if wanted and not self.broker.running():
            self.broker.start()
        elif not wanted and self.broker.running():
            self.broker.stop()


class Probe:
    """Two files in a folder of the machine, one of them synced: a cut must take the one and leave the other, or it is none."""

    def __init__(self, site, folder):
        self.machine, self.folder = site.machine, folder
        self.name = f"probe{site.cuts}"

    def lay(self):
        self.machine.must(f"cd {self.folder} && echo kept >{self.name}.kept && sync -f {self.name}.kept && echo lost >{self.name}.lost")

    def verdict(self):
        code, output = self.machine.run(f"cd {self.folder} && cat {self.name}.kept {self.name}.lost")
        if output.startswith("kept\n") and "lost\n" not in output:
            return []
        return [f"the cut was none: of a synced and an unsynced file there is: {output!r} ({code})"]


def emulator_cut(site, chance, with_broker):
    """Runs a while, is cut, boots; returns what is wrong."""
    site.have_broker(with_broker)
    plant.run_for(chance.uniform(2, 6))
    probe = Probe(site, "/opt")
    probe.lay()
    site.machine.cut_power()
    site.cuts += 1
    site.machine.boot()
    site.await_service()
    return probe.verdict()


FLAKEY_SETUP = f"""#!/bin/sh
set -eu
systemctl stop tidegate
mkdir -p /run/systemd/system/tidegate.service.d
printf '[Service]\\nRestart=no\\n' >/run/systemd/system/tidegate.service.d/cut.conf
systemctl daemon-reload
umount {STATE}
modprobe dm-flakey
sectors=$(blockdev --getsz /dev/vdb)
echo "0 $sectors linear /dev/vdb 0" | dmsetup create queue
mount /dev/mapper/queue {STATE}
systemctl start tidegate
"""
# Held, then killed, then let go without what had not reached the disk: in the moment of the cut the service can neither write nor send.
FLAKEY_CUT = f"""#!/bin/sh
set -eu
sectors=$(blockdev --getsz /dev/vdb)
dmsetup suspend --noflush --nolockfs queue
systemctl kill --kill-who=all -s KILL tidegate
echo "0 $sectors flakey /dev/vdb 0 0 3600 1 drop_writes" | dmsetup load queue
dmsetup resume queue
while systemctl is-active -q tidegate; do sleep 0.1; done
i=0
until umount {STATE}; do i=$((i + 1)); [ $i -lt 100 ]; sleep 0.1; done
echo "0 $sectors linear /dev/vdb 0" | dmsetup load queue
dmsetup suspend queue
dmsetup resume queue
echo 3 >/proc/sys/vm/drop_caches
mount /dev/mapper/queue {STATE}
"""


def flakey_cut(site, chance, with_broker):
    site.have_broker(with_broker)
    plant.run_for(chance.uniform(0.5, 3))
    probe = Probe(site, STATE)
    probe.lay()
    site.machine.must("sh /opt/flakey_cut")
    site.cuts += 1
    wrong = probe.verdict()
    site.machine.must("systemctl reset-failed tidegate && systemctl start tidegate", 300)
    site.await_service()
    return wrong


def lost_runs(judge):
    """Of each device's counter: how many readings in a row never came, again and again."""
    with judge.lock:
        for numbers in judge.seen.values():
            came = sorted(set(numbers))
            yield from (after - before - 1 for before, after in zip(came, came[1:]) if after > before + 1)


def judge_it(site, ledger):
    verdict = site.judge.verdict()
    dropped = sum(ledger["dropped"].values())
    lost = ledger["accepted"] - dropped - verdict["delivered"]
    runs = sorted(lost_runs(site.judge), reverse=True)
    print(f"cuts {site.cuts}: accepted {ledger['accepted']}, delivered {verdict['delivered']}, dropped {dropped}, lost {lost}, doubled "
          f"{verdict['duplicated']}, out of order {verdict['out_of_order']}; ledger {'balances' if ledger['balanced'] else 'DOES NOT BALANCE'}")
    print(f"read from the devices {verdict['taken']}; not yet accepted at a cut: {sum(runs)} in {len(runs)} gaps, of "
          f"{runs[0] * EVERY if runs else 0:.1f} s at most")
    wrong = []
    if lost != 0:
        wrong.append(f"{lost} accepted readings were lost (negative: came without being counted)")
    if verdict["duplicated"] or verdict["out_of_order"]:
        wrong.append(f"at QoS 2 {verdict['duplicated']} readings came twice, {verdict['out_of_order']} out of order")
    if site.without_sync:
        return [] if wrong else ["a queue that never syncs was cut, and nobody noticed"]
    if not ledger["balanced"] or dropped or ledger["queued"]:
        wrong.append(f"the ledger: {ledger}")
    if runs and runs[0] > (COMMIT_EVERY + SLACK) / EVERY:
        wrong.append(f"a cut lost the readings of {runs[0] * EVERY:.1f} s: more than those of commit_every")
    if len(runs) > UNITS * POINTS * site.cuts:
        wrong.append("readings were lost without a cut")
    if verdict["delivered"] < 50 * site.cuts:
        wrong.append("hardly anything was delivered: the test shows nothing")
    return wrong


def cut_and_judge(site, options, chance):
    wrong = []
    site.start()
    site.machine.boot()
    site.install()
    print(f"installed and started; the first reading came {site.await_readings():.1f} s later")
    for cut in range(options.emulator_cuts):
        wrong += emulator_cut(site, chance, cut % 2 == 0)
    if options.flakey_cuts:
        site.have_broker(True)
        site.machine.put("/opt/flakey_setup", FLAKEY_SETUP)
        site.machine.put("/opt/flakey_cut", FLAKEY_CUT)
        site.machine.must("sh /opt/flakey_setup", 300)
        for cut in range(options.flakey_cuts):
            wrong += flakey_cut(site, chance, cut % 4 < 2)
    site.have_broker(True)
    site.await_readings()
    site.machine.wait_for("the queue to drain", f"test $(runuser -u tidegate -- tidegate queue stats -c {CONFIG} --json | "
                          "sed 's/.*\"queued\": *\\([0-9]*\\).*/\\1/') -lt 100", 120)
    resident = site.machine.must("sed -n 's/^VmRSS: *//p' /proc/$(systemctl show -P MainPID tidegate)/status")
    site.machine.must("systemctl stop tidegate", 60)
    result = site.machine.must("systemctl show -P Result tidegate")
    if result != "success":
        wrong.append(f"a stop ends with {result}")
    ledger = site.ledger()
    plant.wait_for("the subscriber to have all that was acknowledged",
                   lambda: site.judge.verdict()["delivered"] >= ledger["acknowledged"], 30)
    print(f"boots: {', '.join(f'{s:.0f} s' for s in site.machine.boot_seconds)}; resident in the machine: {resident}")
    return wrong + judge_it(site, ledger)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True, type=pathlib.Path, help="of this machine, for the simulated devices")
    arguments.add_argument("--image", required=True, help="folder for the machine's disk")
    arguments.add_argument("--packages", required=True, nargs="+", help="the .deb files to install")
    arguments.add_argument("--emulator-cuts", type=int, default=3)
    arguments.add_argument("--flakey-cuts", type=int, default=20)
    arguments.add_argument("--without-sync", action="store_true")
    arguments.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = arguments.parse_args()
    print(f"seed {options.seed}", flush=True)

    subprocess.run([HERE / "image", options.image, *machine.depends(options.packages)], check=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-machine-"))
    queue_disk = folder / "queue.img"
    machine.ext4_disk(queue_disk, "512M")
    site = Site(options, folder, queue_disk)
    try:
        wrong = cut_and_judge(site, options, random.Random(options.seed))
    except (TimeoutError, RuntimeError) as fault:
        wrong = [str(fault)]
    finally:
        site.stop()
    for text in wrong:
        print("FAILED:", text)
    if wrong:
        print(f"consoles, logs and disks are in {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
