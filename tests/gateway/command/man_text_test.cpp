// tests/gateway/command/man_text_test.cpp: text as roff, in which nothing is taken for a command. Not here: whole pages
// (papers_test.py).
#include <catch2/catch.hpp>

#include "gateway/command/man_pages.hpp"

using namespace gateway;

TEST_CASE("man text: what roff would take for its own", "[gateway][papers]") {
    CHECK(in_roff("-c \\ ' ^ ~") == "\\-c \\e \\(aq \\(ha \\(ti");
    CHECK(in_roff(".so /etc/passwd") == "\\&.so /etc/passwd");
    CHECK(in_roff("a.b\n.c") == "a.b\n\\&.c");
}

TEST_CASE("man text: Markdown", "[gateway][papers]") {
    CHECK(roff_of_markdown("One `two`.\nMore.\n\n## EXAMPLES\n\n    first -x\n\n    second\n\nEnd:\n\n- a\n- b\n") ==
          ".PP\nOne \\fBtwo\\fP\\&.\nMore.\n.SH EXAMPLES\n.PP\n.EX\nfirst \\-x\n\nsecond\n.EE\n.PP\nEnd:\n.IP \\(bu 2\na\n.IP "
          "\\(bu "
          "2\nb\n");
    CHECK(roff_of_markdown("`.code` first") == ".PP\n\\fB\\&.code\\fP first\n");
    CHECK(roff_of_markdown("'quoted'\n") == ".PP\n\\(aqquoted\\(aq\n");
    CHECK(roff_of_markdown("").empty());
}
