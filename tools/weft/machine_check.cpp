#include "machine_check.hpp"

#include <weft/memory/map_count_budget.hpp>
#include <weft/memory/stack_slab.hpp>
#include <weft/reactor/engine_choice.hpp>
#include <weft/reactor/uring_features.hpp>
#include <weft/reactor/usable_cpus.hpp>
#include <weft/sources/quantity.hpp>

#include "descriptor_limit.hpp"
#include "ingest_plan.hpp"

#include <boost/version.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <system_error>

#include <sys/resource.h>
#include <sys/utsname.h>

namespace weft::tools
{

namespace
{

MachineCheck checkKernel()
{
    utsname name{};
    ::uname(&name);
    return {.name = "kernel", .finding = fmt::format("{} {}", name.sysname, name.release)};
}

MachineCheck autoEngine(EngineKind kind)
{
    return {.name = "engine", .finding = fmt::format("auto is {} here", toString(kind))};
}

/// Without io_uring weft runs on epoll; what is short when io_uring is tried, it does not hide.
void checkRefusal(std::vector<MachineCheck>& checks, std::error_code error)
{
    if (!refusesUring(error))
    {
        checks.push_back({.name = "io_uring",
                          .level = CheckLevel::Missing,
                          .finding = error.message(),
                          .advice = explainUringError(error)});
        return;
    }
    checks.push_back({.name = "io_uring",
                      .level = CheckLevel::Warn,
                      .finding = fmt::format("refused ({}): weft runs on epoll, with more system "
                                             "calls for each message and files on offload threads",
                                             error.message()),
                      .advice = explainUringError(error)});
    checks.push_back(autoEngine(EngineKind::Epoll));
}

void checkUring(std::vector<MachineCheck>& checks)
{
    std::vector<UringFeature> features;
    try
    {
        features = probeUringFeatures();
    }
    catch (const std::system_error& error)
    {
        checkRefusal(checks, error.code());
        return;
    }
    checks.push_back({.name = "io_uring", .finding = "can be used"});
    checks.push_back(autoEngine(EngineKind::IoUring));
    std::size_t operations = 0;
    for (const auto& feature : features)
    {
        // Each operation that is there needs no line of its own.
        if (feature.present && feature.name.starts_with("operation "))
        {
            ++operations;
            continue;
        }
        const auto absent = feature.required ? CheckLevel::Missing : CheckLevel::Warn;
        checks.push_back({
            .name = fmt::format("io_uring: {}", feature.name),
            .level = feature.present ? CheckLevel::Ok : absent,
            .finding = feature.present ? "used" : feature.consequence,
            .advice = feature.present ? "" : "use a newer kernel, or allow it in the sandbox",
        });
    }
    checks.push_back(
        {.name = "io_uring: operations", .finding = fmt::format("{} used", operations)});
}

MachineCheck checkDescriptors(std::size_t reactors)
{
    constexpr std::uint64_t Comfortable = 4096;
    const auto limit = readDescriptorLimit();
    IngestPlan plan;
    plan.runtime.reactors = reactors;
    const auto overhead = descriptorsNeeded(plan);
    const auto sources = limit.hard > overhead ? limit.hard - overhead : 0;
    MachineCheck check{
        .name = "file descriptors",
        .finding = fmt::format("soft limit {}, raised to the hard limit {} at the start: at most "
                               "{} sources that need one each, half of it with a files sink",
                               limit.soft, limit.hard, sources),
    };
    if (sources == 0)
    {
        check.level = CheckLevel::Missing;
    }
    else if (sources < Comfortable)
    {
        check.level = CheckLevel::Warn;
    }
    if (check.level != CheckLevel::Ok)
    {
        check.advice = "raise the hard limit: 'ulimit -Hn', LimitNOFILE= of systemd, "
                       "/etc/security/limits.conf";
    }
    return check;
}

MachineCheck checkLockedMemory()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_MEMLOCK, &limit);
    return {
        .name = "locked memory",
        .finding = limit.rlim_cur == RLIM_INFINITY
                       ? "not limited"
                       : fmt::format("at most {}; weft locks no memory so far",
                                     formatSize(limit.rlim_cur)),
    };
}

MachineCheck checkMapCount()
{
    const StackSlab slab({.stacks = {1, 0, 0}});
    const auto mapCount = maxMapCount();
    if (slab.guardKind() == GuardKind::Madvise)
    {
        return {.name = "guard pages",
                .finding = fmt::format("by MADV_GUARD_INSTALL, without mappings of their own "
                                       "(vm.max_map_count is {})",
                                       mapCount)};
    }
    constexpr std::uint32_t MappingsPerStack = 2;
    return {.name = "guard pages",
            .level = CheckLevel::Warn,
            .finding = fmt::format("by mprotect: vm.max_map_count {} allows {} fibers", mapCount,
                                   MapCountBudget::process().remaining() / MappingsPerStack),
            .advice = "for more sources raise it: 'sysctl vm.max_map_count=1048576', or use Linux "
                      "6.13 or later"};
}

MachineCheck checkCpus(const UsableCpus& usable)
{
    const auto quota = usable.quota ? fmt::format("cgroup quota {:.2f} CPUs", *usable.quota)
                                    : std::string("no cgroup quota");
    MachineCheck check{
        .name = "CPUs",
        .finding = fmt::format("{} in the affinity mask ({}), {}: {} reactors by default",
                               usable.cpus.size(), fmt::join(usable.cpus, ", "), quota,
                               usable.reactorCount()),
    };
    if (usable.quota && *usable.quota < 1)
    {
        check.level = CheckLevel::Warn;
        check.advice = "a reactor is paused when the quota is used up: raise cpu.max to 1 CPU or "
                       "more";
    }
    return check;
}

std::string_view sanitizerName() noexcept
{
#if defined(WEFT_ADDRESS_SANITIZER)
    return "address and undefined behaviour";
#elif defined(WEFT_THREAD_SANITIZER)
    return "thread";
#else
    return "none";
#endif
}

MachineCheck checkBuild()
{
    return {.name = "build",
            .finding = fmt::format("weft {}, Boost {}.{}.{}, liburing {}, sanitizer: {}",
                                   WEFT_VERSION, BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
                                   BOOST_VERSION % 100, WEFT_URING_VERSION, sanitizerName())};
}

} // namespace

std::string_view toString(CheckLevel level) noexcept
{
    switch (level)
    {
    case CheckLevel::Ok:
        return "ok";
    case CheckLevel::Warn:
        return "warn";
    case CheckLevel::Missing:
        break;
    }
    return "missing";
}

std::vector<MachineCheck> checkMachine()
{
    const auto usable = findUsableCpus();
    std::vector<MachineCheck> checks{checkKernel()};
    checkUring(checks);
    checks.push_back(checkDescriptors(usable.reactorCount()));
    checks.push_back(checkLockedMemory());
    checks.push_back(checkMapCount());
    checks.push_back(checkCpus(usable));
    checks.push_back(checkBuild());
    return checks;
}

} // namespace weft::tools
