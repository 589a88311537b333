#include "tests/fuzz/plan_text.hpp"

#include "tests/fuzz/source_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weft::fuzz
{

namespace
{

/// A double-quoted scalar of YAML.
std::string quote(std::string_view text)
{
    std::string quoted = "\"";
    for (const char character : text)
    {
        const auto code = static_cast<unsigned char>(character);
        if (code < 0x20 || code == 0x7f || character == '"' || character == '\\')
        {
            quoted += fmt::format("\\x{:02x}", code);
        }
        else
        {
            quoted += character;
        }
    }
    return quoted + '"';
}

std::string printRuntime(const RuntimeOptions& options)
{
    auto text = fmt::format(
        "runtime:\n  reactors: {}\n  cpus: [{}]\n  pin: {}\n  buffers_per_reactor: {}\n"
        "  buffer_size: {}\n  compute_buffers: {}\n  stacks: {{small: {}, medium: {}, large: {}}}\n"
        "  submission_entries: {}\n  completion_entries: {}\n  offload_threads: {}\n"
        "  timer_tick: {}ns\n",
        options.reactors, fmt::join(options.cpus, ", "), options.pin, options.buffersPerReactor,
        options.bufferSizeBytes, options.computeBuffers, options.stacksPerReactor[0],
        options.stacksPerReactor[1], options.stacksPerReactor[2], options.submissionEntries,
        options.completionEntries, options.offloadThreads, options.timerTick.count());
    if (options.threadBuffers > 0) // else automatic, and no source needs any
    {
        text += fmt::format("  thread_buffers: {}\n", options.threadBuffers);
    }
    return text;
}

std::string printSink(const tools::SinkPlan& sink)
{
    switch (sink.kind)
    {
    case tools::SinkKind::Count:
        return "sink: count\n";
    case tools::SinkKind::Discard:
        return "sink: discard\n";
    case tools::SinkKind::Files:
        return fmt::format("sink: {{type: files, directory: {}, overwrite: {}}}\n",
                           quote(sink.directory.string()), sink.overwrite);
    }
    return {};
}

} // namespace

std::string printPlan(const tools::IngestPlan& plan)
{
    auto text = printRuntime(plan.runtime) + fmt::format("workers: {}\n", plan.workers) +
                printSink(plan.sink) + "sources:\n";
    for (const auto& source : plan.sources)
    {
        text += fmt::format("- name: {}\n  type: {}\n", quote(source.name()), source.type());
        for (const auto& [name, value] : textsOf(source))
        {
            text += fmt::format("  {}: {}\n", name, quote(value));
        }
    }
    return text;
}

} // namespace weft::fuzz
