// gateway/clock_report.cpp: see clock_report.hpp.
#include "gateway/clock_report.hpp"

namespace gateway {

void tell_unset_clock(const log& to, const clock_evidence& found) {
    const bool is_asked = found.kernel.has_value();
    to.warning("clock_not_synchronised",
               {{"reason", is_asked ? "neither the kernel nor systemd-timesyncd says that the clock is right"
                                    : "the kernel may not be asked here (adjtimex), and systemd-timesyncd has not set the clock"},
                {"consequence", "readings bear ts_quality until it is; what still waits then is corrected"},
                {"remedy", is_asked ? "run systemd-timesyncd or chrony; gateway.clock: trusted if a battery clock is right"
                                    : "let it be asked, show it /run/systemd/timesync, or set gateway.clock: trusted"}});
}

void tell_clock_news(const log& to, const clock_news& what, bool boot_is_named) {
    if (what.set_by)
        to.info("clock_set", {{"offset", std::chrono::round<std::chrono::seconds>(*what.set_by)},
                              {"corrected_from_boot", boot_is_named ? "yes" : "no"}});
    if (what.stepped_by) to.warning("clock_stepped", {{"by", std::chrono::round<std::chrono::seconds>(*what.stepped_by)}});
}

}  // namespace gateway
