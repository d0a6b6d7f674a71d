// gateway/diagnosis/doctor_report.cpp: see doctor_report.hpp.
#include "gateway/diagnosis/doctor_report.hpp"

#include <algorithm>
#include <exception>

#include "gateway/command/message_text.hpp"
#include "gateway/delivery/payload.hpp"
#include "gateway/service/control_client.hpp"

namespace gateway {
namespace {

const char* word_of(verdict which) {
    switch (which) {
        case verdict::ok:
            return "ok";
        case verdict::warning:
            return "warning";
        case verdict::failed:
            break;
    }
    return "failed";
}

void check_config(const patient& of, const std::string& why, findings& to) {
    finding found{"config", verdict::ok, of.config_path + " is valid", {}};
    if (!of.where) {
        found = {"config", verdict::failed, why, "check the path, and that " + of.user.name + " may read the file"};
        return to.push_back(std::move(found));
    }
    const auto count = [&](config::severity which) {
        return std::count_if(of.where->diagnostics.begin(), of.where->diagnostics.end(),
                             [&](const auto& d) { return d.severity == which; });
    };
    const auto errors = count(config::severity::error), warnings = count(config::severity::warning);
    const auto first = [&](config::severity which) {
        const auto& d = *std::find_if(of.where->diagnostics.begin(), of.where->diagnostics.end(),
                                      [&](const auto& each) { return each.severity == which; });
        return "line " + std::to_string(d.where.line) + ": " + d.message;
    };
    const std::string remedy = "tidegate check -c " + of.config_path;
    if (!of.config) {
        found = {"config", verdict::failed,
                 std::to_string(errors) + (errors == 1 ? " error: " : " errors, the first: ") +
                     (errors > 0 ? first(config::severity::error) : "an adapter refused it"),
                 remedy};
    } else if (warnings > 0) {
        found = {"config", verdict::warning,
                 of.config_path + " is valid, with " + std::to_string(warnings) +
                     (warnings == 1 ? " warning: " : " warnings, the first: ") + first(config::severity::warning),
                 remedy};
    }
    for (const auto& problem : of.where->adapters.problems()) {
        found.found += "; adapter " + problem;
        if (found.verdict == verdict::ok) found.verdict = verdict::warning;
    }
    to.push_back(std::move(found));
    if (of.where && !of.user.may(of.config_path, false))
        to.push_back({"config file", verdict::failed, of.user.name + " may not read " + of.config_path,
                      "sudo chgrp " + of.user.name + ' ' + of.config_path + " && sudo chmod g+r " + of.config_path});
}

/// By its socket, without asking it anything.
void look_for_service(patient& of, findings& to) {
    std::string why;
    const bool answers = of.config && control_client::connect(*of.config, why) != nullptr;
    of.service_runs = answers || !why.empty() || of.unit.active();
    if (!of.config) return;
    if (answers)
        to.push_back({"control socket", verdict::ok, "the running service answers", {}});
    else if (!why.empty())
        to.push_back({"control socket", verdict::warning, why, "sudo tidegate doctor -c " + of.config_path});
    else if (of.unit.active())
        to.push_back({"control socket", verdict::warning, "the service runs, but not with this config, or without a socket",
                      "systemctl cat tidegate, for its config; its log says why there is no socket"});
    else
        to.push_back({"control socket", verdict::ok, "no service runs with this config", {}});
}

}  // namespace

findings examine(const std::string& config_path, const std::function<void(const finding&)>& tell) {
    findings all;
    patient of;
    of.config_path = config_path;
    std::string why;
    const auto site = load_site(config_path, why);
    of.where = site.get();
    of.config = site && site->config ? &*site->config : nullptr;
    of.unit = ask_systemd();
    of.user = who_acts(of.unit);
    using step = std::function<void(findings&)>;
    const step steps[] = {[&](findings& to) { check_config(of, why, to); },
                          [&](findings& to) { check_machine(of, to); },
                          [&](findings& to) { check_unit(of, to); },
                          [&](findings& to) { look_for_service(of, to); },
                          [&](findings& to) { check_user(of, to); },
                          [&](findings& to) { check_serial_ports(of, to); },
                          [&](findings& to) { check_network_devices(of, to); },
                          [&](findings& to) { check_state(of, to); },
                          [&](findings& to) { check_queue(of, to); },
                          [&](findings& to) { check_clock(of, to); },
                          [&](findings& to) { check_secrets(of, to); },
                          [&](findings& to) { check_http(of, to); },
                          [&](findings& to) { check_broker(of, to); }};
    for (const auto& each : steps) {
        findings found;
        try {
            each(found);
        } catch (const std::exception& failed) {  // what is broken here must not hide what comes after it
            found.push_back(
                {"doctor", verdict::warning, std::string("a check broke off: ") + failed.what(), "please report this"});
        }
        for (auto& one : found) {
            tell(one);
            all.push_back(std::move(one));
        }
    }
    return all;
}

std::string in_words(const finding& what) {
    const auto padded = [](std::string text, std::size_t width) {
        text.resize(std::max(text.size() + 1, width), ' ');
        return text;
    };
    std::string words = padded(word_of(what.verdict), 9) + padded(what.check, 20) + for_terminal(what.found) + '\n';
    if (what.verdict != verdict::ok && !what.remedy.empty())
        words += std::string(9, ' ') + "→ " + for_terminal(what.remedy) + '\n';
    return words;
}

std::string in_json(const findings& all) {
    std::string text = std::string(R"({"ok":)") + (any_failed(all) ? "false" : "true") + R"(,"checks":[)";
    for (std::size_t i = 0; i < all.size(); ++i)
        text += std::string(i == 0 ? "" : ",") + R"({"check":)" + json_text(all[i].check) + R"(,"verdict":")" +
                word_of(all[i].verdict) + R"(","found":)" + json_text(all[i].found) + R"(,"remedy":)" + json_text(all[i].remedy) +
                '}';
    return text + "]}\n";
}

bool any_failed(const findings& all) {
    return std::any_of(all.begin(), all.end(), [](const finding& each) { return each.verdict == verdict::failed; });
}

std::string summary(const findings& all) {
    const auto count = [&](verdict which) {
        return std::count_if(all.begin(), all.end(), [&](const finding& each) { return each.verdict == which; });
    };
    const auto failed = count(verdict::failed), warnings = count(verdict::warning);
    std::string words = std::to_string(all.size()) + " checks: ";
    if (failed == 0 && warnings == 0) return words + "all is well.\n";
    words += std::to_string(failed) + " failed, " + std::to_string(warnings) + (warnings == 1 ? " warning.\n" : " warnings.\n");
    return words;
}

}  // namespace gateway
