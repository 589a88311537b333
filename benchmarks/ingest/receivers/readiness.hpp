#pragma once

#include "../assembly.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <system_error>

#include <load/process_setup.hpp>
#include <sys/socket.h>
#include <system.hpp>

namespace weft::bench
{

/// What loops that wait for readiness do with a source that is ready: receive, buffer after buffer,
/// until less came than there was room for, and not for ever. False when its stream has ended.
inline bool receiveReady(Assembly& assembly, std::size_t source, int socket)
{
    constexpr int BuffersMost = 16;
    for (int turn = 0; turn < BuffersMost; ++turn)
    {
        const auto rest = assembly.rest(source);
        const auto count = ::recv(socket, rest.data(), rest.size(), MSG_DONTWAIT);
        if (count < 0)
        {
            if (errno == EAGAIN || errno == EINTR)
            {
                return true;
            }
            throw std::system_error(errno, std::generic_category(), "recv");
        }
        if (count == 0)
        {
            assembly.end(source);
            return false;
        }
        assembly.advance(source, static_cast<std::size_t>(count));
        if (static_cast<std::size_t>(count) < rest.size())
        {
            return true;
        }
    }
    return true;
}

/// How long poll and its kin wait.
class WaitTime
{
public:
    explicit WaitTime(std::int64_t dueNs) noexcept : endless(dueNs == Assembly::Never)
    {
        const auto leftNs = endless ? 0 : std::max<std::int64_t>(dueNs - nowNs(), 0);
        left = {.tv_sec = leftNs / NsPerSecond, .tv_nsec = leftNs % NsPerSecond};
    }

    const timespec* get() const noexcept
    {
        return endless ? nullptr : &left;
    }

private:
    bool endless;
    timespec left{};
};

} // namespace weft::bench
