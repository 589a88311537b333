#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::bench
{

/// A CPU that may be used, and the core that it is a thread of.
struct Cpu
{
    int number = 0;
    int core = 0;
};

struct Topology
{
    /// A CPU of each core first, then the cores' other threads.
    std::vector<Cpu> cpus;
    /// How many of them can be busy at once, by the cgroup's quota.
    std::size_t usable = 0;
};

/// Of the affinity mask, by what weft takes for usable and by sysfs.
Topology findTopology();

/// CPUs in any order in the order of Topology::cpus.
std::vector<Cpu> oneOfEachCoreFirst(const std::vector<Cpu>& cpus);

/// Where the generators are, one for each reactor.
enum class GeneratorPlace : std::uint8_t
{
    None,       // there are none
    OwnCores,   // on cores without a reactor
    OwnThreads, // on CPUs without a reactor, but on cores that have one
    Shared,     // each on the CPU of its reactor
};

const char* toString(GeneratorPlace place) noexcept;

/// Where the lanes of a run are. The same for one process and for several.
struct Layout
{
    std::vector<int> receiverCpus; // of each lane
    std::vector<int> generatorCpus;
    GeneratorPlace generators = GeneratorPlace::None;
    bool beyondCores = false;    // more reactors than CPUs that can be used
    bool reactorsOnCores = true; // each on a core of its own
};

struct GeneratorWish
{
    bool any = true;
    bool shared = false; // even if there were CPUs for them
};

/// Reactors in turn on the CPUs; generators on other ones if there are as many, from the end.
Layout layOut(const Topology& topology, std::size_t reactors, GeneratorWish wish);

/// 1, 2, 3, 4, 6, 8, 12 and so on up to the usable CPUs, and these. Of four that is what ScalingLaw
/// takes; of eight, four have generators on CPUs of their own.
std::vector<std::size_t> defaultReactorCounts(const Topology& topology);

} // namespace weft::bench
