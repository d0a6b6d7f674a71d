// tests/config/tree_test.cpp: YAML to a tree with places.
#include "config/tree.hpp"

#include <catch2/catch.hpp>

using namespace config;

namespace {

struct parse {
    explicit parse(std::string_view text) : lines(text), out(lines), root(parse_tree(lines, out)), said(out.take()) {}

    source lines;
    findings out;
    std::optional<node> root;
    std::vector<diagnostic> said;
};

std::string first_message(std::string_view text) {
    const parse done(text);
    return done.said.empty() ? "" : done.said.front().message;
}

}  // namespace

TEST_CASE("tree: every value and key knows its place", "[config][tree]") {
    const parse done("# \xC3\xA4\na:\n  \"\xC3\xB6\": { c: \xC2\xB0 x, d: [1, '22'] }\n");
    REQUIRE(done.root.has_value());
    CHECK(done.said.empty());
    const auto& a = done.root->entries.at(0);
    CHECK((a.key == "a" && a.at.where == position{2, 1} && a.at.width == 1));
    const auto& o = a.value.entries.at(0);
    CHECK((o.key == "\xC3\xB6" && o.at.where == position{3, 3} && o.at.width == 3));
    CHECK(o.value.at.where == position{3, 8});
    const auto& c = o.value.entries.at(0);
    CHECK((c.at.where == position{3, 10} && c.value.at.where == position{3, 13} && c.value.at.width == 3));
    const auto& d = o.value.entries.at(1).value;
    REQUIRE(d.items.size() == 2);
    CHECK((d.items[1].text == "22" && d.items[1].at.where == position{3, 25} && d.items[1].at.width == 4));
}

TEST_CASE("tree: lines end as in any editor", "[config][tree]") {
    for (const auto* text : {"a: 1\n\nb: 2", "a: 1\r\n\r\nb: 2\r\n", "a: 1\r\rb: 2\r",
                             "\xEF\xBB\xBF"
                             "a: 1\n\nb: 2\n"}) {
        const parse done(text);
        REQUIRE(done.root.has_value());
        CHECK(done.root->entries.at(0).at.where == position{1, 1});
        CHECK(done.root->entries.at(1).at.where == position{3, 1});
    }
}

TEST_CASE("tree: scalars stay text, and nothing is told from quoted text", "[config][tree]") {
    const parse done("a: no\nb: 012\nc: 8E1\nd: ~\ne: '~'\nf:\ng: ''\nh: null\ni: 2026-11-22\n");
    REQUIRE(done.root.has_value());
    const auto& all = done.root->entries;
    CHECK((all[0].value.text == "no" && all[1].value.text == "012" && all[2].value.text == "8E1"));
    CHECK((all[3].value.null && !all[4].value.null && all[5].value.null && !all[6].value.null && all[7].value.null));
    CHECK(all[8].value.text == "2026-11-22");
}

TEST_CASE("tree: what YAML can do beyond a tree is refused", "[config][tree]") {
    CHECK(first_message("a: &x 1\n") == "YAML anchors ('&x') are not supported; write the value out where it is used");
    CHECK(first_message("a: *x\n") == "YAML aliases ('*x') are not supported; write the value out, or quote it if it is text");
    CHECK(first_message("a: !!str 1\n") == "YAML tags are not supported; write the value without '!'");
    CHECK(first_message("a: !<tag:x> 1\n") == "YAML tags are not supported; write the value without '!'");
    CHECK(first_message("<<: { a: 1 }\n") == "YAML merge keys ('<<') are not supported; write the keys out");
    CHECK(first_message("? [a]\n: 1\n") == "a key must be text; put text that begins with '{' or '[' in quotes");
    CHECK(first_message("a: 1\na: 2\n") == "the key 'a' is already there on line 1");
    CHECK(first_message("a: 1\n---\nb: 1\n") == "a second YAML document begins here; a config file is one document");
    CHECK(first_message("a: 1\n...\n---\n") == "a second YAML document begins here; a config file is one document");
    CHECK(first_message("---\na: 1\n...\n").empty());
}

TEST_CASE("tree: an alias bomb is as small as its text", "[config][tree]") {
    std::string text = "a0: &a0 [x]\n";
    for (int i = 1; i < 30; ++i) {
        const auto last = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + ", " + last + ", " + last + "]\n";
    }
    const parse done(text);
    REQUIRE(done.root.has_value());
    CHECK(done.root->entries.size() == 30);
    CHECK(done.root->entries.back().value.items.size() == 3);
    CHECK(done.out.any_error());
}

TEST_CASE("tree: depth and size are bounded", "[config][tree]") {
    const auto nested = [](std::size_t depth) { return "a: " + std::string(depth, '[') + std::string(depth, ']') + "\n"; };
    CHECK(first_message(nested(deepest_tree - 1)).empty());
    CHECK(first_message(nested(deepest_tree)) == "maps and lists are nested too deep here");
    std::string many = "a: [";
    for (std::size_t i = 0; i < 2 * largest_tree; ++i) many += "x,";
    const parse done(many + "]\n");
    CHECK_FALSE(done.root.has_value());
    REQUIRE(done.said.size() == 1);
    CHECK(done.said.front().message == "the file has too many values; a larger plant needs several gateways");
}

TEST_CASE("tree: text that isn't text is reported once a line, and the rest is still read", "[config][tree]") {
    const parse done("a: \xB0\xB0\nb: 1\nb: 2\n");
    REQUIRE(done.said.size() == 2);
    CHECK(done.said[0].message == "byte 0xB0 is not UTF-8; save the file as UTF-8");
    CHECK(done.said[0].where == position{1, 4});
    CHECK(done.said[1].where == position{3, 1});
    using namespace std::string_view_literals;
    CHECK(first_message("a: x\0y\n"sv) == "a NUL byte; a config file is text");
    CHECK(first_message("a: 1 # \xC2\xA0 in a comment\n").empty());
    CHECK(first_message("a:\xC2\xA0"
                        "1\n") == "a no-break space, which only looks like a space; type a plain one");
    CHECK(first_message("a: 1\xE2\x80\xA8"
                        "b: 2\n") == "U+2028, a line separator that editors don't show; remove it");
    CHECK(first_message("a: \xED\xA0\x80\n") == "byte 0xED is not UTF-8; save the file as UTF-8");
    CHECK(first_message("a: \x07\n") == "the control character U+0007; remove it");
    CHECK(first_message("a: \"x\\0y\"\n") == "a value can't contain a tab or another control character");
}
