// tests/tidy/rules.cpp: the rules, each beside the table of what it allows.
// Not here: reading the tree (tidy_test.cpp).
#include "tests/tidy/rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>

#include "tests/tidy/source_text.hpp"

namespace tidy {
namespace {

using words = std::initializer_list<std::string_view>;

bool starts_with_any(std::string_view path, words prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) { return path.starts_with(prefix); });
}

std::string folder_of(std::string_view path) { return std::string(path.substr(0, path.find('/'))); }

bool is_header(std::string_view path) { return path.ends_with(".hpp") || path.ends_with(".h"); }

/// "adapters/modbus/" of "adapters/modbus/link.cpp"; empty for "adapters/adapter.h".
std::string adapter_of(std::string_view path) {
    constexpr std::string_view parent = "adapters/";
    if (!path.starts_with(parent)) return {};
    const std::size_t end = path.find('/', parent.size());
    return end == std::string_view::npos ? std::string() : std::string(path.substr(0, end + 1));
}

bool may_include(const std::string& path, const std::string& target) {
    const std::string from = folder_of(path);
    const std::string to = folder_of(target);
    if (from == "tests") return true;
    if (path.starts_with("examples/adapters/")) return target == "adapters/adapter.h" || target == "adapters/adapter.hpp";
    if (from == "examples") return to == "mqtt" || to == "store" || to == "examples";
    if (from == "adapters") {
        if (target == "adapters/adapter.h" || target == "adapters/adapter.hpp") return true;
        const std::string own = adapter_of(path);
        return !own.empty() && target.starts_with(own);
    }
    if (from == "gateway")
        return to == "gateway" || to == "config" || to == "mqtt" || to == "store" || target == "adapters/adapter.h";
    return from == to;
}

/// Files that decide and never act: what they get to know of the world comes in as values. The drivers beside them act.
/// The store is among them but for its disk: it reads no clock and makes no thread.
bool is_sans_io(std::string_view path) {
    if (path.starts_with("mqtt/"))
        return !starts_with_any(path, {"mqtt/client", "mqtt/transport", "mqtt/tls.", "mqtt/tls_files", "mqtt/tls_verdict"});
    return starts_with_any(path, {"config/",
                                  "store/",
                                  "gateway/bus/schedule",
                                  "gateway/delivery/pipeline",
                                  "gateway/delivery/topic",
                                  "gateway/delivery/payload",
                                  "gateway/bus/device_health",
                                  "gateway/delivery/delivery",
                                  "gateway/bus/reading",
                                  "gateway/bus/computed",
                                  "gateway/bus/plausibility",
                                  "gateway/bus/adapter_wire",
                                  "gateway/http/history",
                                  "gateway/http/http_exchange",
                                  "gateway/http/http_rules",
                                  "gateway/http/http_shared",
                                  "gateway/write/local_commands",
                                  "gateway/http/metrics_text",
                                  "gateway/http/state_text",
                                  "gateway/command/status_words",
                                  "adapters/modbus/codec",
                                  "adapters/modbus/point",
                                  "adapters/modbus/plan",
                                  "adapters/modbus/rtu_frame",
                                  "adapters/modbus/timing",
                                  "adapters/modbus/simulate",
                                  "adapters/process/definition",
                                  "adapters/process/keys",
                                  "adapters/process/lines",
                                  "adapters/serial/bytes",
                                  "adapters/serial/check",
                                  "adapters/serial/definition",
                                  "adapters/serial/dialogue",
                                  "adapters/serial/fields",
                                  "adapters/serial/frame",
                                  "adapters/serial/pattern",
                                  "adapters/serial/script",
                                  "adapters/serial/simulate",
                                  "adapters/serial/value"});
}

char before(std::string_view code, std::size_t at) {
    while (at > 0 && std::isspace(static_cast<unsigned char>(code[at - 1])) != 0) --at;
    return at > 0 ? code[at - 1] : '\0';
}

char after(std::string_view code, std::size_t at) {
    while (at < code.size() && std::isspace(static_cast<unsigned char>(code[at])) != 0) ++at;
    return at < code.size() ? code[at] : '\0';
}

std::string quoted(std::string_view word, std::string_view more, std::string_view why) {
    return std::string("'").append(word).append(more).append("' ").append(why);
}

findings find_any(const source_text& text, words banned, std::string_view why) {
    findings found;
    for (const std::string_view word : banned)
        for (const std::size_t at : find_word(text.code, word)) found.push_back({text.line_at(at), quoted(word, "", why)});
    return found;
}

/// Of calls only: `time(nullptr)`, but not a member's `request.time()`.
findings find_calls(const source_text& text, words banned, std::string_view why) {
    findings found;
    for (const std::string_view word : banned)
        for (const std::size_t at : find_word(text.code, word)) {
            const char left = before(text.code, at);
            if (left == '.' || left == '>' || after(text.code, at + word.size()) != '(') continue;
            found.push_back({text.line_at(at), quoted(word, "(", why)});
        }
    return found;
}

void append(findings& to, findings more) { to.insert(to.end(), more.begin(), more.end()); }

/// The rest of the expression from the co_await at `at` on: up to a semicolon or a closing bracket that isn't its own.
std::string_view rest_of_expression(std::string_view code, std::size_t at) {
    int depth = 0;
    std::size_t end = at;
    for (; end < code.size(); ++end) {
        const char c = code[end];
        if (c == '(' || c == '[' || c == '{') ++depth;
        if (c == ')' || c == ']' || c == '}') --depth;
        if (depth < 0 || (depth == 0 && c == ';')) break;
    }
    return code.substr(at, end - at);
}

std::string_view line_up_to(std::string_view code, std::size_t at) {
    const std::size_t newline = code.rfind('\n', at);
    const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    return code.substr(begin, at - begin);
}

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// `name{`, not `) {`.
bool has_braced_value(std::string_view line) {
    for (std::size_t open = line.find('{'); open != std::string_view::npos; open = line.find('{', open + 1))
        if (open > 0 && (is_name(line[open - 1]) || line[open - 1] == '>')) return true;
    return false;
}

/// `[captures]`, not `array[index]`.
bool has_lambda(std::string_view code) {
    for (std::size_t open = code.find('['); open != std::string_view::npos; open = code.find('[', open + 1)) {
        const char left = before(code, open);
        if (!is_name(left) && left != ')' && left != ']') return true;
    }
    return false;
}

}  // namespace

findings include_direction(const std::string& path, std::string_view text) {
    static const std::array<std::string, 7> ours = {"adapters", "config", "examples", "gateway", "mqtt", "store", "tests"};
    // A project of its own, without the tree above it.
    const bool flat = path.starts_with("examples/");
    findings found;
    const source_text source(text);
    for (const include& one : includes_of(source)) {
        const bool is_ours = std::find(ours.begin(), ours.end(), folder_of(one.path)) != ours.end();
        if (one.quoted && !is_ours && !(flat && one.path.find('/') == std::string::npos)) {
            found.push_back({source.line_at(one.offset), "\"" + one.path + "\" is not a path from the root of the tree"});
        } else if (is_ours && !may_include(path, one.path)) {
            found.push_back({source.line_at(one.offset), path + " must not know " + one.path});
        }
    }
    return found;
}

/// g++ 12 destroys temporaries of such expressions twice. The line holds names and calls; what it needs gets a name first.
findings coroutine_lines(const std::string&, std::string_view text) {
    findings found;
    const source_text source(text);
    for (const std::size_t at : find_word(source.code, "co_await")) {
        const std::string_view awaited = rest_of_expression(source.code, at);
        const auto report = [&](const char* what) {
            found.push_back({source.line_at(at), std::string(what) + " beside co_await"});
        };
        const std::string_view line = line_up_to(source.code, at);
        if (awaited.find('{') != std::string_view::npos || has_braced_value(line)) report("braces");
        if (has_lambda(awaited)) report("a lambda");
        if (awaited.find('?') != std::string_view::npos || line.find('?') != std::string_view::npos) report("?:");
    }
    return found;
}

findings sans_io(const std::string& path, std::string_view text) {
    if (!is_sans_io(path)) return {};
    const source_text source(text);
    constexpr std::string_view why = "in a file that must not touch the world";
    findings found = find_any(source,
                              {"clock_gettime", "gettimeofday", "thread", "jthread", "mutex", "shared_mutex", "recursive_mutex",
                               "lock_guard", "unique_lock", "scoped_lock", "condition_variable", "this_thread", "socket", "asio",
                               "modbus_t", "termios", "sleep_for", "sleep_until"},
                              why);
    append(found, find_calls(source, {"time", "sleep", "usleep", "nanosleep"}, why));
    for (const std::size_t at : find_word(source.code, "now"))
        if (source.code.substr(0, at).ends_with("::") && after(source.code, at + 3) == '(')
            found.push_back({source.line_at(at), "'::now(' " + std::string(why)});
    for (const include& one : includes_of(source))
        if (one.path.ends_with("modbus.h") || one.path.starts_with("sys/socket"))
            found.push_back({source.line_at(one.offset), one.path + " " + std::string(why)});
    return found;
}

/// Each library has its one owner, so that it can be replaced, and so that its cost of compilation is paid once.
findings library_owners(const std::string& path, std::string_view text) {
    if (path.starts_with("tests/") || path.starts_with("tools/") || path.starts_with("examples/")) return {};
    // The parts of the service are declared for its own files alone: app_*.cpp.
    const bool is_inner = path == "gateway/app_parts.hpp";
    const bool may_asio = is_inner || (!is_header(path) && !is_sans_io(path) &&
                                       starts_with_any(path, {"mqtt/client", "mqtt/transport", "gateway/"}));
    const bool may_sqlite = starts_with_any(path, {"store/sqlite.", "store/write_path.cpp", "store/reserve.cpp"});
    const bool may_modbus = starts_with_any(path, {"adapters/modbus/link", "adapters/modbus/server"});
    const bool may_mbedtls =
        starts_with_any(path, {"mqtt/tls_", "mqtt/digest.", "adapters/modbus/channel_tls", "gateway/http/http_tls.cpp"});
    findings found;
    const source_text source(text);
    for (const include& one : includes_of(source)) {
        const bool asio = one.path.starts_with("boost/asio") || one.path.starts_with("boost/beast");
        const bool sqlite = one.path.ends_with("sqlite3.h");
        const bool modbus =
            one.path.ends_with("modbus.h") || one.path.ends_with("modbus-rtu.h") || one.path.ends_with("modbus-tcp.h");
        const bool mbedtls =
            one.path.starts_with("mbedtls/") || one.path.starts_with("psa/") || one.path == "mqtt/tls_mbedtls.hpp";
        if ((asio && !may_asio) || (sqlite && !may_sqlite) || (modbus && !may_modbus) || (mbedtls && !may_mbedtls))
            found.push_back({source.line_at(one.offset), path + " must not include " + one.path});
    }
    if (!may_sqlite) append(found, find_any(source, {"sqlite3", "sqlite3_stmt"}, "outside store/sqlite and store/write_path"));
    return found;
}

findings no_sleep_in_tests(const std::string& path, std::string_view text) {
    if (!path.starts_with("tests/")) return {};
    const source_text source(text);
    findings found =
        find_any(source, {"sleep_for", "sleep_until", "usleep", "nanosleep"}, "in a test: wait for the thing itself");
    append(found, find_calls(source, {"sleep"}, "in a test: wait for the thing itself"));
    return found;
}

findings opening_comment(const std::string& path, std::string_view text) {
    const std::string line = source_text(text).first_line;
    if (line.starts_with("// " + path + ": ") || line.starts_with("/* " + path + ": ")) return {};
    return {{1, "the first line must say what " + path + " is for: \"// " + path + ": …\""}};
}

/// If only such a word fits, the thing is two things.
findings file_names(const std::string& path, std::string_view) {
    static constexpr std::array<std::string_view, 10> banned = {"util",    "utils",    "common", "helper", "helpers",
                                                                "manager", "managers", "base",   "impl",   "misc"};
    findings found;
    std::string part;
    for (const char c : path + "/") {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            part += c;
            continue;
        }
        if (std::find(banned.begin(), banned.end(), part) != banned.end())
            found.push_back({0, "'" + part + "' says nothing of what the file is"});
        part.clear();
    }
    return found;
}

findings machine_paths(const std::string&, std::string_view text) {
    // Put together here, so that this file doesn't find itself.
    static const std::array<std::string, 4> banned = {std::string("/wo") + "rk/", std::string("/ho") + "me/",
                                                      std::string("/ro") + "ot/", std::string("/tmp/") + "wt"};
    findings found;
    for (const std::string& path : banned)
        for (std::size_t at = text.find(path); at != std::string_view::npos; at = text.find(path, at + 1)) {
            const char left = at > 0 ? text[at - 1] : ' ';
            if (std::isalnum(static_cast<unsigned char>(left)) != 0 || left == '_' || left == '.' || left == '}' || left == '*')
                continue;
            const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
            found.push_back({static_cast<std::size_t>(line), path + " is a place on somebody's machine"});
        }
    return found;
}

std::vector<rule> source_rules() {
    return {{"include direction", include_direction},
            {"co_await holds names and calls", coroutine_lines},
            {"sans-IO", sans_io},
            {"library owners", library_owners},
            {"no sleep in tests", no_sleep_in_tests},
            {"opening comment", opening_comment},
            {"file names", file_names},
            {"machine paths", machine_paths}};
}

}  // namespace tidy
