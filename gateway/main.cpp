// gateway/main.cpp: the command line, and nothing else: parses, calls one function, returns its exit code.
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "config/suggest.hpp"
#include "gateway/command/command_line_commission.hpp"
#include "gateway/command/command_line_diagnostics.hpp"
#include "gateway/command/command_line_papers.hpp"
#include "gateway/command/command_line_reload.hpp"
#include "gateway/command/command_line_setup.hpp"
#include "gateway/command/command_line_status.hpp"
#include "gateway/command/commands.hpp"

namespace {

CLI::App* add_command(CLI::App& to, const char* name, const char* help, gateway::command_options& options) {
    CLI::App* command = to.add_subcommand(name, help);
    command->add_option("-c,--config", options.config_path, "The config file")->required()->type_name("FILE");
    return command;
}

/// Adds options of one group, each with the type of its argument.
class option_group {
public:
    option_group(CLI::App& to, const char* name) : to_(to), name_(name) {}
    template <typename T>
    option_group& add(const char* names, T& value, const char* type, const char* help) {
        // One argument each time it is given, so that it doesn't take what follows, the URL perhaps, for another of its own.
        to_.add_option(names, value, help)->type_name(type)->group(name_)->allow_extra_args(false);
        return *this;
    }
    /// A whole number in a range.
    template <typename T>
    option_group& number(const char* names, T& value, const char* type, std::uint64_t least, std::uint64_t most,
                         const char* help) {
        const auto range = [least, most](const std::string& typed) -> std::string {
            std::uint64_t found = 0;
            const auto [end, error] = std::from_chars(typed.data(), typed.data() + typed.size(), found);
            if (error == std::errc() && end == typed.data() + typed.size() && found >= least && found <= most) return "";
            return "'" + typed + "' is not a whole number from " + std::to_string(least) + " to " + std::to_string(most);
        };
        to_.add_option(names, value, help)->type_name(type)->group(name_)->check(CLI::Validator(range, ""));
        return *this;
    }
    option_group& flag(const char* names, bool& value, const char* help) {
        to_.add_flag(names, value, help)->group(name_);
        return *this;
    }

    void calls(std::function<void()> what) { to_.callback(std::move(what)); }

private:
    CLI::App& to_;
    const char* name_;
};

option_group add_queue_command(CLI::App& to, const char* name, const char* help, gateway::command_options& options) {
    CLI::App* command = to.add_subcommand(name, help);
    option_group group(*command, "Options");
    group.add("-c,--config", options.config_path, "FILE", "The config file, which says where the queue is");
    group.add("--path", options.queue_path, "FILE", "The queue file itself, without a config file");
    return group;
}

/// What pub and sub are told of the broker.
void add_broker_options(CLI::App& to, gateway::broker_options& o, const char* retry) {
    to.add_option(
          "URL", o.url,
          "mqtt://host[:1883]  mqtts://host[:8883]  ws://host[:80]/path  wss://host[:443]/path; several of a cluster with commas")
        ->required()
        ->type_name("");
    option_group(to, "Connection")
        .add("--mqtt", o.version, "5|3.1.1", "The protocol's version [5]")
        .add("-i,--client-id", o.client_id, "ID", "[one by chance]")
        .add("-u,--username", o.username, "NAME", "")
        .add("-P,--password", o.password, "WHERE", "Not the password, but where it is: @env:NAME or @file:/path")
        .add("--auth", o.authentication, "METHOD", "MQTT 5: scram-sha-256")
        .add("-k,--keepalive", o.keepalive, "TIME", "[60s]")
        .add("--session-expiry", o.session_expiry, "TIME",
             "How long the broker keeps the session when the connection is lost [0s; with --state 7d]")
        .add("--connect-property", o.user_properties, "NAME=VALUE", "MQTT 5: a user property of CONNECT")
        .add("--state", o.state, "FILE", "Keep the session and its messages in this file, over calls, crashes and power cuts")
        .add("--timeout", o.timeout, "TIME", "Give up after this time")
        .flag("--retry", o.retry, retry)
        .flag("-v,--verbose", o.verbose, "Tell when there is a connection");
    option_group(to, "Will")
        .add("--will-topic", o.will_topic, "TOPIC", "The broker publishes a message here if we vanish")
        .add("--will-payload", o.will_payload, "TEXT", "")
        .number("--will-qos", o.will_qos, "0|1|2", 0, 2, "[0]")
        .flag("--will-retain", o.will_retain, "")
        .add("--will-delay", o.will_delay, "TIME", "MQTT 5");
    option_group(to, "TLS and proxy")
        .add("--ca", o.ca, "PATH", "Certificates to trust: a file or a folder [the system's]")
        .add("--crl", o.crl, "FILE", "Certificates that are revoked")
        .add("--cert", o.certificate, "FILE", "Our certificate")
        .add("--key", o.key, "FILE", "Its key")
        .add("--key-password", o.key_password, "WHERE", "@env:NAME or @file:/path")
        .add("--alpn", o.alpn, "NAME", "A protocol to offer")
        .add("--server-name", o.server_name, "NAME", "The name that must be in the broker's certificate [the URL's host]")
        .add("--verify", o.verify, "full|chain_only|none", "What is checked of it [full]")
        .add("--proxy", o.proxy, "URL", "http://host:port of an HTTP proxy")
        .add("--proxy-username", o.proxy_username, "NAME", "")
        .add("--proxy-password", o.proxy_password, "WHERE", "@env:NAME or @file:/path")
        .add("--header", o.headers, "NAME=VALUE", "A header for the WebSocket's server; VALUE may be @env:NAME or @file:/path");
}

void add_pub(CLI::App& app, gateway::pub_options& o) {
    CLI::App* pub = app.add_subcommand("pub", "Publish a message, a file, or each line of stdin");
    add_broker_options(*pub, o.broker, "Keep trying when there is no connection, or it is lost [end with 1]");
    pub->add_option("TOPIC", o.topic, "Where to")->required()->type_name("");
    pub->add_option("MESSAGE", o.message, "Or --lines, or --file")->type_name("");
    option_group(*pub, "Options").number("-q,--qos", o.qos, "0|1|2", 0, 2, "At most, at least, exactly once [1]");
    pub->add_flag("-r,--retain", o.retain, "The broker keeps it for those who come later");
    pub->add_flag("-l,--lines", o.lines, "Each line of stdin is a message");
    pub->add_option("-f,--file", o.file, "The whole file is the message; -: stdin")->type_name("FILE");
    option_group(*pub, "MQTT 5")
        .add("--expiry", o.expiry, "TIME", "The broker drops what it couldn't deliver after this time")
        .add("--content-type", o.content_type, "TYPE", "")
        .add("--response-topic", o.response_topic, "TOPIC", "")
        .add("--correlation-data", o.correlation_data, "DATA", "")
        .flag("--utf8", o.utf8, "Say that the payload is UTF-8")
        .add("--property", o.properties, "NAME=VALUE", "A user property");
}

void add_sub(CLI::App& app, gateway::sub_options& o) {
    CLI::App* sub = app.add_subcommand("sub", "Print the messages that come under topic filters");
    add_broker_options(*sub, o.broker, "Keep trying, also when the first connection can't be made [end with 1]");
    sub->add_option("FILTER", o.filters, "'plant/+/power', 'plant/#', '$share/GROUP/plant/#'")->required()->type_name("");
    option_group(*sub, "Options")
        .number("-q,--qos", o.qos, "0|1|2", 0, 2, "At most, at least, exactly once [1]")
        .number("-n,--count", o.count, "N", 1, std::numeric_limits<std::int64_t>::max(), "End after so many messages [never]")
        .add("--largest", o.largest, "SIZE",
             "Of a message; the broker drops what is larger, or is left [256MiB, which is MQTT's]");
    sub->add_flag("--json", o.json, "Everything of each message, a JSON object a line");
    sub->add_flag("--payload", o.payload_only, "Without the topic");
    sub->add_flag("--no-retained", o.no_retained, "Only what is published from now on");
    option_group(*sub, "MQTT 5")
        .flag("--no-local", o.no_local, "Not what this client publishes")
        .flag("--retain-as-published", o.retain_as_published, "Show the retain flag as it was published")
        .number("--retain-handling", o.retain_handling, "0|1|2", 0, 2,
                "Retained messages: always, only if the subscription is new, never [0]")
        .number("--identifier", o.identifier, "N", 1, 268435455, "A subscription identifier");
}

/// What is wrong with the command line, and what was probably meant. Returns the exit code.
int explain(const CLI::App& app, const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // it was asked for help
    const CLI::App* at = &app;
    std::string name = app.get_name();
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().front();
        name += ' ' + at->get_name();
    }
    std::vector<std::string> known;
    for (const CLI::App* each : at->get_subcommands({})) known.push_back(each->get_name());
    for (const CLI::Option* each : at->get_options()) {
        for (const std::string& one : each->get_lnames()) known.push_back("--" + one);
    }
    std::string words = error.what();
    for (const std::string& each : at->remaining()) {
        const std::string typed = each.substr(0, each.find('='));
        if (const auto meant = config::did_you_mean(typed, known); !meant.empty())
            words += "; '" + typed + "' is unknown" + meant;
    }
    std::fprintf(stderr, "%s: %s\nRun '%s --help' for what there is.\n", name.c_str(), words.c_str(), name.c_str());
    return 2;
}

/// A socket in the place of a standard stream would be read and written as one.
void open_standard_streams() {
    int descriptor = ::open("/dev/null", O_RDWR);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO) descriptor = ::open("/dev/null", O_RDWR);
    if (descriptor >= 0) std::ignore = ::close(descriptor);  // nothing was written
}

}  // namespace

int main(int argc, char** argv) {
    open_standard_streams();
    std::signal(SIGPIPE, SIG_IGN);  // a connection that is gone is an error code, not the end of the process
    mallopt(M_ARENA_MAX, 2);        // an arena for each thread would cost more than it saves

    gateway::command_options options;
    int (*chosen)(const gateway::command_options&) = nullptr;

    CLI::App app("Tidegate: polls Modbus devices, keeps their readings in a durable queue, delivers them over MQTT.", "tidegate");
    app.set_version_flag("--version", "tidegate " TIDEGATE_VERSION);
    app.require_subcommand(1);
    app.footer("Exit codes: 0 done, 1 what was asked failed, 2 usage.");

    CLI::App* run = add_command(app, "run", "The service, in the foreground; logs to stderr", options);
    run->add_flag("-v,--verbose", options.verbose, "Log details, too");
    run->callback([&] { chosen = gateway::run_command; });

    CLI::App* check =
        add_command(app, "check", "Check a config file: all errors at once, then the poll plan and load of each bus", options);
    check->add_flag("--json", options.json, "For programs");
    check->callback([&] { chosen = gateway::check_command; });

    CLI::App* simulate = add_command(app, "simulate", "Serve every device of a config file as a simulated one", options);
    simulate->add_option("--fault", options.faults, "A fault from the start on: 'BUS/DEVICE late 10%', 'DEVICE silent 30s', …")
        ->type_name("WORDS")
        ->allow_extra_args(false);
    simulate->add_option("--seed", options.seed, "What chance begins with; the same seed, the same faults [1]")->type_name("N");
    simulate->callback([&] { chosen = gateway::simulate_command; });

    CLI::App* templates = app.add_subcommand("templates", "The device templates: all of them, or what one says");
    templates->add_option("NAME", options.template_name, "Of one")->type_name("");
    templates->add_option("-c,--config", options.config_path, "Those beside this config file, too")->type_name("FILE");
    templates->add_flag("--json", options.json, "For programs: an object a line");
    templates->callback([&] { chosen = gateway::templates_command; });

    CLI::App* queue = app.add_subcommand("queue", "Look at the durable queue, also beside a running service");
    queue->require_subcommand(1);
    add_queue_command(*queue, "stats", "Accepted, acknowledged, queued, dropped", options)
        .flag("--json", options.json, "For programs")
        .calls([&] { chosen = gateway::queue_stats_command; });
    add_queue_command(*queue, "peek", "The oldest messages that wait", options)
        .number("-n,--count", options.count, "N", 1, std::numeric_limits<std::int64_t>::max(), "So many of them [10]")
        .flag("--dead-letters", options.dead_letters, "Those that no broker would take instead, and why")
        .flag("--json", options.json, "For programs: an object a line")
        .calls([&] { chosen = gateway::queue_peek_command; });
    add_queue_command(*queue, "export", "All messages that wait, as JSON, an object a line", options)
        .flag("--dead-letters", options.dead_letters, "Those that no broker would take instead, and why")
        .calls([&] { chosen = gateway::queue_export_command; });

    add_queue_command(*queue, "audit", "What commands did to the devices, and what was refused; the newest last", options)
        .number("-n,--count", options.count, "N", 1, std::numeric_limits<std::int64_t>::max(), "So many of them [10]")
        .flag("--json", options.json, "For programs: an object a line")
        .calls([&] { chosen = gateway::queue_audit_command; });
    add_queue_command(*queue, "purge", "Drop what waits, but for what may have been sent already; asks first", options)
        .flag("-y,--yes", options.yes, "Don't ask")
        .calls([&] { chosen = gateway::queue_purge_command; });

    std::string adapter_object;
    CLI::App* adapter = app.add_subcommand("adapter-process")->group("");  // run and check start it; not for people
    adapter->add_option("OBJECT", adapter_object)->required();

    gateway::reload_options reload;
    CLI::App* const reloads = gateway::add_reload_command(app, reload);

    gateway::pub_options pub;
    gateway::sub_options sub;
    add_pub(app, pub);
    add_sub(app, sub);
    std::function<int()> asked;
    const auto choose = [&](std::function<int()> typed) { asked = std::move(typed); };
    gateway::add_diagnostics_commands(app, choose);
    gateway::add_setup_commands(app, choose);
    gateway::commission_commands commission(app);
    gateway::add_status(app, choose);
    gateway::add_paper_commands(app, choose);  // the last: it makes papers of all the others

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return explain(app, error);
    }
    if (app.got_subcommand(adapter)) return gateway::adapter_process_command(adapter_object);
    if (app.got_subcommand("pub")) return gateway::pub_command(pub);
    if (app.got_subcommand("sub")) return gateway::sub_command(sub);
    if (app.got_subcommand(reloads)) return gateway::reload_command(reload);
    if (asked) return asked();
    if (const auto code = commission.run()) return *code;
    return chosen(options);
}
