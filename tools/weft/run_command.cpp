#include "run_command.hpp"

#include <weft/sources/quantity.hpp>

#include "best_effort_print.hpp"
#include "descriptor_limit.hpp"
#include "duration_text.hpp"
#include "ingest_config.hpp"
#include "ingest_session.hpp"
#include "ingest_summary.hpp"
#include "ingest_watch.hpp"
#include "output_file.hpp"
#include "sink.hpp"
#include "text_option.hpp"
#include "usage_error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace weft::tools
{

namespace
{

struct RunArguments
{
    std::string config;
    std::optional<std::string> json;
    std::optional<std::string> duration;
    bool quiet = false;
    bool plain = false;
};

constexpr const char* Examples = R"(
Examples:
  weft run feeds.yaml                     until all sources have ended, or Ctrl-C
  weft run feeds.yaml --duration 30s --json result.json
  weft run feeds.yaml --quiet --json -    the account as JSON to standard output

The first Ctrl-C (SIGINT, SIGTERM or SIGHUP) stops the sources and delivers what they have read; the
second gives up.

Exit code: 0 done, 1 a source failed, 2 wrong usage or configuration, 130 gave up.
)";

std::optional<std::chrono::nanoseconds> readDuration(const std::optional<std::string>& text)
{
    if (!text)
    {
        return std::nullopt;
    }
    const auto duration = parseDuration(*text);
    if (!duration)
    {
        throw InvalidOption("--duration", fmt::format("'{}'", *text), AllowedDuration);
    }
    return *duration;
}

std::unique_ptr<IngestSession> makeSession(IngestPlan plan)
{
    try
    {
        return std::make_unique<IngestSession>(std::move(plan));
    }
    catch (const SinkError& error)
    {
        throw UsageError(error.what());
    }
}

std::string jsonText(const nlohmann::json& object)
{
    constexpr int Indent = 2;
    // Names and messages may have bytes that are not UTF-8.
    return object.dump(Indent, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

/// Ends the process as it stands: draining is what the user does not want to wait for.
[[noreturn]] void giveUp(const IngestSession& session, std::optional<OutputFile>& json)
{
    const auto progress = session.progress();
    if (json)
    {
        json->discard();
    }
    printBestEffort(stderr, "gave up: {} bytes in {} buffers delivered, the rest is lost\n",
                    progress.bytes, progress.buffers);
    std::fflush(nullptr);
    std::_Exit(ExitGaveUp);
}

/// What the run itself needs or writes is no place for its account.
void protectFiles(const OutputFile& json, const IngestPlan& plan)
{
    json.mustNotBe(plan.config, "is the configuration");
    for (const auto& source : plan.sources)
    {
        if (const auto input = inputFile(source))
        {
            json.mustNotBe(*input, fmt::format("source '{}' reads", source.name()));
        }
        if (plan.sink.kind == SinkKind::Files)
        {
            json.mustNotBe(sinkFile(plan.sink, source),
                           fmt::format("is the sink's file of source '{}'", source.name()));
        }
    }
}

int run(const RunArguments& arguments)
{
    const auto duration = readDuration(arguments.duration);
    auto plan = loadIngestPlan(arguments.config);
    requireDescriptors(descriptorsNeeded(plan));
    std::optional<OutputFile> json;
    if (arguments.json)
    {
        json.emplace(*arguments.json);
        protectFiles(*json, plan);
    }
    InterruptSignals signals;
    const auto session = makeSession(std::move(plan));
    session->start();
    StatusDisplay display(chooseStatusStyle(stderr, arguments.plain, arguments.quiet), stderr,
                          *session);
    const auto end = watchSession(*session, signals, display, duration);
    if (end == WatchEnd::GaveUp)
    {
        giveUp(*session, json);
    }
    const auto result = session->finish();
    // Standard output belongs to the JSON when that is wanted there.
    fmt::print(arguments.json == "-" ? stderr : stdout, "{}", summarize(result, end));
    std::fflush(nullptr);
    if (json)
    {
        json->commit(jsonText(toJson(result, end)));
    }
    return result.count(SourceState::Failed) > 0 ? ExitFailed : ExitSuccess;
}

} // namespace

void addRunCommand(CLI::App& application, int& exitCode)
{
    const auto arguments = std::make_shared<RunArguments>();
    auto* const command =
        application.add_subcommand("run", "Ingests from the sources of a configuration.");
    command->add_option("CONFIG", arguments->config, "The configuration, a YAML file")->required();
    addTextOption(*command, "--json", arguments->json,
                  "Write the account of every source to this file, as JSON; - for standard output",
                  "a file, or - for standard output")
        ->option_text("FILE");
    addTextOption(*command, "--duration", arguments->duration, "Stop after this time, such as 30s",
                  AllowedDuration)
        ->option_text("TIME");
    auto* const quiet =
        command->add_flag("--quiet", arguments->quiet, "Show nothing before the summary");
    command->add_flag("--plain", arguments->plain, "Show a line each second, also on a terminal")
        ->excludes(quiet);
    command->footer(std::string(ConfigHelp) + '\n' + Examples);
    command->callback(
        [arguments, &exitCode]
        {
            exitCode = run(*arguments);
        });
}

} // namespace weft::tools
