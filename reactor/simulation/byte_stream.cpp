#include <weft/memory/assert.hpp>
#include <weft/reactor/simulation/byte_stream.hpp>
#include <weft/reactor/simulation/world.hpp>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include <poll.h>

namespace weft::simulation
{

using namespace std::chrono_literals;

namespace
{

constexpr std::uint64_t CapacityBytesMin = 512;
constexpr std::uint64_t CapacityBytesMax = 256 * 1024;

/// A buffer as small as one message, or as large as those of real sockets.
std::uint64_t someCapacity(Chance& chance)
{
    auto most = CapacityBytesMax;
    while (most > CapacityBytesMin && chance.oneIn(2))
    {
        most /= 2;
    }
    return chance.between(std::min(CapacityBytesMin, most), most);
}

} // namespace

ByteStream::ByteStream(World& owner, FeedPlan feedPlan, int errorOfReset)
    : world(owner),
      plan(std::move(feedPlan)),
      resetError(errorOfReset),
      capacityBytes(someCapacity(owner.chance))
{
}

void ByteStream::open()
{
    ++world.accounts[plan.content].opens;
    scheduleWriter(world.chance.spread(0ns, 1ms));
}

void ByteStream::scheduleWriter(std::chrono::nanoseconds delay)
{
    world.later(delay,
                [self = weak_from_this()]
                {
                    if (const auto stream = self.lock())
                    {
                        stream->write();
                    }
                });
}

void ByteStream::nextStep(std::chrono::nanoseconds delay)
{
    ++step;
    writtenInStep = 0;
    scheduleWriter(delay);
}

void ByteStream::write()
{
    if (closed || finished)
    {
        return;
    }
    if (!std::exchange(begun, true) && !plan.preface.empty())
    {
        preface = plan.preface;
        serve();
    }
    if (step == plan.steps.size())
    {
        return;
    }
    const auto& current = plan.steps[step];
    switch (current.kind)
    {
    case FeedStep::Kind::Write:
        writeSome(current);
        return;
    case FeedStep::Kind::Pause:
        nextStep(current.duration);
        return;
    case FeedStep::Kind::Finish:
        world.note("content {}: its writer ends it after {} bytes", plan.content, writtenBytes);
        finished = true;
        break;
    case FeedStep::Kind::Reset:
        world.note("content {}: its writer resets it, {} bytes are lost", plan.content,
                   writtenBytes - takenBytes);
        writtenBytes = takenBytes;
        preface = {};
        error = resetError;
        broken = true;
        finished = true;
        break;
    }
    serve();
}

void ByteStream::writeSome(const FeedStep& current)
{
    const auto left = current.bytes - writtenInStep;
    const auto room = capacityBytes - (writtenBytes - takenBytes);
    const auto count = std::min({left, room, world.chance.between(1, 16 * 1024)});
    if (count == 0 && left != 0)
    {
        writerWaits = true;
        return;
    }
    writtenInStep += count;
    writtenBytes += count;
    world.accounts[plan.content].writtenBytes += count;
    const auto pause = world.chance.spread(1us, 200us);
    if (writtenInStep == current.bytes)
    {
        nextStep(pause);
    }
    else
    {
        scheduleWriter(pause);
    }
    serve();
}

void ByteStream::read(Flight& flight)
{
    if ((flight.operation->flags & MSG_DONTWAIT) != 0 && !isReadable() && readers.empty())
    {
        world.finish(flight, -EAGAIN);
        return;
    }
    readers.push_back(flight.number);
    serve();
}

void ByteStream::poll(Flight& flight)
{
    pollers.push_back(flight.number);
    serve();
}

bool ByteStream::withdraw(const Flight& flight)
{
    return std::erase(readers, flight.number) + std::erase(pollers, flight.number) != 0;
}

void ByteStream::close()
{
    WEFT_ASSERT(readers.empty() && pollers.empty());
    closed = true;
    ++world.accounts[plan.content].closes;
}

bool ByteStream::isReadable() const noexcept
{
    return !preface.empty() || writtenBytes != takenBytes || finished;
}

/// Answers whom it can.
void ByteStream::serve()
{
    while (!pollers.empty() && isReadable())
    {
        auto& flight = *world.find(std::exchange(pollers.front(), 0));
        pollers.pop_front();
        const int events = POLLIN | (finished ? POLLHUP : 0) | (error != 0 ? POLLERR : 0);
        world.finish(flight, events & (flight.operation->flags | POLLHUP | POLLERR));
    }
    while (!readers.empty() && isReadable())
    {
        auto& flight = *world.find(readers.front());
        readers.pop_front();
        world.finish(flight, takeInto(*flight.operation));
    }
}

std::int32_t ByteStream::takeInto(const Operation& operation)
{
    if (!preface.empty())
    {
        return takePreface(operation);
    }
    auto& account = world.accounts[plan.content];
    auto available = writtenBytes - takenBytes;
    if (available == 0)
    {
        // An error is told once; after it, as after the last byte, comes the end of the stream.
        account.errorTold = error != 0 ? error : account.errorTold;
        account.endTold |= error == 0;
        return -std::exchange(error, 0);
    }
    available = world.shorten(std::min(available, sizeOf(operation)));
    std::int32_t taken = 0;
    for (auto buffer : buffersOf(operation))
    {
        buffer = buffer.first(std::min<std::uint64_t>(buffer.size(), available));
        writeContent(plan.content, takenBytes, buffer);
        takenBytes += buffer.size();
        available -= buffer.size();
        taken += static_cast<std::int32_t>(buffer.size());
    }
    account.deliveredBytes = takenBytes;
    if (std::exchange(writerWaits, false))
    {
        scheduleWriter(world.chance.spread(1us, 1ms));
    }
    return taken;
}

/// As much as goes into the first buffer.
std::int32_t ByteStream::takePreface(const Operation& operation)
{
    const auto room = buffersOf(operation).front();
    const auto count = world.shorten(std::min(preface.size(), room.size()));
    std::ranges::copy(std::as_bytes(std::span(preface.substr(0, count))), room.begin());
    preface.remove_prefix(count);
    return static_cast<std::int32_t>(count);
}

} // namespace weft::simulation
