#include "../receiver_kinds.hpp"
#include "readiness.hpp"

#include <array>

#include <sys/epoll.h>

namespace weft::bench
{

void receiveByEpoll(ReceiverContext& context)
{
    constexpr std::size_t EventsMost = 256;
    Assembly assembly(context);
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    context.ready();
    const auto sockets = context.connectAll();
    for (std::size_t source = 0; source < sockets.size(); ++source)
    {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = source;
        if (::epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[source], &event) != 0)
        {
            throw std::system_error(errno, std::generic_category(), "epoll_ctl");
        }
    }
    std::array<epoll_event, EventsMost> events;
    while (!context.sink().allEnded())
    {
        const WaitTime wait(assembly.nextDueNs());
        const int ready = ::epoll_pwait2(epoll, events.data(), EventsMost, wait.get(), nullptr);
        for (int index = 0; index < ready; ++index)
        {
            const auto source = events[static_cast<std::size_t>(index)].data.u64;
            if (!receiveReady(assembly, source, sockets[source]))
            {
                ::epoll_ctl(epoll, EPOLL_CTL_DEL, sockets[source], nullptr);
            }
        }
        assembly.flushDue(false);
    }
}

} // namespace weft::bench
