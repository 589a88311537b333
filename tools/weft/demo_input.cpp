#include "demo_input.hpp"

#include <weft/reactor/runtime_options.hpp>

#include "replay_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <system_error>

namespace weft::tools
{

namespace
{

ReplayData loadData(const std::filesystem::path& path)
{
    constexpr std::string_view Allowed = "a text file that can be read and is not empty";
    try
    {
        auto data = ReplayData::ofLines(readReplayFile(path));
        if (data.unitCount() == 0)
        {
            throw InvalidOption("--data", fmt::format("'{}', which is empty", path.string()),
                                std::string(Allowed));
        }
        return data;
    }
    catch (const std::system_error& error)
    {
        throw InvalidOption("--data", fmt::format("'{}', which {}", path.string(), error.what()),
                            std::string(Allowed));
    }
}

} // namespace

DemoInput prepareDemoInput(const DemoOptions& options, const std::filesystem::path& directory,
                           const Checkpoint& checkpoint)
{
    constexpr std::uint64_t FileCopiesMost = 32;
    const auto data = loadData(options.data);
    const auto size = data.bytes().size();
    DemoInput input;
    input.repeats = options.repeats == 0 ? chooseRepeats(options.sources, size) : options.repeats;
    input.connectionBytes = input.repeats * size;
    input.files = writeDemoFiles(data, directory, options.files,
                                 std::min(input.repeats, FileCopiesMost), checkpoint);
    input.report = directory / "sent.json";
    return input;
}

std::vector<std::string> serveArguments(const DemoOptions& options, const DemoInput& input)
{
    return {std::filesystem::absolute(options.data).string(),
            "--port=0",
            "--stagger",
            fmt::format("--engine={}", toString(options.engine)),
            fmt::format("--repeat={}", input.repeats),
            fmt::format("--connections={}", options.sources),
            fmt::format("--report={}", input.report.string())};
}

IngestPlan planDemo(const DemoOptions& options, const DemoInput& input, std::uint16_t port)
{
    IngestPlan plan;
    plan.runtime.reactors = options.reactors;
    plan.runtime.engine = options.engine;
    plan.runtime = plan.runtime.resolved();
    plan.workers = options.workers;
    const auto portText = fmt::format("{}", port);
    for (std::size_t index = 0; index < options.sources; ++index)
    {
        // A thousand connect at once to a server that shares the CPUs with them.
        plan.sources.emplace_back(
            fmt::format("feed-{}", index), "tcp",
            ParameterTexts{{"host", "127.0.0.1"}, {"port", portText}, {"connect_timeout", "60s"}});
    }
    for (const auto& file : input.files)
    {
        plan.sources.emplace_back(file.stem().string(), "file",
                                  ParameterTexts{{"path", file.string()}});
    }
    plan.runtime.buffersPerReactor =
        recommendBuffersPerReactor(plan.sources.size(), plan.runtime.reactors);
    plan.runtime.threadBuffers = 0;
    return plan;
}

} // namespace weft::tools
