# tests/sim/mutants/check_test.py: is the check itself worth something? It must see a mutant that survives and a table that has
# rotted; and with no mutant on, the mutated program must be the simulation itself.
# usage: check_test.py SIM SIM_MUTANTS
import pathlib
import subprocess
import sys
import tempfile
import unittest

import generate

HERE = pathlib.Path(__file__).resolve().parent
SIM, SIM_MUTANTS = sys.argv[1:3]
SOURCE = "int a() {\n    one();\n    two(1,\n        2);\n    one();\n}\n"


def mutant(name="some-name", original="two(1, 2);", mutated="three();"):
    return {"name": name, "wrong": "", "breaks": "", "file": "a.cpp", "original": original, "mutated": mutated, "mix": "all"}


def check(*arguments):
    command = [sys.executable, "-B", HERE / "check.py", "--program", SIM_MUTANTS, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def output(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


class TheCopies(unittest.TestCase):
    def test_an_original_is_found_however_it_is_broken_into_lines(self):
        made = generate.mutated_copy(SOURCE, "a.cpp", [mutant()])
        self.assertIn("if (mutants::is_on(mutants::mutant::some_name)) {\nthree();\n} else {", made)
        self.assertEqual(made.count("two(1,"), 1)

    def test_two_mutants_of_one_place_are_alternatives(self):
        made = generate.mutated_copy(SOURCE, "a.cpp", [mutant(), mutant("other")])
        self.assertIn("} else if (mutants::is_on(mutants::mutant::other))", made)
        self.assertEqual(made.count("two(1,"), 1)

    def wrong(self, *mutants):
        with self.assertRaises(generate.TableError) as raised:
            generate.mutated_copy(SOURCE, "a.cpp", mutants)
        return str(raised.exception)

    def test_an_original_that_is_gone_is_named(self):
        words = self.wrong(mutant(original="two(1, 3);"))
        self.assertIn('mutant "some-name": its original text is nowhere in a.cpp', words)

    def test_an_original_that_is_there_twice_is_named(self):
        self.assertIn('mutant "some-name": its original text is 2 times in a.cpp', self.wrong(mutant(original="one();")))

    def test_originals_that_overlap_are_named(self):
        words = self.wrong(mutant(), mutant("other", original="two(1, 2); one();"))
        self.assertIn('mutants "some-name" and "other": their original texts overlap', words)

    def test_a_table_with_a_missing_key_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            table = pathlib.Path(folder, "table.toml")
            table.write_text('[[mutant]]\nname = "a"\n', encoding="utf-8")
            with self.assertRaises(generate.TableError):
                generate.read_table(table)

    def test_names_are_there_once(self):
        with self.assertRaises(generate.TableError):
            generate.read_tables([HERE / "harmless.toml", HERE / "harmless.toml"])


class TheCheck(unittest.TestCase):
    def test_a_harmless_mutant_survives_and_fails_the_check(self):
        told = check("--table", HERE / "harmless.toml", "--seeds", "1-50")
        self.assertEqual(told.returncode, 1, told.stdout + told.stderr)
        self.assertIn("SURVIVED harmless: nothing was noticed in the seeds 1-50", told.stdout)

    def test_a_mutant_that_the_program_lacks_does_not_count_as_caught(self):
        with tempfile.TemporaryDirectory() as folder:
            table = pathlib.Path(folder, "table.toml")
            text = (HERE / "harmless.toml").read_text(encoding="utf-8").replace('"harmless"', '"not-compiled-in"')
            table.write_text(text, encoding="utf-8")
            told = check("--table", table, "--seeds", "1-2")
        self.assertEqual(told.returncode, 1, told.stdout + told.stderr)
        self.assertIn("SURVIVED not-compiled-in", told.stdout)

    def test_without_a_mutant_it_is_the_same_simulation(self):
        original = output(SIM, "--seeds", "1-40", "--trace")
        copy = output(SIM_MUTANTS, "--seeds", "1-40", "--trace")
        self.assertEqual(original.returncode, 0, original.stdout[-2000:])
        self.assertIn("hash", original.stdout)
        self.assertEqual(original.stdout, copy.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
