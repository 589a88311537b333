#include "ingest_config.hpp"

#include <weft/sources/quantity.hpp>

#include "config_node.hpp"
#include "source_config.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <limits>
#include <string_view>
#include <system_error>

namespace weft::tools
{

namespace
{

/// A whole number for an option of the runtime, which knows itself how large it may be: what is far
/// too large for any of them becomes the largest number, which it refuses.
std::uint32_t parseCount(const ConfigNode& node, std::int64_t least, std::string_view allowed)
{
    const auto value = parseInteger(node.text(allowed));
    if (!value || *value < least)
    {
        node.refuse(allowed);
    }
    constexpr std::int64_t Most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::min(*value, Most));
}

std::uint32_t readCount(const ConfigNode& node, std::int64_t least)
{
    return parseCount(node, least, fmt::format("a whole number of at least {}", least));
}

/// Zero stands for `auto`, until resolveRuntime() puts a number there.
std::uint32_t readCountOrAutomatic(const ConfigNode& node)
{
    constexpr std::string_view Allowed = "auto or a whole number of at least 1";
    return node.text(Allowed) == "auto" ? 0 : parseCount(node, 1, Allowed);
}

void readStacks(const ConfigNode& node, RuntimeOptions& options)
{
    std::vector<std::string> names;
    for (const auto stackClass : StackClasses)
    {
        names.emplace_back(toString(stackClass));
    }
    for (const auto& entry : node.entries(names))
    {
        const auto index = std::ranges::find(names, entry.name()) - names.begin();
        options.stacksPerReactor[static_cast<std::size_t>(index)] = readCount(entry, 1);
    }
}

void readCpus(const ConfigNode& node, RuntimeOptions& options)
{
    for (const auto& item : node.items("a list of CPU numbers such as [0, 1]"))
    {
        options.cpus.push_back(static_cast<int>(item.integer(0, 1'000'000)));
    }
}

std::chrono::nanoseconds readTick(const ConfigNode& node)
{
    const auto tick = node.duration();
    if (tick < std::chrono::microseconds(1) || tick > std::chrono::seconds(1))
    {
        node.refuse("1us to 1s");
    }
    return tick;
}

std::chrono::nanoseconds readBatchWait(const ConfigNode& node)
{
    const auto wait = node.duration();
    if (wait < std::chrono::nanoseconds::zero() || wait > std::chrono::milliseconds(100))
    {
        node.refuse("0 to 100ms");
    }
    return wait;
}

std::chrono::nanoseconds readIdleMemoryAfter(const ConfigNode& node)
{
    const auto time = node.duration();
    if (time < std::chrono::nanoseconds::zero() || time > std::chrono::hours(24))
    {
        node.refuse("0 to 24h");
    }
    return time;
}

EngineKind readEngine(const ConfigNode& node)
{
    const auto kind = parseEngineKind(node.text(EngineKindsAllowed));
    if (!kind)
    {
        node.refuse(EngineKindsAllowed);
    }
    return *kind;
}

using ReadOption = void (*)(const ConfigNode& node, RuntimeOptions& options);

struct OptionReader
{
    std::string name;
    ReadOption read;
};

const std::vector<OptionReader>& optionReaders()
{
    static const std::vector<OptionReader> Readers{
        {"reactors",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.reactors = readCountOrAutomatic(node);
         }},
        {"cpus", readCpus},
        {"pin",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.pin = node.boolean();
         }},
        {"buffers_per_reactor",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.buffersPerReactor = readCountOrAutomatic(node);
         }},
        {"thread_buffers",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.threadBuffers = readCountOrAutomatic(node);
         }},
        {"buffer_size",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.bufferSizeBytes = node.sizeBytes();
         }},
        {"compute_buffers",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.computeBuffers = readCount(node, 0);
         }},
        {"stacks", readStacks},
        {"engine",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.engine = readEngine(node);
         }},
        {"submission_entries",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.submissionEntries = readCount(node, 1);
         }},
        {"completion_entries",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.completionEntries = readCount(node, 1);
         }},
        {"offload_threads",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.offloadThreads = readCount(node, 1);
         }},
        {"batch_wait",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.batchWait = readBatchWait(node);
         }},
        {"idle_memory_after",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.idleMemoryAfter = readIdleMemoryAfter(node);
         }},
        {"timer_tick",
         [](const ConfigNode& node, RuntimeOptions& options)
         {
             options.timerTick = readTick(node);
         }},
    };
    return Readers;
}

RuntimeOptions readRuntime(const std::optional<ConfigNode>& node)
{
    RuntimeOptions options;
    options.buffersPerReactor = 0;
    options.threadBuffers = 0;
    options.stacksPerReactor.front() = 0;
    if (!node)
    {
        return options;
    }
    std::vector<std::string> names;
    for (const auto& reader : optionReaders())
    {
        names.push_back(reader.name);
    }
    for (const auto& entry : node->entries(names))
    {
        std::ranges::find(optionReaders(), entry.name(), &OptionReader::name)->read(entry, options);
    }
    return options;
}

/// Says what the runtime does not like about an option, "stacks.small" for example, in the words of
/// the configuration. The option may be one that is not written there.
[[noreturn]] void refuseOption(const ConfigNode& node, std::string_view option,
                               std::string_view problem)
{
    const auto dot = std::min(option.find('.'), option.size());
    const auto next = node.isMap() ? node.find(option.substr(0, dot)) : std::nullopt;
    if (!next)
    {
        node.refuseMissing(option, fmt::format("without it, it {}", problem));
    }
    if (dot < option.size())
    {
        refuseOption(*next, option.substr(dot + 1), problem);
    }
    if (next->isSingle())
    {
        constexpr std::string_view Allowed = "; allowed: ";
        next->refuse(problem.substr(problem.find(Allowed) + Allowed.size()));
    }
    next->fail(problem); // which names the item of the list
}

RuntimeOptions resolveRuntime(const ConfigNode& root, RuntimeOptions options,
                              const std::vector<SourceDescriptor>& sources)
{
    // All connections of a listening source are on its reactor: there is room wherever it runs.
    const auto threadCount = countThreadSources(sources) + countConnections(sources, true);
    const auto fiberSources = sources.size() - countThreadSources(sources);
    const auto fiberConnections = countConnections(sources, false);
    auto& smallStacks = options.stacksPerReactor.front();
    const bool automaticBuffers = options.buffersPerReactor == 0;
    const bool automaticStacks = smallStacks == 0;
    try
    {
        // What is automatic depends on the number of reactors, which is known only afterwards.
        options.buffersPerReactor = std::max(options.buffersPerReactor, 1U);
        smallStacks = std::max(smallStacks, 1U);
        options = options.resolved();
    }
    catch (const InvalidOption& error)
    {
        const std::string_view message = error.what(); // "option NAME is VALUE; allowed: ..."
        refuseOption(root, "runtime." + error.option(), message.substr(message.find(" is ") + 1));
    }
    if (automaticBuffers)
    {
        options.buffersPerReactor = recommendBuffersPerReactor(
            fiberSources + fiberConnections * options.reactors, options.reactors);
    }
    if (options.threadBuffers == 0 && threadCount > 0)
    {
        options.threadBuffers = recommendBuffersPerReactor(threadCount, 1);
    }
    if (automaticStacks)
    {
        smallStacks = recommendSmallStacks(fiberSources + fiberConnections * options.reactors,
                                           options.reactors);
    }
    return options;
}

SinkPlan readSink(const std::optional<ConfigNode>& node)
{
    constexpr std::string_view Allowed =
        "count, discard, or {type: files, directory: DIRECTORY, overwrite: false}";
    SinkPlan sink;
    if (!node)
    {
        return sink;
    }
    const auto type = node->isMap() ? node->find("type") : node;
    if (!type)
    {
        node->refuseMissing("type", "allowed: count, discard, files");
    }
    const auto& name = type->text(Allowed);
    if (name == "files" && node->isMap())
    {
        sink.kind = SinkKind::Files;
        node->entries({"type", "directory", "overwrite"});
        const auto directory = node->find("directory");
        if (!directory)
        {
            node->refuseMissing("directory", "a files sink needs it; allowed: a directory");
        }
        sink.directory = directory->text("a directory");
        if (sink.directory.empty())
        {
            directory->refuse("a directory");
        }
        const auto overwrite = node->find("overwrite");
        sink.overwrite = overwrite && overwrite->boolean();
        return sink;
    }
    if (name != "count" && name != "discard")
    {
        type->refuse(Allowed);
    }
    if (node->isMap())
    {
        node->entries({"type"});
    }
    sink.kind = name == "count" ? SinkKind::Count : SinkKind::Discard;
    return sink;
}

std::string readConfig(const std::filesystem::path& path)
{
    const auto refuse = [&path](std::error_code error)
    {
        throw UsageError(
            fmt::format("cannot read the configuration '{}': {}", path.string(), error.message()));
    };
    if (std::filesystem::is_directory(path))
    {
        refuse(std::make_error_code(std::errc::is_a_directory));
    }
    std::ifstream file(path);
    std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file.is_open() || file.bad())
    {
        refuse(std::error_code(errno, std::generic_category()));
    }
    return content;
}

} // namespace

const char* const ConfigHelp = R"(The configuration (YAML; every key is checked):

  runtime:                   # optional, as are all keys in it
    reactors: auto           # or a number; auto: one for each usable CPU
    cpus: [0, 1]             # pin reactors to these; default: all usable CPUs
    pin: true
    buffers_per_reactor: auto  # auto: two for each source and 256, at least 1024
    thread_buffers: auto     # for sources with execution: thread; auto: none without such, else
                             # by the same rule
    buffer_size: 4KiB
    compute_buffers: 0
    stacks: {small: 16384, medium: 1024, large: 64}
                             # of each reactor; small, which sources use: by default enough
    engine: auto             # io_uring, or epoll where the machine refuses io_uring; or either
    submission_entries: 1024 # of io_uring
    completion_entries: 8192
    offload_threads: 4
    batch_wait: 1ms          # an idle reactor lets completions gather so long, where an eighth of
                             # the shortest flush interval allows it; 0: never
    idle_memory_after: 60s   # memory that a source does not use while it waits so long goes back
                             # to the system; 0: never
    timer_tick: 1ms
  workers: 2                 # threads that take what the sources deliver; default 1
  sink: count                # counts and takes checksums; or discard; or, as a recorder:
                             #   {type: files, directory: out, overwrite: false}
                             # which writes each source's bytes to DIRECTORY/NAME
  sources:
    - name: feed             # with count, the copies are feed-0 ... feed-999
      type: tcp              # 'weft sources' lists the types and their parameters
      count: 1000
      host: 127.0.0.1
      port: 9000             # any integer may be a range 9000-9999, spread over the copies
      flush_interval: 10ms
    - {name: log, type: file, path: data.csv}

Paths are relative to where the program runs.)";

IngestPlan loadIngestPlan(const std::filesystem::path& path)
{
    return parseIngestPlan(readConfig(path), path);
}

IngestPlan parseIngestPlan(const std::string& text, const std::filesystem::path& path,
                           std::int64_t sourcesMost)
{
    const auto root = ConfigNode::parse(text, path.string());
    root.entries({"runtime", "workers", "sink", "sources"});
    IngestPlan plan;
    plan.config = path;
    plan.runtime = readRuntime(root.find("runtime"));
    if (const auto workers = root.find("workers"))
    {
        constexpr std::int64_t WorkersMax = 256;
        plan.workers = static_cast<std::size_t>(workers->integer(1, WorkersMax));
    }
    plan.sink = readSink(root.find("sink"));
    const auto sources = root.find("sources");
    if (!sources)
    {
        root.refuseMissing("sources", "allowed: a list of sources");
    }
    plan.sources = readSources(*sources, sourcesMost);
    plan.runtime = resolveRuntime(root, std::move(plan.runtime), plan.sources);
    return plan;
}

} // namespace weft::tools
