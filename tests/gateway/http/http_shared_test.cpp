// tests/gateway/http/http_shared_test.cpp: a thousand clients cost the gateway one text, and each listener hears all from its
// first event on.
#include "gateway/http/http_shared.hpp"

#include <catch2/catch.hpp>

#include "gateway/limits.hpp"

namespace {

using namespace gateway;
using namespace std::chrono_literals;

struct fake_gateway final : http_backend {
    void ask(http_want, reply to) override { asked.push_back(std::move(to)); }
    void ask_events(bool whole, bool first, reply to) override {
        (whole ? wholes : changes).push_back(std::move(to));
        last_first = first;
    }
    void command(const std::string&, const std::string&, std::string, const std::string&, reply) override {}
    std::vector<reply> asked, wholes, changes;
    bool last_first = false;
};

shared_text text(std::string what) { return std::make_shared<const std::string>(std::move(what)); }

struct desk {
    fake_gateway gateway;
    http_shared::time_point now{};
    http_shared shared{gateway, [](http_want, shared_text from) { return from; }, [this] { return now; }};
};

}  // namespace

TEST_CASE("http: many who ask at once get the one text that is rendered for them", "[gateway][http]") {
    desk d;
    int answered = 0;
    for (int i = 0; i < 1000; ++i)
        d.shared.ask(http_want::state,
                     [&](unsigned status, const shared_text& got) { answered += status == 200 && *got == "one" ? 1 : 0; });
    REQUIRE(d.gateway.asked.size() == 1);
    d.gateway.asked[0](200, text("one"));
    CHECK(answered == 1000);
    d.now += 499ms;
    d.shared.ask(http_want::state, [&](unsigned, const shared_text&) { ++answered; });
    CHECK(answered == 1001);
    d.shared.ask(http_want::metrics, [](unsigned, const shared_text&) {});
    CHECK(d.gateway.asked.size() == 2);
    d.now += 1ms;
    d.shared.ask(http_want::state, [&](unsigned, const shared_text&) { ++answered; });
    CHECK(d.gateway.asked.size() == 3);
    d.gateway.asked[1](200, text("m"));
    d.gateway.asked[2](200, text("two"));
    CHECK(answered == 1002);
    CHECK(d.shared.forget_old());
    d.now += limits::http_stalled + 1ms;
    CHECK_FALSE(d.shared.forget_old());
}

TEST_CASE("http: who joins gets all there is, then each change once; who is gone is forgotten", "[gateway][http]") {
    desk d;
    std::string a, b;
    bool a_stays = true;
    CHECK_FALSE(d.shared.tick());
    d.shared.join([&](const shared_text& got) {
        a += *got;
        return a_stays;
    });
    CHECK(d.gateway.last_first);
    CHECK(d.shared.tick());
    CHECK(d.gateway.changes.empty());  // nobody is to hear of them yet
    d.gateway.wholes.at(0)(200, text("A"));
    CHECK(d.shared.tick());
    CHECK(d.shared.tick());
    CHECK(d.gateway.changes.size() == 1);  // one at a time
    d.shared.join([&](const shared_text& got) {
        b += *got;
        return true;
    });
    CHECK_FALSE(d.gateway.last_first);
    d.gateway.changes.at(0)(200, text("1"));
    d.gateway.wholes.at(1)(200, text("B"));
    CHECK(d.shared.tick());
    d.gateway.changes.at(1)(200, text("2"));
    CHECK(a == "A12");
    CHECK(b == "B2");
    CHECK(d.shared.tick());
    d.gateway.changes.at(2)(200, text(""));
    CHECK(b == "B2");
    d.now += limits::http_heartbeat;
    a_stays = false;
    CHECK(d.shared.tick());
    d.gateway.changes.at(3)(200, text(""));
    CHECK(b.starts_with("B2:"));  // a comment: it shows who is gone
    CHECK(d.shared.listeners() == 1);
}
