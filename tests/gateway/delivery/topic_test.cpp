// tests/gateway/delivery/topic_test.cpp: placeholders of topics.
// Not here: who shares a topic (pipeline_test.cpp).
#include "gateway/delivery/topic.hpp"

#include <catch2/catch.hpp>

using namespace gateway;

TEST_CASE("topic: names take the place of their placeholders", "[gateway][topic]") {
    const topic_names names{"plant7", "meters", "boiler", "supply"};
    CHECK(resolve_topic("{gateway}/{device}/{point}", names) == "plant7/boiler/supply");
    CHECK(resolve_topic("a/{bus}{device}/{bus}", names) == "a/metersboiler/meters");
    CHECK(resolve_topic("plain", names) == "plain");
    CHECK(resolve_topic("", names).empty());

    SECTION("what isn't a placeholder stays") {
        CHECK(resolve_topic("{unit}/{point", names) == "{unit}/{point");
        CHECK(resolve_topic("{{point}}", names) == "{supply}");
    }
    SECTION("a name that looks like a placeholder isn't looked at again") {
        CHECK(resolve_topic("{device}/{point}", {"g", "b", "{point}", "p"}) == "{point}/p");
    }
    SECTION("a pattern that names the point") {
        CHECK(names_point("{gateway}/{point}/state"));
        CHECK_FALSE(names_point("{gateway}/{device}"));
    }
}
