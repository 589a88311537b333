#pragma once

#include <chrono>
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
    std::vector<std::uint32_t> connections; // empty: the workload's own
    std::vector<std::string> receivers;     // empty: all that can do the workload
    std::size_t repetitions = 5;
    double seconds = 2;
    double rate = 50'000; // messages per second in all
    std::vector<std::string> flushTexts;
    std::vector<std::int64_t> flushesNs; // what they stand for
    int niceness = 0;
    std::string directory;         // for files
    std::uint64_t filesMiB = 1024; // in all
    std::string json;
    bool quick = false;

    // A process of a run.
    std::string role;
    std::vector<int> boards;
};

} // namespace weft::bench
