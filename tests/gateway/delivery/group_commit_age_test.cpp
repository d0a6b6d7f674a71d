// tests/gateway/delivery/group_commit_age_test.cpp: the time by which messages are too old gets into a commit, also when nothing
// else does.
#include <catch2/catch.hpp>

#include "gateway/delivery/group_commit.hpp"

using namespace gateway;
using namespace std::chrono_literals;

namespace {

const group_commit::time_point start = group_commit::time_point{} + 1h;
const store::stamp early{1, 2, true};
const store::stamp late{3, 4, true};

std::vector<store::message> one() { return std::vector<store::message>(1); }

}  // namespace

TEST_CASE("group_commit: the time goes alone if nothing waits, and once", "[gateway][group_commit]") {
    group_commit g(100ms);
    CHECK(g.empty());
    g.look_at_age(early);
    g.look_at_age(late);
    CHECK(!g.empty());
    REQUIRE(g.due());
    CHECK(*g.due() <= start);
    CHECK(g.begin(start).now == late);
    g.on_durable({});
    CHECK(g.empty());
    CHECK(!g.due());
    g.append(one(), false);
    CHECK(!g.begin(start + 1s).now);
}

TEST_CASE("group_commit: the time hurries no commit that waits", "[gateway][group_commit]") {
    group_commit g(100ms);
    g.append(one(), false);
    g.begin(start);
    g.on_durable({});
    g.append(one(), false);
    g.look_at_age(early);
    CHECK(g.due() == start + 100ms);
    const auto& work = g.begin(start + 100ms);
    CHECK(work.now == early);
    CHECK(work.append.size() == 1);
}

TEST_CASE("group_commit: a time that found the disk failing isn't given again", "[gateway][group_commit]") {
    group_commit g(100ms);
    g.look_at_age(early);
    g.begin(start);
    g.on_failed(start);
    CHECK(g.empty());
}
