#include <weft/reactor/simulation/simulated_files.hpp>
#include <weft/reactor/simulation/world.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <poll.h>

namespace weft::simulation
{

using namespace std::chrono_literals;

SimulatedRegularFile::SimulatedRegularFile(World& owner, const RegularFile& filePlan)
    : world(owner),
      plan(filePlan)
{
    ++world.accounts[plan.content].opens;
}

void SimulatedRegularFile::begin(Flight& flight)
{
    const auto& operation = *flight.operation;
    switch (operation.kind)
    {
    case OperationKind::Read:
    case OperationKind::ReadVectored:
        if (!operation.waits() && world.chance.oneIn(3))
        {
            world.finish(flight, -EAGAIN);
            return;
        }
        world.finishAfter(flight, world.chance.spread(1us, 50ms),
                          [this, self = flight.file, &operation]
                          {
                              return read(operation);
                          });
        return;
    case OperationKind::Poll:
        world.finish(flight, operation.flags & (POLLIN | POLLOUT));
        return;
    case OperationKind::Sync:
        world.finishAfter(flight, world.chance.spread(10us, 100ms),
                          []
                          {
                              return 0;
                          });
        return;
    default:
        world.finish(flight, -EBADF);
    }
}

std::int32_t SimulatedRegularFile::read(const Operation& operation)
{
    const bool usesPosition = operation.offset == Operation::CurrentPosition;
    auto offset = usesPosition ? position : operation.offset;
    auto& account = world.accounts[plan.content];
    if (offset >= plan.sizeBytes)
    {
        account.endTold = true;
        return 0;
    }
    auto readable = std::min(sizeOf(operation), plan.sizeBytes - offset);
    if (plan.unreadableFrom)
    {
        if (offset >= *plan.unreadableFrom)
        {
            account.errorTold = EIO;
            return -EIO;
        }
        readable = std::min(readable, *plan.unreadableFrom - offset);
    }
    readable = world.shorten(readable);
    std::int32_t count = 0;
    for (auto buffer : buffersOf(operation))
    {
        buffer = buffer.first(std::min<std::uint64_t>(buffer.size(), readable));
        writeContent(plan.content, offset, buffer);
        offset += buffer.size();
        readable -= buffer.size();
        count += static_cast<std::int32_t>(buffer.size());
    }
    if (usesPosition)
    {
        position = offset;
    }
    account.writtenBytes = plan.sizeBytes;
    account.deliveredBytes = std::max(account.deliveredBytes, offset);
    return count;
}

bool SimulatedRegularFile::withdraw(const Flight&)
{
    return false;
}

void SimulatedRegularFile::close()
{
    ++world.accounts[plan.content].closes;
}

SimulatedFifo::SimulatedFifo(World& owner, FeedPlan plan)
    : world(owner),
      stream(std::make_shared<ByteStream>(owner, std::move(plan), EIO))
{
    stream->open();
}

void SimulatedFifo::begin(Flight& flight)
{
    switch (flight.operation->kind)
    {
    case OperationKind::Read:
    case OperationKind::ReadVectored:
        stream->read(flight);
        return;
    case OperationKind::Poll:
        stream->poll(flight);
        return;
    default:
        world.finish(flight, -EINVAL);
    }
}

bool SimulatedFifo::withdraw(const Flight& flight)
{
    return stream->withdraw(flight);
}

void SimulatedFifo::close()
{
    stream->close();
}

SimulatedSocket::SimulatedSocket(World& owner) noexcept : world(owner)
{
}

void SimulatedSocket::begin(Flight& flight)
{
    const auto& operation = *flight.operation;
    if (operation.kind == OperationKind::Connect)
    {
        connect(flight);
        return;
    }
    if (!stream)
    {
        world.finish(flight, -ENOTCONN);
        return;
    }
    switch (operation.kind)
    {
    case OperationKind::Read:
    case OperationKind::ReadVectored:
    case OperationKind::Receive:
    case OperationKind::ReceiveMessage:
        stream->read(flight);
        return;
    case OperationKind::Poll:
        if ((operation.flags & POLLOUT) != 0)
        {
            world.finish(flight, POLLOUT);
            return;
        }
        stream->poll(flight);
        return;
    case OperationKind::Write:
    case OperationKind::WriteVectored:
    case OperationKind::Send:
    case OperationKind::SendMessage:
        write(flight);
        return;
    case OperationKind::Shutdown:
        world.finish(flight, 0);
        return;
    default:
        world.finish(flight, -EOPNOTSUPP);
    }
}

/// The peer reads everything and keeps nothing, but for one that has reset the connection.
void SimulatedSocket::write(Flight& flight)
{
    const auto size = sizeOf(*flight.operation);
    const auto taken = stream->isReset() ? -EPIPE : static_cast<std::int32_t>(world.shorten(size));
    world.finishAfter(flight, world.chance.spread(0ns, 10ms),
                      [taken]
                      {
                          return taken;
                      });
}

void SimulatedSocket::connect(Flight& flight)
{
    const auto& operation = *flight.operation;
    if (stream || peer)
    {
        world.finish(flight, -EISCONN);
        return;
    }
    peer.emplace(static_cast<const sockaddr*>(operation.data),
                 static_cast<socklen_t>(operation.offset));
    const auto endpoint = world.endpoints.find(peer->toString());
    ConnectAnswer answer = Refusal{.error = ECONNREFUSED, .after = 1ms};
    if (endpoint != world.endpoints.end())
    {
        answer = endpoint->second();
    }
    if (const auto* const refusal = std::get_if<Refusal>(&answer))
    {
        world.finishAfter(flight, refusal->after,
                          [error = refusal->error]
                          {
                              return -error;
                          });
        return;
    }
    auto connected =
        std::make_shared<ByteStream>(world, std::get<FeedPlan>(std::move(answer)), ECONNRESET);
    world.finishAfter(flight, world.chance.spread(10us, 200ms),
                      [this, self = flight.file, connected = std::move(connected)]
                      {
                          stream = connected;
                          stream->open();
                          return 0;
                      });
}

bool SimulatedSocket::withdraw(const Flight& flight)
{
    return stream && stream->withdraw(flight);
}

void SimulatedSocket::close()
{
    if (stream)
    {
        stream->close();
    }
}

int SimulatedSocket::getsockname(SocketAddress& address) const noexcept
{
    address = *SocketAddress::parse("10.255.255.1", 40000);
    return 0;
}

int SimulatedSocket::getpeername(SocketAddress& address) const noexcept
{
    if (!stream)
    {
        return -ENOTCONN;
    }
    address = *peer;
    return 0;
}

} // namespace weft::simulation
