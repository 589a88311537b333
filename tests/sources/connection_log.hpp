#pragma once

#include <weft/sources/source_event.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weft::test
{

/// What has come from one connection.
struct LoggedConnection
{
    std::string peer;
    std::string bytes;
    std::uint64_t buffers = 0;
    bool ended = false; // or failed
    std::optional<SourceFailure> failure;
};

/// Takes the events of one listening source, checks that each connection's are in order and that
/// never two come at once, and lets the test wait for them. Holds the buffers if it is told to.
class ConnectionLog
{
public:
    /// The log must outlive it.
    EmitFunction emit()
    {
        return [this, life = std::make_shared<Life>(*this)](OriginId, SourceEvent event)
        {
            take(std::move(event));
        };
    }

    void hold()
    {
        const std::lock_guard lock(mutex);
        holds = true;
    }

    void giveBack()
    {
        const std::lock_guard lock(mutex);
        holds = false;
        held.clear();
    }

    /// Blocks until `condition(log)`, asked under the lock, is true.
    template <typename Condition>
    void waitUntil(Condition condition)
    {
        std::unique_lock lock(mutex);
        changed.wait(lock,
                     [&]
                     {
                         return condition(std::as_const(connections));
                     });
    }

    void waitForBegins(std::size_t count)
    {
        waitUntil(
            [&](const auto& logged)
            {
                return logged.size() >= count;
            });
    }

    void waitForEnds(std::size_t count)
    {
        waitUntil(
            [&](const auto&)
            {
                return endCount >= count;
            });
    }

    void waitForBytes(ConnectionNumber connection, std::size_t count)
    {
        waitUntil(
            [&](const auto& logged)
            {
                const auto found = logged.find(connection);
                return found != logged.end() && found->second.bytes.size() >= count;
            });
    }

    /// Until the source itself has ended or failed.
    void waitForLast()
    {
        waitUntil(
            [&](const auto&)
            {
                return sourceEnded || sourceFailure;
            });
    }

    std::map<ConnectionNumber, LoggedConnection> all() const
    {
        const std::lock_guard lock(mutex);
        return connections;
    }

    LoggedConnection connection(ConnectionNumber number) const
    {
        const std::lock_guard lock(mutex);
        return connections.at(number);
    }

    std::size_t ends() const
    {
        const std::lock_guard lock(mutex);
        return endCount;
    }

    bool ended() const
    {
        const std::lock_guard lock(mutex);
        return sourceEnded;
    }

    std::optional<SourceFailure> failure() const
    {
        const std::lock_guard lock(mutex);
        return sourceFailure;
    }

    int emitFunctionCount() const
    {
        return emitFunctions;
    }

private:
    struct Life
    {
        explicit Life(ConnectionLog& owner) : log(owner)
        {
            ++log.emitFunctions;
        }

        ~Life()
        {
            --log.emitFunctions;
        }

        ConnectionLog& log;
    };

    struct OneAtATime
    {
        explicit OneAtATime(std::atomic<bool>& flag) : taking(flag)
        {
            require(!taking.exchange(true), "two events come at once");
        }

        ~OneAtATime()
        {
            taking = false;
        }

        std::atomic<bool>& taking;
    };

    static void require(bool holds, const char* what)
    {
        if (!holds)
        {
            throw std::logic_error(what);
        }
    }

    void take(SourceEvent event)
    {
        const OneAtATime turn(taking);
        const std::lock_guard lock(mutex);
        std::visit(
            [this](auto& what)
            {
                see(what);
            },
            event);
        changed.notify_all();
    }

    LoggedConnection& open(ConnectionNumber number)
    {
        const auto found = connections.find(number);
        require(found != connections.end() && !found->second.ended, "the connection is not open");
        return found->second;
    }

    void see(ConnectionBegin& begin)
    {
        require(!connections.contains(begin.connection), "a number comes twice");
        connections[begin.connection].peer = begin.peer;
    }

    void see(SourceData& data)
    {
        const auto& metadata = data.buffer.metadata();
        auto& connection = open(metadata.connection);
        require(metadata.sequenceNumber == connection.buffers++, "a gap in the sequence");
        const auto bytes = data.buffer.bytes();
        connection.bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (holds)
        {
            held.push_back(std::move(data.buffer));
        }
    }

    void see(ConnectionEnd& end)
    {
        auto& connection = open(end.connection);
        connection.ended = true;
        connection.failure = std::move(end.failure);
        ++endCount;
    }

    void see(EndOfStream&)
    {
        sourceEnded = true;
    }

    void see(SourceFailure& failure)
    {
        sourceFailure = std::move(failure);
    }

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::map<ConnectionNumber, LoggedConnection> connections;
    std::size_t endCount = 0;
    bool sourceEnded = false;
    std::optional<SourceFailure> sourceFailure;
    bool holds = false;
    std::vector<IoBuffer> held;
    std::atomic<bool> taking = false;
    std::atomic<int> emitFunctions = 0;
};

} // namespace weft::test
