#include "peer_link.hpp"

#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/quantity.hpp>

#include <fmt/format.h>

#include <stop_token>
#include <utility>

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace weft::mesh
{

namespace
{

/// A batch goes out at once, not when the peer has acknowledged the one before.
void disableNagle(const TcpStream& stream)
{
    const int yes = 1;
    // Fails only for a connection that is broken already; the first send will tell.
    ::setsockopt(stream.descriptor(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

std::uint64_t clockValue(Clock::time_point moment)
{
    return static_cast<std::uint64_t>(moment.time_since_epoch().count());
}

std::string describe(std::error_code error, const char* silence, std::chrono::nanoseconds limit)
{
    return error == IoError::DeadlineExpired ? fmt::format("{} {}", silence, formatDuration(limit))
                                             : error.message();
}

} // namespace

PeerLink::PeerLink(TcpStream connected, const LinkPlan& linkPlan, PeerStatus& peerStatus,
                   SequenceCheck& peerCheck)
    : stream(std::move(connected)),
      plan(linkPlan),
      status(peerStatus),
      check(peerCheck),
      outbox(linkPlan.outboxFrames),
      nextPing(Clock::now())
{
    disableNagle(stream);
}

std::string PeerLink::run()
{
    // A stop may come from any thread: it touches only what any thread may.
    const std::stop_callback onStop(this_fiber::stopToken(),
                                    [this]
                                    {
                                        close();
                                    });
    auto& runtime = *Runtime::current();
    const auto writerName = fmt::format("write-{}", status.id);
    runtime.spawn(fibers, {.name = writerName},
                  [this]
                  {
                      writeAll();
                  });
    const auto readerName = fmt::format("read-{}", status.id);
    runtime.spawn(fibers, {.name = readerName},
                  [this]
                  {
                      readAll();
                  });
    fibers.joinAll();
    dropWhatIsLeft();
    // What close has to tell comes too late to change anything.
    [[maybe_unused]] const auto closed = stream.close();
    return std::move(reason);
}

void PeerLink::end(std::string why)
{
    if (reason.empty())
    {
        reason = std::move(why);
    }
    close();
}

void PeerLink::close() noexcept
{
    outbox.close(); // the writing fiber may wait for a frame, which no stop ends
    fibers.requestStop();
}

void PeerLink::writeAll()
{
    FrameBatch batch(plan.ownId, plan.contentBytes);
    while (!outbox.isClosed())
    {
        batch.clear();
        gather(batch);
        if (!send(batch))
        {
            status.dropped += batch.messages();
            return;
        }
        status.sent += batch.messages();
    }
}

/// Waits for something to send, and takes with it what else there is: many small messages are one
/// send. Suspends.
void PeerLink::gather(FrameBatch& batch)
{
    const auto first = outbox.take(nextPing);
    if (const auto now = Clock::now(); now >= nextPing)
    {
        lastPing = clockValue(now);
        nextPing = now + plan.heartbeat;
        batch.add(FrameKind::Ping, lastPing);
    }
    if (first)
    {
        batch.add(first->kind, first->value);
    }
    while (batch.hasRoom())
    {
        const auto frame = outbox.takeNow();
        if (!frame)
        {
            break;
        }
        batch.add(frame->kind, frame->value);
    }
}

/// The deadline is for the next bytes to be taken, not for all of them: a slow peer is no dead one.
/// Suspends.
bool PeerLink::send(const FrameBatch& batch)
{
    auto bytes = batch.bytes();
    while (!bytes.empty())
    {
        const auto sent = stream.send(bytes, io::after(plan.silenceMax));
        if (!sent)
        {
            end(describe(sent.error(), "it has taken nothing for", plan.silenceMax));
            return false;
        }
        bytes = bytes.subspan(*sent);
    }
    return true;
}

void PeerLink::readAll()
{
    FrameReader reader;
    for (;;)
    {
        const auto received = stream.receive(reader.room(), io::after(plan.silenceMax));
        if (!received)
        {
            return end(describe(received.error(), "it has been silent for", plan.silenceMax));
        }
        if (*received == 0)
        {
            return end("it ended the connection");
        }
        reader.received(*received);
        if (const auto taken = takeFrames(reader); !taken)
        {
            return end(taken.error());
        }
    }
}

std::expected<void, std::string> PeerLink::takeFrames(FrameReader& reader)
{
    for (;;)
    {
        const auto frame = reader.next();
        if (!frame)
        {
            return std::unexpected(frame.error());
        }
        if (!*frame)
        {
            return {};
        }
        if (const auto taken = take(**frame); !taken)
        {
            return taken;
        }
    }
}

std::expected<void, std::string> PeerLink::take(const Frame& frame)
{
    const auto value = frame.header.value;
    switch (frame.header.kind)
    {
    case FrameKind::Message:
        if (!isContentOf(frame.content, status.id, value))
        {
            ++status.corrupted;
            return std::unexpected(fmt::format("message {} has not the content it should", value));
        }
        check.take(value);
        ++status.received;
        break;
    case FrameKind::Ping:
        // A full outbox refuses, and the ping is not answered: its link is not idle then.
        outbox.offer({.kind = FrameKind::Pong, .value = value});
        break;
    case FrameKind::Pong:
        if (value == lastPing)
        {
            status.roundTrip = std::chrono::nanoseconds(clockValue(Clock::now()) - lastPing);
        }
        break;
    }
    return {};
}

void PeerLink::dropWhatIsLeft()
{
    while (const auto frame = outbox.takeNow())
    {
        status.dropped += frame->kind == FrameKind::Message ? 1 : 0;
    }
}

} // namespace weft::mesh
