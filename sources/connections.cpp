#include <weft/fibers/this_fiber.hpp>
#include <weft/memory/assert.hpp>
#include <weft/reactor/io_error.hpp>
#include <weft/sources/connection_life.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_execution.hpp>
#include <weft/sources/source_task.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <iterator>
#include <stop_token>
#include <utility>
#include <variant>

namespace weft
{

namespace
{

constexpr std::chrono::nanoseconds PauseLeast = std::chrono::milliseconds(1);
constexpr std::chrono::nanoseconds PauseMost = std::chrono::seconds(1);

/// Whether the listening socket itself is of no more use.
bool isFinal(std::error_code error) noexcept
{
    return error == errnoError(EBADF) || error == errnoError(EINVAL) ||
           error == errnoError(ENOTSOCK);
}

void add(SourceStatistics& total, const SourceStatistics& one)
{
    total.bytes += one.bytes;
    total.buffers += one.buffers;
    total.buffersDropped += one.buffersDropped;
    total.bytesDropped += one.bytesDropped;
    total.buffersDemanded += one.buffersDemanded;
    total.messagesLost += one.messagesLost;
    total.buffersInFlight += one.buffersInFlight;
    total.bufferWaits += one.bufferWaits;
    total.bufferWaitTotal += one.bufferWaitTotal;
    total.bufferWaitLongest = std::max(total.bufferWaitLongest, one.bufferWaitLongest);
}

} // namespace

Connections::Connections(ListeningSource& listeningSource, OriginId sourceOrigin,
                         const SourceRunnerOptions& sourceOptions, EmitFunction& sourceEmit)
    : source(listeningSource),
      origin(sourceOrigin),
      options(sourceOptions),
      limits(listeningSource.limits()),
      emit(sourceEmit)
{
}

Connections::~Connections()
{
    WEFT_ASSERT(running.empty() && ended.empty());
}

bool Connections::serve(SourceExecution& execution)
{
    stop = this_fiber::stopToken();
    const std::stop_callback onStop(stop,
                                    [this]
                                    {
                                        const std::lock_guard lock(mutex);
                                        ++changes;
                                        changed.notify_all();
                                    });
    std::optional<SourceFailure> failure;
    bool complete = false;
    while (!complete)
    {
        // Before the look for a stop, which is a change as well: one that comes later is not
        // missed.
        const auto seen = changeCount();
        if (stop.stop_requested())
        {
            break;
        }
        removeEnded();
        failure = takeAcceptFailure();
        if (failure && isFinal(failure->code))
        {
            break;
        }
        if (mayLaunch())
        {
            launchNext(execution);
            continue;
        }
        {
            const std::lock_guard lock(mutex);
            complete = limits.connectionsTotal > 0 && acceptedCount == limits.connectionsTotal &&
                       running.empty() && ended.empty();
        }
        if (!complete)
        {
            waitForChange(seen);
        }
    }
    stopAccepting();
    if (failure && isFinal(failure->code))
    {
        throw SourceError(failure->code, failure->message);
    }
    return complete;
}

/// The listening socket must not be closed while somebody accepts from it.
void Connections::stopAccepting()
{
    std::shared_ptr<SourceTask> task;
    {
        const std::lock_guard lock(mutex);
        if (accepting == nullptr)
        {
            return;
        }
        task = accepting->task;
    }
    task->stopSource().request_stop();
    std::unique_lock lock(mutex);
    changed.wait(lock,
                 [this]
                 {
                     // It is over, or has been accepted in the last moment.
                     return accepting == nullptr;
                 });
}

void Connections::stopAll() noexcept
{
    std::vector<std::shared_ptr<SourceTask>> tasks;
    {
        const std::lock_guard lock(mutex);
        for (const auto& connection : running)
        {
            tasks.push_back(connection.task);
        }
    }
    for (const auto& task : tasks)
    {
        task->stopSource().request_stop();
    }
    std::unique_lock lock(mutex);
    changed.wait(lock,
                 [this]
                 {
                     return running.empty();
                 });
    lock.unlock();
    removeEnded();
}

/// Whether there is to be another connection that waits to be accepted, now.
bool Connections::mayLaunch() const
{
    const std::lock_guard lock(mutex);
    return accepting == nullptr && running.size() < limits.connectionsMax &&
           (limits.connectionsTotal == 0 || acceptedCount < limits.connectionsTotal) &&
           Clock::now() >= pauseEnd;
}

void Connections::launchNext(SourceExecution& execution)
{
    Connection* connection = nullptr;
    {
        const std::lock_guard lock(mutex);
        connection = &running.emplace_back();
        connection->self = std::prev(running.end());
        connection->number = acceptedCount + 1;
        accepting = connection;
    }
    // What goes wrong from here on is told when the feed is gone.
    Feed feed(*this, *connection);
    try
    {
        auto ownOptions = options;
        ownOptions.name = fmt::format("{}#{}", options.name, connection->number);
        ownOptions.reconnect = {};
        auto task = std::make_shared<SourceTask>(
            origin, std::move(ownOptions),
            std::make_unique<AcceptedSource>(*this, *connection, source.nextConnection()));
        {
            const std::lock_guard lock(mutex);
            connection->task = task;
        }
        task->begin(std::move(feed));
        try
        {
            execution.launch(task);
        }
        catch (const std::system_error& error)
        {
            failed(*connection, {.code = error.code(), .message = error.what(), .exception = {}});
            task->unbegin();
        }
    }
    catch (const std::exception& error)
    {
        failed(*connection, {.code = {}, .message = error.what(), .exception = {}});
    }
}

/// Waits for those that are about to be over, and forgets them.
void Connections::removeEnded() noexcept
{
    std::unique_lock lock(mutex);
    while (!ended.empty())
    {
        auto& connection = ended.front();
        std::list<Connection> removed;
        if (connection.task != nullptr)
        {
            lock.unlock();
            connection.task->waitUntilOver(NoDeadline);
            lock.lock();
            auto last = connection.task->statistics();
            last.buffersInFlight = 0;
            add(totals, last);
        }
        removed.splice(removed.begin(), ended, ended.begin());
        if (connection.isAccepted)
        {
            // It has left something that another may need.
            pauseEnd = {};
        }
        lock.unlock();
        removed.clear();
        lock.lock();
    }
}

/// Also decides how long to pause.
std::optional<SourceFailure> Connections::takeAcceptFailure()
{
    const std::lock_guard lock(mutex);
    auto failure = std::exchange(acceptFailure, std::nullopt);
    if (failure)
    {
        pause = std::clamp(2 * pause, PauseLeast, PauseMost);
        pauseEnd = Clock::now() + pause;
        lastError = failure->message;
        ++acceptFailureCount;
    }
    return failure;
}

void Connections::waitForChange(std::uint64_t seen)
{
    std::unique_lock lock(mutex);
    const auto hasChanged = [&]
    {
        return changes != seen;
    };
    if (pauseEnd > Clock::now() && accepting == nullptr)
    {
        changed.wait_until(lock, pauseEnd, hasChanged);
    }
    else
    {
        changed.wait(lock, hasChanged);
    }
}

std::uint64_t Connections::changeCount() const
{
    const std::lock_guard lock(mutex);
    return changes;
}

void Connections::requestFlush() noexcept
{
    const std::lock_guard lock(mutex);
    for (const auto& connection : running)
    {
        if (connection.task != nullptr)
        {
            connection.task->requestFlush();
        }
    }
}

void Connections::addTo(SourceStatistics& statistics) const
{
    const std::lock_guard lock(mutex);
    add(statistics, totals);
    for (const auto& connection : running)
    {
        if (connection.isAccepted)
        {
            add(statistics, connection.task->statistics());
            ++statistics.connectionsOpen;
        }
    }
    for (const auto& connection : ended)
    {
        if (connection.isAccepted)
        {
            add(statistics, connection.task->statistics());
        }
    }
    statistics.connectionsAccepted = acceptedCount;
    statistics.connectionsFailed = failedCount;
    statistics.acceptFailures = acceptFailureCount;
    if (statistics.lastError.empty())
    {
        statistics.lastError = lastError;
    }
}

std::vector<ConnectionStatistics> Connections::list() const
{
    std::vector<ConnectionStatistics> open;
    const std::lock_guard lock(mutex);
    for (const auto& connection : running)
    {
        if (connection.isAccepted)
        {
            open.push_back(
                {.connection = connection.number, .statistics = connection.task->statistics()});
        }
    }
    return open;
}

} // namespace weft
