// tests/tidy/tidy_test.cpp: holds the rules over the whole tree, and shows of each that it can fail.
// Not here: the rules themselves (rules.cpp).
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/tidy/rules.hpp"
#include "tests/tidy/source_text.hpp"

namespace {

namespace fs = std::filesystem;
using tidy::findings;

const fs::path root = TIDEGATE_SOURCE_DIR;

std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// What is in the repository by the look of it: no build folders, nothing hidden but the CI's entry.
std::vector<std::string> files() {
    std::vector<std::string> paths;
    for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator(); ++it) {
        const std::string name = it->path().filename().string();
        const bool hidden = name.starts_with(".") && name != ".ci";
        if (hidden || name.starts_with("build") || name == "node_modules") {
            if (it->is_directory()) it.disable_recursion_pending();
            continue;
        }
        if (it->is_regular_file() && !it->is_symlink()) paths.push_back(fs::relative(it->path(), root).generic_string());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

bool is_source(const std::string& path) {
    const std::string extension = fs::path(path).extension().string();
    return extension == ".cpp" || extension == ".hpp" || extension == ".h" || extension == ".c";
}

std::size_t count(findings (*rule)(const std::string&, std::string_view), const std::string& path, std::string_view text) {
    return rule(path, text).size();
}

}  // namespace

TEST_CASE("tidy: the tree keeps its rules", "[tidy]") {
    std::size_t sources = 0;
    for (const std::string& path : files()) {
        const std::string text = text_of(root / path);
        const auto report = [&](const tidy::rule& rule) {
            for (const tidy::finding& one : rule.check(path, text))
                FAIL_CHECK(path << ":" << one.line << ": " << rule.name << ": " << one.what);
        };
        if (is_source(path)) {
            ++sources;
            for (const tidy::rule& rule : tidy::source_rules()) report(rule);
        } else if (text.find('\0') == std::string::npos) {
            report({"machine paths", tidy::machine_paths});
        }
    }
    CHECK(sources > 10);  // or it looked in the wrong place
}

TEST_CASE("tidy: prose and test data are no code", "[tidy]") {
    const tidy::source_text text(
        "int a; // mutex\n/* mutex\n mutex */ auto b = \"mutex // \\\" mutex\"; auto c = 'm'; auto d = 60'000 + mutex_;\n"
        "auto e = R\"x(mutex )\" mutex)x\"; std::mutex real; char f = '\"'; // \"\n#include \"store/mutex.hpp\"\nu8'\"' mutex\n");
    const auto places = tidy::find_word(text.code, "mutex");
    REQUIRE(places.size() == 3);
    CHECK(text.line_at(places[0]) == 4);
    CHECK(text.line_at(places[1]) == 5);  // a directive keeps its literal
    CHECK(text.line_at(places[2]) == 6);
    const auto includes = tidy::includes_of(text);
    REQUIRE(includes.size() == 1);
    CHECK(includes[0].path == "store/mutex.hpp");
    CHECK(includes[0].quoted);
}

TEST_CASE("tidy: each rule can fail", "[tidy]") {
    SECTION("who may include whom") {
        const auto offends = [](const std::string& path, const std::string& target) {
            return count(tidy::include_direction, path, "#include \"" + target + "\"\n") != 0;
        };
        CHECK(offends("mqtt/session.cpp", "store/queue.hpp"));
        CHECK(offends("store/queue.cpp", "mqtt/types.hpp"));
        CHECK(offends("config/read.cpp", "adapters/adapter.h"));
        CHECK(offends("config/read.cpp", "gateway/app.hpp"));
        CHECK(offends("adapters/modbus/link.cpp", "config/model.hpp"));
        CHECK(offends("adapters/modbus/link.cpp", "adapters/simulated/wave.hpp"));
        CHECK(offends("adapters/adapter.hpp", "adapters/modbus/link.hpp"));
        CHECK(offends("gateway/app.cpp", "adapters/modbus/link.hpp"));
        CHECK(offends("gateway/app.cpp", "adapters/adapter.hpp"));
        CHECK(offends("gateway/app.cpp", "tests/sim/world.hpp"));
        CHECK(offends("gateway/app.cpp", "schedule.hpp"));  // not from the root
        CHECK(offends("gateway/app.cpp", "examples/session_in_log.hpp"));
        CHECK(offends("examples/publish_once.cpp", "gateway/clock.hpp"));
        CHECK(count(tidy::include_direction, "mqtt/session.cpp", "  #  include <store/queue.hpp>\n") == 1);

        CHECK_FALSE(offends("gateway/app.cpp", "adapters/adapter.h"));
        CHECK_FALSE(offends("gateway/app.cpp", "mqtt/client.hpp"));
        CHECK_FALSE(offends("adapters/modbus/link.cpp", "adapters/adapter.hpp"));
        CHECK_FALSE(offends("adapters/modbus/link.cpp", "adapters/modbus/timing.hpp"));
        CHECK_FALSE(offends("examples/publish_once.cpp", "mqtt/client.hpp"));
        CHECK_FALSE(offends("examples/publish_once.cpp", "session_in_log.hpp"));
        CHECK_FALSE(offends("tests/sim/world.cpp", "adapters/modbus/link.hpp"));
        CHECK(count(tidy::include_direction, "mqtt/session.cpp", "// #include \"store/queue.hpp\"\n#include <vector>\n") == 0);
    }
    SECTION("a line with co_await holds names and calls") {
        const auto offends = [](const std::string& text) { return count(tidy::coroutine_lines, "mqtt/client.cpp", text) != 0; };
        CHECK(offends("co_await f(agg{1});"));
        CHECK(offends("co_await f({.a = 1});"));
        CHECK(offends("co_await f(\n    agg{1});"));
        CHECK(offends("co_await f([s = name] { return s; });"));
        CHECK(offends("co_await (c ? f(x) : g(y));"));
        CHECK(offends("auto r = c ? co_await f() : co_await g();"));
        CHECK(offends("auto v = agg{co_await f()};"));
        CHECK(offends("auto v = std::vector<int>{co_await f()};"));

        CHECK_FALSE(offends("while (true) { const auto [ec, n] = co_await stream.read(buffer[0], await); }"));
        CHECK_FALSE(offends("if (co_await next()) {\n    x = c ? a{} : b{};\n}"));
        CHECK_FALSE(offends("auto op = f(agg{1});\nco_await std::move(op);"));
        CHECK_FALSE(offends("// co_await f(agg{1});"));
    }
    SECTION("what decides touches nothing") {
        const auto offends = [](const std::string& path, const std::string& text) {
            return count(tidy::sans_io, path, text) != 0;
        };
        for (const auto* text :
             {"auto t = std::chrono::steady_clock::now();", "clock::now ();", "clock_gettime(CLOCK_BOOTTIME, &t);",
              "auto t = std::time(nullptr);", "t = ::time(0);", "t = time (0);", "std::thread t;", "#include <thread>",
              "std::mutex m;", "std::scoped_lock l(m);", "int s = ::socket(1, 2, 3);", "#include <sys/socket.h>",
              "boost::asio::io_context c;", "#include <boost/asio/io_context.hpp>", "#include <modbus/modbus.h>",
              "std::this_thread::yield();", "usleep(5);"}) {
            CAPTURE(text);
            for (const auto* path :
                 {"mqtt/session.cpp", "config/read.cpp", "store/queue.cpp", "gateway/bus/schedule.hpp",
                  "gateway/delivery/pipeline.cpp", "gateway/delivery/delivery.cpp", "gateway/bus/device_health.cpp",
                  "adapters/modbus/plan.cpp", "adapters/modbus/codec_table.cpp", "adapters/modbus/timing.hpp"}) {
                CAPTURE(path);
                CHECK(offends(path, text));
            }
            for (const auto* path : {"mqtt/client.cpp", "mqtt/transport.cpp", "gateway/app.cpp", "adapters/modbus/link_rtu.cpp"})
                CHECK_FALSE(offends(path, text));
        }
        for (const auto* text :
             {"// std::mutex", "time_point on_time(time_point now);", "auto now = at; f(now);", "request.time();",
              "character_time(line);", "const char* text = \"socket\";", "x->time();", "bool threaded;"})
            CHECK_FALSE(offends("mqtt/session.cpp", text));
    }
    SECTION("each library has its owner") {
        const auto offends = [](const std::string& path, const std::string& text) {
            return count(tidy::library_owners, path, text) != 0;
        };
        const std::string asio = "#include <boost/asio/ip/tcp.hpp>";
        CHECK(offends("mqtt/client.hpp", asio));
        CHECK(offends("mqtt/session.cpp", asio));
        CHECK(offends("gateway/app.hpp", asio));
        CHECK(offends("gateway/bus/schedule.cpp", asio));
        CHECK(offends("store/queue.cpp", asio));
        CHECK_FALSE(offends("mqtt/client.cpp", asio));
        CHECK_FALSE(offends("gateway/app.cpp", asio));
        CHECK_FALSE(offends("gateway/app_parts.hpp", asio));
        CHECK_FALSE(offends("tests/mqtt/client_test.cpp", asio));
        CHECK_FALSE(offends("store/error.hpp", "#include <boost/system/result.hpp>"));
        CHECK(offends("store/queue.cpp", "#include <sqlite3.h>"));
        CHECK(offends("store/write_path.hpp", "#include <sqlite3.h>"));
        CHECK_FALSE(offends("store/write_path.cpp", "#include <sqlite3.h>"));
        CHECK(offends("gateway/app.cpp", "sqlite3* database = nullptr;"));
        CHECK_FALSE(offends("store/sqlite.cpp", "#include <sqlite3.h>\nsqlite3* database = nullptr;"));
        CHECK(offends("mqtt/transport_tls.cpp", "#include <mbedtls/ssl.h>"));
        CHECK(offends("mqtt/transport_tls.cpp", "#include \"mqtt/tls_mbedtls.hpp\""));
        CHECK(offends("gateway/app.cpp", "#include <psa/crypto.h>"));
        CHECK(offends("mqtt/tls_engine.cpp", asio));
        CHECK_FALSE(offends("mqtt/tls_engine.cpp", "#include <mbedtls/ssl.h>\n#include \"mqtt/tls_mbedtls.hpp\""));
        CHECK_FALSE(offends("mqtt/digest.cpp", "#include <mbedtls/md.h>"));
        CHECK(offends("adapters/modbus/codec.cpp", "#include <modbus/modbus.h>"));
        CHECK(offends("gateway/app.cpp", "#include <modbus.h>"));
        CHECK_FALSE(offends("adapters/modbus/link.cpp", "#include <modbus/modbus.h>"));
        CHECK_FALSE(offends("adapters/modbus/server_tcp.cpp", "#include <modbus.h>"));
    }
    SECTION("no test sleeps") {
        const auto offends = [](const std::string& path, const std::string& text) {
            return count(tidy::no_sleep_in_tests, path, text) != 0;
        };
        for (const auto* text :
             {"std::this_thread::sleep_for(1s);", "sleep_until(t);", "usleep(1);", "::sleep(1);", "nanosleep(&t, nullptr);"})
            CHECK(offends("tests/mqtt/client_test.cpp", text));
        CHECK_FALSE(offends("tests/mqtt/client_test.cpp", "bool sleep = true; // sleep(1)"));
        CHECK_FALSE(offends("gateway/bus/bus_thread.cpp", "sleep_for(1s);"));
    }
    SECTION("a file begins with what it is for") {
        CHECK(count(tidy::opening_comment, "mqtt/a.cpp", "#include <vector>\n") == 1);
        CHECK(count(tidy::opening_comment, "mqtt/a.cpp", "// mqtt/b.cpp: something.\n") == 1);
        CHECK(count(tidy::opening_comment, "mqtt/a.cpp", "") == 1);
        CHECK(count(tidy::opening_comment, "mqtt/a.cpp", "// mqtt/a.cpp: something.\n") == 0);
        CHECK(count(tidy::opening_comment, "adapters/adapter.h", "/* adapters/adapter.h: the contract.\n */") == 0);
    }
    SECTION("a file's name says what it is") {
        for (const auto* path :
             {"mqtt/util.cpp", "gateway/queue_manager.hpp", "store/base_file.cpp", "common/error.hpp", "mqtt/session-impl.cpp"})
            CHECK(count(tidy::file_names, path, "") == 1);
        for (const auto* path : {"mqtt/database.cpp", "store/implied.cpp", "mqtt/session.cpp"})
            CHECK(count(tidy::file_names, path, "") == 0);
    }
    SECTION("no place on somebody's machine") {
        const std::string home = std::string("/ho") + "me/";
        CHECK(count(tidy::machine_paths, "README.md", "see " + home + "me/notes") == 1);
        CHECK(count(tidy::machine_paths, "tools/demo", "cd " + (std::string("/wo") + "rk/tidegate")) == 1);
        CHECK(count(tidy::machine_paths, "a", "/tmp/plant/bus0, docs" + home) == 0);
    }
}
