#pragma once

#include "child_program.hpp"
#include "tests/support/temporary_directory.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <string_view>

/// \file
/// What the tests of `weft run` share: a directory with a configuration, and the account as JSON.

namespace weft::test
{

inline std::string readText(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The same for each seed.
inline std::string randomBytes(std::size_t sizeBytes, unsigned seed = 1)
{
    std::mt19937 random(seed);
    std::string bytes(sizeBytes, '\0');
    for (auto& byte : bytes)
    {
        byte = static_cast<char>(random());
    }
    return bytes;
}

struct Account
{
    ProgramResult program;
    nlohmann::json json;

    const nlohmann::json& source(std::string_view name) const
    {
        for (const auto& source : json.at("sources"))
        {
            if (source.at("name") == name)
            {
                return source;
            }
        }
        throw std::runtime_error("no source " + std::string(name) + " in the account");
    }
};

/// A directory in which `weft run` runs.
class RunDirectory
{
public:
    explicit RunDirectory(std::string_view config)
    {
        files.write("config.yaml", config);
    }

    std::vector<std::string> arguments() const
    {
        return {"run", "config.yaml", "--json", "account.json", "--plain"};
    }

    ProgramOptions options() const
    {
        return {.directory = files.path()};
    }

    /// The account that a program with these arguments has left.
    Account account(ProgramResult result) const
    {
        const auto text = readText(path() / "account.json");
        if (text.empty())
        {
            throw std::runtime_error("weft left no account, but said:\n" + result.errors);
        }
        return {.program = std::move(result), .json = nlohmann::json::parse(text)};
    }

    Account run() const
    {
        return account(runProgram(arguments(), options()));
    }

    const std::filesystem::path& path() const
    {
        return files.path();
    }

    std::filesystem::path write(const std::filesystem::path& relative, std::string_view text) const
    {
        return files.write(relative, text);
    }

private:
    TemporaryDirectory files;
};

} // namespace weft::test
