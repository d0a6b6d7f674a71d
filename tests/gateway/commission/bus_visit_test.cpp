// tests/gateway/commission/bus_visit_test.cpp: whose turn it is on a bus that is visited.
// Not here: the asking, which needs threads (tests/system/commission_test.py).
#include "gateway/bus/bus_visit.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using namespace std::chrono_literals;

TEST_CASE("visit share: what a visitor takes, the polls have next", "[gateway][visit]") {
    visit_share share;
    CHECK(share.may_visit());
    share.visited(500ms);
    CHECK_FALSE(share.may_visit());
    share.polled(200ms);
    CHECK_FALSE(share.may_visit());
    share.polled(300ms);
    CHECK(share.may_visit());
}

TEST_CASE("visit share: a bus with nothing to do is the visitor's", "[gateway][visit]") {
    visit_share share;
    share.visited(500ms);
    share.idle();
    CHECK(share.may_visit());
}

TEST_CASE("visit share: polls don't save up time", "[gateway][visit]") {
    visit_share share;
    share.polled(10s);
    share.visited(1ms);
    CHECK_FALSE(share.may_visit());
}

TEST_CASE("visit share: on a full bus half of the time is the polls', whatever a visit takes", "[gateway][visit]") {
    for (const auto visit : {5ms, 40ms, 500ms}) {
        visit_share share;
        std::chrono::nanoseconds visits{0}, polls{0};
        while (visits + polls < 60s) {
            if (share.may_visit()) {
                share.visited(visit);
                visits += visit;
            } else {
                share.polled(30ms);
                polls += 30ms;
            }
        }
        CHECK(polls >= visits - visit);
    }
}
