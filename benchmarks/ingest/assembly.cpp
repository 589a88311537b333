#include "assembly.hpp"

#include <load/process_setup.hpp>

namespace weft::bench
{

std::span<std::byte> Assembly::rest(std::size_t source)
{
    auto& partial = partials[source];
    if (partial.buffer == nullptr)
    {
        partial.buffer = pool.acquire();
    }
    return {partial.buffer + partial.filled, BufferBytes - partial.filled};
}

void Assembly::advance(std::size_t source, std::size_t count)
{
    auto& partial = partials[source];
    partial.filled += static_cast<std::uint32_t>(count);
    if (partial.filled == BufferBytes || flushNs == 0)
    {
        handOn(source, false);
    }
    else if (flushNs > 0 && partial.dueNs == Never)
    {
        partial.dueNs = nowNs() + flushNs;
        queue.push_back({.source = source, .dueNs = partial.dueNs});
    }
}

void Assembly::end(std::size_t source)
{
    if (partials[source].buffer != nullptr)
    {
        handOn(source, false);
    }
    context.sink().end(source);
}

std::int64_t Assembly::nextDueNs()
{
    dropStale();
    return queue.empty() ? Never : queue.front().dueNs;
}

void Assembly::flushDue(bool keepBuffers)
{
    if (nextDueNs() == Never)
    {
        return;
    }
    const auto timeNs = nowNs();
    while (!queue.empty() && queue.front().dueNs <= timeNs)
    {
        const auto due = queue.front();
        queue.pop_front();
        if (partials[due.source].dueNs == due.dueNs)
        {
            handOn(due.source, keepBuffers);
        }
    }
}

void Assembly::handOn(std::size_t source, bool keepBuffer)
{
    auto& partial = partials[source];
    if (partial.filled > partial.handedOn)
    {
        context.sink().take(source,
                            {partial.buffer + partial.handedOn, partial.filled - partial.handedOn});
    }
    partial.dueNs = Never;
    if (keepBuffer)
    {
        partial.handedOn = partial.filled;
        return;
    }
    pool.release(partial.buffer);
    partial = {};
}

void Assembly::dropStale()
{
    while (!queue.empty() && partials[queue.front().source].dueNs != queue.front().dueNs)
    {
        queue.pop_front();
    }
}

} // namespace weft::bench
