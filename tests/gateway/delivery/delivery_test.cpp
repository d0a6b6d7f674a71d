// tests/gateway/delivery/delivery_test.cpp: what reaches the broker, and in which order, when messages come fresh, from the log,
// or both. A real session against a broker of a few lines that acknowledges what it gets; the log is a vector.
#include "gateway/delivery/delivery.hpp"

#include <catch2/catch.hpp>

#include "gateway/limits.hpp"
#include "mqtt/codec.hpp"
#include "mqtt/framer.hpp"

using namespace gateway;

namespace {

const mqtt::time_point start{std::chrono::seconds(1000)};
const store::stamp board{2'000'000, 500'000, true};  // the same moment

store::message message(std::int64_t number) {
    store::message m;
    m.topic = "plant/meter";
    m.payload = std::to_string(number);
    return m;
}

struct world {
    mqtt::session session{options(), {}, 1};
    std::vector<store::stored_message> log;
    std::vector<std::string> delivered;               // payloads of logged messages, in the order of arrival
    std::vector<std::optional<std::uint32_t>> lives;  // of what was delivered
    std::vector<std::string> statuses;
    std::uint64_t expired = 0;
    bool acknowledges = true;
    bool has_session = false;
    int reads = 0;
    mqtt::framer frames{1 << 20};

    static mqtt::options options() {
        mqtt::options how;
        how.client_id = "plant";
        how.broker = "broker";
        how.window = 10;
        return how;
    }

    void add_to_log(std::int64_t first, std::int64_t count) {
        for (std::int64_t n = first; n < first + count; ++n) log.push_back({store::sequence{n}, message(n)});
    }
    store::sequence last() const { return log.empty() ? store::sequence{0} : log.back().sequence; }

    void receive(const mqtt::packet& packet) {
        std::string bytes;
        mqtt::encode(packet, mqtt::version::v5, bytes);
        session.on_bytes(std::as_bytes(std::span(bytes)), start);
    }

    /// Plays the disk and the broker until nothing moves any more.
    void run(delivery& d) {
        for (bool moved = true; moved;) {
            moved = false;
            d.pump(start, board);
            if (const auto read = d.wanted()) {
                moved = true;
                ++reads;
                d.on_read(read->from, find(*read));
            }
            for (const auto& effect : session.take_effects()) {
                moved = true;
                carry_out(effect, d);
            }
            moved = take_bytes() || moved;
        }
    }

    void carry_out(const mqtt::effect& effect, delivery& d) {
        if (const auto* save = std::get_if<mqtt::save>(&effect)) {
            expired += save->expired;
            session.on_durable(save->position, start);
        }
        if (std::holds_alternative<mqtt::offline>(effect)) d.on_offline();
        if (std::holds_alternative<mqtt::open_transport>(effect)) session.on_opened(start);
        if (std::holds_alternative<mqtt::close_transport>(effect)) {
            take_bytes();
            disconnect();
        }
    }

    std::vector<store::stored_message> find(const log_read& what) const {
        std::vector<store::stored_message> found;
        std::size_t bytes = 0;
        for (const auto& m : log)
            if (m.sequence >= what.from && found.size() < what.messages && (bytes += m.message.payload.size()) <= what.bytes)
                found.push_back(m);
        return found;
    }

    bool take_bytes() {
        const std::string bytes(session.unsent());
        if (bytes.empty()) return false;
        session.sent(bytes.size(), start);
        frames.feed(std::as_bytes(std::span(bytes)));
        for (auto frame = frames.next(); frame && *frame; frame = frames.next()) {
            const auto packet = mqtt::decode(**frame, mqtt::version::v5, mqtt::sender::client);
            REQUIRE(packet.has_value());
            if (std::holds_alternative<mqtt::connect>(*packet)) connected(std::get<mqtt::connect>(*packet).clean_start);
            if (const auto* publish = std::get_if<mqtt::publish>(&*packet)) published(*publish);
        }
        return true;
    }

    void connected(bool clean) {
        mqtt::connack answer;
        answer.session_present = has_session && !clean;
        has_session = !clean;
        receive(answer);
    }

    void published(const mqtt::publish& publish) {
        (publish.topic.starts_with("tidegate/") ? statuses : delivered).push_back(publish.payload);
        if (!publish.topic.starts_with("tidegate/")) lives.push_back(publish.properties.message_expiry_interval);
        if (!acknowledges) return;
        mqtt::puback answer;
        answer.id = publish.id;
        receive(answer);
    }

    void connect() { session.start(start); }
    void reopen() { session.on_time(start + std::chrono::hours(1)); }
    void disconnect() {
        session.on_closed("gone", start);
        frames.reset();
    }
};

std::vector<std::string> numbers(std::int64_t first, std::int64_t count) {
    std::vector<std::string> all;
    for (std::int64_t n = first; n < first + count; ++n) all.push_back(std::to_string(n));
    return all;
}

/// The store's answer to an append of `count` messages from `first` on; they are in the log from now on.
void commit(world& w, delivery& d, std::int64_t first, std::int64_t count) {
    const bool keep = d.takes_fresh();
    w.add_to_log(first, count);
    store::commit_report report;
    report.first = store::sequence{first};
    report.appended = static_cast<std::size_t>(count);
    std::vector<store::message> messages;
    for (std::int64_t n = first; n < first + count; ++n) messages.push_back(message(n));
    d.on_committed(report, std::move(messages), keep);
}

}  // namespace

TEST_CASE("delivery: fresh messages go out without being read back", "[gateway][delivery]") {
    world w;
    delivery d(w.session, w.last());
    w.connect();
    w.run(d);
    commit(w, d, 1, 3);
    w.run(d);
    commit(w, d, 4, 50);
    w.run(d);
    CHECK(w.delivered == numbers(1, 53));
    CHECK(w.reads == 0);
    CHECK(d.drained());
    CHECK(d.buffered_bytes() == 0);
}

TEST_CASE("delivery: a backlog is read in order, and what comes meanwhile follows it", "[gateway][delivery]") {
    world w;
    w.add_to_log(1, 3000);
    delivery d(w.session, w.last());
    w.connect();
    CHECK_FALSE(d.drained());
    commit(w, d, 3001, 10);
    w.run(d);
    commit(w, d, 3011, 10);
    w.run(d);
    CHECK(w.delivered == numbers(1, 3020));
    CHECK(d.drained());
}

TEST_CASE("delivery: an outage keeps the memory flat and loses nothing", "[gateway][delivery]") {
    world w;
    delivery d(w.session, w.last());
    std::size_t most = 0;
    for (int batch = 0; batch < 500; ++batch) {
        commit(w, d, batch * 20 + 1, 20);
        most = std::max(most, d.buffered_bytes());
    }
    CHECK(most == 0);
    w.connect();
    w.run(d);
    CHECK(w.delivered == numbers(1, 10'000));
    CHECK(d.drained());
}

TEST_CASE("delivery: after a reconnect it starts again at the first that isn't acknowledged", "[gateway][delivery]") {
    world w;
    delivery d(w.session, w.last());
    w.connect();
    w.run(d);
    commit(w, d, 1, 5);
    w.run(d);
    w.acknowledges = false;
    commit(w, d, 6, 20);
    w.run(d);
    CHECK(w.delivered == numbers(1, 15));  // the window is 10
    w.disconnect();
    w.acknowledges = true;
    w.delivered.clear();
    w.reopen();
    w.run(d);
    CHECK(w.delivered == numbers(6, 20));
    CHECK(d.drained());
}

TEST_CASE("delivery: gaps in the log are passed over", "[gateway][delivery]") {
    world w;
    w.add_to_log(1, 10);
    w.add_to_log(5000, 10);
    w.add_to_log(100'000, 10);
    delivery d(w.session, w.last());
    w.connect();
    w.run(d);
    auto expected = numbers(1, 10);
    for (const std::int64_t first : {5000, 100'000})
        for (const auto& n : numbers(first, 10)) expected.push_back(n);
    CHECK(w.delivered == expected);
    CHECK(d.drained());
}

TEST_CASE("delivery: status topics say the latest, after every connect", "[gateway][delivery]") {
    world w;
    delivery d(w.session, w.last());
    d.set_status("tidegate/plant/status", "old", start);
    d.set_status("tidegate/plant/status", "online", start);
    w.connect();
    w.run(d);
    CHECK(w.statuses == std::vector<std::string>{"online"});
    d.set_status("tidegate/plant/status", "online", start);
    w.run(d);
    CHECK(w.statuses.size() == 1);
    d.set_status("tidegate/plant/device/meter/status", "{}", start);
    w.run(d);
    CHECK(w.statuses.size() == 2);
    w.disconnect();
    w.reopen();
    w.run(d);
    CHECK(w.statuses.size() == 4);
}

TEST_CASE("delivery: a read that fails is made again after a while", "[gateway][delivery]") {
    world w;
    w.add_to_log(1, 3);
    delivery d(w.session, w.last());
    w.connect();
    while (!w.session.is_online()) {
        for (const auto& effect : w.session.take_effects()) w.carry_out(effect, d);
        w.take_bytes();
    }
    d.pump(start, board);
    REQUIRE(d.wanted());
    CHECK_FALSE(d.next_deadline());
    const auto retry = start + std::chrono::seconds(1);
    d.on_read_failed(retry);
    d.pump(start, board);
    CHECK_FALSE(d.wanted());
    CHECK(d.next_deadline() == retry);
    d.pump(*d.next_deadline(), board);
    CHECK(d.wanted());
    CHECK_FALSE(d.next_deadline());
}

TEST_CASE("delivery: what is left of a message's life is known within a boot, and beyond it by clocks that were right",
          "[gateway][delivery]") {
    using std::chrono::seconds;
    store::stored_message m;
    m.message.taken = {board.wall_ms - 40'000, board.monotonic_ms - 10'000, true};
    CHECK_FALSE(life_left(m, {board}).has_value());
    m.message.expiry = 60;
    CHECK(life_left(m, {board}) == seconds(50));
    m.of_this_boot = false;
    CHECK(life_left(m, {board}) == seconds(20));
    SECTION("a clock that may have been wrong takes nothing off") {
        m.message.taken.synchronised = false;
        CHECK(life_left(m, {board}) == seconds(60));
        m.message.taken.synchronised = true;
        auto unsure = board;
        unsure.synchronised = false;
        CHECK(life_left(m, {unsure}) == seconds(60));
    }
    SECTION("a clock that was set back adds nothing") {
        m.message.taken.wall_ms = board.wall_ms + 5000;
        CHECK(life_left(m, {board}) == seconds(60));
    }
    SECTION("a second that has begun counts") {
        m.message.taken.wall_ms = board.wall_ms - 59'001;
        CHECK(life_left(m, {board}) == seconds(1));
        m.message.taken.wall_ms = board.wall_ms - 60'000;
        CHECK(life_left(m, {board}) == seconds(0));
        m.message.taken.wall_ms = board.wall_ms - 75'000;
        CHECK(life_left(m, {board}) == seconds(-15));
    }
}

TEST_CASE("delivery: a message whose life is over isn't sent, and the broker hears how long the others have",
          "[gateway][delivery]") {
    world w;
    w.add_to_log(1, 3);
    for (auto& m : w.log) m.message.expiry = 60;
    w.log[0].message.taken.monotonic_ms = board.monotonic_ms - 60'000;
    w.log[1].message.taken.monotonic_ms = board.monotonic_ms - 45'000;
    w.log[2].message.expiry.reset();
    delivery d(w.session, w.last());
    w.connect();
    w.run(d);
    CHECK(w.delivered == numbers(2, 2));
    CHECK(w.lives == std::vector<std::optional<std::uint32_t>>{15, std::nullopt});
    CHECK(w.expired == 1);
    CHECK(d.drained());
}

TEST_CASE("delivery: readings from before the clock was set are sent with the right time, whichever way they come",
          "[gateway][delivery]") {
    constexpr std::int64_t offset = 1'795'378'500'123;
    const auto marked = [](std::int64_t number) {
        return R"({"ts":"1970-01-01T00:00:05.000Z","ts_quality":"unsynchronised","value":)" + std::to_string(number) + "}";
    };
    const auto right = [](std::int64_t number) {
        return R"({"ts":"2026-11-22T20:15:10.123Z","value":)" + std::to_string(number) + "}";
    };
    const auto taken = [&](std::int64_t number) {
        store::message m = message(number);
        m.taken = {5000, 10'000, false};
        m.payload = marked(number);
        return m;
    };
    world w;
    for (std::int64_t n = 1; n <= 4; ++n) w.log.push_back({store::sequence{n}, taken(n)});
    w.log[0].of_this_boot = false;  // of a boot whose clock was never right …
    w.log[1].of_this_boot = false;  // … and of one whose was
    w.log[1].boot_offset_ms = offset;
    delivery d(w.session, w.last());
    w.connect();
    SECTION("known when they are sent") {
        d.set_boot_offset(offset);
        w.run(d);
        CHECK(w.delivered == std::vector<std::string>{marked(1), right(2), right(3), right(4)});
        store::commit_report report;
        report.first = store::sequence{5};
        report.appended = 1;
        w.log.push_back({store::sequence{5}, taken(5)});
        d.on_committed(report, {taken(5)}, d.takes_fresh());
        w.run(d);
        CHECK(w.delivered.back() == right(5));
        CHECK(w.reads == 1);
        CHECK(d.publish_now(taken(6), start));
        w.run(d);
        CHECK(w.delivered.back() == right(6));
    }
    SECTION("not known yet") {
        w.run(d);
        CHECK(w.delivered == std::vector<std::string>{marked(1), right(2), marked(3), marked(4)});
        CHECK(d.publish_now(taken(6), start));
        w.run(d);
        CHECK(w.delivered.back() == marked(6));
    }
    SECTION("known before they are sent again") {
        w.acknowledges = false;
        w.run(d);
        w.disconnect();
        w.acknowledges = true;
        w.delivered.clear();
        d.set_boot_offset(offset);
        w.reopen();
        w.run(d);
        CHECK(w.delivered == std::vector<std::string>{marked(1), right(2), right(3), right(4)});
    }
    CHECK(d.buffered_bytes() == 0);
}
