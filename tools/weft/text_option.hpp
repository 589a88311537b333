#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace CLI
{
class App;
class Option;
} // namespace CLI

namespace weft::tools
{

/// Adds an option whose value is a text that is not empty: `name` with an empty one, which scripts
/// write when a variable is not set, throws InvalidOption with what is `allowed`. `value` must
/// outlive the application.
CLI::Option* addTextOption(CLI::App& command, const std::string& name,
                           std::optional<std::string>& value, const std::string& help,
                           std::string_view allowed);

} // namespace weft::tools
