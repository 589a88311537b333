#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::bench
{

/// The command line.
struct Options
{
    std::vector<std::string> workloads;
    std::vector<std::size_t> reactors;  // ascending, each once
    std::vector<std::uint32_t> sources; // of each reactor; empty: the workload's own
    std::string receiver = "weft-uring";
    std::size_t repetitions = 5;
    double seconds = 2;
    double rate = 20'000; // messages per second to each reactor
    std::string flush = "10ms";
    std::int64_t flushNs = 0;       // what it stands for
    std::string generators = "own"; // or "shared"
    int niceness = 0;
    std::string directory;         // for files
    std::uint64_t filesMiB = 1024; // of each reactor
    std::string json;
    bool quick = false;

    // A process of a run.
    std::string role;
    std::vector<int> boards;
};

} // namespace weft::bench
