// tests/gateway/delivery/queue_options_test.cpp: nothing that the config says of the queue is lost on the way.
#include "gateway/delivery/queue_options.hpp"

#include <catch2/catch.hpp>

#include "gateway/limits.hpp"

using namespace gateway;
using config::when_full;

TEST_CASE("queue options: all of the config's", "[gateway][queue_options]") {
    config::buffer from;
    from.path = "q.db";
    from.max_bytes = 5 << 20;
    from.max_age = std::chrono::hours(3);
    from.policy = when_full::thin;
    const store::options how = queue_options(from, "this boot");
    CHECK(how.path == "q.db");
    CHECK(how.max_bytes == 5 << 20);
    CHECK(how.max_age == std::chrono::hours(3));
    CHECK(how.when_full == store::full_policy::thin);
    CHECK(how.boot_id == "this boot");
    CHECK(how.reserve_bytes == limits::reserve_bytes);
}

TEST_CASE("queue options: each policy is the store's, with its name and what comes of it", "[gateway][queue_options]") {
    const auto as = [](when_full which) {
        config::buffer from;
        from.policy = which;
        return queue_options(from, "").when_full;
    };
    CHECK(as(when_full::drop_oldest) == store::full_policy::drop_oldest);
    CHECK(as(when_full::drop_newest) == store::full_policy::drop_newest);
    CHECK(name_of(when_full::thin) == "thin");
    CHECK(consequence_of(when_full::drop_oldest) == "the oldest messages are dropped (buffer.when_full: drop_oldest)");
    CHECK(consequence_of(when_full::drop_newest) == "new messages are dropped (buffer.when_full: drop_newest)");
    CHECK(consequence_of(when_full::thin) == "every second one of the oldest messages is dropped (buffer.when_full: thin)");
}

TEST_CASE("queue options: memory comes first unless all is to be durable before it is sent", "[gateway][queue_options]") {
    config::buffer from;
    from.durability = GENERATE(config::durability::always, config::durability::on_outage);
    store::recovery found;
    found.last = store::sequence{7};
    found.cursor.acked = store::sequence{7};
    group_commit made = commits_of(from, found);
    made.append({store::message()}, true, {});
    CHECK(made.take_told().has_value() == (from.durability == config::durability::on_outage));
}
