// tests/adapters/link_idle_test.cpp: a link that gives its connection back when it is idle, over a link that is played, and over
// TCP. Not here: what is asked.
#include "adapters/modbus/link_idle.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/adapters/support/loopback.hpp"

using namespace modbus;
using namespace std::chrono_literals;

namespace {

constexpr nanoseconds patient = 20s;
const read_request ask{1, table::holding, 0, 1};

/// Keeps count of what it is asked, and wakes who waits for that.
class played_link final : public link {
public:
    answer transact(const transaction&, nanoseconds) override {
        note([&] {
            ++requests;
            given_back = false;
            last = now();
        });
        answer result;
        result.status = answer::status::ok;
        result.pdu = {3, 2, 0, 7};
        return result;
    }
    void release() override {
        note([&] {
            ++releases;
            twice = twice || given_back;
            given_back = true;
            shortest = std::min<nanoseconds>(shortest, now() - last);
        });
    }
    void interrupt() override {
        note([&] { ++interrupts; });
    }
    bool wait_until_given_back() {
        std::unique_lock lock(guard);
        return changed.wait_for(lock, patient, [&] { return given_back; });
    }

    std::mutex guard;
    std::condition_variable changed;
    int requests = 0, releases = 0, interrupts = 0;
    bool given_back = false, twice = false;
    time_point last{};
    nanoseconds shortest = patient;  // from a request to its connection's end

private:
    template <typename What>
    void note(const What& what) {
        const std::lock_guard lock(guard);
        what();
        changed.notify_all();
    }
};

}  // namespace

TEST_CASE("idle link: given back once after the last request, and not before", "[modbus][idle]") {
    auto made = std::make_unique<played_link>();
    played_link& inner = *made;
    idle_link link(std::move(made), 5ms);
    for (int round = 1; round <= 3; ++round) {
        for (int i = 0; i < 10; ++i) CHECK(link.read(ask, patient).registers == std::vector<std::uint16_t>{7});
        REQUIRE(inner.wait_until_given_back());
        const std::lock_guard lock(inner.guard);
        CHECK(inner.requests == 10 * round);
    }
    const std::lock_guard lock(inner.guard);
    CHECK(inner.shortest >= 5ms);
    CHECK_FALSE(inner.twice);
}

TEST_CASE("idle link: nothing asked, nothing given back; and the end doesn't wait", "[modbus][idle]") {
    auto made = std::make_unique<played_link>();
    played_link& inner = *made;
    const time_point begun = now();
    {
        idle_link link(std::move(made), 1h);
        link.interrupt();
        CHECK(inner.interrupts == 1);
        CHECK(inner.releases == 0);
        CHECK(link.read(ask, patient).status == answer::status::ok);
        link.release();
        CHECK(inner.releases == 1);
        CHECK(link.most_at_once() == 1);
    }
    CHECK(now() - begun < 1h);
}

TEST_CASE("idle link: a TCP connection is closed in between, and opened for the next request", "[modbus][idle][tcp]") {
    const loopback_socket door;
    tcp_settings how;
    how.host = "127.0.0.1";
    how.port = door.port;
    how.timeout = patient;
    how.close_when_idle = 5ms;
    const auto link = make_link(wire_settings(how));
    interruption ended;
    std::thread device([&] {
        for (int round = 0; round < 2; ++round) {
            const owned_descriptor client = door.accept();
            bytes request(12);
            while (::recv(client.get(), request.data(), request.size(), MSG_WAITALL) == 12)
                write_all(client.get(), {request[0], request[1], 0, 0, 0, 5, 1, 3, 2, 0, static_cast<std::uint8_t>(round)});
            ended.raise();
        }
    });
    CHECK(link->read(ask, patient).registers == std::vector<std::uint16_t>{0});
    const interruption never;
    REQUIRE(wait_for(ended.descriptor(), POLLIN, now() + patient, never) == woken::ready);
    CHECK(link->read(ask, patient).registers == std::vector<std::uint16_t>{1});
    link->release();
    device.join();
}
