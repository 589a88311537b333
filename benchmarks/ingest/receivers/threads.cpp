#include "../buffer_pool.hpp"
#include "../receiver_kinds.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <vector>

#include <load/process_setup.hpp>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <system.hpp>

namespace weft::bench
{

namespace
{

/// What the threads share.
struct Shared
{
    ReceiverContext& context;
    BufferPool pool;
    std::mutex mutex; // guards the pool
};

struct SourceThread
{
    Shared* shared = nullptr;
    std::size_t source = 0;
    int socket = -1;
    pthread_t thread{};
};

/// False when the flush is due before anything comes.
bool waitUntil(int socket, std::int64_t dueNs)
{
    const auto leftNs = std::max<std::int64_t>(dueNs - nowNs(), 0);
    const timespec left{.tv_sec = leftNs / NsPerSecond, .tv_nsec = leftNs % NsPerSecond};
    pollfd entry{.fd = socket, .events = POLLIN, .revents = 0};
    return ::ppoll(&entry, 1, &left, nullptr) > 0;
}

/// Bytes in the buffer; the stream has ended when it is not full, unless flushes are asked for.
std::size_t fill(int socket, std::byte* buffer, std::int64_t flushNs, bool& ended)
{
    std::size_t filled = 0;
    std::int64_t dueNs = 0;
    while (filled < BufferBytes)
    {
        if (filled > 0 && flushNs > 0 && !waitUntil(socket, dueNs))
        {
            break;
        }
        const auto count = ::recv(socket, buffer + filled, BufferBytes - filled, 0);
        if (count <= 0)
        {
            if (count < 0 && errno == EINTR)
            {
                continue;
            }
            ended = true;
            break;
        }
        if (filled == 0 && flushNs > 0)
        {
            dueNs = nowNs() + flushNs;
        }
        filled += static_cast<std::size_t>(count);
        if (flushNs == 0)
        {
            break;
        }
    }
    return filled;
}

void* receiveSource(void* argument)
{
    auto& own = *static_cast<SourceThread*>(argument);
    auto& shared = *own.shared;
    const auto flushNs = shared.context.plan().flushNs;
    for (bool ended = false; !ended;)
    {
        std::byte* buffer = nullptr;
        {
            const std::lock_guard lock(shared.mutex);
            buffer = shared.pool.acquire();
        }
        const auto filled = fill(own.socket, buffer, flushNs, ended);
        if (filled > 0)
        {
            shared.context.sink().take(own.source, {buffer, filled});
        }
        const std::lock_guard lock(shared.mutex);
        shared.pool.release(buffer);
    }
    shared.context.sink().end(own.source);
    return nullptr;
}

} // namespace

void receiveByThreads(ReceiverContext& context)
{
    constexpr std::size_t StackBytes = 64 << 10;
    Shared shared{.context = context, .pool = BufferPool(context.plan().sources()), .mutex = {}};
    std::vector<SourceThread> threads(context.plan().sources());
    context.ready();
    const auto sockets = context.connectAll();
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, StackBytes);
    for (std::size_t source = 0; source < threads.size(); ++source)
    {
        auto& own = threads[source];
        own.shared = &shared;
        own.source = source;
        own.socket = sockets[source];
        const int error = ::pthread_create(&own.thread, &attributes, receiveSource, &own);
        if (error != 0)
        {
            throw std::system_error(error, std::generic_category(), "pthread_create");
        }
    }
    for (const auto& own : threads)
    {
        ::pthread_join(own.thread, nullptr);
    }
}

} // namespace weft::bench
