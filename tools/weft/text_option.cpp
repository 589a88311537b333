#include "text_option.hpp"

#include <weft/reactor/runtime_options.hpp>

#include <CLI/CLI.hpp>

namespace weft::tools
{

CLI::Option* addTextOption(CLI::App& command, const std::string& name,
                           std::optional<std::string>& value, const std::string& help,
                           std::string_view allowed)
{
    return command.add_option_function<std::string>(
        name,
        [&value, name, allowed = std::string(allowed)](const std::string& text)
        {
            if (text.empty())
            {
                throw InvalidOption(name, "''", allowed);
            }
            value = text;
        },
        help);
}

} // namespace weft::tools
