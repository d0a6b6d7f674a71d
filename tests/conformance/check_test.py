# tests/conformance/check_test.py: the check of conformance sees what it is there to see.
# Not here: what the tests of this tree bear (that is the check itself).
import unittest

import check

ROWS = [
    {"version": "3.1.1", "id": "MQTT-2.3.1-1", "statement": "one", "area": "a"},
    {"version": "5.0", "id": "MQTT-2.3.1-1", "statement": "two", "area": "a"},
    {"version": "5.0", "id": "(3.2.2.3.11-13)", "statement": "three", "area": "b"},
]
NAMES = [
    "session: first [3.1.1 MQTT-2.3.1-1; 5.0 MQTT-2.3.1-1]",
    "session: second 5.0 MQTT-2.3.1-1, (3.2.2.3.11-13)",
    "session: third, without any",
]


class Names(unittest.TestCase):
    def test_every_id_of_the_table_is_understood(self):
        for row in check.read_statements():
            self.assertEqual(check.borne_by(f"x [{check.key_of(row)}]"), [check.key_of(row)])
            self.assertEqual(check.borne_by(f"x {check.key_of(row)}, {row['id']}: y"), [check.key_of(row)] * 2)

    def test_versions_and_ids_are_told_apart(self):
        self.assertEqual(check.borne_by(NAMES[0]), ["3.1.1 MQTT-2.3.1-1", "5.0 MQTT-2.3.1-1"])
        self.assertEqual(check.borne_by(NAMES[1]), ["5.0 MQTT-2.3.1-1", "5.0 (3.2.2.3.11-13)"])

    def test_what_only_looks_like_an_id_is_none(self):
        for name in ["MQTT-2.3.1-1", "5.0: MQTT-2.3.1-1", "a packet of 5.0", "15.0 MQTT-2.3.1-1", "5.0 (see below)", "5.0 MQTT-2"]:
            self.assertEqual(check.borne_by(name), [], name)


class Findings(unittest.TestCase):
    def found(self, names=NAMES, still_open=()):
        return check.findings(ROWS, names, list(still_open))

    def test_nothing_is_wrong(self):
        self.assertEqual(self.found(), [])

    def test_a_test_that_is_removed_is_missed(self):
        for row in ROWS:
            key = check.key_of(row)
            left = [name for name in NAMES if key not in check.borne_by(name)]
            self.assertIn(f"no test: {key}: {row['statement']}", self.found(left))

    def test_an_id_that_no_statement_has(self):
        self.assertEqual(len(self.found(NAMES + ["x [3.1.1 MQTT-9.9.9-9]"])), 1)
        self.assertEqual(len(self.found(NAMES + ["x [3.1.1 (3.2.2.3.11-13)]"])), 1)  # the other version's

    def test_an_id_without_its_version(self):
        for name in ["x [MQTT-2.3.1-1]", "x 5.0: MQTT-2.3.1-1", "x [5.0 MQTT-2.3.1-1 MQTT-2.3.1-1]"]:
            self.assertEqual(len(self.found(NAMES + [name])), 1, name)

    def test_the_open_list_excuses_only_what_has_no_test(self):
        self.assertEqual(self.found(NAMES[:1], ["5.0 (3.2.2.3.11-13)"]), [])
        self.assertEqual(len(self.found(NAMES, ["5.0 (3.2.2.3.11-13)"])), 1)
        self.assertEqual(len(self.found(NAMES, ["5.0 MQTT-9.9.9-9"])), 1)


class Document(unittest.TestCase):
    def test_it_names_each_statement_with_its_tests(self):
        text = check.document(ROWS, NAMES)
        self.assertIn("| MQTT-2.3.1-1 | one | session: first |", text)
        self.assertIn("| MQTT-2.3.1-1 | two | session: first<br>session: second 5.0 MQTT-2.3.1-1, (3.2.2.3.11-13) |", text)
        self.assertIn("2 of 2 statements", text)
        self.assertNotEqual(text, check.document(ROWS, NAMES[:1]))
        self.assertIn("**none yet**", check.document(ROWS, NAMES[:1]))


if __name__ == "__main__":
    unittest.main()
