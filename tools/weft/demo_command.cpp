#include "demo_command.hpp"

#include "demo_options.hpp"
#include "demo_run.hpp"
#include "engine_option.hpp"
#include "text_option.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

namespace weft::tools
{

namespace
{

constexpr const char* Footer = R"(
Starts 'weft serve' as a process of its own, which replays a data set over loopback, each connection
from another line on. Ingests that and some files, takes the checksum of every source, and compares
with what the server says it sent and with what is in the files. Status goes to standard error, the
account to standard output.

The first Ctrl-C (SIGINT, SIGTERM or SIGHUP) stops the sources, delivers what they have read and ends
both processes within seconds; the second ends them at once. Nothing is compared then.

Exit code: 0 every byte accounted for, 1 not so, or the server failed, 2 wrong usage or too few file
descriptors, 130 interrupted.
)";

/// Beside an installed program, or else where it was built from.
std::string findData()
{
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    auto installed = program.parent_path().parent_path() / "share/weft/sf-temps.csv";
    return std::filesystem::exists(installed, error) ? installed.string() : WEFT_DEMO_DATA;
}

} // namespace

void addDemoCommand(CLI::App& application, int& exitCode)
{
    auto* const command = application.add_subcommand(
        "demo", "Ingests from a thousand connections and accounts for every byte.");
    const auto arguments = std::make_shared<DemoArguments>();
    arguments->data = findData();
    const auto add =
        [command](const char* name, std::string& value, const char* text, const char* help)
    {
        command->add_option(name, value, help)->option_text(text);
    };
    add("--sources", arguments->sources, "N", "TCP sources, 1 to 28000 (default 1000)");
    add("--files", arguments->files, "N", "File sources (default 16)");
    add("--repeat", arguments->repeat, "N|auto",
        "How often each connection is sent the data; auto: 16 GiB in all, 15 to 30 seconds on "
        "two cores");
    add("--reactors", arguments->reactors, "N|auto",
        "Reactor threads; auto: one for each CPU that may be used");
    add("--workers", arguments->workers, "N", "Threads that take the checksums (default 1)");
    add("--engine", arguments->engine, "ENGINE", EngineOptionHelp);
    add("--data", arguments->data, "FILE",
        "What is sent, a text file (default: San Francisco's "
        "temperatures, hour by hour)");
    addTextOption(*command, "--json", arguments->json,
                  "Write the account here, as JSON; - for standard output",
                  "a file, or - for standard output")
        ->option_text("FILE");
    command->footer(Footer);
    command->callback(
        [arguments, &exitCode]
        {
            exitCode = runDemo(DemoOptions(*arguments));
        });
}

} // namespace weft::tools
