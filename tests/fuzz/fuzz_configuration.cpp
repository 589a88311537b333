#include <weft/sources/quantity.hpp>

#include "ingest_config.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/plan_text.hpp"
#include "tests/fuzz/source_text.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

/// The YAML configuration of `weft run`. The input is the file.

namespace weft::fuzz
{

namespace
{

using namespace weft::tools;

constexpr const char* FileName = "fuzzed.yaml";
/// A million, as the program allows, would take most of the time.
constexpr std::int64_t SourcesMostHere = 200;

/// "FILE:LINE: what is wrong", in one line that a terminal shows as it is.
void requireTellsWhere(const UsageError& error, std::string_view text)
{
    const std::string_view message = error.what();
    const auto start = fmt::format("{}:", FileName);
    require(message.starts_with(start), "a refusal names the file", message);
    const auto rest = message.substr(start.size());
    const auto lineText = rest.substr(0, rest.find(": "));
    const auto line = parseInteger(lineText);
    const auto lines = std::ranges::count(text, '\n') + std::ranges::count(text, '\r') + 1;
    require(line && *line >= 1 && *line <= lines, "a refusal names a line of the file", message);
    require(rest.size() > lineText.size() + 2, "a refusal says what is wrong", message);
    const bool isPlain = std::ranges::none_of(message,
                                              [](unsigned char character)
                                              {
                                                  return character < 0x20 || character == 0x7f;
                                              });
    require(isPlain, "a refusal is one line without control characters", message);
}

void requireUsable(const IngestPlan& plan)
{
    constexpr std::size_t WorkersMost = 256;
    require(plan.workers >= 1 && plan.workers <= WorkersMost, "there are 1 to 256 workers");
    const auto sourceCount = static_cast<std::int64_t>(plan.sources.size());
    require(sourceCount >= 1 && sourceCount <= SourcesMostHere, "there are sources, not too many");
    require(plan.sink.kind != SinkKind::Files || !plan.sink.directory.empty(),
            "a files sink has a directory");
    std::set<std::string> names;
    for (const auto& source : plan.sources)
    {
        const auto& name = source.name();
        require(names.insert(name).second, "no two sources have one name", name);
        require(!name.empty() && name != "." && name != ".." && name.find('/') == name.npos &&
                    name.find('\0') == name.npos,
                "a name is the name of a file", name);
        requireWithinDefinitions(source);
    }
    // Throws what the runtime would not start with.
    const auto resolved = plan.runtime.resolved();
    require(resolved.reactors == plan.runtime.reactors && resolved.cpus == plan.runtime.cpus,
            "the options of the runtime are resolved");
    const auto threads = countThreadSources(plan.sources);
    require(threads == 0 || plan.runtime.threadBuffers > 0, "sources on threads have buffers");
}

std::optional<IngestPlan> parse(const std::string& text)
{
    try
    {
        return parseIngestPlan(text, FileName, SourcesMostHere);
    }
    catch (const UsageError& error)
    {
        requireTellsWhere(error, text);
        return std::nullopt;
    }
}

/// The number of a copy may make its name longer than one that is written may be.
bool canBeWritten(const SourceDescriptor& source)
{
    constexpr std::size_t LongestName = 200;
    return source.name().size() <= LongestName;
}

void checkConfiguration(std::string_view input)
{
    const auto plan = parse(std::string(input));
    if (!plan)
    {
        return;
    }
    requireUsable(*plan);
    if (std::ranges::all_of(plan->sources, canBeWritten))
    {
        const auto printed = printPlan(*plan);
        const auto again = parse(printed);
        require(again.has_value(), "a printed plan is accepted", printed);
        require(printPlan(*again) == printed, "a printed plan parses to the same", printed);
    }
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(configuration, weft::fuzz::checkConfiguration)
