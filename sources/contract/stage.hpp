#pragma once

#include <weft/reactor/engine_options.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/contract/client_peer.hpp>
#include <weft/sources/contract/source_peer.hpp>
#include <weft/sources/contract/trial.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weft::contract
{

/// A type of source and the peers that it is tested with.
struct Subject
{
    std::string type;
    std::string peerName;
    std::function<std::unique_ptr<SourcePeer>()> makePeer;
};

/// Every message at once, so that a check knows what is emitted when.
inline const ParameterTexts AtOnce{{"flush_interval", "0"}};

/// What a check cannot look at with this peer; it counts as skipped, with the reason.
class NotApplicable : public std::runtime_error
{
    using std::runtime_error::runtime_error;
};

/// Ends the check, which needs what the peer cannot do: throws NotApplicable with its reason.
[[noreturn]] void skip(const SourcePeer& peer, Ability missing);

/// Where one check runs: on one engine, by one runner.
class Stage
{
public:
    Stage(const Subject& testedSubject, Execution sourceExecution, EngineKind engineKind)
        : subject(testedSubject),
          execution(sourceExecution),
          engine(engineKind)
    {
    }

    /// Starts the runtime, of one reactor; with so many buffers, each of 1 KiB. The first of all
    /// calls.
    void open(std::uint32_t buffers = 64);

    std::unique_ptr<SourcePeer> makePeer() const
    {
        return subject.makePeer();
    }

    /// A peer that does as it is told; NotApplicable when the subject's do not.
    std::unique_ptr<LivePeer> makeLivePeer() const;

    /// A client of a source that listens; the subject's must be.
    std::unique_ptr<ClientPeer> makeClientPeer() const;

    /// A source for the peer, not started. One that listens ends with its first connection if the
    /// overrides do not say otherwise.
    std::unique_ptr<Trial> makeTrial(ParameterTexts parameters, ParameterTexts overrides = {});

    bool hasParameter(std::string_view name) const;

    /// The names of the fibers that have not ended, when patience is over.
    std::string fibersLeft() const;

private:
    const Subject& subject;
    const Execution execution;
    const EngineKind engine;
    std::optional<Runtime> runtime;
};

struct Check
{
    const char* name;
    void (*run)(Stage& stage);
};

/// For every peer, the first two; for a LivePeer; for a ClientPeer.
std::span<const Check> stopChecks() noexcept;
std::span<const Check> commonChecks() noexcept;
std::span<const Check> liveChecks() noexcept;
std::span<const Check> listenChecks() noexcept;

/// Why this check is not for sources that listen; null for those that are.
const char* reasonNotToListen(std::string_view check) noexcept;

/// On a simulated machine, which does not need a stage.
struct SimulatedCheck
{
    const char* name;
    void (*run)(const Subject& subject);
};

std::span<const SimulatedCheck> simulatedChecks() noexcept;

/// A record for LivePeer::send(); no two are alike.
std::string recordOf(std::size_t number);

/// Starts the trial and has the peer deliver: `records` of a live one, or all that a producing one
/// has; and then its end where it has one. Returns when all of that has come, or the source is
/// over. With `eachAwaited` a record is sent when the one before it has come.
void runStream(Trial& trial, SourcePeer& peer, std::size_t records, bool eachAwaited = false);

/// A life that the source ends by itself, by a stop at that moment. False when it did not come to
/// that.
bool stopAtMoment(Stage& stage, Moment moment, std::uint64_t nth);

} // namespace weft::contract
