// gateway/command/command_bundle.cpp: `tidegate support-bundle`: one archive of what somebody needs who is to help.
// Not here: taking secrets out (masking.hpp), and the checks (doctor.hpp).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <sstream>

#include "gateway/clock.hpp"
#include "gateway/command/diagnostics_options.hpp"
#include "gateway/diagnosis/doctor_report.hpp"
#include "gateway/diagnosis/masking.hpp"
#include "gateway/diagnosis/secret_places.hpp"
#include "gateway/diagnosis/tar.hpp"
#include "gateway/diagnosis/tool_output.hpp"
#include "gateway/secrets.hpp"
#include "gateway/service/control_client.hpp"
#include "gateway/text_file.hpp"
#include "store/queue.hpp"

namespace gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds tool_patience{8};
constexpr std::size_t most_of_a_tool = 8u << 20;
constexpr std::size_t most_of_a_file = 1u << 20;
constexpr std::size_t most_status = 4u << 20;
constexpr std::size_t most_audit = 200;

constexpr const char* read_me =
    "A support bundle of Tidegate: what somebody needs who is to help.\n"
    "\n"
    "doctor.txt, doctor.json   what `tidegate doctor` found\n"
    "check.txt                 what is wrong with the config, with places\n"
    "config.yaml, templates/   the config and the templates that it uses, written out anew without comments; the number behind "
    "a\n"
    "                          value is its line in the file\n"
    "queue.txt, audit.txt      the queue's ledger; commands and what came of them, without their values\n"
    "status.json               what the running service says of itself, without values\n"
    "journal.txt, unit.txt     the service's log and unit\n"
    "system.txt, kernel.txt    versions, memory, mounts, serial ports; the kernel's words on serial ports and disks\n"
    "\n"
    "Secrets are not in it: values where secrets stand are masked, and known ones wherever they stood, as ***.\n"
    "Names of hosts, users, topics, devices and points are. Look at it before you pass it on.\n";

/// Everything gathered; secrets go out at the very end, when all of them are known.
class bundle {
public:
    void add(const std::string& name, std::string content) { files_.emplace_back(name, std::move(content)); }
    std::vector<std::string> secrets;

    std::string archive() {
        scrubber all;
        for (const auto& each : secrets) all.add(each);
        tar to;
        const std::int64_t now = stamp_now().wall_ms / 1000;
        to.add("tidegate-support/README.txt", read_me, now);
        for (const auto& [name, content] : files_) to.add("tidegate-support/" + name, all.clean(content), now);
        return to.finish();
    }

private:
    std::vector<std::pair<std::string, std::string>> files_;
};

std::string tool(const std::vector<std::string>& words) {
    std::string text = "$";
    for (const auto& word : words) text += ' ' + word;
    const auto said = run_tool(words, tool_patience, most_of_a_tool);
    if (!said.found) return text + "\n(there is no such program here)\n\n";
    return text + '\n' + said.text + (said.cut ? "\n(cut)\n" : "") + '\n';
}

std::string file(const std::string& path) {
    std::string text, why;
    if (!read_text(path, most_of_a_file, text, why)) return "$ cat " + path + '\n' + why + "\n\n";
    return "$ cat " + path + '\n' + text + '\n';
}

/// What references point to, so that it is found wherever it was copied to.
void learn_secrets(std::string_view config_text, std::vector<std::string>& to) {
    for (const auto& place : secret_places(config_text)) {
        auto secret = fetch(place);
        if (secret) to.push_back(std::move(*secret));  // one that can't be had here can't be in here by our doing
    }
}

void add_config(const std::string& path, const site* where, const std::string& why, bundle& to) {
    std::string text = where ? where->text : "", failed;
    if (!where && !read_text(path, most_of_a_file, text, failed)) return to.add("config.yaml", "# " + why + '\n');
    learn_secrets(text, to.secrets);
    to.add("config.yaml", "# " + path + '\n' + masked_yaml(text, to.secrets));
    if (!where) return;
    for (std::size_t i = 0; i < where->templates.size() && i < 100; ++i) {
        const std::string name = fs::path(where->templates[i].path).filename().string().substr(0, 40);
        to.add("templates/" + std::to_string(i + 1) + '-' + name,
               "# " + where->templates[i].path + '\n' + masked_yaml(where->templates[i].text, to.secrets));
    }
    std::string diagnostics;  // words alone: the source line beside them may be the secret's
    for (const auto& each : where->diagnostics)
        diagnostics += std::string(each.severity == config::severity::error ? "error" : "warning") +
                       (each.where.file > 0 ? " in " + where->templates[each.where.file - 1].path : "") + ", line " +
                       std::to_string(each.where.line) + ", column " + std::to_string(each.where.column) + ": " + each.message +
                       '\n';
    to.add("check.txt", diagnostics.empty() ? "no error, no warning\n" : diagnostics);
}

void add_doctor(const std::string& path, bundle& to) {
    std::string words;
    const auto all = examine(path, [&](const finding& each) { words += in_words(each); });
    to.add("doctor.txt", words + summary(all));
    to.add("doctor.json", in_json(all));
}

std::string figures_of(const store::statistics& s) {
    const store::ledger& l = s.ledger;
    std::ostringstream text;
    text << "accepted " << l.accepted << "\nacknowledged " << l.acknowledged << "\nqueued " << l.queued << "\ndropped "
         << l.dropped() << ": oldest " << l.dropped_oldest << ", newest " << l.dropped_newest << ", refused " << l.dropped_refused
         << ", session " << l.dropped_session << ", expired " << l.dropped_expired << ", aged " << l.dropped_aged << ", thinned "
         << l.dropped_thinned << ", damaged " << l.dropped_damaged << ", unwritten " << l.dropped_unwritten << "\nbalanced "
         << (l.balanced() ? "yes" : "NO") << "\nbytes " << s.bytes_used << " of " << s.max_bytes << "\nbytes_written "
         << s.bytes_written << "\nlast " << number(s.last) << "\nacked " << number(s.cursor.acked) << ", released "
         << number(s.cursor.released) << ", maybe_sent " << number(s.cursor.maybe_sent) << ", beyond "
         << s.cursor.acked_beyond.size() << " and " << s.cursor.released_beyond.size() << "\nsession "
         << (s.session ? "epoch " + std::to_string(s.session->epoch) : "none") << "\ninbox " << s.inbox.messages
         << "\ndead_letters " << s.dead_letters.messages << "\nboots " << s.boots.size() << '\n';
    return text.str();
}

void add_queue(const std::string& path, bundle& to) {
    const auto statistics = store::queue::inspect(path);
    std::string text = path + '\n' + (statistics ? figures_of(*statistics) : statistics.error().detail() + '\n');
    const auto letters = store::queue::inspect_dead_letters(path, store::dead_letter_number{1}, 50);
    if (letters)
        for (const auto& each : *letters)
            text += "dead letter " + std::to_string(number(each.number)) + ": " + each.message.topic + ", " +
                    std::to_string(each.message.payload.size()) + " bytes, " + std::to_string(each.reason_code) + ' ' +
                    each.reason + '\n';
    to.add("queue.txt", text);
    const auto audit = store::queue::inspect_audit(path, store::audit_number{INT64_MAX}, most_audit);
    std::string lines;
    if (audit)
        for (auto it = audit->rbegin(); it != audit->rend(); ++it) lines += masked_audit(it->text) + '\n';
    to.add("audit.txt", audit ? lines : audit.error().detail() + '\n');
}

void add_status(const config::file& config, bundle& to) {
    std::string why;
    const auto service = control_client::connect(config, why);
    if (!service) return to.add("status.json", why.empty() ? "no service runs with this config\n" : why + '\n');
    service->set_patience(tool_patience);
    std::string text;
    const bool answered = service->ask(R"({"do":"status"})",
                                       [&](const std::string& line) {
                                           text += without_values(line) + '\n';
                                           return text.size() < most_status;
                                       },
                                       why);
    to.add("status.json", answered ? text : text + why + '\n');
}

void add_service(std::uint64_t lines, bundle& to) {
    const auto unit = run_tool({"systemctl", "cat", unit_name, "--no-pager"}, tool_patience, most_of_a_file);
    to.add("unit.txt", unit.found ? masked_unit(unit.text, to.secrets) : "there is no systemctl here\n");
    const std::string count = std::to_string(lines);
    to.add("journal.txt",
           masked_log(tool({"journalctl", "-u", unit_name, "-n", count, "-o", "short-iso-precise", "--no-pager"})));
}

/// Lines that speak of serial ports and disks.
std::string kernel_lines() {
    const auto said = run_tool({"dmesg"}, tool_patience, most_of_a_tool);
    if (!said.found || said.code != 0) return "dmesg: " + (said.found ? said.text : std::string("no such program here\n"));
    std::istringstream all(said.text);
    std::string lines;
    for (std::string line; std::getline(all, line);)
        for (const char* word : {"tty", "usb", "mmc", "I/O error", "EXT4", "Under-voltage", "Out of memory", "oom", "watchdog"})
            if (line.find(word) != std::string::npos) {
                lines += line + '\n';
                break;
            }
    return lines;
}

/// Mounts of a network may have a login among their options.
std::string mounts() {
    std::istringstream all(file("/proc/mounts"));
    std::string lines;
    for (std::string line; std::getline(all, line);) {
        for (const std::string name : {"password=", "pass=", "credentials=", "username=", "user="})
            if (const auto at = line.find(name); at != std::string::npos)
                line.replace(at + name.size(), line.find_first_of(", ", at) - at - name.size(), masked_as);
        lines += line + '\n';
    }
    return lines;
}

void add_system(bundle& to) {
    to.add("system.txt", "tidegate " TIDEGATE_VERSION "\n\n" + tool({"uname", "-a"}) + file("/etc/os-release") +
                             tool({"dpkg-query", "-W", "tidegate*", "libmbedtls*", "libsqlite3-0", "mosquitto", "systemd"}) +
                             tool({"ls", "-l", "/dev/serial/by-id", "/dev/serial/by-path"}) + file("/proc/tty/drivers") +
                             file("/proc/meminfo") + file("/proc/loadavg") + mounts() + tool({"df", "-h"}) +
                             tool({"ip", "-br", "addr"}) + tool({"timedatectl"}) +
                             tool({"systemctl", "status", unit_name, "--no-pager", "-n", "0"}));
    to.add("kernel.txt", kernel_lines());
}

std::string default_name() {
    const std::time_t now = stamp_now().wall_ms / 1000;
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[64];
    std::strftime(text, sizeof text, "tidegate-support-%Y%m%d-%H%M%S.tar.gz", &parts);
    return text;
}

/// "" or why not. Readable by its owner alone.
std::string write_file(const std::string& path, const std::string& bytes) {
    const int to = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0) return std::strerror(errno);
    std::size_t written = 0;
    std::string why;
    while (written < bytes.size() && why.empty()) {
        const ssize_t count = ::write(to, bytes.data() + written, bytes.size() - written);
        if (count < 0 && errno != EINTR) why = std::strerror(errno);
        if (count > 0) written += static_cast<std::size_t>(count);
    }
    if (why.empty() && ::fchmod(to, 0600) != 0) why = std::strerror(errno);
    if (::close(to) != 0 && why.empty()) why = std::strerror(errno);
    return why;
}

/// The archive's name; empty after `why` says why there is none.
std::string save(const std::string& wanted, const std::string& archive, std::string& why) {
    const bool compressed = wanted.ends_with(".gz") || wanted.ends_with(".tgz");
    if (!compressed) return (why = write_file(wanted, archive)).empty() ? wanted : "";
    const std::string plain = wanted + ".tar";
    if (!(why = write_file(plain, archive)).empty()) return {};
    const auto packed = run_tool({"gzip", "-n", "-f", plain}, std::chrono::seconds(60), 4096);
    if (!packed.found || packed.code != 0) return plain;  // without gzip it is larger, and no worse
    std::error_code error;
    fs::rename(plain + ".gz", wanted, error);
    if (!error) return wanted;
    why = error.message();
    return {};
}

}  // namespace

int bundle_command(const bundle_options& typed) {
    bundle all;
    std::string why;
    const auto site = load_site(typed.config_path, why);
    add_config(typed.config_path, site.get(), why, all);
    std::fprintf(stderr, "tidegate support-bundle: running the checks of 'tidegate doctor' …\n");
    add_doctor(typed.config_path, all);
    if (site && site->config) {
        add_queue(site->config->buffer.path, all);
        add_status(*site->config, all);
    }
    add_service(typed.journal_lines, all);
    add_system(all);
    const std::string wanted = typed.output.empty() ? default_name() : typed.output;
    const std::string saved = save(wanted, all.archive(), why);
    if (saved.empty()) {
        std::fprintf(stderr, "tidegate support-bundle: %s: %s\n", wanted.c_str(), why.c_str());
        return 1;
    }
    std::printf("%s\n", saved.c_str());
    std::fprintf(stderr, "Secrets are masked; names of hosts, topics and devices are in it. Look at it before you pass it on.\n");
    return 0;
}

}  // namespace gateway
