# tidegate import: whatever comes out of a register list passes `check`, as a template and as a config; what doesn't go through is told
# with its line.
import argparse
import pathlib
import subprocess
import sys
import tempfile

LISTS = {
    "vendor.csv": ("Nr;Bezeichnung;Register;Datentyp;L\xE4nge;Faktor;Einheit;Zugriff\n"
                   "1;Spannung L1;40001;UINT16;1;0,1;V;R\n2;Leistung;40002;INT32;2;1;W;R\n3;Name;40010;STRING;8;;;R\n"
                   "4;Befehl;40020;UINT16;1;;;W\n5;Kaputt;x;UINT16;1;;;R\n6;Lang;40030;STRING;;;;R\n"
                   "7;Riesig;49999;STRING;200;;;R\n8;Spannung L1;40040;FLOAT;2;;V;R/W\n").encode("latin-1"),
    "float.csv": b"\xEF\xBB\xBFname,address (dec),hex,fc,type,unit\r\nvolts,0,0000,04,float32,V\r\n\"amps, L1\",6,0006,04,Float 32 bit,A\r\n",
    "bits.tsv": b"name\taddress\tbit\ttype\tfc\nalarm\t100\t3\tbool\t3\nready\t100\t0\tbool\t3\npump\t5\t\tcoil\t1\ndoor\t6\t\t\t2\n",
}
TAKEN = {"vendor.csv": 4, "float.csv": 2, "bits.tsv": 4}
REFUSED = {"vendor.csv": {5: "only be written", 6: "no address", 7: "length", 8: "200 registers"}, "float.csv": {}, "bits.tsv": {}}


def check(condition, words):
    if not condition:
        sys.exit(f"FAILED: {words}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, type=pathlib.Path)
    build = parser.parse_args().build.resolve()

    def tidegate(*words, code=0):
        done = subprocess.run([build / "tidegate", *map(str, words)], capture_output=True, text=True, timeout=60)
        check(done.returncode == code, f"{words} ends with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    with tempfile.TemporaryDirectory(prefix="tidegate-import-") as name:
        folder = pathlib.Path(name)
        (folder / "templates").mkdir()
        for file, content in LISTS.items():
            path, stem = folder / file, pathlib.Path(file).stem
            path.write_bytes(content)
            template = folder / "templates" / f"my-{stem}.yaml"
            done = tidegate("import", path, "-o", template)
            check(f"{TAKEN[file]} points, {len(REFUSED[file])} line" in done.stderr, f"{file}: {done.stderr}")
            for line, words in REFUSED[file].items():
                told = [one for one in done.stderr.splitlines() if one.startswith(f"{path}:{line}: ")]
                check(len(told) == 1 and words in told[0], f"{file}:{line}: {words}: {done.stderr}")
            config = folder / f"{stem}.yaml"
            tidegate("import", path, "--config", "-o", config)
            tidegate("check", "-c", config)
            config.write_text(f"gateway: {{ id: g }}\nmqtt: {{ url: mqtt://127.0.0.1 }}\nbuses:\n  b:\n    adapter: modbus\n"
                              f"    tcp: {{ host: 127.0.0.1 }}\n    devices: {{ d: {{ unit: 1, template: my-{stem} }} }}\n")
            tidegate("check", "-c", config)
            check(f"{TAKEN[file]} points" in tidegate("templates", f"my-{stem}", "-c", config).stdout, f"the template {stem}")
            check("already" in tidegate("import", path, "-o", template, code=1).stderr, "an existing file is left alone")
            tidegate("import", path, "-o", template, "--force")
        check("--column" in tidegate("import", folder / "templates/my-bits.yaml", code=1).stderr, "what is no list is told")
        tidegate("import", folder / "absent.csv", code=1)
        tidegate("import", folder / "bits.tsv", "--order", "XYZ", code=2)
        text = (folder / "templates/my-vendor.yaml").read_text()
        check("spannung_l1: { register: 40001, type: uint16, scale: 0.1, unit: V }" in text and "spannung_l1_2:" in text, text)
    print("import: good")


main()
