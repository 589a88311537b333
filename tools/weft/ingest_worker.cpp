#include "ingest_worker.hpp"

#include <weft/timers/clock.hpp>

#include "resource_advice.hpp"

#include <fmt/format.h>

#include <system_error>
#include <variant>

#include <pthread.h>

namespace weft::tools
{

/// The emit function of one source.
class IngestWorker::Feed
{
public:
    Feed(IngestWorker& feedWorker, std::size_t feedSource) noexcept
        : worker(&feedWorker),
          source(feedSource)
    {
    }

    Feed(Feed&& other) noexcept : worker(std::exchange(other.worker, nullptr)), source(other.source)
    {
    }

    Feed& operator=(Feed&&) = delete;

    ~Feed()
    {
        if (worker != nullptr)
        {
            worker->queue.push(
                {.buffer = {}, .source = static_cast<std::uint32_t>(source), .connection = 0});
        }
    }

    void operator()(OriginId origin, SourceEvent event)
    {
        WEFT_ASSERT(origin == source);
        if (auto* const data = std::get_if<SourceData>(&event))
        {
            WEFT_ASSERT(data->buffer);
            worker->queue.push({.buffer = std::move(data->buffer),
                                .source = static_cast<std::uint32_t>(source),
                                .connection = 0});
        }
        else if (const auto* const end = std::get_if<ConnectionEnd>(&event))
        {
            worker->connectionEnded(source, end->connection);
        }
        else if (auto* const failure = std::get_if<SourceFailure>(&event))
        {
            worker->sourceFailed(source, withResourceAdvice(failure->message, failure->code));
        }
    }

private:
    IngestWorker* worker; // null when moved from
    std::size_t source;
};

IngestWorker::IngestWorker(std::size_t workerIndex, std::size_t workerCount,
                           std::size_t sourceCount, std::size_t queueCapacity, Sink& workerSink,
                           WorkerEvents workerEvents)
    : index(workerIndex),
      workers(workerCount),
      sink(workerSink),
      events(std::move(workerEvents)),
      queue(queueCapacity),
      accounts((sourceCount + workerCount - 1 - workerIndex) / workerCount),
      openSources(accounts.size())
{
    WEFT_ASSERT(workerIndex < workerCount);
}

EmitFunction IngestWorker::emitFunction(std::size_t source)
{
    WEFT_ASSERT(source % workers == index);
    return Feed(*this, source);
}

void IngestWorker::run() noexcept
{
    ::pthread_setname_np(::pthread_self(), fmt::format("weft-worker-{}", index).c_str());
    while (openSources > 0)
    {
        auto [buffer, source, connection] = queue.pop();
        if (buffer)
        {
            deliver(source, std::move(buffer));
        }
        else if (connection > 0)
        {
            closeConnection(source, connection);
        }
        else
        {
            close(source);
        }
    }
}

void IngestWorker::deliver(std::size_t source, IoBuffer buffer)
{
    auto& account = accountOf(source);
    if (!account.sinkError.empty())
    {
        ++account.buffersDropped;
        return;
    }
    const auto& metadata = buffer.metadata();
    WEFT_ASSERT(metadata.originId == source);
    auto& streamBuffers = account.streamBuffers[metadata.connection];
    WEFT_ASSERT(metadata.sequenceNumber == streamBuffers);
    ++streamBuffers;
    histogram.add(Clock::now() - metadata.creationTime);
    const auto bytes = buffer.bytes();
    guarded(source, account,
            [&]
            {
                sink.accept(source, metadata.connection, bytes);
            });
    if (!account.sinkError.empty())
    {
        ++account.buffersDropped;
        return;
    }
    account.bytes += bytes.size();
    ++account.buffers;
    // Written by this thread alone: no read-modify-write is needed.
    deliveredBytes.store(this->bytes() + bytes.size(), std::memory_order_relaxed);
    deliveredBuffers.store(buffers() + 1, std::memory_order_relaxed);
}

/// On the connection's fiber or thread. After a stop nobody waits: finish() ends those that are
/// left.
void IngestWorker::connectionEnded(std::size_t source, std::uint64_t connection)
{
    auto& account = accountOf(source);
    for (;;)
    {
        const auto seen = account.endTaken.signals();
        if (!account.endUnderWay.exchange(true))
        {
            queue.push({.buffer = {},
                        .source = static_cast<std::uint32_t>(source),
                        .connection = connection});
            return;
        }
        if (!account.endTaken.waitBeyond(seen))
        {
            return;
        }
    }
}

void IngestWorker::closeConnection(std::size_t source, std::uint64_t connection)
{
    auto& account = accountOf(source);
    account.endUnderWay = false;
    account.endTaken.signal();
    account.streamBuffers.erase(connection);
    guarded(source, account,
            [&]
            {
                sink.finishConnection(source, connection);
            });
}

void IngestWorker::close(std::size_t source)
{
    auto& account = accountOf(source);
    guarded(source, account,
            [&]
            {
                sink.finish(source);
            });
    --openSources;
    events.closed();
}

template <typename Call>
void IngestWorker::guarded(std::size_t source, SourceAccount& account, Call call)
{
    try
    {
        call();
    }
    catch (const std::system_error& error)
    {
        if (account.sinkError.empty())
        {
            account.sinkError = error.what();
            errorCount.fetch_add(1, std::memory_order_relaxed);
            events.sinkFailed(source);
        }
    }
}

void IngestWorker::sourceFailed(std::size_t source, std::string message)
{
    accountOf(source).sourceError = std::move(message);
    errorCount.fetch_add(1, std::memory_order_relaxed);
}

SourceAccount& IngestWorker::accountOf(std::size_t source) noexcept
{
    WEFT_ASSERT(source % workers == index);
    return accounts[source / workers];
}

const SourceAccount& IngestWorker::account(std::size_t source) const noexcept
{
    WEFT_ASSERT(source % workers == index);
    return accounts[source / workers];
}

} // namespace weft::tools
