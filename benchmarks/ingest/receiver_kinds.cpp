#include "receiver_kinds.hpp"

#include <array>

#include <load/weft_receivers.hpp>

namespace weft::bench
{

namespace
{

constexpr std::array Kinds{
    ReceiverKind{.name = "threads",
                 .help = "a thread for each source, recv; all on one CPU",
                 .receiveStreams = receiveByThreads,
                 .manyThreads = true},
    ReceiverKind{.name = "poll", .help = "poll and recv", .receiveStreams = receiveByPoll},
    ReceiverKind{.name = "epoll",
                 .help = "epoll (level-triggered) and recv",
                 .receiveStreams = receiveByEpoll},
    ReceiverKind{.name = "asio",
                 .help = "Boost.Asio, a coroutine for each source, async_read_some",
                 .receiveStreams = receiveByAsio},
    ReceiverKind{.name = "uring-single",
                 .help = "io_uring, one receive (or read) at a time for each source",
                 .receiveStreams = receiveByUringSingle,
                 .readFiles = readByUring},
    ReceiverKind{.name = "uring-bundles",
                 .help = "io_uring, multishot receives into a shared buffer ring, in bundles; "
                         "hands each piece on as it comes, whatever the flush interval",
                 .receiveStreams = receiveByUringBundles},
    WeftOnUring,
    WeftOnEpoll,
    WeftThreads,
    ReceiverKind{
        .name = "pread", .help = "pread, one file after the other", .readFiles = readByPread},
    ReceiverKind{.name = "pread-pool",
                 .help = "pread, four threads that take the next file each",
                 .readFiles = readByThreadPool,
                 .manyThreads = true},
};

} // namespace

std::span<const ReceiverKind> receiverKinds() noexcept
{
    return Kinds;
}

} // namespace weft::bench
