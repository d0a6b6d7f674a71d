// gateway/diagnosis/doctor_secrets.cpp: whether the secrets that the config refers to are there, and hidden from others. Their
// values are looked at by nobody. Not here: where a config may refer to one (secret_places.hpp).
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "gateway/diagnosis/doctor.hpp"
#include "gateway/diagnosis/secret_places.hpp"
#include "gateway/secrets.hpp"

namespace gateway {
namespace {

/// A file that only some may read: it is there, and others can't.
void look_at_file(const patient& of, const std::string& path, finding& to) {
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0) {
        to.found += errno == ENOENT ? " isn't there" : std::string(": ") + std::strerror(errno);
        // A folder that we may not look into is no fault if another user is to read it.
        to.verdict = errno == EACCES && !of.user.is_caller ? verdict::warning : verdict::failed;
        to.remedy = errno == EACCES ? "sudo tidegate doctor -c " + of.config_path : "put it there, readable by " + of.user.name;
        return;
    }
    if (!S_ISREG(file.st_mode)) {
        to.found += " is no file";
        to.verdict = verdict::failed;
        to.remedy = "name the file itself";
    } else if ((file.st_mode & S_IROTH) != 0) {
        to.found += " can be read by everybody";
        to.verdict = verdict::failed;
        to.remedy = "sudo chmod o= " + path + (of.user.is_service ? " && sudo chgrp " + of.user.name + ' ' + path : "");
    } else if (!of.user.may(path, false)) {
        to.found += " can't be read by " + of.user.name;
        to.verdict = verdict::failed;
        to.remedy = "sudo chown " + of.user.name + ' ' + path;
    } else if (file.st_size == 0) {
        to.found += " is empty";
        to.verdict = verdict::failed;
        to.remedy = "put the secret into it";
    } else {
        to.found += " is there, hidden from others";
    }
}

finding look_at(const patient& of, const config::secret_reference& place) {
    finding found{"secret", verdict::ok, {}, {}};
    switch (place.from) {
        case config::secret_reference::source::file:
            found.found = "@file:" + place.name;
            look_at_file(of, place.name, found);
            break;
        case config::secret_reference::source::environment:
            found.found = "@env:" + place.name;
            if (std::getenv(place.name.c_str()) != nullptr) {
                found.found += " is set here";
            } else if (of.user.is_service) {
                found.found +=
                    ": only the service can see whether it is set; better is a file or a credential, which no child process "
                    "inherits";
            } else {
                found.found += " isn't set";
                found.verdict = verdict::failed;
                found.remedy = "export " + place.name + "=…, or refer to a file: \"@file:/path\"";
            }
            break;
        case config::secret_reference::source::credential: {
            found.found = "@cred:" + place.name;
            const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
            if (folder) {
                look_at_file(of, std::string(folder) + '/' + place.name, found);
            } else if (of.user.is_service) {
                found.found += ": systemd hands it to the service alone (systemctl cat tidegate | grep Credential)";
            } else {
                found.found += ": there are no credentials outside a service";
                found.verdict = verdict::warning;
                found.remedy = "run it as a service with LoadCredential=" + place.name + ":/path";
            }
            break;
        }
    }
    return found;
}

}  // namespace

void check_secrets(const patient& of, findings& to) {
    if (!of.where) return;
    for (const auto& place : secret_places(of.where->text)) to.push_back(look_at(of, place));
    if (!of.config) return;
    const auto look_at_key = [&](const std::string& name, const std::string& path) {
        if (path.empty()) return;
        finding key{"secret", verdict::ok, name + ' ' + path, {}};
        look_at_file(of, path, key);
        to.push_back(std::move(key));
    };
    look_at_key("mqtt.tls.key", of.config->mqtt.tls.key.path);
    if (of.config->http) look_at_key("http.tls.key", of.config->http->key.path);
}

}  // namespace gateway
