// tests/gateway/write/inbox_intake_test.cpp: a message is acknowledged when it is in the inbox, and not before, also when the
// inbox is full.
#include "gateway/write/inbox_intake.hpp"

#include <catch2/catch.hpp>

using namespace gateway;

namespace {

store::received_message message(const std::string& payload) {
    store::received_message made;
    made.topic = "tidegate/plant7/set/boiler/setpoint";
    made.payload = payload;
    return made;
}

/// Session, intake, group commit and an inbox that takes so many, or none.
struct world {
    inbox_intake intake;
    group_commit waiting{std::chrono::milliseconds{100}};
    bool has_room = true;
    std::uint64_t position = 0;
    std::int64_t last = 0;
    std::vector<std::string> taken;
    std::uint64_t acknowledged = 0;
    std::optional<std::vector<std::uint16_t>> held;  // durable
    group_commit::time_point now{};

    void receive(const std::string& payload, std::uint16_t id) {
        intake.on_received(message(payload));
        save_request saved;
        saved.position = ++position;
        saved.held = std::vector<std::uint16_t>{id};
        saved.barrier = true;
        intake.add_to(saved);
        waiting.save(std::move(saved), now);
    }
    const store::transaction& begin() { return waiting.begin(now); }
    void end(const store::transaction& work) {
        store::commit_report report;
        report.first_received = store::inbox_number{last + 1};
        if (has_room) {
            report.received = work.receive.size();
            last += static_cast<std::int64_t>(report.received);
            if (work.held) held = work.held;
        }
        const auto done = waiting.on_durable(report);
        const auto found = intake.on_committed(done);
        for (const auto& each : found.messages) {
            CHECK(number(each.number) == static_cast<std::int64_t>(taken.size()) + 1);
            taken.push_back(each.message.payload);
        }
        if (done.saved_up_to != 0 && found.may_acknowledge) acknowledged = done.saved_up_to;
    }
    void commit() { end(begin()); }
};

}  // namespace

TEST_CASE("intake: messages are told with their numbers, once they are durable", "[gateway][intake]") {
    world w;
    w.receive("1", 1);
    w.receive("2", 2);
    CHECK(w.taken.empty());
    w.commit();
    CHECK(w.taken == std::vector<std::string>{"1", "2"});
    CHECK(w.acknowledged == 2);
    w.intake.on_received(message("3"));  // QoS 0, in a save of its own
    save_request own;
    w.intake.add_to(own);
    CHECK(own.barrier);
    w.waiting.save(std::move(own), w.now);
    w.commit();
    CHECK(w.taken.size() == 3);
    CHECK(w.acknowledged == 2);
}

TEST_CASE("intake: what the inbox has no room for is saved again, in order, and acknowledged only then", "[gateway][intake]") {
    world w;
    w.receive("1", 1);
    w.commit();
    w.has_room = false;
    w.receive("2", 2);
    const auto& refused = w.begin();
    w.receive("3", 3);  // while the other is being refused
    w.end(refused);
    CHECK(w.intake.wants_retry());
    CHECK(w.acknowledged == 1);
    w.commit();  // that of 3, which is passed over
    CHECK(w.acknowledged == 1);
    w.receive("4", 4);
    w.commit();
    CHECK(w.acknowledged == 1);
    CHECK(w.held == std::vector<std::uint16_t>{1});
    SECTION("once there is room") {
        w.has_room = true;
        w.waiting.save(w.intake.retry(), w.now);
        w.receive("5", 5);
        w.commit();
        CHECK(w.taken == std::vector<std::string>{"1", "2", "3", "4", "5"});
        CHECK(w.acknowledged == 5);
        CHECK(w.held == std::vector<std::uint16_t>{5});
        CHECK(!w.intake.wants_retry());
    }
    SECTION("what comes when there is room again, before it is tried, waits behind the others") {
        w.has_room = true;
        w.receive("5", 5);
        w.commit();
        CHECK(w.taken == std::vector<std::string>{"1"});
        CHECK(w.acknowledged == 1);
        w.waiting.save(w.intake.retry(), w.now);
        w.commit();
        CHECK(w.taken == std::vector<std::string>{"1", "2", "3", "4", "5"});
        CHECK(w.acknowledged == 5);
    }
    SECTION("or again not") {
        w.waiting.save(w.intake.retry(), w.now);
        w.commit();
        CHECK(w.intake.wants_retry());
        CHECK(w.acknowledged == 1);
        w.has_room = true;
        w.waiting.save(w.intake.retry(), w.now);
        w.commit();
        CHECK(w.taken == std::vector<std::string>{"1", "2", "3", "4"});
        CHECK(w.acknowledged == 4);
    }
    SECTION("a commit that was under way when it was tried again acknowledges nothing") {
        w.has_room = true;
        save_request nothing;
        nothing.position = ++w.position;
        nothing.barrier = true;
        w.intake.add_to(nothing);
        w.waiting.save(std::move(nothing), w.now);
        const auto& late = w.begin();
        auto again = w.intake.retry();
        w.end(late);
        CHECK(w.acknowledged == 1);
        w.waiting.save(std::move(again), w.now);
        w.commit();
        CHECK(w.acknowledged == w.position);
    }
}

TEST_CASE("intake: a session that begins anew gets all of it again", "[gateway][intake]") {
    world w;
    w.has_room = false;
    w.receive("1", 1);
    w.commit();
    w.intake.forget();
    CHECK(!w.intake.wants_retry());
    w.has_room = true;
    w.receive("1", 7);
    w.commit();
    CHECK(w.taken == std::vector<std::string>{"1"});
}
