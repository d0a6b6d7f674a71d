// tests/gateway/log_test.cpp: a field is one word, whatever a broker or device puts into it.
#include "gateway/log.hpp"

#include <catch2/catch.hpp>

using namespace gateway;
using namespace std::chrono_literals;

TEST_CASE("log: fields are key=value, quoted where need be", "[gateway][log]") {
    CHECK(field("retry_in", 4000ms).text() == "retry_in=4s");
    CHECK(field("retry_in", 250ms).text() == "retry_in=250ms");
    CHECK(field("queued", 7u).text() == "queued=7");
    CHECK(field("device", "boiler").text() == "device=boiler");
    CHECK(field("reason", "timed out").text() == "reason=\"timed out\"");
    CHECK(field("reason", "").text() == "reason=\"\"");
    CHECK(field("reason", "say \"no\"").text() == "reason=\"say \\\"no\\\"\"");
    CHECK(field("reason", "two\nlines\x1b[31m").text() == "reason=\"two?lines?[31m\"");
    CHECK(field("reason", std::string(10'000, 'x')).text().size() < 600);
}
