#pragma once

#include <weft/sources/connections.hpp>
#include <weft/sources/source.hpp>

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>

namespace weft
{

struct Connections::Connection
{
    ConnectionNumber number = 0;
    std::shared_ptr<SourceTask> task;
    std::list<Connection>::iterator self;
    bool isAccepted = false;
    bool hasBegun = false; // of its own fiber or thread: downstream knows of it
};

/// Tells of the connection when it has been accepted.
class Connections::AcceptedSource final : public Source
{
public:
    AcceptedSource(Connections& owner, Connection& ownConnection,
                   std::unique_ptr<Source> acceptedSource) noexcept
        : connections(owner),
          connection(ownConnection),
          source(std::move(acceptedSource))
    {
    }

    void open() override;

    FillStatus fillBuffer(Fill& fill) override
    {
        return source->fillBuffer(fill);
    }

    void close() override
    {
        source->close();
    }

    StackClass stackClass() const noexcept override
    {
        return source->stackClass();
    }

    std::uint64_t messagesLost() const noexcept override
    {
        return source->messagesLost();
    }

    std::string describe() const override
    {
        return source->describe();
    }

private:
    void closeRefused() noexcept;

    Connections& connections;
    Connection& connection;
    const std::unique_ptr<Source> source;
};

/// The emit function of one connection. Its end is the connection's.
class Connections::Feed
{
public:
    Feed(Connections& owner, Connection& ownConnection) noexcept
        : connections(&owner),
          connection(ownConnection)
    {
    }

    Feed(Feed&& other) noexcept
        : connections(std::exchange(other.connections, nullptr)),
          connection(other.connection)
    {
    }

    Feed& operator=(Feed&&) = delete;

    ~Feed()
    {
        if (connections != nullptr)
        {
            connections->over(connection);
        }
    }

    void operator()(OriginId origin, SourceEvent event);

private:
    Connections* connections; // null when moved from
    Connection& connection;
};

} // namespace weft
