// tests/adapters/channel_tls_test.cpp: a TLS connection as a channel, against a server by mbedTLS on a socket of the loopback
// interface, with certificates made here; and whose certificates are refused, in which words.
// Not here: links, and TLS of the MQTT client.
#include "adapters/modbus/channel_tls.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "adapters/modbus/link.hpp"
#include "tests/adapters/support/libmodbus_peer.hpp"
#include "tests/adapters/support/loopback.hpp"
#include "tests/mqtt/support/tls_server.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace modbus;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using mqtt::test::identity;
using mqtt::test::make_authority;
using mqtt::test::make_identity;
using mqtt::test::purpose;
using mqtt::test::server_settings;

namespace {

constexpr nanoseconds patient = std::chrono::seconds(20);
const std::string role_oid("\x2b\x06\x01\x04\x01\x83\x89\x0c\x86\x22\x01", 11);

/// Who is who at the plant. Made once: keys take their time.
struct plant {
    identity authority = make_authority("CN=Plant CA");
    identity stranger = make_authority("CN=Stranger");
    identity device = make_identity({.subject = "CN=plc", .names = {"plc.example", "127.0.0.1"}}, &authority);
    identity own = make_identity(
        {.subject = "CN=gateway", .names = {}, .what_for = purpose::client, .extensions = {{role_oid, "\x0c\x08Operator"}}},
        &authority);
    identity unauthorised = make_identity({.subject = "CN=nobody", .names = {}, .what_for = purpose::client}, &stranger);
    static const plant& get() {
        static const plant it;
        return it;
    }
};

/// Serves connections one after the other: answers each batch of the client's bytes with `reply`, or closes.
class tls_device {
public:
    explicit tls_device(server_settings how) : how_(std::move(how)), thread_([this] { run(); }) {}
    ~tls_device() { stop(); }
    void stop() {
        stopped_.raise();
        if (thread_.joinable()) thread_.join();
    }
    std::uint16_t port() const { return door_.port; }
    std::function<std::string(const std::string&)> reply = [](const std::string&) {
        return "pong";
    };  // set it before a connection
    bool ends_after_reply = false;
    /// Only after stop().
    const std::vector<std::string>& heard() const { return heard_; }
    bool was_told_the_end() const { return told_; }

private:
    void run() {
        while (wait_for(door_.socket.get(), POLLIN, now() + std::chrono::hours(1), stopped_) == woken::ready) {
            const owned_descriptor client = door_.accept();
            serve(client.get());
        }
    }
    void serve(int client) {
        mqtt::test::tls_server server(how_);
        std::size_t answered = 0;
        for (;;) {
            pass_on(server, client);
            if (server.is_open() && server.received().size() > answered) {
                heard_.push_back(server.received().substr(answered));
                answered = server.received().size();
                server.write(reply(heard_.back()));
                if (ends_after_reply) server.close_notify();
                pass_on(server, client);
                if (ends_after_reply) return;
            }
            if (server.was_told_the_end()) told_ = true;
            if (!server.error().empty() || server.was_told_the_end()) return;
            if (wait_for(client, POLLIN, now() + std::chrono::hours(1), stopped_) != woken::ready) return;
            std::array<char, 4096> chunk{};
            const ssize_t count = ::recv(client, chunk.data(), chunk.size(), 0);
            if (count <= 0) return;
            server.feed(std::string_view(chunk.data(), static_cast<std::size_t>(count)));
        }
    }
    static void pass_on(mqtt::test::tls_server& server, int client) {
        const std::string out = server.take_bytes();
        if (!out.empty()) [[maybe_unused]]
            const auto sent = ::send(client, out.data(), out.size(), MSG_NOSIGNAL);
    }

    server_settings how_;
    loopback_socket door_;
    interruption stopped_;
    std::vector<std::string> heard_;
    bool told_ = false;
    std::thread thread_;
};

server_settings serving(const identity& who, const std::string& client_authority = "") {
    return {.certificates = who.certificate, .key = who.key, .client_authority = client_authority, .alpn = {}};
}

/// The files of a config, and a channel that uses them.
struct desk {
    support::temporary_folder folder;
    interruption interrupted;
    tls_settings how;
    explicit desk(std::uint16_t port) {
        how.host = "127.0.0.1";
        how.port = port;
        how.ca_file = write("ca.pem", plant::get().authority.certificate);
    }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder.file(name), std::ios::binary | std::ios::trunc) << text;
        return folder.file(name);
    }
    void show(const identity& who) {
        how.certificate_file = write("own.pem", who.certificate);
        how.key_file = write("own.key", who.key);
    }
    std::string fault() const {
        tls_channel channel(how);
        const auto opened = channel.open(patient, interrupted);
        CHECK(channel.is_open() == opened.fault.empty());
        return opened.fault;
    }
};

std::string received(tls_channel& channel, const interruption& interrupted, std::size_t size) {
    std::string text;
    while (text.size() < size && channel.wait_for_input(now() + patient, interrupted) == woken::ready) {
        std::array<std::uint8_t, 3> into{};  // small, so that something is left that polling doesn't show
        const ssize_t count = channel.receive(into);
        if (count == 0 || (count < 0 && errno != EAGAIN)) break;
        if (count > 0) text.append(into.begin(), into.begin() + count);
    }
    return text;
}

bytes as_bytes(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("tls channel: there and back, and the end on both sides", "[modbus][channel][tls]") {
    tls_device device(serving(plant::get().device));
    desk at(device.port());
    tls_channel channel(at.how);
    CHECK(channel.name() == "127.0.0.1:" + std::to_string(device.port()) + " (TLS)");
    const auto opened = channel.open(patient, at.interrupted);
    CHECK(opened.fault == "");
    CHECK(opened.standing == "no certificate of our own is shown");
    REQUIRE(channel.is_open());
    std::array<std::uint8_t, 8> into{};
    CHECK(channel.receive(into) == -1);
    CHECK(errno == EAGAIN);
    CHECK_FALSE(channel.has_input());
    CHECK(channel.send(as_bytes("ping")));
    CHECK(received(channel, at.interrupted, 4) == "pong");
    CHECK(channel.send(as_bytes("again")));
    CHECK(received(channel, at.interrupted, 4) == "pong");
    channel.close();
    CHECK_FALSE(channel.is_open());
    REQUIRE(channel.open(patient, at.interrupted).fault == "");
    CHECK(channel.send(as_bytes("anew")));
    CHECK(received(channel, at.interrupted, 4) == "pong");
    channel.close();
    device.stop();
    CHECK(device.heard() == std::vector<std::string>{"ping", "again", "anew"});
    CHECK(device.was_told_the_end());
}

TEST_CASE("tls channel: what is decrypted already shows, though the socket is empty", "[modbus][channel][tls]") {
    tls_device device(serving(plant::get().device));
    desk at(device.port());
    tls_channel channel(at.how);
    REQUIRE(channel.open(patient, at.interrupted).fault == "");
    CHECK(channel.send(as_bytes("ping")));
    std::array<std::uint8_t, 1> one{};
    REQUIRE(channel.wait_for_input(now() + patient, at.interrupted) == woken::ready);
    REQUIRE(channel.receive(one) == 1);
    CHECK(wait_for(channel.descriptor(), POLLIN, now(), at.interrupted) == woken::time);
    CHECK(channel.has_input());
    CHECK(channel.wait_for_input(now(), at.interrupted) == woken::ready);
    CHECK(received(channel, at.interrupted, 3) == "ong");
    CHECK_FALSE(channel.has_input());
}

TEST_CASE("tls channel: the device ends it", "[modbus][channel][tls]") {
    tls_device device(serving(plant::get().device));
    device.ends_after_reply = true;
    desk at(device.port());
    tls_channel channel(at.how);
    REQUIRE(channel.open(patient, at.interrupted).fault == "");
    CHECK(channel.send(as_bytes("ping")));
    CHECK(received(channel, at.interrupted, 5) == "pong");
    std::array<std::uint8_t, 8> into{};
    CHECK(channel.receive(into) == 0);
}

TEST_CASE("tls channel: mutual, with a role", "[modbus][channel][tls]") {
    tls_device device(serving(plant::get().device, plant::get().authority.certificate));
    desk at(device.port());
    SECTION("ours is accepted") {
        at.show(plant::get().own);
        tls_channel channel(at.how);
        const auto opened = channel.open(patient, at.interrupted);
        CHECK(opened.fault == "");
        CHECK(opened.standing == "our certificate's role is Operator");
        CHECK(channel.send(as_bytes("ping")));
        CHECK(received(channel, at.interrupted, 4) == "pong");
    }
    SECTION("in one file with its key, and without a role") {
        const identity plain =
            make_identity({.subject = "CN=gateway", .names = {}, .what_for = purpose::client}, &plant::get().authority);
        at.how.certificate_file = at.write("both.pem", plain.certificate + plain.key);
        tls_channel channel(at.how);
        const auto opened = channel.open(patient, at.interrupted);
        CHECK(opened.fault == "");
        CHECK_THAT(opened.standing, StartsWith("our certificate bears no role (1.3.6.1.4.1.50316.802.1)"));
    }
    SECTION("none is shown") { CHECK_THAT(at.fault(), Contains("set cert and key")); }
    SECTION("its issuer isn't trusted") {
        at.show(plant::get().unauthorised);
        CHECK_THAT(at.fault(), Contains("our") && Contains("CN=nobody, issued by CN=Stranger"));
    }
}

TEST_CASE("tls channel: a device that isn't the one meant is refused", "[modbus][channel][tls]") {
    const plant& all = plant::get();
    SECTION("its issuer isn't trusted") {
        tls_device device(serving(make_identity({.subject = "CN=plc", .names = {"127.0.0.1"}}, &all.stranger)));
        desk at(device.port());
        CHECK_THAT(at.fault(), StartsWith(at.how.host) &&
                                   Contains("(TLS): the device's certificate is refused: its issuer isn't "
                                            "among those trusted (ca ") &&
                                   EndsWith("it is that of CN=plc, issued by CN=Stranger, valid from 2020-01-01 to 2099-01-01, "
                                            "for 127.0.0.1"));
        at.how.verify = tls_verify::chain_only;
        CHECK_THAT(at.fault(), Contains("its issuer isn't among those trusted"));
        at.how.verify = tls_verify::none;
        at.how.ca_file.clear();
        CHECK(at.fault() == "");
        device.stop();
        CHECK(device.heard().empty());
    }
    SECTION("self-signed, and pinned") {
        const identity lonely = make_identity({.subject = "CN=plc", .names = {"127.0.0.1"}});
        tls_device device(serving(lonely));
        desk at(device.port());
        CHECK_THAT(at.fault(), Contains("it is self-signed, and isn't itself among those trusted"));
        at.write("ca.pem", lonely.certificate);  // read anew
        CHECK(at.fault() == "");
    }
    SECTION("another name") {
        tls_device device(serving(make_identity({.subject = "CN=plc", .names = {"other.example"}}, &all.authority)));
        desk at(device.port());
        CHECK_THAT(at.fault(), Contains("it isn't for 127.0.0.1 (if that is all, set server_name"));
        at.how.server_name = "OTHER.example.";
        CHECK(at.fault() == "");
        at.how.server_name = "an.other.example";
        CHECK_THAT(at.fault(), Contains("it isn't for an.other.example"));
        at.how.server_name.clear();
        at.how.verify = tls_verify::chain_only;
        CHECK(at.fault() == "");
    }
    SECTION("names with an asterisk, and the common name where there are no others") {
        tls_device device(serving(make_identity({.subject = "CN=plc", .names = {"*.plant.example"}}, &all.authority)));
        desk at(device.port());
        at.how.server_name = "plc7.plant.example";
        CHECK(at.fault() == "");
        for (const char* wrong : {"plant.example", "a.b.plant.example", "plc", ".plant.example"}) {
            at.how.server_name = wrong;
            CHECK_THAT(at.fault(), Contains("it isn't for "));
        }
        tls_device old(serving(make_identity({.subject = "CN=127.0.0.1", .names = {}}, &all.authority)));
        desk there(old.port());
        CHECK(there.fault() == "");
    }
    SECTION("its time is over, or hasn't come") {
        tls_device device(serving(make_identity(
            {.subject = "CN=plc", .names = {"127.0.0.1"}, .from = "20000101000000", .to = "20010101000000"}, &all.authority)));
        desk at(device.port());
        CHECK_THAT(at.fault(), Contains("it has expired"));
        tls_device early(serving(make_identity(
            {.subject = "CN=plc", .names = {"127.0.0.1"}, .from = "20980101000000", .to = "20990101000000"}, &all.authority)));
        desk there(early.port());
        CHECK_THAT(there.fault(), Contains("it isn't valid yet (is this machine's clock right?)"));
    }
    SECTION("its purpose is a client's") {
        tls_device device(
            serving(make_identity({.subject = "CN=plc", .names = {"127.0.0.1"}, .what_for = purpose::client}, &all.authority)));
        desk at(device.port());
        CHECK_THAT(at.fault(), Contains("its purpose isn't that of a TLS server"));
    }
    SECTION("weak: SHA-1, and TLS 1.1") {
        tls_device device(serving(make_identity({.subject = "CN=plc", .names = {"127.0.0.1"}, .by_sha1 = true}, &all.authority)));
        desk at(device.port());
        CHECK_THAT(at.fault(), Contains("a digest too weak (SHA-1 or older)"));
        auto how = serving(all.device);
        how.version = mqtt::test::tls_version::v1_1;
        tls_device old(how);
        desk there(old.port());
        CHECK_THAT(there.fault(), Contains("(1.2 or newer)"));
    }
}

TEST_CASE("tls channel: files that are wrong are told before anybody is asked", "[modbus][channel][tls]") {
    const loopback_socket nobody;
    desk at(nobody.port);
    const std::string place = at.how.host + ":" + std::to_string(nobody.port) + " (TLS): ";
    SECTION("ca") {
        at.how.ca_file = at.folder.file("missing.pem");
        CHECK(at.fault() == place + "ca " + at.how.ca_file + " can't be read: No such file or directory");
        at.how.ca_file = at.write("rubbish.pem", "rubbish");
        CHECK(at.fault() == place + "ca " + at.how.ca_file + " holds no certificate (PEM or DER)");
        at.how.ca_file = at.folder.file("");
        CHECK_THAT(at.fault(), EndsWith("can't be read: it isn't a file"));
    }
    SECTION("cert and key") {
        at.show(plant::get().own);
        at.how.certificate_file = at.write("rubbish.pem", "rubbish");
        CHECK_THAT(at.fault(), EndsWith(" holds no certificate (PEM or DER)"));
        at.show(plant::get().own);
        at.how.key_file = at.write("other.key", plant::get().device.key);
        CHECK_THAT(at.fault(), Contains("isn't the key of the first certificate in cert"));
        at.how.key_file = at.write("rubbish.key", "rubbish");
        CHECK_THAT(at.fault(), Contains("holds no private key (PEM or DER) that can be used"));
        at.how.key_file = at.write("secret.key", mqtt::test::traditional_key);
        CHECK_THAT(at.fault(), Contains("is encrypted, and there is nobody to ask for its password"));
        at.how.key_file = at.folder.file("missing.key");
        CHECK_THAT(at.fault(), EndsWith("can't be read: No such file or directory"));
    }
}

TEST_CASE("tls channel: the handshake is bounded, and can be interrupted", "[modbus][channel][tls]") {
    const loopback_socket door;
    desk at(door.port);
    tls_channel channel(at.how);
    SECTION("a device that says nothing") {
        CHECK_THAT(channel.open(std::chrono::milliseconds(30), at.interrupted).fault,
                   EndsWith("(TLS): no answer to TLS in time: does it speak TLS on this port?"));
        CHECK_FALSE(channel.is_open());
    }
    SECTION("interrupted in the midst") {
        std::thread device([&] {
            const owned_descriptor client = door.accept();
            std::array<std::uint8_t, 512> hello{};
            [[maybe_unused]] const auto count = ::recv(client.get(), hello.data(), hello.size(), 0);
            at.interrupted.raise();
            [[maybe_unused]] const auto end = ::recv(client.get(), hello.data(), hello.size(), 0);
        });
        CHECK(channel.open(patient, at.interrupted).interrupted);
        CHECK_FALSE(channel.is_open());
        device.join();
    }
    SECTION("a device that closes at once") {
        std::thread device([&] {
            const owned_descriptor client = door.accept();
            std::array<std::uint8_t, 512> hello{};
            [[maybe_unused]] const auto count = ::recv(client.get(), hello.data(), hello.size(), 0);
        });
        CHECK_THAT(channel.open(patient, at.interrupted).fault,
                   EndsWith("closed the connection without an answer to TLS: does it speak TLS on this port?"));
        device.join();
    }
    SECTION("a device that speaks plain Modbus") {
        std::thread device([&] {
            const owned_descriptor client = door.accept();
            std::array<std::uint8_t, 512> hello{};
            [[maybe_unused]] const auto count = ::recv(client.get(), hello.data(), hello.size(), 0);
            write_all(client.get(), {0, 1, 0, 0, 0, 3, 1, 0x83, 1});
            [[maybe_unused]] const auto end = ::recv(client.get(), hello.data(), hello.size(), 0);
        });
        CHECK_THAT(channel.open(patient, at.interrupted).fault, Contains("what the device answers isn't TLS"));
        device.join();
    }
}

TEST_CASE("tls channel: a byte changed on the way ends the connection", "[modbus][channel][tls]") {
    const loopback_socket door;
    desk at(door.port);
    std::thread device([&] {
        const owned_descriptor client = door.accept();
        mqtt::test::tls_server server(serving(plant::get().device));
        std::array<char, 4096> chunk{};
        for (ssize_t count = 1; count > 0 && server.received().empty();) {
            count = ::recv(client.get(), chunk.data(), chunk.size(), 0);
            if (count > 0) server.feed(std::string_view(chunk.data(), static_cast<std::size_t>(count)));
            const std::string out = server.take_bytes();
            if (!out.empty()) write_all(client.get(), as_bytes(out));
        }
        server.write("pong");
        bytes out = as_bytes(server.take_bytes());
        out.back() = static_cast<std::uint8_t>(out.back() ^ 1u);
        write_all(client.get(), out);
        while (::recv(client.get(), chunk.data(), chunk.size(), 0) > 0) {
        }
    });
    {
        tls_channel channel(at.how);
        REQUIRE(channel.open(patient, at.interrupted).fault == "");
        CHECK(channel.send(as_bytes("ping")));
        REQUIRE(channel.wait_for_input(now() + patient, at.interrupted) == woken::ready);
        std::array<std::uint8_t, 8> into{};
        ssize_t count = -1;
        do {
            count = channel.receive(into);
        } while (count < 0 && errno == EAGAIN && channel.wait_for_input(now() + patient, at.interrupted) == woken::ready);
        CHECK(count == -1);
        CHECK(errno == EPROTO);
        CHECK_FALSE(channel.send(as_bytes("more")));
    }
    device.join();
}

// ---- Links over it -----------------------------------------------------------------------------------------------------

TEST_CASE("tls link: libmodbus behind TLS", "[modbus][ways][tls]") {
    tls_device device(serving(plant::get().device, plant::get().authority.certificate));
    libmodbus_peer peer(false);
    device.reply = [&](const std::string& request) {
        const bytes answer = peer.answer_to(as_bytes(request));
        return std::string(answer.begin(), answer.end());
    };
    desk at(device.port());
    at.show(plant::get().own);
    at.how.timeout = patient;
    const auto link = make_link(wire_settings(at.how));
    for (int i = 0; i < 3; ++i)
        CHECK(link->read({3, table::holding, 10, 2}, patient).registers == std::vector<std::uint16_t>{0x10A, 0x10B});
    std::vector<std::uint16_t> all;
    for (std::uint16_t i = 0; i < 64; ++i) all.push_back(static_cast<std::uint16_t>(0x100 + i));
    CHECK(link->read({3, table::holding, 0, 64}, patient).registers == all);
    CHECK(link->read({3, table::holding, 63, 2}, patient).exception_code == 2);
}

TEST_CASE("tls link: who is refused is told in which role he came", "[modbus][ways][tls]") {
    tls_device device(serving(plant::get().device, plant::get().authority.certificate));
    device.reply = [](const std::string& request) { return request.substr(0, 5) + "\x03" + request[6] + "\x83\x01"; };
    desk at(device.port());
    at.show(plant::get().own);
    at.how.timeout = patient;
    const auto link = make_link(wire_settings(at.how));
    const answer got = link->read({3, table::holding, 10, 2}, patient);
    CHECK(got.exception_code == 1);
    CHECK(got.detail == "exception 1: illegal function (our certificate's role is Operator)");
}

TEST_CASE("tls link: a device that isn't believed is down, and not asked", "[modbus][ways][tls]") {
    tls_device device(serving(make_identity({.subject = "CN=plc", .names = {"127.0.0.1"}}, &plant::get().stranger)));
    desk at(device.port());
    at.how.timeout = patient;
    const auto link = make_link(wire_settings(at.how));
    const answer got = link->read({3, table::holding, 10, 2}, patient);
    CHECK(got.status == answer::status::down);
    CHECK_FALSE(got.sent);
    CHECK_THAT(got.detail, Contains("its issuer isn't among those trusted"));
    device.stop();
    CHECK(device.heard().empty());
}
