#include <weft/fibers/this_fiber.hpp>
#include <weft/memory/assert.hpp>
#include <weft/memory/sanitizer.hpp>
#include <weft/sources/connection_life.hpp>

#include <exception>
#include <utility>
#include <variant>

namespace weft
{

namespace
{

/// std::lock_guard, seen by ThreadSanitizer.
class TurnGuard
{
public:
    explicit TurnGuard(boost::fibers::mutex& mutexToLock) : turn(mutexToLock)
    {
        turn.lock();
        announceLocked(&turn);
    }

    ~TurnGuard()
    {
        announceUnlocking(&turn);
        turn.unlock();
    }

    TurnGuard(const TurnGuard&) = delete;
    TurnGuard& operator=(const TurnGuard&) = delete;

private:
    boost::fibers::mutex& turn;
};

} // namespace

void Connections::AcceptedSource::open()
{
    source->open();
    connections.accepted(connection);
    std::exception_ptr refusal;
    try
    {
        connections.begins(connection, *source);
    }
    catch (...)
    {
        refusal = std::current_exception();
    }
    if (refusal)
    {
        closeRefused();
        std::rethrow_exception(refusal);
    }
}

void Connections::AcceptedSource::closeRefused() noexcept
{
    const StopShield shield;
    try
    {
        source->close();
    }
    catch (...)
    {
        // The refusal is the cause.
    }
}

void Connections::Feed::operator()(OriginId /*origin*/, SourceEvent event)
{
    if (auto* const data = std::get_if<SourceData>(&event))
    {
        data->buffer.metadata().connection = connection.number;
        connections->emitInTurn(std::move(event));
    }
    else if (auto* const failure = std::get_if<SourceFailure>(&event))
    {
        connections->failed(connection, std::move(*failure));
    }
    else
    {
        connections->ends(connection, std::nullopt);
    }
}

void Connections::emitInTurn(SourceEvent event)
{
    const TurnGuard guard(emitTurn);
    emit(origin, std::move(event));
}

void Connections::accepted(Connection& connection)
{
    const std::lock_guard lock(mutex);
    WEFT_ASSERT(accepting == &connection);
    connection.isAccepted = true;
    accepting = nullptr;
    ++acceptedCount;
    pause = {};
    ++changes;
    changed.notify_all();
}

void Connections::begins(Connection& connection, const Source& accepted)
{
    emitInTurn(ConnectionBegin{.connection = connection.number, .peer = accepted.describe()});
    connection.hasBegun = true;
}

void Connections::failed(Connection& connection, SourceFailure failure)
{
    {
        const std::lock_guard lock(mutex);
        if (!connection.isAccepted)
        {
            acceptFailure = std::move(failure);
            return;
        }
        ++failedCount;
        lastError = failure.message;
    }
    if (connection.hasBegun)
    {
        ends(connection, std::move(failure));
    }
}

void Connections::ends(const Connection& connection, std::optional<SourceFailure> failure)
{
    if (!stop.stop_requested())
    {
        emitInTurn(ConnectionEnd{.connection = connection.number, .failure = std::move(failure)});
    }
}

void Connections::over(Connection& connection) noexcept
{
    const std::lock_guard lock(mutex);
    if (accepting == &connection)
    {
        accepting = nullptr;
    }
    ended.splice(ended.end(), running, connection.self);
    ++changes;
    changed.notify_all();
}

} // namespace weft
