// gateway/commission/scan_screen.hpp: shows how far a scan is: a line that is drawn anew on a terminal, plain lines elsewhere. On
// stderr. Not here: what was found (scan_report.hpp).
#pragma once

#include <chrono>
#include <string>

#include "gateway/commission/scan_plan.hpp"

namespace gateway {

class scan_screen {
public:
    explicit scan_screen(bool quiet);
    ~scan_screen() { clear(); }
    scan_screen(const scan_screen&) = delete;
    scan_screen& operator=(const scan_screen&) = delete;

    void show(const scan_progress& far, const std::string& what, std::size_t found);
    /// A line that stays. An error also where all else is for programs.
    void say(const std::string& line);
    void clear();

private:
    bool quiet_;
    bool terminal_;
    bool drawn_ = false;
    std::size_t tenths_said_ = 0;
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace gateway
