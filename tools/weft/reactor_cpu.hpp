#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <vector>

namespace weft::tools
{

/// How much CPU time each reactor's thread has used, as the kernel counts it. Not the time outside
/// the engine's waiting call: io_uring does its work within that call.
class ReactorCpu
{
public:
    /// The runtime with that many reactors runs.
    explicit ReactorCpu(std::size_t reactorCount);

    /// Since each thread's start, by reactor; zero where the kernel does not tell.
    std::vector<std::chrono::nanoseconds> read() const;

private:
    std::vector<std::filesystem::path> files; // by reactor
};

} // namespace weft::tools
