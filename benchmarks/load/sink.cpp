#include "sink.hpp"

#include "process_setup.hpp"
#include "wire_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace weft::bench
{

namespace
{

/// One writer at a time, so no read-modify-write is needed.
void increase(std::atomic<std::uint64_t>& counter, std::uint64_t by) noexcept
{
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

/// Calls `whole` with the number of each unit that begins in `bytes`, as far as its first
/// `HeadBytes` are there, and keeps the parts of heads that are cut in two.
template <std::size_t UnitBytes, std::size_t HeadBytes, typename Whole>
void forEachHead(std::uint64_t positionBytes, std::span<const std::byte> bytes, std::byte* head,
                 Whole whole)
{
    auto offset = positionBytes % UnitBytes;
    std::size_t taken = 0;
    while (taken < bytes.size())
    {
        if (offset < HeadBytes)
        {
            const auto part = std::min(HeadBytes - offset, bytes.size() - taken);
            std::memcpy(head + offset, bytes.data() + taken, part);
            if (offset + part == HeadBytes)
            {
                whole();
            }
        }
        taken += UnitBytes - offset;
        offset = 0;
    }
}

} // namespace

Sink::Sink(const RunBoard& runBoard, bool manyThreads)
    : board(runBoard),
      locked(manyThreads),
      streams(runBoard.plan.sources()),
      ended(runBoard.plan.sources() == 0)
{
}

void Sink::take(std::size_t source, std::span<const std::byte> bytes)
{
    std::unique_lock lock(mutex, std::defer_lock);
    if (locked)
    {
        lock.lock();
    }
    auto& stream = streams[source];
    if (source < board.plan.floodSources)
    {
        takeBlocks(stream, bytes);
    }
    else
    {
        takeMessages(stream, bytes);
    }
    stream.positionBytes += bytes.size();
    increase(buffers, 1);
}

void Sink::takeBlocks(Stream& stream, std::span<const std::byte> bytes)
{
    constexpr auto HeadBytes = sizeof(Block::number);
    forEachHead<Block::SizeBytes, HeadBytes>(stream.positionBytes, bytes, stream.head,
                                             [&]
                                             {
                                                 std::uint64_t number = 0;
                                                 std::memcpy(&number, stream.head, sizeof(number));
                                                 if (number != stream.nextNumber)
                                                 {
                                                     noteWrong("block", number, stream.nextNumber);
                                                 }
                                                 ++stream.nextNumber;
                                             });
    increase(floodBytes, bytes.size());
}

void Sink::takeMessages(Stream& stream, std::span<const std::byte> bytes)
{
    constexpr auto HeadBytes = sizeof(Message::sentNs) + sizeof(Message::number);
    static_assert(HeadBytes == sizeof(stream.head));
    const auto timeNs = nowNs();
    forEachHead<Message::SizeBytes, HeadBytes>(stream.positionBytes, bytes, stream.head,
                                               [&]
                                               {
                                                   takeHead(stream, timeNs);
                                               });
}

void Sink::takeHead(Stream& stream, std::int64_t timeNs)
{
    std::int64_t sentNs = 0;
    std::uint64_t number = 0;
    std::memcpy(&sentNs, stream.head + offsetof(Message, sentNs), sizeof(sentNs));
    std::memcpy(&number, stream.head + offsetof(Message, number), sizeof(number));
    if (number != stream.nextNumber)
    {
        noteWrong("message", number, stream.nextNumber);
    }
    ++stream.nextNumber;
    increase(messages, 1);
    const auto beginNs = board.windowBeginNs.load(std::memory_order_relaxed);
    if (sentNs >= beginNs && sentNs < board.windowEndNs.load(std::memory_order_relaxed))
    {
        histogram.add(std::chrono::nanoseconds(timeNs - sentNs));
        ++measured;
    }
}

void Sink::end(std::size_t source)
{
    const std::lock_guard lock(mutex);
    auto& stream = streams[source];
    if (stream.ended)
    {
        noteWrong("second end of source", source, source);
        return;
    }
    stream.ended = true;
    if (++streamsEnded == streams.size())
    {
        ended.store(true, std::memory_order_release);
        ended.notify_all();
    }
}

void Sink::fail(const std::string& problem)
{
    const std::lock_guard lock(mutex);
    if (firstProblem.empty())
    {
        firstProblem = problem;
    }
    ended.store(true, std::memory_order_release);
    ended.notify_all();
}

void Sink::noteWrong(const char* what, std::uint64_t got, std::uint64_t expected)
{
    if (firstProblem.empty())
    {
        firstProblem = fmt::format("{} {} came where {} was due", what, got, expected);
    }
}

SinkCounts Sink::counts() const noexcept
{
    return {.floodBytes = floodBytes.load(std::memory_order_relaxed),
            .messages = messages.load(std::memory_order_relaxed),
            .buffers = buffers.load(std::memory_order_relaxed)};
}

std::string Sink::problem() const
{
    const std::lock_guard lock(mutex);
    return firstProblem;
}

} // namespace weft::bench
