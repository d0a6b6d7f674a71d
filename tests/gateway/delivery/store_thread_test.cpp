// tests/gateway/delivery/store_thread_test.cpp: what becomes one commit, what is told, and what a stop leaves behind.
// commit_every is an hour here, so that nothing but the rule under test can cause a commit.
#include "gateway/delivery/store_thread.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <fstream>

#include "gateway/limits.hpp"
#include "store/tuning.hpp"
#include "tests/store/disk.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace gateway;
using namespace std::chrono_literals;

namespace {

store::message message(std::string text) {
    store::message m;
    m.topic = "t";
    m.payload = std::move(text);
    m.qos = 2;
    return m;
}

constexpr std::uint64_t inbox_bytes = 10'000;

store::queue open_queue(const std::string& path, store::recovery& found) {
    store::options how;
    how.path = path;
    how.inbox_max_bytes = inbox_bytes;
    auto queue = store::queue::open(how, found);
    REQUIRE(queue.has_value());
    return std::move(*queue);
}

using held = std::vector<std::uint16_t>;

/// Nothing waits for it; it rides with the next commit.
save_request receiving(std::uint64_t position, std::vector<std::string> texts, std::optional<held> held_then) {
    save_request made;
    made.position = position;
    for (auto& text : texts) made.receive.push_back(message(std::move(text)));
    made.held = std::move(held_then);
    return made;
}

save_request now(save_request what) {
    what.barrier = true;
    return what;
}

/// A store thread on a real file, and what it told.
struct fixture {
    support::temporary_folder folder;
    boost::asio::io_context loop{1};
    std::vector<committed> commits;
    std::vector<std::vector<store::stored_message>> reads;
    std::vector<std::vector<store::waiting_message>> inbox_reads;
    std::vector<backlog> failures;
    std::unique_ptr<store_thread> thread;

    fixture() { start(); }
    void start() {
        store::recovery found;
        thread = std::make_unique<store_thread>(
            open_queue(folder.file("queue.db"), found), group_commit(1h), loop,
            store_events{
                [this](committed c) { commits.push_back(std::move(c)); },
                [this](store::sequence, auto found_messages) { reads.push_back(std::move(*found_messages)); },
                [this](const store::error&, backlog behind) { failures.push_back(behind); },
                [this](store::inbox_number, auto found_messages) { inbox_reads.push_back(std::move(*found_messages)); }});
    }
    /// Saves, waits until it is durable, and gives what was told.
    const committed& save(save_request what) {
        const std::size_t before = commits.size();
        thread->save(now(std::move(what)));
        run_until([&] { return commits.size() > before; });
        return commits.back();
    }
    std::vector<std::string> inbox() {
        const std::size_t before = inbox_reads.size();
        thread->read_inbox(store::inbox_number{1}, 1000, SIZE_MAX);
        run_until([&] { return inbox_reads.size() > before; });
        std::vector<std::string> texts;
        for (const auto& m : inbox_reads.back()) texts.push_back(m.message.payload);
        return texts;
    }
    /// Runs the loop until the condition holds; each turn waits for an event of the store thread's.
    template <typename Condition>
    void run_until(Condition condition) {
        loop.restart();  // it stops when it has run out of work
        const auto work = boost::asio::make_work_guard(loop);
        while (!condition()) REQUIRE(loop.run_one_for(10s) == 1);
    }
    void append(std::vector<store::message> messages) { REQUIRE(thread->append(std::move(messages), true) == 0); }
};

}  // namespace

TEST_CASE("store thread: a lone message is durable at once, a stream shares a commit", "[gateway][store_thread]") {
    fixture f;
    f.append({message("first")});
    f.run_until([&] { return f.commits.size() == 1; });
    CHECK(number(f.commits[0].report.first) == 1);
    CHECK(f.commits[0].messages == std::vector{message("first")});

    // Within commit_every of the last commit, these wait for each other.
    f.append({message("second")});
    f.append({message("third"), message("fourth")});
    f.thread->flush();
    f.run_until([&] { return f.commits.size() == 2; });
    CHECK(f.commits[1].report.appended == 3);
    CHECK(number(f.commits[1].report.first) == 2);
}

TEST_CASE("store thread: a barrier takes along what waits, and says up to where it is durable", "[gateway][store_thread]") {
    fixture f;
    f.append({message("first")});
    f.run_until([&] { return f.commits.size() == 1; });
    CHECK(f.commits[0].saved_up_to == 0);

    f.append({message("second")});
    save_request lazy;
    lazy.position = 1;
    lazy.settled.acknowledged = 1;
    lazy.cursor = store::cursor{store::sequence{1}, store::sequence{1}, store::sequence{257}, {}, {}};
    f.thread->save(lazy);
    save_request barrier;
    barrier.position = 2;
    barrier.barrier = true;
    barrier.session = store::session_record{"id", "broker", 1};
    f.thread->save(barrier);
    f.run_until([&] { return f.commits.size() == 2; });
    CHECK(f.commits[1].report.appended == 1);
    CHECK(f.commits[1].saved_up_to == 2);

    f.thread.reset();  // commits what waits, and lets go of the file
    store::recovery found;
    const auto queue = open_queue(f.folder.file("queue.db"), found);
    CHECK(found.session == barrier.session);
    CHECK(found.cursor == *lazy.cursor);
    CHECK(found.ledger.accepted == 2);
    CHECK(found.ledger.acknowledged == 1);
    CHECK(found.ledger.balanced());
}

TEST_CASE("store thread: it isn't idle before what it has done is told", "[gateway][store_thread]") {
    fixture f;
    CHECK(f.thread->idle());
    f.append({message("first")});
    CHECK(!f.thread->idle());
    f.run_until([&] { return f.commits.size() == 1; });
    CHECK(f.thread->idle());

    // A stop waits until it is written, and tells nothing.
    f.append({message("second")});
    f.thread->stop();
    CHECK(!f.thread->idle());
}

TEST_CASE("store thread: a read gives what the log holds", "[gateway][store_thread]") {
    fixture f;
    f.append({message("first"), message("second")});
    f.run_until([&] { return f.commits.size() == 1; });
    f.thread->read(store::sequence{2}, 10, 1000);
    f.run_until([&] { return f.reads.size() == 1; });
    REQUIRE(f.reads[0].size() == 1);
    CHECK(f.reads[0][0].message == message("second"));
}

TEST_CASE("store thread: a stop commits what waits and tells nothing more", "[gateway][store_thread]") {
    fixture f;
    f.append({message("first")});
    f.run_until([&] { return f.commits.size() == 1; });
    f.append({message("waiting")});
    f.thread->stop();
    f.loop.restart();
    f.loop.poll();
    CHECK(f.commits.size() == 1);
    f.thread.reset();
    store::recovery found;
    const auto queue = open_queue(f.folder.file("queue.db"), found);
    CHECK(found.ledger.accepted == 2);
}

TEST_CASE("store thread: more than may wait in memory is dropped and counted, not piled up", "[gateway][store_thread]") {
    fixture f;
    CHECK(f.thread->append({message(std::string(limits::waiting_bytes + 1, 'x')), message("small")}, true) == 1);
    f.run_until([&] { return f.commits.size() == 1; });
    CHECK(f.commits[0].report.appended == 1);
    CHECK(f.commits[0].unwritten == 1);
}

TEST_CASE("store thread: saves merge in order: all that is received, handled and parked, and the last that is held",
          "[gateway][store_thread]") {
    fixture f;
    f.append({message("1"), message("2"), message("3")});
    f.run_until([&] { return f.commits.size() == 1; });
    const committed& first = f.save(receiving(1, {"a", "b"}, held{1, 2}));
    CHECK(number(first.report.first_received) == 1);
    CHECK(first.received == std::vector{message("a"), message("b")});
    CHECK(first.report.inbox.messages == 2);

    save_request lazy = receiving(2, {"c"}, held{1, 2, 3});
    lazy.handled = {store::inbox_number{1}};
    lazy.cursor = store::cursor{store::sequence{1}, store::sequence{1}, store::sequence{3}, {}, {}};
    lazy.park = {{store::sequence{1}, 0x80, "first"}};
    lazy.settled.refused = 1;
    f.thread->save(lazy);
    save_request more = receiving(3, {"d", "e"}, held{3});
    more.handled = {store::inbox_number{2}};
    more.cursor = store::cursor{store::sequence{3}, store::sequence{3}, store::sequence{3}, {}, {}};
    more.park = {{store::sequence{2}, 0x97, "second"}};
    more.settled.refused = 1;
    more.settled.expired = 1;
    f.thread->save(more);
    const committed& second = f.save(receiving(4, {"f"}, std::nullopt));
    CHECK(f.commits.size() == 3);
    CHECK(second.saved_up_to == 4);
    CHECK(number(second.report.first_received) == 3);
    CHECK(second.received == std::vector{message("c"), message("d"), message("e"), message("f")});
    CHECK(second.refusals == 0);
    CHECK(f.inbox() == std::vector<std::string>{"c", "d", "e", "f"});

    f.thread.reset();
    store::recovery found;
    auto queue = open_queue(f.folder.file("queue.db"), found);
    CHECK(found.held == held{3});
    CHECK(found.inbox.messages == 4);
    CHECK(found.ledger.dropped_refused == 2);
    CHECK(found.ledger.dropped_expired == 1);
    CHECK(found.ledger.balanced());
    const auto parked = queue.read_dead_letters(store::dead_letter_number{1}, 10);
    REQUIRE(parked.has_value());
    REQUIRE(parked->size() == 2);
    CHECK((*parked)[0].reason == "first");
    CHECK((*parked)[1].message == message("2"));
}

TEST_CASE("store thread: once the inbox has had no room, nothing counts on what it refused", "[gateway][store_thread]") {
    fixture f;
    CHECK(f.save(receiving(1, {std::string(6000, 'x')}, held{1})).report.received == 1);
    const committed& full = f.save(receiving(2, {std::string(6000, 'y')}, held{1, 2}));
    CHECK(full.refusals == 1);
    CHECK(full.received.empty());
    CHECK(full.saved_up_to == 2);

    // Saved before the caller could know. There would be room for it, but 2 must not be held: it would count as received.
    CHECK(f.save(receiving(3, {"z"}, held{1, 2, 3})).refusals == 1);
    CHECK(f.commits.back().report.received == 0);
    CHECK(f.commits.back().saved_up_to == 3);
    save_request stale = receiving(4, {"stale"}, held{1, 2, 3, 4});
    stale.handled = {store::inbox_number{1}};
    f.thread->save(stale);
    save_request aware = receiving(5, {"aware"}, std::nullopt);
    aware.refusals_known = 1;
    CHECK(f.save(aware).received == std::vector{message("aware")});
    CHECK(f.inbox() == std::vector<std::string>{"aware"});

    aware.held = held{1, 9};
    CHECK(f.save(aware).refusals == 1);
    f.thread.reset();
    store::recovery found;
    const auto queue = open_queue(f.folder.file("queue.db"), found);
    CHECK(found.held == held{1, 9});
    CHECK(found.inbox.messages == 2);
}

TEST_CASE("store thread: what a failed commit was to receive is received by the next, in order", "[gateway][store_thread]") {
    test::disk disk(1);
    store::options how;
    how.path = "queue.db";
    store::tuning with;
    with.vfs = disk.name();
    store::recovery found;
    auto queue = open_tuned(how, with, found);
    REQUIRE(queue.has_value());
    boost::asio::io_context loop{1};
    int failures = 0;
    auto thread =
        std::make_unique<store_thread>(std::move(*queue), group_commit(1h), loop,
                                       store_events{[](committed) {}, {}, [&](const store::error&, backlog) { ++failures; }});
    disk.fail_in(1);
    thread->save(now(receiving(1, {"a", "b"}, held{1, 2})));
    const auto work = boost::asio::make_work_guard(loop);
    while (failures == 0) REQUIRE(loop.run_one_for(10s) == 1);
    thread->save(receiving(2, {"c"}, held{2}));
    thread.reset();  // a stop doesn't wait for the next attempt's time

    auto again = open_tuned(how, with, found);
    REQUIRE(again.has_value());
    CHECK(found.held == held{2});
    const auto inbox = again->read_inbox(store::inbox_number{1}, 10, SIZE_MAX);
    REQUIRE(inbox.has_value());
    REQUIRE(inbox->size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK((*inbox)[i].message == message(std::string(1, static_cast<char>('a' + i))));
}

namespace {

/// As a dying card would, under the feet of the thread.
void wipe(const std::string& path) {
    for (const char* const ending : {"", "-wal"}) {
        std::fstream file(path + ending, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(0, std::ios::end);
        const auto size = static_cast<std::size_t>(file.tellp());
        file.seekp(4096);
        file << std::string(size - 4096, '\xFF');
    }
}

}  // namespace

TEST_CASE("store thread: a damaged file is replaced in the middle of its life, and what waits goes to the new one",
          "[gateway][store_thread]") {
    fixture f;
    std::vector<store::recovery> salvaged;
    f.thread.reset();
    store::recovery found;
    f.thread = std::make_unique<store_thread>(
        open_queue(f.folder.file("queue.db"), found), group_commit(1h), f.loop,
        store_events{[&](committed c) { f.commits.push_back(std::move(c)); },
                     [&](store::sequence, auto messages) { f.reads.push_back(std::move(*messages)); },
                     [&](const store::error&, backlog behind) { f.failures.push_back(behind); },
                     {},
                     [&](store::recovery r) { salvaged.push_back(std::move(r)); }});
    // More than SQLite keeps in memory.
    std::vector<store::message> many;
    for (int i = 0; i < 40; ++i) many.push_back(message(std::string(100'000, static_cast<char>('a' + i % 26))));
    f.append(std::move(many));
    f.thread->flush();
    f.run_until([&] {
        std::size_t durable = 0;
        for (const auto& c : f.commits) durable += c.report.appended;
        return durable == 40;
    });
    wipe(f.folder.file("queue.db"));

    save_request lazy;  // of the session that is over by then
    lazy.position = 7;
    lazy.cursor = store::cursor{store::sequence{3}, store::sequence{3}, store::sequence{40}, {}, {}};
    lazy.settled.acknowledged = 3;
    lazy.session = store::session_record{"client", "broker", 4};
    f.thread->save(lazy);
    f.thread->read(store::sequence{1}, 100, SIZE_MAX);
    f.run_until([&] { return !salvaged.empty(); });
    REQUIRE(salvaged[0].damage);
    CHECK(salvaged[0].damage->exact);
    CHECK(salvaged[0].ledger.accepted == 40);
    CHECK(salvaged[0].ledger.balanced());
    CHECK(number(salvaged[0].cursor.acked) == 3);  // what was settled isn't lost
    CHECK(salvaged[0].ledger.acknowledged == 3);
    CHECK(f.reads.empty());

    const std::size_t before = f.commits.size();
    f.append({message("kept")});
    f.thread->save(now(lazy));  // the old session doesn't know yet
    CHECK_FALSE(f.thread->idle());
    f.thread->go_on(salvaged[0]);
    f.thread->flush();
    f.run_until([&] { return f.commits.size() > before; });
    CHECK(f.commits.back().messages == std::vector{message("kept")});
    CHECK(f.commits.back().saved_up_to == 0);
    CHECK(f.failures.empty());
    f.thread.reset();
    const auto queue = open_queue(f.folder.file("queue.db"), found);
    CHECK(!found.session);
    CHECK(number(found.cursor.acked) == 3);
    CHECK(found.ledger.balanced());
    CHECK(found.ledger.queued == salvaged[0].ledger.queued + 1);
}

TEST_CASE("store thread: stopped before the loop has heard of the damage, it commits what waits", "[gateway][store_thread]") {
    fixture f;
    store::recovery found;
    f.thread.reset();
    bool salvaged = false;
    f.thread = std::make_unique<store_thread>(open_queue(f.folder.file("queue.db"), found), group_commit(1h), f.loop,
                                              store_events{[&](committed c) { f.commits.push_back(std::move(c)); },
                                                           [](store::sequence, auto) {},
                                                           [](const store::error&, backlog) {},
                                                           {},
                                                           [&](const store::recovery&) { salvaged = true; }});
    std::vector<store::message> many;
    for (int i = 0; i < 40; ++i) many.push_back(message(std::string(100'000, 'x')));
    f.append(std::move(many));
    f.thread->flush();
    f.run_until([&] { return f.thread->idle(); });
    wipe(f.folder.file("queue.db"));
    f.thread->read(store::sequence{1}, 100, SIZE_MAX);
    f.run_until([&] { return salvaged; });  // and nobody says go_on()
    f.append({message("last")});
    f.thread->stop();
    f.thread.reset();
    auto queue = open_queue(f.folder.file("queue.db"), found);
    CHECK(number(found.last) > std::int64_t{1} << 32);
    const auto last = queue.read(found.last, 1, SIZE_MAX);
    REQUIRE(last.has_value());
    REQUIRE(last->size() == 1);
    CHECK(last->front().message == message("last"));
}
