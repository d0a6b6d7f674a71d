// tests/adapters/server_test.cpp: simulated devices, asked by our own links and by hand.
// Not here: the links' own faults and the values that `simulate` makes.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>

#include <csignal>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "adapters/modbus/server_framing.hpp"
#include "adapters/modbus/server_pdu.hpp"
#include "tests/adapters/support/fake_device.hpp"

using namespace modbus;
using Catch::Matchers::Contains;

namespace {

constexpr nanoseconds patient = std::chrono::seconds(20);
using values = std::vector<std::uint16_t>;

/// Units 1 to 3; a register holds unit × 1000 + address, a bit is set where the address is odd; nothing from 500 on.
class plain_source final : public register_source {
public:
    bool has_unit(std::uint8_t unit) const override { return unit >= 1 && unit <= 3; }
    std::uint8_t read(const read_request& request, std::span<std::uint16_t> to) override {
        if (request.address + request.count > 500) return 2;
        for (std::size_t index = 0; index < to.size(); ++index) {
            const std::size_t address = request.address + index;
            to[index] = static_cast<std::uint16_t>(is_bits(request.from) ? address % 2 : request.unit * 1000u + address);
        }
        return 0;
    }
};

/// A server on a thread of its own, until the end of the scope.
class running {
public:
    explicit running(std::unique_ptr<server> what) : server_(std::move(what)) {
        server_events events;
        events.listening = [this](const std::string& where) { begun(where); };
        events.note = [this](const std::string& text) {
            const std::lock_guard lock(mutex_);
            notes_ += text + "\n";
        };
        thread_ = std::thread([this, events] {
            good_ = server_->run(source_, events);
            if (!good_) begun("");
        });
        std::unique_lock lock(mutex_);
        has_begun_.wait(lock, [this] { return begun_; });
    }
    ~running() { stop(); }
    void stop() {
        server_->interrupt();
        if (thread_.joinable()) thread_.join();
    }
    const std::string& listening() const { return listening_; }
    bool good() const { return good_; }
    std::uint16_t port() const { return static_cast<std::uint16_t>(std::stoi(listening_.substr(listening_.rfind(':') + 1))); }
    std::string notes() {
        const std::lock_guard lock(mutex_);
        return notes_;
    }
    server_counts counts() const { return server_->counts(); }
    pthread_t thread() { return thread_.native_handle(); }

private:
    void begun(const std::string& where) {
        const std::lock_guard lock(mutex_);
        listening_ = where;
        begun_ = true;
        has_begun_.notify_one();
    }

    plain_source source_;
    std::unique_ptr<server> server_;
    std::mutex mutex_;
    std::string notes_;
    std::condition_variable has_begun_;
    bool begun_ = false;
    std::string listening_;
    std::atomic<bool> good_ = false;
    std::thread thread_;
};

/// Keeps a thread from running, as a busy machine would, until the end of the scope.
class held_up {
public:
    explicit held_up(pthread_t thread) {
        released_ = holding_ = false;
        struct sigaction action {};
        action.sa_handler = [](int) {
            holding_ = true;
            while (!released_) ::poll(nullptr, 0, 1);
        };
        ::sigaction(SIGUSR1, &action, nullptr);
        ::pthread_kill(thread, SIGUSR1);
        while (!holding_) std::this_thread::yield();
    }
    ~held_up() { released_ = true; }
    held_up(const held_up&) = delete;
    held_up& operator=(const held_up&) = delete;

private:
    static inline std::atomic<bool> holding_, released_;
};

tcp_settings tcp_at(const std::string& host, std::uint16_t port) {
    tcp_settings how;
    how.host = host;
    how.port = port;
    how.timeout = patient;
    return how;
}

struct scratch {
    std::filesystem::path path;
    scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "tidegate-server-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::string operator/(const char* name) const { return (path / name).string(); }
};

serial_settings line_at(const std::string& port, std::uint32_t baud = 115200) {
    serial_settings how;
    how.port = port;
    how.line = {baud, 'N', 8, 2};
    how.timeout = patient;
    return how;
}

void check_all_tables(modbus::link& with) {
    CHECK(with.read({1, table::holding, 10, 3}, patient).registers == values{1010, 1011, 1012});
    CHECK(with.read({2, table::input, 0, 125}, patient).registers.size() == 125);
    CHECK(with.read({3, table::coil, 7, 9}, patient).registers == values{1, 0, 1, 0, 1, 0, 1, 0, 1});
    CHECK(with.read({3, table::discrete, 8, 2}, patient).registers == values{0, 1});
    CHECK(with.read({3, table::discrete, 499, 2}, patient).exception_code == 2);
}

server_counts counts_of(std::uint64_t requests, std::uint64_t answers) {
    server_counts counts;
    counts.requests = requests;
    counts.answers = answers;
    return counts;
}

/// All that leaves, one behind the other.
bytes joined(const std::vector<departure>& leaves) {
    bytes all;
    for (const departure& each : leaves) all.insert(all.end(), each.bytes.begin(), each.bytes.end());
    return all;
}

std::array<std::uint64_t, 5> listed(const server_counts& counts) {
    return {counts.requests, counts.answers, counts.damaged, counts.early, counts.collisions};
}

}  // namespace

TEST_CASE("server: PDUs", "[modbus][server]") {
    plain_source source;
    const auto reply = [&](const bytes& pdu) { return answer_pdu(source, 2, pdu); };
    CHECK(reply({3, 0, 10, 0, 2}) == bytes{3, 4, 0x07, 0xDA, 0x07, 0xDB});
    CHECK(reply({1, 0, 0, 0, 10}) == bytes{1, 2, 0b1010'1010, 0b10});
    CHECK(reply({4, 0x01, 0xF4, 0, 1}) == bytes{0x84, 2});
    CHECK(reply({3, 0, 0, 0, 0}) == bytes{0x83, 3});
    CHECK(reply({3, 0, 0, 0, 126}) == bytes{0x83, 3});
    CHECK(reply({2, 0, 0, 0x07, 0xD1}) == bytes{0x82, 3});
    CHECK(reply({3, 0xFF, 0xFF, 0, 2}) == bytes{0x83, 2});
    CHECK(reply({3, 0, 0, 0}) == bytes{0x83, 3});
    CHECK(reply({6, 0, 0, 0, 1}) == bytes{0x86, 1});
    CHECK(reply({0x41}) == bytes{0xC1, 1});
}

TEST_CASE("server: MBAP, cut at every byte", "[modbus][server]") {
    plain_source source;
    server_counters counters;
    const bytes request{0x12, 0x34, 0, 0, 0, 6, 2, 3, 0, 10, 0, 1};
    const bytes right{0x12, 0x34, 0, 0, 0, 5, 2, 3, 2, 0x07, 0xDA};
    for (std::size_t cut = 0; cut <= request.size(); ++cut) {
        bytes in(request.begin(), request.begin() + static_cast<std::ptrdiff_t>(cut));
        std::vector<departure> out;
        CHECK(serve_mbap({source, counters}, in, out));
        CHECK(out.empty() == (cut < request.size()));
        in.insert(in.end(), request.begin() + static_cast<std::ptrdiff_t>(cut), request.end());
        CHECK(serve_mbap({source, counters}, in, out));
        CHECK(joined(out) == right);
        CHECK(in.empty());
    }
    bytes two = request + request;
    std::vector<departure> out;
    CHECK(serve_mbap({source, counters}, two, out));
    CHECK(joined(out) == right + right);
    out.clear();
    bytes unknown{0, 1, 0, 0, 0, 6, 9, 3, 0, 10, 0, 1};
    CHECK(serve_mbap({source, counters}, unknown, out));
    CHECK(joined(out) == bytes{0, 1, 0, 0, 0, 3, 9, 0x83, 11});
    bytes garbage{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'};
    CHECK_FALSE(serve_mbap({source, counters}, garbage, out));
}

TEST_CASE("server: RTU frames in a stream", "[modbus][server]") {
    plain_source source;
    server_counters counters;
    const bytes request = with_crc({2, 3, 0, 10, 0, 1});
    const bytes right = registers_frame(2, 3, {2010});
    std::vector<departure> out;
    SECTION("one by one, noise between them") {
        bytes in = request + bytes{0x55} + request;
        CHECK(serve_rtu_stream({source, counters}, in, out));
        CHECK(joined(out) == right + right);
        CHECK(in.empty());
        CHECK(listed(counters.now()) == std::array<std::uint64_t, 5>{2, 2, 1, 0, 0});
    }
    SECTION("a function that isn't known") {
        bytes in = with_crc({2, 0x41, 14, 1, 0});
        CHECK(serve_rtu_stream({source, counters}, in, out));
        CHECK(joined(out) == with_crc({2, 0xC1, 1}));
    }
    SECTION("a write") {
        bytes in = with_crc({2, 16, 0, 1, 0, 1, 2, 0, 7});
        CHECK(serve_rtu_stream({source, counters}, in, out));
        CHECK(joined(out) == with_crc({2, 0x90, 1}));
    }
    SECTION("nobody's, and everybody's") {
        bytes in = with_crc({9, 3, 0, 10, 0, 1}) + with_crc({0, 6, 0, 10, 0, 1});
        CHECK(serve_rtu_stream({source, counters}, in, out));
        CHECK(out.empty());
        CHECK(in.empty());
    }
}

TEST_CASE("server: Modbus TCP, asked by our link", "[modbus][server][tcp]") {
    running server(make_server(tcp_at("127.0.0.1", 0)));
    CHECK_THAT(server.listening(), Catch::Matchers::StartsWith("tcp 127.0.0.1:"));
    const auto link = make_link(tcp_at("127.0.0.1", server.port()));
    check_all_tables(*link);
    CHECK(link->read({9, table::holding, 0, 1}, patient).exception_code == 11);
    const auto other = make_link(tcp_at("127.0.0.1", server.port()));
    check_all_tables(*other);
    check_all_tables(*link);
    CHECK(listed(server.counts()) == listed(counts_of(16, 16)));
    server.stop();
    CHECK(server.good());
    CHECK(link->read({1, table::holding, 0, 1}, patient).status == answer::status::down);
}

TEST_CASE("server: RTU over TCP, asked by our link", "[modbus][server][tcp]") {
    rtu_over_tcp_settings how;
    how.host = "localhost";
    how.timeout = patient;
    running server(make_server(how));
    CHECK_THAT(server.listening(), Catch::Matchers::StartsWith("rtu_over_tcp 127.0.0.1:"));
    how.port = server.port();
    const auto link = make_link(how);
    check_all_tables(*link);
    CHECK(link->read({9, table::holding, 0, 1}, std::chrono::milliseconds(20)).status == answer::status::silent);
    check_all_tables(*link);
}

TEST_CASE("server: which address is listened on", "[modbus][server][tcp]") {
    SECTION("another loopback address") {
        running server(make_server(tcp_at("127.0.0.9", 0)));
        CHECK_THAT(server.listening(), Catch::Matchers::StartsWith("tcp 127.0.0.9:"));
        const auto link = make_link(tcp_at("127.0.0.9", server.port()));
        CHECK(link->read({1, table::holding, 0, 1}, patient).status == answer::status::ok);
    }
    SECTION("a real one is not") {
        const std::string host = GENERATE("192.0.2.1", "0.0.0.0", "::", "meter.plant");
        running server(make_server(tcp_at(host, 0)));
        CHECK_THAT(server.listening(), Catch::Matchers::StartsWith("tcp 127.0.0.1:"));
        CHECK_THAT(server.notes(), Contains(host + " is not of this machine's loopback: serving it on 127.0.0.1"));
    }
    SECTION("a port that is taken") {
        running first(make_server(tcp_at("127.0.0.1", 0)));
        running second(make_server(tcp_at("127.0.0.1", first.port())));
        CHECK(second.listening().empty());
        CHECK_FALSE(second.good());
        CHECK_THAT(second.notes(), Contains("Address already in use; give it another port"));
        // Where the address had to be changed anyway, so may the port.
        running third(make_server(tcp_at("192.0.2.1", first.port())));
        CHECK(third.port() != first.port());
        CHECK_THAT(third.notes(), Contains("taking a free one"));
    }
}

TEST_CASE("server: a line, asked by our link", "[modbus][server][line]") {
    const scratch folder;
    const std::string port = folder / "bus";
    running server(make_server(line_at(port)));
    CHECK(server.listening() == port);
    const auto link = make_link(line_at(port));
    check_all_tables(*link);
    const read_request twenty{1, table::holding, 0, 20};
    const answer got = link->read(twenty, patient);
    // From the request's end: t3.5, and the first character.
    CHECK(got.turnaround >= frame_gap(line_at(port).line) + character_time(line_at(port).line));
    const time_point before = now();
    for (int round = 0; round < 5; ++round) CHECK(link->read(twenty, patient).status == answer::status::ok);
    CHECK(now() - before >= 5 * read_time(line_at(port).line, 40, nanoseconds(0)));
    CHECK(link->read({9, table::holding, 0, 1}, std::chrono::milliseconds(10)).status == answer::status::silent);
    CHECK(listed(server.counts()) == listed(counts_of(12, 11)));
    server.stop();
    CHECK(server.good());
    CHECK_FALSE(std::filesystem::exists(std::filesystem::symlink_status(port)));
}

TEST_CASE("server: a line sees what a master does wrong", "[modbus][server][line]") {
    const scratch folder;
    const std::string port = folder / "bus";
    // Slow enough for a test's thread to be early on purpose: t3.5 is 32 ms, an answer of 45 characters 413 ms.
    running server(make_server(line_at(port, 300)));  // slow, so that a busy machine is quick enough
    const owned_descriptor master(::open(port.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(master.get() >= 0);
    const bytes request = with_crc({1, 3, 0, 0, 0, 1});
    const auto read_answer = [&] {
        bytes got;
        while (got.size() < 7) {
            std::uint8_t byte = 0;
            REQUIRE(::read(master.get(), &byte, 1) == 1);
            got.push_back(byte);
        }
        return got;
    };
    SECTION("a request within t3.5 of the last frame") {
        write_all(master.get(), request);
        CHECK(read_answer() == registers_frame(1, 3, {1000}));
        write_all(master.get(), request);
        CHECK(read_answer() == registers_frame(1, 3, {1000}));
        CHECK(listed(server.counts()) == std::array<std::uint64_t, 5>{2, 2, 0, 1, 0});
    }
    SECTION("a request into an answer") {
        write_all(master.get(), request);
        std::uint8_t first = 0;
        REQUIRE(::read(master.get(), &first, 1) == 1);
        write_all(master.get(), request);
        for (int count = 1; count < 7; ++count) REQUIRE(::read(master.get(), &first, 1) == 1);
        CHECK(listed(server.counts()) == std::array<std::uint64_t, 5>{1, 1, 0, 0, 1});
    }
    SECTION("but not that the machine was too busy for the pace of an answer") {
        write_all(master.get(), with_crc({1, 3, 0, 0, 0, 9}));
        const line_format line = line_at(port, 300).line;
        std::uint8_t byte = 0;
        REQUIRE(::read(master.get(), &byte, 1) == 1);
        {
            const held_up busy(server.thread());
            const time_point given_up = now() + frame_gap(line) + 2 * character_time(line);
            while (now() < given_up) std::this_thread::yield();
            write_all(master.get(), with_crc({1, 3, 0, 1, 0, 1}));
        }
        const bytes wanted = registers_frame(1, 3, {1001});
        bytes got;
        while (got.size() < wanted.size() || !std::equal(wanted.rbegin(), wanted.rend(), got.rbegin())) {
            pollfd input{master.get(), POLLIN, 0};
            REQUIRE(::poll(&input, 1, 5000) == 1);
            REQUIRE(::read(master.get(), &byte, 1) == 1);
            got.push_back(byte);
        }
        CHECK(listed(server.counts()) == std::array<std::uint64_t, 5>{2, 2, 0, 0, 0});
        CHECK(server.counts().out_of_pace == 1);
    }
    SECTION("a damaged request") {
        write_all(master.get(), {1, 3, 0, 0, 0, 1, 0, 0});
        const auto link_free = now() + std::chrono::seconds(10);
        while (server.counts().damaged == 0 && now() < link_free) std::this_thread::yield();
        CHECK(listed(server.counts()) == std::array<std::uint64_t, 5>{0, 0, 1, 0, 0});
    }
}

TEST_CASE("server: what a pty may take the place of", "[modbus][server][line]") {
    const scratch folder;
    const std::string port = folder / "bus";
    SECTION("a file is left alone") {
        std::ofstream(port) << "precious";
        running server(make_server(line_at(port)));
        CHECK_FALSE(server.good());
        CHECK_THAT(server.notes(), Contains("exists and is no link of a simulator"));
        CHECK(std::filesystem::file_size(port) == 8);
    }
    SECTION("so is a link to something else") {
        std::filesystem::create_symlink("/dev/null", port);
        running server(make_server(line_at(port)));
        CHECK_FALSE(server.good());
        CHECK(std::filesystem::read_symlink(port) == "/dev/null");
    }
    SECTION("and one that another simulator serves") {
        running first(make_server(line_at(port)));
        // Its user's lock is of another kind.
        const auto link = make_link(line_at(port));
        CHECK(link->read({1, table::holding, 0, 1}, patient).status == answer::status::ok);
        running second(make_server(line_at(port)));
        CHECK_FALSE(second.good());
        CHECK_THAT(second.notes(), Contains("is served by a simulator already"));
        CHECK(link->read({1, table::holding, 0, 1}, patient).status == answer::status::ok);
    }
    SECTION("what a killed one left is replaced") {
        const bool dangling = GENERATE(true, false);
        raw_pty left;
        std::filesystem::create_symlink(dangling ? "/dev/pts/987654" : left.name, port);
        running server(make_server(line_at(port)));
        CHECK(server.listening() == port);
        const auto link = make_link(line_at(port));
        CHECK(link->read({1, table::holding, 0, 1}, patient).status == answer::status::ok);
    }
    SECTION("a folder that isn't there") {
        running server(make_server(line_at(folder / "no/bus")));
        CHECK_FALSE(server.good());
        CHECK_THAT(server.notes(), Contains("give serial.port a path in a folder that you may write to"));
    }
    SECTION("a line that can't be") {
        running server(make_server(line_at(port, 12345)));
        CHECK_FALSE(server.good());
        CHECK_THAT(server.notes(), Contains("12345 baud"));
    }
}

TEST_CASE("server: writes and the rest of the function codes", "[modbus][server]") {
    /// 10 registers, and as many coils.
    class held_source final : public register_source {
    public:
        bool has_unit(std::uint8_t unit) const override { return unit == 2; }
        std::uint8_t read(const read_request& request, std::span<std::uint16_t> to) override {
            if (request.address + request.count > 10) return 2;
            auto& from = is_bits(request.from) ? coils : registers;
            std::copy_n(from.begin() + request.address, request.count, to.begin());
            return 0;
        }
        std::uint8_t write(const write_request& request) override {
            if (request.address + request.values.size() > 10) return 2;
            std::copy(request.values.begin(), request.values.end(),
                      (is_bits(request.to) ? coils : registers).begin() + request.address);
            return 0;
        }
        std::string name_of(std::uint8_t) const override { return "pump"; }
        std::array<std::uint16_t, 10> registers{}, coils{};
    } source;
    const auto reply = [&](const bytes& pdu) { return answer_pdu(source, 2, pdu); };
    CHECK(reply({6, 0, 1, 0x12, 0x34}) == bytes{6, 0, 1, 0x12, 0x34});
    CHECK(source.registers[1] == 0x1234);
    CHECK(reply({5, 0, 3, 0xFF, 0}) == bytes{5, 0, 3, 0xFF, 0});
    CHECK(source.coils[3] == 1);
    CHECK(reply({5, 0, 3, 0x55, 0}) == bytes{0x85, 3});
    CHECK(reply({16, 0, 4, 0, 2, 4, 0, 7, 0, 8}) == bytes{16, 0, 4, 0, 2});
    CHECK(source.registers[5] == 8);
    CHECK(reply({16, 0, 4, 0, 2, 5, 0, 7, 0, 8}) == bytes{0x90, 3});
    CHECK(reply({16, 0, 9, 0, 2, 4, 0, 7, 0, 8}) == bytes{0x90, 2});
    CHECK(reply({15, 0, 0, 0, 3, 1, 0b101}) == bytes{15, 0, 0, 0, 3});
    CHECK(source.coils[2] == 1);
    CHECK(source.coils[1] == 0);
    CHECK(reply({22, 0, 1, 0xFF, 0, 0, 0x56}) == bytes{22, 0, 1, 0xFF, 0, 0, 0x56});
    CHECK(source.registers[1] == 0x1256);
    CHECK(reply({23, 0, 1, 0, 2, 0, 2, 0, 1, 2, 0xAB, 0xCD}) == bytes{23, 4, 0x12, 0x56, 0xAB, 0xCD});
    CHECK(reply({23, 0, 9, 0, 2, 0, 2, 0, 1, 2, 0, 1}) == bytes{0x97, 2});
    CHECK(reply({7}) == bytes{7, 0});
    CHECK(reply({8, 0, 0, 0xA5, 0x37}) == bytes{8, 0, 0, 0xA5, 0x37});
    CHECK(reply({8, 0, 1, 0, 0}) == bytes{0x88, 1});
    CHECK(reply({17}) == bytes{17, 6, 2, 0xFF, 'p', 'u', 'm', 'p'});
    CHECK(reply({24, 0, 9}) == bytes{24, 0, 4, 0, 1, 0, 0});
    CHECK(reply({24, 0, 10}) == bytes{0x98, 2});
    CHECK(reply({20, 7, 6, 0, 1, 0, 1, 0, 2}) == bytes{20, 6, 5, 6, 0x12, 0x56, 0, 1});
    CHECK(reply({20, 7, 6, 0, 1, 0, 9, 0, 2}) == bytes{0x94, 2});
    CHECK(reply({43, 14, 4, 1}) == bytes{43, 14, 4, 0x81, 0, 0, 1, 1, 4, 'p', 'u', 'm', 'p'});
    CHECK(reply({43, 14, 1, 0}).size() == 7 + 2 + 8 + 2 + 4 + 2 + 9);
    CHECK(reply({43, 14, 4, 9}) == bytes{0xAB, 2});
    CHECK(reply({43, 13, 0, 0}) == bytes{0xAB, 1});
}

TEST_CASE("server: ASCII frames in a stream", "[modbus][server]") {
    plain_source source;
    server_counters counters;
    std::vector<departure> out;
    const auto text = [](const char* words) { return bytes(words, words + std::char_traits<char>::length(words)); };
    // 02+03+00+0A+00+01 = 10, so the LRC is F0; the answer 02 03 02 07 DA = E8 has 18.
    const bytes request = text(":0203000A0001F0\r\n"), right = text(":02030207DA18\r\n");
    bytes in = text("noise") + request + text(":0203:") + bytes(request.begin() + 1, request.end()) +
               text(":0203000A0001F1\r\n") + text(":02");
    CHECK(serve_ascii_stream({source, counters}, in, out));
    CHECK(joined(out) == right + right);
    CHECK(in == text(":02"));
    CHECK(listed(counters.now()) == std::array<std::uint64_t, 5>{2, 2, 1, 0, 0});
}

TEST_CASE("server: datagrams and ASCII, asked by our links", "[modbus][server]") {
    udp_settings udp;
    udp.host = "127.0.0.1";
    udp.port = 0;
    rtu_over_udp_settings rtu;
    rtu.host = "127.0.0.1";
    ascii_over_tcp_settings ascii;
    ascii.host = "127.0.0.1";
    const auto check = [](auto where) {
        running server(make_server(where));
        where.port = server.port();
        check_all_tables(*make_link(wire_settings(where)));
    };
    check(udp);
    check(rtu);
    check(ascii);
}
