// gateway/command/commands.hpp: what each command of the command line does. main.cpp only parses; here a command is one function.
// Exit codes of all: 0 done, 1 what was asked failed, 2 usage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/command/broker_options.hpp"

namespace gateway {

struct command_options {
    std::string config_path;
    bool json = false;
    bool verbose = false;
    // Of the queue commands.
    std::string queue_path;  // instead of the config file's
    bool dead_letters = false;
    bool yes = false;  // of those that ask first
    std::uint64_t count = 10;
    std::string template_name;  // of `templates`; empty: all
    // Of simulate.
    std::vector<std::string> faults;  // each as it would be typed after "fault"
    std::uint64_t seed = 1;
};

int run_command(const command_options& how);
int adapter_process_command(const std::string& object);  // what run and check start for an adapter that isn't Tidegate's own
int check_command(const command_options& how);
int simulate_command(const command_options& how);
int templates_command(const command_options& how);
int queue_stats_command(const command_options& how);
int queue_peek_command(const command_options& how);
int queue_export_command(const command_options& how);
int queue_purge_command(const command_options& how);
int queue_audit_command(const command_options& how);

struct pub_options {
    broker_options broker;
    std::string topic;
    std::optional<std::string> message;
    std::string file;  // "-": stdin
    bool lines = false;
    int qos = 1;
    bool retain = false;
    // MQTT 5, of each message.
    std::string expiry, content_type, response_topic, correlation_data;
    bool utf8 = false;
    std::vector<std::string> properties;
};
int pub_command(const pub_options& typed);

struct sub_options {
    broker_options broker;
    std::vector<std::string> filters;
    int qos = 1;
    std::uint64_t count = 0;  // 0: no end
    bool json = false;
    bool payload_only = false;
    bool no_retained = false;
    std::string largest = "256MiB";  // of a packet; a message beyond it the broker drops
    // MQTT 5
    bool no_local = false;
    bool retain_as_published = false;
    int retain_handling = 0;
    std::uint32_t identifier = 0;
};
int sub_command(const sub_options& typed);

}  // namespace gateway
