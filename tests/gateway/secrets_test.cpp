// tests/gateway/secrets_test.cpp: where secrets come from, and what a person is told when they don't.
#include "gateway/secrets.hpp"

#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/temporary_folder.hpp"

using namespace gateway;
using source = config::secret_reference::source;

TEST_CASE("secrets: from the environment, a file or a systemd credential", "[gateway][secrets]") {
    const support::temporary_folder folder;
    std::ofstream(folder.file("word")) << "open sesame\n";

    setenv("TIDEGATE_TEST_SECRET", "from the environment", 1);
    CHECK(*fetch({source::environment, "TIDEGATE_TEST_SECRET", {}}) == "from the environment");
    CHECK(*fetch({source::file, folder.file("word"), {}}) == "open sesame");
    setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
    CHECK(*fetch({source::credential, "word", {}}) == "open sesame");
    unsetenv("CREDENTIALS_DIRECTORY");

    SECTION("what is missing is named, with the remedy") {
        unsetenv("TIDEGATE_TEST_SECRET");
        const auto variable = fetch({source::environment, "TIDEGATE_TEST_SECRET", {}});
        REQUIRE(variable.has_error());
        CHECK(variable.error().message().find("TIDEGATE_TEST_SECRET is not set") != std::string::npos);
        const auto credential = fetch({source::credential, "word", {}});
        REQUIRE(credential.has_error());
        CHECK(credential.error().message().find("LoadCredential=word") != std::string::npos);
        const auto file = fetch({source::file, folder.file("nothing"), {}});
        REQUIRE(file.has_error());
        CHECK(file.error().message().find(folder.file("nothing")) != std::string::npos);
    }
    SECTION("an empty file is an error, an empty line of its own isn't a password") {
        std::ofstream(folder.file("empty")) << "\n";
        CHECK(fetch({source::file, folder.file("empty"), {}}).has_error());
    }
    SECTION("a pipe that nobody writes into, a device and a folder are told of at once") {
        REQUIRE(mkfifo(folder.file("pipe").c_str(), 0600) == 0);
        for (const auto& path : {folder.file("pipe"), std::string("/dev/zero")}) {
            const auto found = fetch({source::file, path, {}});
            REQUIRE(found.has_error());
            CHECK(found.error().message() == "can't read the secret file " + path + ": it isn't a file, but a pipe or a device");
        }
        CHECK(fetch({source::file, folder.path(), {}}).error().message().ends_with(": Is a directory"));
    }
    SECTION("64 KiB fit, more is an error") {
        std::ofstream(folder.file("large")) << std::string(65536, 'x');
        CHECK(fetch({source::file, folder.file("large"), {}})->size() == 65536);
        std::ofstream(folder.file("large"), std::ios::app) << 'x';
        CHECK(fetch({source::file, folder.file("large"), {}}).error().message().ends_with(": it is larger than 64 KiB"));
    }
}
