// gateway/command/command_queue_purge.cpp: `tidegate queue purge`: drops what waits to be delivered, but for what may have been
// sent already. By the running service if there is one, else in the file itself. The ledger has it as purged.
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>

#include "gateway/command/commands.hpp"
#include "gateway/command/queue_path.hpp"
#include "gateway/flat_json.hpp"
#include "gateway/service/control_client.hpp"
#include "gateway/site.hpp"
#include "store/queue.hpp"

namespace gateway {
namespace {

/// False: no.
bool ask(const std::string& path, std::uint64_t messages) {
    if (isatty(STDIN_FILENO) == 0) {
        std::fprintf(stderr, "error: %" PRIu64 " messages of %s would be lost: say --yes if you mean it\n", messages,
                     path.c_str());
        return false;
    }
    std::printf("Drop the %" PRIu64 " messages that wait in %s? They will never be delivered. [y/N] ", messages, path.c_str());
    std::fflush(stdout);
    char answer[16] = {};
    return std::fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

int fail(const std::string& why) {
    std::fprintf(stderr, "error: %s\n", why.c_str());
    return 1;
}

int tell(std::uint64_t purged, std::uint64_t left) {
    std::printf("%" PRIu64 " messages dropped", purged);
    if (left > 0) std::printf("; %" PRIu64 " may have been sent already, and are left to be finished", left);
    std::printf(".\n");
    return 0;
}

/// The running one; null: none, or `why`.
std::unique_ptr<control_client> service_of(const command_options& how, const std::string& path, std::string& why) {
    if (!how.queue_path.empty()) return control_client::connect(path + ".sock", why);
    const auto site = load_site(how.config_path, why);
    return site && site->config ? control_client::connect(*site->config, why) : nullptr;
}

int purge_by_service(control_client& service, const std::string& path) {
    std::uint64_t purged = 0;
    std::string why;
    const auto count = [&](const std::string& line) {
        const auto said = read_flat_object(line, 4);
        const value* number = said ? said->find("purged") : nullptr;
        if (const auto* found = number ? std::get_if<std::int64_t>(number) : nullptr) purged = static_cast<std::uint64_t>(*found);
        return true;
    };
    service.wait_while_it_lives();
    if (!service.ask(R"({"do":"purge"})", count, why)) return fail(why);
    const auto after = store::queue::inspect(path);
    return tell(purged, after ? after->ledger.queued : 0);
}

int purge_file(const std::string& path) {
    store::options how;
    how.path = path;
    const auto before = store::queue::inspect(path);
    if (!before) return fail(before.error().detail());
    how.max_bytes = before->max_bytes;
    store::recovery found;
    auto queue = store::queue::open(how, found);
    if (!queue) return fail(queue.error().detail());
    store::transaction work;
    work.purge = true;
    std::uint64_t purged = 0;
    for (bool more = true; more;) {
        const auto done = queue->commit(work);
        if (!done) return fail(done.error().detail());
        purged += done->purged;
        more = done->more_to_purge;
    }
    return tell(purged, queue->ledger().queued);
}

}  // namespace

int queue_purge_command(const command_options& how) {
    const auto path = queue_path(how);
    if (!path) return 1;
    const auto found = store::queue::inspect(*path);
    if (!found) return fail(found.error().detail());
    if (found->ledger.queued == 0) return tell(0, 0);
    if (!how.yes && !ask(*path, found->ledger.queued)) return 1;
    std::string why;
    const auto service = service_of(how, *path, why);
    if (!service && !why.empty()) return fail(why);
    return service ? purge_by_service(*service, *path) : purge_file(*path);
}

}  // namespace gateway
