// gateway/command/command_doctor.cpp: `tidegate doctor`: each finding as soon as it is made.
#include <cstdio>

#include "gateway/command/diagnostics_options.hpp"
#include "gateway/diagnosis/doctor_report.hpp"

namespace gateway {

int doctor_command(const doctor_options& typed) {
    const auto all = examine(typed.config_path, [&](const finding& each) {
        if (typed.json) return;
        std::fputs(in_words(each).c_str(), stdout);
        std::fflush(stdout);  // the next check may take its time
    });
    std::fputs(typed.json ? in_json(all).c_str() : summary(all).c_str(), stdout);
    return any_failed(all) ? 1 : 0;
}

}  // namespace gateway
