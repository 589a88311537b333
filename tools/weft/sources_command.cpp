#include "sources_command.hpp"

#include <weft/sources/source_registry.hpp>

#include "suggestion.hpp"
#include "usage_error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace weft::tools
{

namespace
{

using Row = std::vector<std::string>;

/// Columns as wide as their longest cell; the last one is not padded.
std::string formatTable(const std::vector<Row>& rows)
{
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows)
    {
        for (std::size_t column = 0; column < row.size(); ++column)
        {
            widths[column] = std::max(widths[column], row[column].size());
        }
    }
    std::string text;
    for (const auto& row : rows)
    {
        for (std::size_t column = 0; column + 1 < row.size(); ++column)
        {
            text += fmt::format("{:<{}}  ", row[column], widths[column]);
        }
        text += row.back() + '\n';
    }
    return text;
}

void printTypes()
{
    const auto& registry = SourceRegistry::instance();
    std::vector<Row> rows{{"TYPE", "HELP"}};
    for (const auto& name : registry.names())
    {
        rows.push_back({name, registry.find(name)->help});
    }
    fmt::print("{}\n'weft sources TYPE' shows the parameters of a type.\n", formatTable(rows));
}

void printParameters(const std::string& name)
{
    const auto& registry = SourceRegistry::instance();
    const auto* const type = registry.find(name);
    if (type == nullptr)
    {
        const auto names = registry.names();
        throw UsageError(fmt::format("there is no source type '{}'; allowed: {}{}", name,
                                     fmt::join(names, ", "), suggest(name, names)));
    }
    std::vector<Row> rows{{"PARAMETER", "TYPE", "UNIT", "DEFAULT", "ALLOWED", "HELP"}};
    for (const auto& parameter : type->parameters)
    {
        const auto defaultText = parameter.defaultValue.value_or("required");
        rows.push_back({parameter.name, std::string(toString(parameter.type)),
                        parameter.unit.empty() ? "-" : parameter.unit,
                        defaultText.empty() ? "none" : defaultText, parameter.allowed(),
                        parameter.help});
    }
    fmt::print("{}: {}\n\n{}", type->name, type->help, formatTable(rows));
}

} // namespace

void addSourcesCommand(CLI::App& application, int& exitCode)
{
    const auto type = std::make_shared<std::string>();
    auto* const command =
        application.add_subcommand("sources", "Lists the source types and their parameters.");
    command->add_option("TYPE", *type, "Show the parameters of this type");
    command->footer("\nExamples:\n"
                    "  weft sources          all types\n"
                    "  weft sources tcp      what a tcp source can be told\n");
    command->callback(
        [type, &exitCode]
        {
            if (type->empty())
            {
                printTypes();
            }
            else
            {
                printParameters(*type);
            }
            exitCode = ExitSuccess;
        });
}

} // namespace weft::tools
