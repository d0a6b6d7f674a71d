// examples/subscribe_exactly_once.cpp: writes each message of QoS 2 into a table, once, whatever comes in between: kill -9, a
// power cut, a lost connection.
//     subscribe_exactly_once URL FILTER DATABASE [CA]
// What a message amounts to (here: a row) and what the session must remember of it (its identifier) are one transaction: both
// are there after a crash, or neither, and then the broker sends it again.
// Not here: messages of QoS 1, which the broker may repeat; they are taken, but nothing can tell the repetition.
#include <sqlite3.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>

#include "mqtt/client.hpp"
#include "mqtt/topic.hpp"

namespace {

constexpr auto schema = R"(
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;  -- COMMIT returns when all of it is on the disk
    CREATE TABLE IF NOT EXISTS message (number INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS session (client_id TEXT NOT NULL, broker TEXT NOT NULL, epoch INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS held (packet_ids TEXT NOT NULL);
)";

/// SQLite with errors as exceptions: a program that can't keep what it receives had better end.
class database {
public:
    explicit database(const char* path) {
        check(sqlite3_open(path, &file_));
        check(sqlite3_busy_timeout(file_, 5000));
        check(sqlite3_exec(file_, schema, nullptr, nullptr, nullptr));
    }
    ~database() { sqlite3_close(file_); }
    database(const database&) = delete;
    database& operator=(const database&) = delete;

    template <typename... Values>
    void run(const char* sql, const Values&... values) {
        each_row(
            sql, [](sqlite3_stmt*) {}, values...);
    }
    template <typename OnRow, typename... Values>
    void each_row(const char* sql, OnRow on_row, const Values&... values) {
        sqlite3_stmt* prepared = nullptr;
        check(sqlite3_prepare_v2(file_, sql, -1, &prepared, nullptr));
        const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(prepared, sqlite3_finalize);
        int place = 0;
        (check(bind(prepared, ++place, values)), ...);
        int answer = SQLITE_OK;
        while ((answer = sqlite3_step(prepared)) == SQLITE_ROW) on_row(prepared);
        check(answer == SQLITE_DONE ? SQLITE_OK : answer);
    }
    void begin() {
        if (sqlite3_get_autocommit(file_) != 0) run("BEGIN IMMEDIATE");
    }
    void commit() { run("COMMIT"); }

private:
    void check(int code) const {
        if (code != SQLITE_OK) throw std::runtime_error(std::string("database: ") + sqlite3_errmsg(file_));
    }
    static int bind(sqlite3_stmt* to, int place, std::string_view text) {
        return sqlite3_bind_text(to, place, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    }
    static int bind(sqlite3_stmt* to, int place, std::int64_t number) { return sqlite3_bind_int64(to, place, number); }

    sqlite3* file_ = nullptr;
};

std::string text_at(sqlite3_stmt* row, int column) {
    const auto* text = sqlite3_column_text(row, column);
    return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(sqlite3_column_bytes(row, column))};
}

mqtt::saved_state state_in(database& from) {
    mqtt::saved_state state;
    from.each_row("SELECT client_id, broker, epoch FROM session", [&](sqlite3_stmt* row) {
        state.session = {text_at(row, 0), text_at(row, 1), static_cast<std::uint64_t>(sqlite3_column_int64(row, 2))};
    });
    from.each_row("SELECT packet_ids FROM held", [&](sqlite3_stmt* row) {
        std::istringstream ids(text_at(row, 0));
        for (std::uint16_t id = 0; ids >> id;) state.held.push_back(mqtt::packet_id{id});
    });
    return state;
}

class subscriber {
public:
    subscriber(mqtt::connection_settings to, std::string filter, database& into)
        : database_(into),
          session_(options_for(to), state_in(into), std::random_device{}()),
          client_(
              loop_, {std::move(to)}, session_, [this](const mqtt::effect& what) { std::visit(*this, what); }, [] {}) {
        session_.subscribe({{.filter = std::move(filter), .qos = mqtt::qos::exactly_once}}, {}, now());
    }

    void run() {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) client_.stop(std::chrono::seconds{2}, [this] { loop_.stop(); });
        });
        client_.start();
        loop_.run();
    }

    // The whole trick: from the first message on a transaction is open, and the save that follows it ends it.
    void operator()(const mqtt::received& what) {
        const bool saved = what.qos != mqtt::qos::at_most_once;  // of QoS 0 nobody keeps account
        if (saved) database_.begin();
        database_.run("INSERT INTO message (topic, payload) VALUES (?, ?)", what.topic, what.payload);
    }
    void operator()(const mqtt::save& what) {
        database_.begin();
        if (what.session) {
            database_.run("DELETE FROM session");
            database_.run("INSERT INTO session VALUES (?, ?, ?)", what.session->client_id, what.session->broker,
                          static_cast<std::int64_t>(what.session->epoch));
        }
        if (what.held) {
            std::string ids;
            for (const mqtt::packet_id id : *what.held) ids += std::to_string(static_cast<int>(id)) + ' ';
            database_.run("DELETE FROM held");
            database_.run("INSERT INTO held VALUES (?)", ids);
        }
        // what.lane is about messages that we publish: none.
        database_.commit();
        session_.on_durable(what.position, now());
    }

    void operator()(const mqtt::subscribed& what) {
        const bool refused = is_error(what.reason);
        const auto words = refused                                      ? phrase(what.reason)
                           : what.reason == mqtt::reason::granted_qos_2 ? "QoS 2"
                                                                        : "less than QoS 2";
        std::printf("%s: %.*s\n", what.filter.c_str(), static_cast<int>(words.size()), words.data());
        std::fflush(stdout);
        if (refused) throw std::runtime_error("the broker refuses the subscription");
    }
    void operator()(const mqtt::offline& what) { std::fprintf(stderr, "%s\n", what.reason.c_str()); }
    void operator()(const mqtt::session_lost&) {
        std::fprintf(stderr, "the broker lost the session, and with it what it kept for us\n");
    }
    template <typename Other>
    void operator()(const Other&) {}

private:
    static mqtt::time_point now() { return std::chrono::steady_clock::now(); }
    static mqtt::options options_for(const mqtt::connection_settings& to) {
        mqtt::options how;  // the broker chooses a client identifier, and the session's record keeps it
        how.broker = url_of(to.endpoint);
        if (const char* name = std::getenv("MQTT_USERNAME")) how.username = name;
        if (const char* password = std::getenv("MQTT_PASSWORD")) how.password = password;
        return how;
    }

    database& database_;
    boost::asio::io_context loop_{1};
    boost::asio::signal_set signals_{loop_, SIGINT, SIGTERM};
    mqtt::session session_;
    mqtt::client client_;
};

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 4 && argc != 5) throw std::runtime_error("usage: subscribe_exactly_once URL FILTER DATABASE [CA]");
    const auto server = mqtt::parse_endpoint(argv[1]);
    if (!server) throw std::runtime_error(server.error().what());
    if (!mqtt::is_valid_topic_filter(argv[2])) throw std::runtime_error(std::string("no topic filter: ") + argv[2]);
    mqtt::connection_settings to{.endpoint = *server};
    if (argc == 5) to.tls.ca_file = argv[4];
    if (const std::string fault = fault_in(to); !fault.empty()) throw std::runtime_error(fault);

    database into(argv[3]);
    subscriber(std::move(to), argv[2], into).run();
} catch (const std::exception& why) {
    std::fprintf(stderr, "subscribe_exactly_once: %s\n", why.what());
    return 1;
}
