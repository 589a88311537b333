#include <weft/reactor/cgroup_text.hpp>
#include <weft/reactor/usable_cpus.hpp>

#include "tests/fuzz/fuzz_target.hpp"

#include <cmath>

/// What the kernel, or a container's idea of it, says about CPU quotas. The first line is taken for
/// each of the texts, the second for the period of version 1.

namespace weft::fuzz
{

namespace
{

void checkQuota(std::optional<double> quota, std::string_view text)
{
    if (!quota)
    {
        return;
    }
    require(std::isfinite(*quota) && *quota > 0, "a quota is a number of CPUs above zero", text);
    constexpr std::size_t Cpus = 64;
    const auto count = UsableCpus{.cpus = std::vector<int>(Cpus), .quota = quota}.reactorCount();
    require(count >= 1 && count <= Cpus, "there are from one reactor to one for each CPU", text);
    require(static_cast<double>(count) >= std::min(*quota, double{Cpus}),
            "the reactors can use all of the quota", text);
}

void checkCgroup(std::string_view input)
{
    const auto first = input.substr(0, input.find('\n'));
    const auto rest = input.substr(std::min(input.size(), first.size() + 1));
    checkQuota(parseCpuMax(first), first);
    checkQuota(parseCpuCfs(first, rest), input);
    require(!first.starts_with("max") || !parseCpuMax(first), "max is no quota", first);
    require(!first.starts_with("-") || (!parseCpuMax(first) && !parseCpuCfs(first, rest)),
            "a negative number is no quota", first);
    if (const auto member = parseCgroupLine(first))
    {
        require(member->version == 1 || member->version == 2, "a group is of version 1 or 2",
                first);
        require(first.ends_with(':' + member->path), "the path is the end of the line", first);
        const bool noController = first.find("::") != std::string_view::npos;
        require(member->version == 1 || noController, "version 2 has no controllers", first);
        require(member->version == 2 || first.find("cpu") != std::string_view::npos,
                "version 1 has the controller cpu", first);
    }
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(cgroup, weft::fuzz::checkCgroup)
