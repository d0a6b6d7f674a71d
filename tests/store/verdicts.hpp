// tests/store/verdicts.hpp: figures beside their targets, one line each.
// Not here: what is measured (store_targets.cpp).
#pragma once

#include <cstdio>
#include <string>

namespace test {

class verdicts {
public:
    void at_least(const std::string& what, double target, double found, const char* unit) {
        add(what, "≥", target, found, unit, found >= target);
    }
    void at_most(const std::string& what, double target, double found, const char* unit) {
        add(what, "≤", target, found, unit, found <= target);
    }
    void exactly(const std::string& what, double target, double found, const char* unit) {
        add(what, "=", target, found, unit, found == target);
    }
    static void note(const std::string& what, double found, const char* unit) {
        std::printf("%-52s %22s %12.3f %s\n", what.c_str(), "", found, unit);
    }
    bool all_met() const { return all_met_; }

private:
    void add(const std::string& what, const char* relation, double target, double found, const char* unit, bool met) {
        std::printf("%-52s  target %s %9.3f   %12.3f %-16s %s\n", what.c_str(), relation, target, found, unit,
                    met ? "ok" : "MISSED");
        std::fflush(stdout);
        all_met_ = all_met_ && met;
    }
    bool all_met_ = true;
};

}  // namespace test
