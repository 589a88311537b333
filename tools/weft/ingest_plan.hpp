#pragma once

#include <weft/reactor/runtime_options.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace weft::tools
{

enum class SinkKind : std::uint8_t
{
    Count,   // counts each source's bytes and buffers and takes their checksum
    Discard, // gives each buffer back at once
    Files,   // writes each source's bytes to a file of its own, named like the source
};

/// Where the workers put what they are given.
struct SinkPlan
{
    SinkKind kind = SinkKind::Count;
    /// Files only: made when it is not there.
    std::filesystem::path directory;
    /// Files only: whether files that are there already may be replaced.
    bool overwrite = false;
};

/// Everything that an IngestSession does: what `weft run` reads from its configuration.
struct IngestPlan
{
    RuntimeOptions runtime;
    /// Their names differ. The position in this list is a source's origin id.
    std::vector<SourceDescriptor> sources;
    /// At least one.
    std::size_t workers = 1;
    SinkPlan sink;
    /// The file that the plan was read from; empty when there is none.
    std::filesystem::path config;
};

/// The file that a source reads; empty when it reads none.
std::optional<std::filesystem::path> inputFile(const SourceDescriptor& source);

/// Where a files sink writes what the source delivers.
std::filesystem::path sinkFile(const SinkPlan& sink, const SourceDescriptor& source);

/// How many connections the source may have open at once; zero for one that does not listen.
std::uint64_t connectionsMost(const SourceDescriptor& source);

/// How many of the sources run on threads of their own.
std::size_t countThreadSources(const std::vector<SourceDescriptor>& sources);

/// Connections that listening sources may have open at once, those on threads or those on fibers.
std::size_t countConnections(const std::vector<SourceDescriptor>& sources, bool onThreads);

/// I/O buffers for each reactor that let `sourceCount` sources, spread evenly, overlap filling and
/// delivering: two for each source and some to share.
std::uint32_t recommendBuffersPerReactor(std::size_t sourceCount,
                                         std::size_t reactorCount) noexcept;

/// Small stacks for each reactor, on which the sources run: one for each source and some to spare.
std::uint32_t recommendSmallStacks(std::size_t sourceCount, std::size_t reactorCount) noexcept;

/// File descriptors that the plan may have open at once, as its types of source count them, with a
/// margin for the rest of the process. The reactors of the plan's runtime options are resolved.
std::uint64_t descriptorsNeeded(const IngestPlan& plan);

} // namespace weft::tools
