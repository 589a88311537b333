#pragma once

#include "tests/support/sockets.hpp"

#include <cstddef>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

/// \file
/// Limits of the process that are reached.

namespace weft
{

/// Changes what a resource is limited to, for as long as it lives.
class LoweredLimit
{
public:
    LoweredLimit(decltype(RLIMIT_NOFILE) resourceToLimit, rlim_t value) : resource(resourceToLimit)
    {
        checkedCall(::getrlimit(resource, &before), "getrlimit");
        const rlimit lowered = {.rlim_cur = value, .rlim_max = before.rlim_max};
        checkedCall(::setrlimit(resource, &lowered), "setrlimit");
    }

    ~LoweredLimit()
    {
        ::setrlimit(resource, &before);
    }

    LoweredLimit(const LoweredLimit&) = delete;
    LoweredLimit& operator=(const LoweredLimit&) = delete;

private:
    const decltype(RLIMIT_NOFILE) resource;
    rlimit before{};
};

/// While it lives, the process can open `spare` descriptors and no more.
class FewDescriptors
{
public:
    explicit FewDescriptors(std::size_t spare)
    {
        for (int descriptor = 0; (descriptor = ::dup(STDERR_FILENO)) >= 0;)
        {
            occupied.emplace_back(descriptor);
        }
        occupied.resize(occupied.size() - spare);
    }

private:
    static constexpr rlim_t DescriptorsMax = 512;

    LoweredLimit limit{RLIMIT_NOFILE, DescriptorsMax};
    std::vector<OwnedDescriptor> occupied;
};

/// While it lives, nobody may start a thread. For processes without privileges only.
class NoThreads
{
private:
    LoweredLimit limit{RLIMIT_NPROC, 0};
};

/// Gives up what root may do. For a process of the test's own: there is no way back.
inline void giveUpPrivileges()
{
    constexpr uid_t Nobody = 65534;
    if (::geteuid() == 0)
    {
        checkedCall(::setresgid(Nobody, Nobody, Nobody), "setresgid");
        checkedCall(::setresuid(Nobody, Nobody, Nobody), "setresuid");
    }
}

} // namespace weft
