// tests/gateway/store_thread_test.cpp: what becomes one commit, what is told, and what a stop leaves behind.
// commit_every is an hour here, so that nothing but the rule under test can cause a commit.
#include "gateway/store_thread.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "gateway/limits.hpp"
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

store::queue open_queue(const std::string& path, store::recovery& found) {
    store::options how;
    how.path = path;
    auto queue = store::queue::open(how, found);
    REQUIRE(queue.has_value());
    return std::move(*queue);
}

/// A store thread on a real file, and what it told.
struct fixture {
    support::temporary_folder folder;
    boost::asio::io_context loop{1};
    std::vector<committed> commits;
    std::vector<std::vector<store::stored_message>> reads;
    std::vector<std::uint64_t> failures;
    std::unique_ptr<store_thread> thread;

    fixture() { start(); }
    void start() {
        store::recovery found;
        thread = std::make_unique<store_thread>(
            open_queue(folder.file("queue.db"), found), 1h, loop,
            store_events{[this](committed c) { commits.push_back(std::move(c)); },
                         [this](store::sequence, auto found_messages) { reads.push_back(std::move(*found_messages)); },
                         [this](const store::error&, std::uint64_t lost) { failures.push_back(lost); }});
    }
    /// Runs the loop until the condition holds; each turn waits for an event of the store thread's.
    template <typename Condition>
    void run_until(Condition condition) {
        loop.restart();  // it stops when it has run out of work
        const auto work = boost::asio::make_work_guard(loop);
        while (!condition()) REQUIRE(loop.run_one_for(10s) == 1);
    }
    void append(std::vector<store::message> messages) { REQUIRE(thread->append(std::move(messages), true)); }
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

TEST_CASE("store thread: more than the disk takes in time is refused, not piled up", "[gateway][store_thread]") {
    fixture f;
    CHECK_FALSE(f.thread->append({message(std::string(limits::waiting_bytes + 1, 'x'))}, true));
    f.append({message("small")});
    f.run_until([&] { return f.commits.size() == 1; });
    CHECK(f.commits[0].report.appended == 1);
}
