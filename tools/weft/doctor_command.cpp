#include "doctor_command.hpp"

#include "machine_check.hpp"
#include "usage_error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace weft::tools
{

namespace
{

bool canRun(const std::vector<MachineCheck>& checks)
{
    return std::ranges::find(checks, CheckLevel::Missing, &MachineCheck::level) == checks.end();
}

void printText(const std::vector<MachineCheck>& checks)
{
    for (const auto& check : checks)
    {
        fmt::print("{:<8}{}: {}\n", toString(check.level), check.name, check.finding);
        if (!check.advice.empty())
        {
            fmt::print("{:<8}  to do: {}\n", "", check.advice);
        }
    }
    fmt::print("\n{}\n", canRun(checks) ? "weft can run here" : "weft cannot run here");
}

void printJson(const std::vector<MachineCheck>& checks)
{
    auto list = nlohmann::json::array();
    for (const auto& check : checks)
    {
        list.push_back({{"name", check.name},
                        {"level", toString(check.level)},
                        {"finding", check.finding},
                        {"advice", check.advice}});
    }
    const nlohmann::json object{{"usable", canRun(checks)}, {"checks", std::move(list)}};
    fmt::print("{}\n", object.dump(2));
}

} // namespace

void addDoctorCommand(CLI::App& application, int& exitCode)
{
    const auto asJson = std::make_shared<bool>(false);
    auto* const command = application.add_subcommand(
        "doctor", "Tells whether weft can run on this machine, and what would help.");
    command->add_flag("--json", *asJson, "Print JSON");
    command->footer("\nEach line is ok, warn (weft runs, but slower or with fewer sources) or "
                    "missing (weft\ncannot run), with what to do about it.\n\n"
                    "Examples:\n"
                    "  weft doctor\n"
                    "  weft doctor --json\n\n"
                    "Exit code: 0 weft can run here, 1 it cannot.\n");
    command->callback(
        [asJson, &exitCode]
        {
            const auto checks = checkMachine();
            *asJson ? printJson(checks) : printText(checks);
            exitCode = canRun(checks) ? ExitSuccess : ExitFailed;
        });
}

} // namespace weft::tools
