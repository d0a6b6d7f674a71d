// gateway/delivery/queue_damage.cpp: sentences.
#include "gateway/delivery/queue_damage.hpp"

namespace gateway {
namespace {

std::string words_of(const store::damage& of) {
    const std::string at_least = of.exact ? "" : "at least ";
    std::string words = of.reason + "; moved to " + of.moved_to + ", remove it when nobody needs it any more; salvaged " +
                        std::to_string(of.salvaged) + " messages";
    if (of.repeated > 0 || !of.exact)
        words += ", of which " + std::to_string(of.repeated) + (of.exact ? "" : " or more") + " may arrive twice";
    words += "; lost " + at_least + std::to_string(of.lost);
    if (of.received_lost > 0) words += ", and " + std::to_string(of.received_lost) + " received ones";
    if (of.dead_letters_lost > 0) words += ", and " + std::to_string(of.dead_letters_lost) + " dead letters";
    if (of.ledger_lost) words += "; the ledger's counts are lost, too, and begin anew";
    return words;
}

}  // namespace

std::string queue_damage::words() const {
    std::string all = file ? words_of(*file) : "";
    if (dropped == 0) return all;
    if (!all.empty()) all += "; ";
    return all + std::to_string(dropped) + " messages fail their checksums and are dropped";
}

}  // namespace gateway
