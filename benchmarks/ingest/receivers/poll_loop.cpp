#include "../receiver_kinds.hpp"
#include "readiness.hpp"

#include <vector>

#include <poll.h>

namespace weft::bench
{

void receiveByPoll(ReceiverContext& context)
{
    Assembly assembly(context);
    context.ready();
    std::vector<pollfd> entries;
    for (const int socket : context.connectAll())
    {
        entries.push_back({.fd = socket, .events = POLLIN, .revents = 0});
    }
    while (!context.sink().allEnded())
    {
        const WaitTime wait(assembly.nextDueNs());
        int ready = ::ppoll(entries.data(), entries.size(), wait.get(), nullptr);
        for (std::size_t source = 0; ready > 0; ++source)
        {
            auto& entry = entries[source];
            if (entry.revents == 0)
            {
                continue;
            }
            --ready;
            if (!receiveReady(assembly, source, entry.fd))
            {
                entry.fd = -1; // poll passes over it
            }
        }
        assembly.flushDue(false);
    }
}

} // namespace weft::bench
