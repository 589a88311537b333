#pragma once

#include <weft/sources/source_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

/// \file
/// What the contract test needs to know of the other side of a source. An author derives from
/// TcpPeer, PipePeer or FilePeer, or from one of the two classes here: LivePeer, which is told what
/// to do, or ProducingPeer, for what comes by itself.
///
/// One is made for each run of a source, and used by the thread of the test only; what is dear to
/// start, such as a broker, is shared by them. A constructor that throws fails the check. What a
/// peer cannot do keeps its default, and the checks that need it are skipped with the reason that
/// whyNot() gives.

namespace weft::contract
{

/// What some peers cannot do, because there is no such thing where they come from.
enum class Ability : std::uint8_t
{
    Unreachable,      // SourcePeer::unreachable()
    Unanswering,      // SourcePeer::unanswering()
    Simulation,       // SourcePeer::atSimulatedAddress() or atSimulatedPath()
    NothingAllocated, // SourcePeer::mayAllocate() is false
    End,              // LivePeer::end()
    Reset,            // LivePeer::reset()
};

class SourcePeer
{
public:
    virtual ~SourcePeer() = default;

    /// The parameters of a source that takes from this peer.
    virtual ParameterTexts configuration() = 0;

    /// The parameters of one that cannot be opened: nobody is there. None: there is no such thing.
    virtual std::optional<ParameterTexts> unreachable()
    {
        return std::nullopt;
    }

    /// The parameters of one whose open() waits, for longer than any test takes, for an answer that
    /// does not come. None: it never waits.
    virtual std::optional<ParameterTexts> unanswering()
    {
        return std::nullopt;
    }

    /// The parameters of a source that takes plain bytes, as they come, from this address of a
    /// simulated machine. None: the simulator has no such peer.
    virtual std::optional<ParameterTexts> atSimulatedAddress(const std::string& /*host*/,
                                                             std::uint16_t /*port*/)
    {
        return std::nullopt;
    }

    /// What the simulated peer says before its bytes: the head of an answer, for one.
    virtual std::string simulatedPreface() const
    {
        return {};
    }

    /// Whether the source reads bytes before it has a buffer for them, as those do that look for
    /// the marks of a protocol. What has been read ahead is lost when it is stopped, and only then.
    virtual bool readsAhead() const
    {
        return false;
    }

    /// The same as atSimulatedAddress() with this path.
    virtual std::optional<ParameterTexts> atSimulatedPath(const std::string& /*path*/)
    {
        return std::nullopt;
    }

    /// Whether fillBuffer may allocate memory once it is warm, as some client libraries do.
    virtual bool mayAllocate() const
    {
        return false;
    }

    /// How many can exist at once, each with its own source.
    virtual std::size_t instancesMost() const
    {
        return 16;
    }

    /// Why it cannot do that, for the report of the checks that are skipped: "datagrams have no
    /// end". Asked only for what it cannot do; empty: it does not say.
    virtual std::string whyNot(Ability /*ability*/) const
    {
        return {};
    }

protected:
    SourcePeer() = default;
    SourcePeer(const SourcePeer&) = default;
    SourcePeer& operator=(const SourcePeer&) = default;
};

/// A peer that says what it is told to say: a server, a broker, somebody at the end of a pipe. A
/// record is text of 8 to 100 characters without line ends.
class LivePeer : public SourcePeer
{
public:
    /// Returns when the source has come, which has been started and is being opened; it is what
    /// send() talks to from then on. False when it does not come for patience(). Called again when
    /// it is to come once more.
    virtual bool awaitSource() = 0;

    /// Sends one record; false when the source has gone, or takes nothing for patience().
    virtual bool send(std::string_view record) = 0;

    /// What the source delivers of it.
    virtual std::string delivered(std::string_view record) const
    {
        return std::string(record);
    }

    /// The stream ends, as well as it can end: false when such streams do not end.
    virtual bool end()
    {
        return false;
    }

    /// The connection breaks, and the source is to see that; false when it cannot break.
    virtual bool reset()
    {
        return false;
    }

    /// So much may be under way at most, where nothing makes the sender wait.
    virtual std::size_t windowBytes() const
    {
        return std::numeric_limits<std::size_t>::max();
    }
};

/// What delivers the same stream, and its end, whenever a source is opened: a file, a generator.
class ProducingPeer : public SourcePeer
{
public:
    /// The stream. Some hundred buffers of 1 KiB are best, for that many moments to stop at.
    virtual std::string content() = 0;
};

} // namespace weft::contract
