/// \file
/// Sources that break the contract, each in one way that is seen in the field, put through the
/// contract test. A program of its own, which fails: broken_sources_test.cpp says how.

#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/tcp.hpp>
#include <weft/sources/contract/source_contract.hpp>
#include <weft/sources/contract/tcp_peer.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <unistd.h>

using namespace std::chrono_literals;
using namespace weft;

namespace
{

struct Peer final : contract::TcpPeer
{
    ParameterTexts parameters(const std::string& host, std::uint16_t port) override
    {
        return {{"host", host}, {"port", std::to_string(port)}};
    }
};

/// One that cannot do much, and says why not.
struct LimitedPeer final : contract::TcpPeer
{
    ParameterTexts parameters(const std::string& host, std::uint16_t port) override
    {
        return {{"host", host}, {"port", std::to_string(port)}};
    }

    std::optional<ParameterTexts> unreachable() override
    {
        return std::nullopt;
    }

    std::optional<ParameterTexts> unanswering() override
    {
        return std::nullopt;
    }

    std::optional<ParameterTexts> atSimulatedAddress(const std::string&, std::uint16_t) override
    {
        return std::nullopt;
    }

    bool mayAllocate() const override
    {
        return true;
    }

    bool end() override
    {
        return false;
    }

    bool reset() override
    {
        return false;
    }

    std::string whyNot(contract::Ability ability) const override
    {
        return "reason " + std::to_string(static_cast<int>(ability));
    }
};

/// What a source is like that keeps the contract.
class Sound : public Source
{
public:
    static constexpr const char* TypeHelp = "bytes that a TCP server sends";

    static std::vector<ParameterDefinition> parameters()
    {
        std::vector<ParameterDefinition> definitions{
            {.name = "host", .help = "address"},
            {.name = "port", .type = ParameterType::Integer, .help = "port"}};
        for (auto& definition : reconnectParameters())
        {
            definitions.push_back(std::move(definition));
        }
        return definitions;
    }

    explicit Sound(const SourceDescriptor& descriptor)
        : host(descriptor.text("host")),
          port(static_cast<std::uint16_t>(descriptor.integer("port")))
    {
    }

    void open() override
    {
        auto connected = TcpStream::connect(host, port);
        if (!connected)
        {
            throw SourceError(connected.error(), "connect");
        }
        stream = std::move(*connected);
    }

    FillStatus fillBuffer(Fill& fill) override
    {
        while (fill.wantsMore())
        {
            const auto received = receive(fill);
            if (!received && gaveUp(received.error()))
            {
                return whenGivenUp();
            }
            if (!received)
            {
                return whenFailed(received.error());
            }
            if (*received == 0)
            {
                return whenEnded();
            }
            fill.advance(*received);
        }
        return FillStatus::More;
    }

    void close() override
    {
        stream = {};
    }

protected:
    virtual io::Result<std::size_t> receive(Fill& fill)
    {
        return stream.receive(fill.rest(), fill.deadline());
    }

    virtual FillStatus whenGivenUp()
    {
        return FillStatus::More;
    }

    virtual FillStatus whenFailed(std::error_code error)
    {
        throw SourceError(error, "receive");
    }

    virtual FillStatus whenEnded()
    {
        return FillStatus::EndOfStream;
    }

    std::string host;
    std::uint16_t port;
    TcpStream stream;
};

struct ForgetsStop final : Sound
{
    using Sound::Sound;

    io::Result<std::size_t> receive(Fill& fill) override
    {
        auto received = Sound::receive(fill);
        while (!received && received.error() == IoError::Stopped)
        {
            received = Sound::receive(fill);
        }
        return received;
    }
};

struct ForgetsStopInOpen final : Sound
{
    using Sound::Sound;

    void open() override
    {
        while (!stream.isOpen())
        {
            if (auto connected = TcpStream::connect(host, port))
            {
                stream = std::move(*connected);
            }
        }
    }
};

struct AnswersStopWithFailure final : Sound
{
    using Sound::Sound;

    FillStatus whenGivenUp() override
    {
        if (this_fiber::stopRequested())
        {
            throw SourceError(errnoError(ECONNABORTED), "receive");
        }
        return FillStatus::More;
    }
};

struct EndsOnSilence final : Sound
{
    using Sound::Sound;

    io::Result<std::size_t> receive(Fill& fill) override
    {
        return stream.receive(fill.rest(), std::min(fill.deadline(), io::after(5ms)));
    }

    FillStatus whenGivenUp() override
    {
        return FillStatus::EndOfStream;
    }
};

struct Polls final : Sound
{
    using Sound::Sound;

    io::Result<std::size_t> receive(Fill& fill) override
    {
        const std::array<iovec, 1> rest{
            {{.iov_base = fill.rest().data(), .iov_len = fill.rest().size()}}};
        return stream.receive(std::span(rest), NoDeadline, MSG_DONTWAIT);
    }

    FillStatus whenFailed(std::error_code error) override
    {
        return error == std::errc::resource_unavailable_try_again ? FillStatus::More
                                                                  : Sound::whenFailed(error);
    }
};

struct IgnoresTheDeadline final : Sound
{
    using Sound::Sound;

    io::Result<std::size_t> receive(Fill& fill) override
    {
        return stream.receive(fill.rest());
    }
};

/// Gathers whole buffers in memory of its own.
class Gathers : public Sound
{
public:
    using Sound::Sound;

    FillStatus fillBuffer(Fill& fill) override
    {
        while (fill.wantsMore())
        {
            const auto received =
                stream.receive(std::span(gathered).subspan(gatheredBytes),
                               fill.sizeBytes() > 0 ? fill.deadline() : io::after(1ms));
            if (received && *received > 0)
            {
                gatheredBytes += *received;
                if (gatheredBytes == gathered.size())
                {
                    deliver(fill);
                }
                continue;
            }
            if (received)
            {
                atEnd(fill);
                return FillStatus::EndOfStream;
            }
            if (gaveUp(received.error()))
            {
                atDeadline(fill);
                return FillStatus::More;
            }
            throw SourceError(received.error(), "receive");
        }
        return FillStatus::More;
    }

protected:
    virtual void atDeadline(Fill& fill)
    {
        deliver(fill);
    }

    virtual void atEnd(Fill& fill)
    {
        deliver(fill);
    }

    void deliver(Fill& fill)
    {
        std::ranges::copy(std::span(gathered).first(gatheredBytes), fill.rest().begin());
        fill.advance(std::exchange(gatheredBytes, 0));
    }

    std::array<std::byte, 64> gathered;
    std::size_t gatheredBytes = 0;
};

struct DropsAtDeadline final : Gathers
{
    using Gathers::Gathers;

    void atDeadline(Fill&) override
    {
        gatheredBytes = 0;
    }
};

struct DropsAtEnd final : Gathers
{
    using Gathers::Gathers;

    void atEnd(Fill&) override
    {
    }
};

struct Repeats final : Sound
{
    using Sound::Sound;

    io::Result<std::size_t> receive(Fill& fill) override
    {
        const auto rest = fill.rest();
        auto received = stream.receive(rest.first((rest.size() + 1) / 2), fill.deadline());
        if (received && *received > 0 && *received * 2 <= rest.size())
        {
            std::ranges::copy(rest.first(*received), rest.subspan(*received).begin());
            *received *= 2;
        }
        return received;
    }
};

struct TakesResetForTheEnd final : Sound
{
    using Sound::Sound;

    FillStatus whenFailed(std::error_code) override
    {
        return FillStatus::EndOfStream;
    }
};

struct OpensToNobody final : Sound
{
    using Sound::Sound;

    void open() override
    {
        stream = TcpStream::connect(host, port).value_or(TcpStream());
    }

    FillStatus whenFailed(std::error_code) override
    {
        return FillStatus::EndOfStream;
    }
};

struct FailsWithoutCause final : Sound
{
    using Sound::Sound;

    void open() override
    {
        try
        {
            Sound::open();
        }
        catch (const std::exception&)
        {
            throw std::runtime_error("it does not work");
        }
    }
};

struct OpensOnlyOnce final : Sound
{
    using Sound::Sound;

    void open() override
    {
        if (isUsed)
        {
            throw SourceError(errnoError(EISCONN), "connect");
        }
        isUsed = true;
        Sound::open();
    }

    bool isUsed = false;
};

struct LeaksADescriptor final : Sound
{
    using Sound::Sound;

    void open() override
    {
        Sound::open();
        [[maybe_unused]] const int leaked = ::dup(STDERR_FILENO);
    }
};

struct LeavesAFiber final : Sound
{
    using Sound::Sound;

    void open() override
    {
        Sound::open();
        spawn({.name = "keep-alive"},
              []
              {
                  while (io::sleepFor(1h))
                  {
                  }
              })
            .detach();
    }
};

struct Allocates final : Sound
{
    using Sound::Sound;

    io::Result<std::size_t> receive(Fill& fill) override
    {
        std::vector<std::byte> bytes(fill.rest().size());
        const auto received = stream.receive(bytes, fill.deadline());
        std::ranges::copy(std::span(bytes).first(received.value_or(0)), fill.rest().begin());
        return received;
    }
};

struct SharesItsState final : Sound
{
    using Sound::Sound;

    io::Result<std::size_t> receive(Fill& fill) override
    {
        // All of them write here while they wait.
        static std::array<std::byte, 1024> bytes;
        const auto received = stream.receive(
            std::span(bytes).first(std::min(bytes.size(), fill.rest().size())), fill.deadline());
        [[maybe_unused]] const auto slept = io::sleepFor(1ms);
        std::ranges::copy(std::span(bytes).first(received.value_or(0)), fill.rest().begin());
        return received;
    }
};

struct RefusesEmptyStreams final : Sound
{
    using Sound::Sound;

    FillStatus fillBuffer(Fill& fill) override
    {
        const auto status = Sound::fillBuffer(fill);
        hasBytes = hasBytes || fill.sizeBytes() > 0;
        if (status == FillStatus::EndOfStream && !hasBytes)
        {
            throw SourceError(errnoError(EPROTO), "nothing received");
        }
        return status;
    }

    bool hasBytes = false;
};

struct NeedsLargeBuffers final : Sound
{
    using Sound::Sound;

    FillStatus fillBuffer(Fill& fill) override
    {
        // The first buffer of a run is large in its author's own tests.
        if (fill.rest().size() < 4096)
        {
            throw SourceError(errnoError(EMSGSIZE), "fill a buffer");
        }
        return Sound::fillBuffer(fill);
    }
};

} // namespace

#define WEFT_TRY(type, Class)                                                                      \
    WEFT_REGISTER_SOURCE(type, Class)                                                              \
    WEFT_SOURCE_CONTRACT(type, Peer)

WEFT_TRY(sound, Sound)
WEFT_SOURCE_CONTRACT(sound, LimitedPeer)
WEFT_TRY(forgets_stop, ForgetsStop)
WEFT_TRY(forgets_stop_in_open, ForgetsStopInOpen)
WEFT_TRY(answers_stop_with_failure, AnswersStopWithFailure)
WEFT_TRY(ends_on_silence, EndsOnSilence)
WEFT_TRY(polls, Polls)
WEFT_TRY(ignores_the_deadline, IgnoresTheDeadline)
WEFT_TRY(drops_at_deadline, DropsAtDeadline)
WEFT_TRY(drops_at_end, DropsAtEnd)
WEFT_TRY(repeats, Repeats)
WEFT_TRY(takes_reset_for_the_end, TakesResetForTheEnd)
WEFT_TRY(opens_to_nobody, OpensToNobody)
WEFT_TRY(fails_without_cause, FailsWithoutCause)
WEFT_TRY(opens_only_once, OpensOnlyOnce)
WEFT_TRY(leaks_a_descriptor, LeaksADescriptor)
WEFT_TRY(leaves_a_fiber, LeavesAFiber)
WEFT_TRY(allocates, Allocates)
WEFT_TRY(shares_its_state, SharesItsState)
WEFT_TRY(refuses_empty_streams, RefusesEmptyStreams)
WEFT_TRY(needs_large_buffers, NeedsLargeBuffers)
