// tests/gateway/delivery/store_reopen_test.cpp: the queue file is closed and opened again under what goes on: nothing that is
// handed over is lost, every request is answered, and the session begins anew exactly if somebody wants it to.
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <future>

#include "gateway/delivery/store_thread.hpp"
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

struct fixture {
    support::temporary_folder folder;
    boost::asio::io_context loop{1};
    struct reopened {
        store::recovery found;
        bool held = false;
    };
    std::vector<reopened> reopenings;
    std::vector<std::string> durable;
    std::vector<std::vector<store::stored_message>> reads;
    std::vector<std::string> failures;
    std::unique_ptr<store_thread> thread;

    fixture() {
        store::recovery found;
        auto queue = this->open(folder.file("queue.db"))(found);
        REQUIRE(queue.has_value());
        store_events events;
        events.on_committed = [this](const committed& done) {
            for (const auto& each : done.messages) durable.push_back(each.payload);
        };
        events.on_read = [this](store::sequence, auto messages) { reads.push_back(std::move(*messages)); };
        events.on_failed = [this](const store::error& why, backlog) { failures.push_back(why.detail()); };
        events.on_reopened = [this](store::recovery again, bool held) { reopenings.push_back({std::move(again), held}); };
        thread = std::make_unique<store_thread>(std::move(*queue), group_commit(1h), loop, std::move(events));
    }
    std::vector<std::string> opened;  // by the store's thread, before it tells of it
    store_thread::open_queue open(const std::string& path, const std::string& name = "") {
        store::options how;
        how.path = path;
        return [this, how, name](store::recovery& found) {
            if (!name.empty()) opened.push_back(name);
            return store::queue::open(how, found);
        };
    }
    static group_commit commits(const store::recovery&) { return group_commit(1h); }
    void append(std::string text) {
        std::vector<store::message> one;
        one.push_back(message(std::move(text)));
        REQUIRE(thread->append(std::move(one), true) == 0);
    }
    template <typename Condition>
    void run_until(Condition condition) {
        loop.restart();
        const auto work = boost::asio::make_work_guard(loop);
        while (!condition()) REQUIRE(loop.run_one_for(10s) == 1);
    }
    std::vector<std::string> in_file() {
        thread.reset();
        store::recovery found;
        auto queue = this->open(folder.file("queue.db"))(found);
        REQUIRE(queue.has_value());
        const auto messages = queue->read(store::sequence{1}, 1000, SIZE_MAX);
        REQUIRE(messages.has_value());
        std::vector<std::string> texts;
        for (const auto& each : *messages) texts.push_back(each.message.payload);
        return texts;
    }
};

/// Opens when it is told to, and says that it has begun.
struct gate {
    std::promise<void> began, may_go;
    store_thread::open_queue around(store_thread::open_queue open) {
        return [this, open = std::move(open)](store::recovery& found) {
            began.set_value();
            may_go.get_future().wait();
            return open(found);
        };
    }
};

}  // namespace

TEST_CASE("store reopened: what waits goes first, and what comes meanwhile goes to the new file", "[gateway][store_thread]") {
    fixture f;
    gate at;
    f.append("first");
    f.run_until([&] { return f.durable.size() == 1; });
    f.append("waits");  // for an hour, but for what comes now
    f.thread->reopen(at.around(f.open(f.folder.file("queue.db"), "first")), fixture::commits, session_fate::goes_on);
    at.began.get_future().wait();
    CHECK_FALSE(f.thread->idle());
    f.append("meanwhile");
    f.thread->read(store::sequence{1}, 100, SIZE_MAX);
    at.may_go.set_value();
    f.run_until([&] { return f.reopenings.size() == 1 && f.reads.size() == 1; });
    CHECK_FALSE(f.reopenings[0].held);
    CHECK(f.opened == std::vector<std::string>{"first"});
    CHECK(number(f.reopenings[0].found.last) == 2);
    f.thread->flush();
    f.run_until([&] { return f.thread->idle(); });
    CHECK(f.durable == std::vector<std::string>{"first", "waits", "meanwhile"});
    CHECK(f.in_file() == f.durable);
}

TEST_CASE("store reopened: another is asked for while the file is being opened, and comes after it", "[gateway][store_thread]") {
    const auto first = GENERATE(session_fate::goes_on, session_fate::begins_anew);
    const auto second = GENERATE(session_fate::goes_on, session_fate::begins_anew);
    fixture f;
    gate at;
    const auto path = f.folder.file("queue.db");
    f.thread->reopen(at.around(f.open(path, "first")), fixture::commits, first);
    at.began.get_future().wait();
    f.thread->reopen(f.open(path, "second"), fixture::commits, second);
    at.may_go.set_value();
    f.run_until([&] { return f.reopenings.size() == 1; });
    CHECK(f.reopenings[0].held == (first == session_fate::begins_anew));
    if (f.reopenings[0].held) f.thread->go_on(f.reopenings[0].found);
    f.run_until([&] { return f.reopenings.size() == 2; });
    CHECK(f.reopenings[1].held == (second == session_fate::begins_anew));
    CHECK(f.opened == std::vector<std::string>{"first", "second"});
    if (f.reopenings[1].held) f.thread->go_on(f.reopenings[1].found);
    f.append("after");
    f.run_until([&] { return f.durable.size() == 1 && f.thread->idle(); });
    CHECK(f.in_file() == f.durable);
}

TEST_CASE("store reopened: two that wait for a commit are one, and the session begins anew if either said so",
          "[gateway][store_thread]") {
    const auto first = GENERATE(session_fate::goes_on, session_fate::begins_anew);
    fixture f;
    gate at;
    const auto path = f.folder.file("queue.db");
    f.thread->reopen(at.around(f.open(path)), fixture::commits, session_fate::goes_on);  // holds the thread
    at.began.get_future().wait();
    f.thread->reopen(f.open("/nowhere/queue.db"), fixture::commits, first);
    f.thread->reopen(f.open(path, "second"), fixture::commits, session_fate::goes_on);
    at.may_go.set_value();
    f.run_until([&] { return f.reopenings.size() == 2; });
    CHECK(f.failures.empty());
    CHECK(f.reopenings[1].held == (first == session_fate::begins_anew));
    CHECK(f.opened == std::vector<std::string>{"second"});
}

TEST_CASE("store reopened: until go_on what was held stays out of the file", "[gateway][store_thread]") {
    fixture f;
    f.thread->reopen(f.open(f.folder.file("queue.db")), fixture::commits, session_fate::begins_anew);
    f.run_until([&] { return f.reopenings.size() == 1; });
    REQUIRE(f.reopenings[0].held);
    f.append("held");
    f.thread->flush();
    CHECK_FALSE(f.thread->idle());
    CHECK(f.durable.empty());
    f.thread->go_on(f.reopenings[0].found);
    f.run_until([&] { return f.durable.size() == 1; });
    CHECK(f.in_file() == std::vector<std::string>{"held"});
}

TEST_CASE("store reopened: a file that can't be opened is said, and a newer way to open it is taken", "[gateway][store_thread]") {
    fixture f;
    gate at;
    f.thread->reopen(at.around(f.open("/nowhere/queue.db")), fixture::commits, session_fate::begins_anew);
    at.began.get_future().wait();
    f.append("waits");
    at.may_go.set_value();
    f.run_until([&] { return f.failures.size() == 1; });
    CHECK_FALSE(f.thread->idle());
    CHECK(f.thread->behind().waiting == 1);
    // One that is asked for now needn't wait for the next attempt's time. What it replaces wanted another session.
    f.thread->reopen(f.open(f.folder.file("queue.db")), fixture::commits, session_fate::goes_on);
    f.run_until([&] { return f.reopenings.size() == 1; });
    CHECK(f.reopenings[0].held);
    f.thread->go_on(f.reopenings[0].found);
    f.run_until([&] { return f.durable.size() == 1; });
    CHECK(f.in_file() == std::vector<std::string>{"waits"});
}

TEST_CASE("store reopened: asked for while an attempt fails, another session is still begun", "[gateway][store_thread]") {
    fixture f;
    gate at;
    f.thread->reopen(at.around(f.open("/nowhere/queue.db")), fixture::commits, session_fate::begins_anew);
    at.began.get_future().wait();
    f.thread->reopen(f.open(f.folder.file("queue.db")), fixture::commits, session_fate::goes_on);
    at.may_go.set_value();
    f.run_until([&] { return f.failures.size() == 1 && f.reopenings.size() == 1; });
    CHECK(f.reopenings[0].held);
}

TEST_CASE("store reopened: a stop makes one more attempt, so that what waits has a file to go to", "[gateway][store_thread]") {
    fixture f;
    int attempts = 0;
    const auto path = f.folder.file("queue.db");
    f.thread->reopen([&](store::recovery& found) { return f.open(++attempts == 1 ? "/nowhere/queue.db" : path)(found); },
                     fixture::commits, session_fate::goes_on);
    f.run_until([&] { return f.failures.size() == 1; });
    f.append("waits");
    f.thread->stop();
    CHECK(attempts == 2);
    CHECK(f.thread->behind().waiting == 0);
    CHECK(f.in_file() == std::vector<std::string>{"waits"});
}

TEST_CASE("store reopened: a file that turns out to be damaged begins the session anew", "[gateway][store_thread]") {
    fixture f;
    const auto path = f.folder.file("queue.db");
    f.append("before");
    f.run_until([&] { return f.durable.size() == 1; });
    f.thread->reopen(
        [&](store::recovery& found) {
            std::ofstream(path, std::ios::binary) << std::string(32768, '\xFF');
            return f.open(path)(found);
        },
        fixture::commits, session_fate::goes_on);
    f.run_until([&] { return f.reopenings.size() == 1; });
    REQUIRE(f.reopenings[0].found.damage);
    CHECK(f.reopenings[0].held);
}
