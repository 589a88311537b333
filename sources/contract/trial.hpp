#pragma once

#include <weft/sources/contract/event_record.hpp>
#include <weft/sources/contract/observed_source.hpp>
#include <weft/sources/contract/source_peer.hpp>
#include <weft/sources/source_runner.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weft
{
class Runtime;
}

namespace weft::contract
{

/// What runs the sources of a check.
enum class Execution : std::uint8_t
{
    Fiber,
    Thread,
};

/// One source in one life: made from parameters, started, watched, ended, judged. Used by the
/// thread of the test. Whatever becomes of it, conclude() says what is against the contract.
class Trial
{
public:
    /// `overrides` replace what the peer's parameters say.
    Trial(Runtime& runtime, Execution execution, const std::string& type, ParameterTexts parameters,
          ParameterTexts overrides = {});
    /// Ends what still runs; ends the program where that cannot be done.
    ~Trial();

    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;

    // Before start().

    /// The source is stopped at the n-th time that it comes to this moment, by itself; of one that
    /// listens, that its one connection does.
    void stopAt(Moment moment, std::uint64_t nth = 1);
    /// The same when the listening source itself does.
    void stopListenerAt(Moment moment);
    /// The emit function suspends at its first event until release().
    void holdFirst();
    /// The emit function suspends for a little at each of its first events.
    void slowDown();

    void start();

    // What peer and source do. All of these throw std::runtime_error, with the reason, when it does
    // not come to that.

    /// The source has come to its peer, and open() has returned for the n-th time. Neither when it
    /// is over before.
    void meet(LivePeer& peer, std::uint64_t nth = 1);
    /// Sends a record, and expects what comes of it. False when the source has gone.
    bool send(LivePeer& peer, std::string_view record);
    /// Everything that is expected has come, or the source is over. False in the second case.
    bool awaitExpected();
    /// The source is over: it has ended, failed or been stopped.
    void awaitOver();
    /// The first event is held.
    void awaitHeld();
    void release();

    /// The source delivers this, too.
    void expect(std::string_view bytes);

    /// The stream ends after what is expected.
    void expectEnd() noexcept
    {
        endExpected = true;
    }

    /// It fails.
    void expectFailure() noexcept
    {
        failureExpected = true;
    }

    /// This connection of it does, and no other.
    void expectFailureOf(ConnectionNumber connection) noexcept
    {
        failingConnection = connection;
    }

    /// It has come to the moment of stopAt().
    bool stoppedItself() const noexcept
    {
        return *ownStop;
    }

    bool isOver() const;

    bool hasExpected() const
    {
        return record->receivedBytes() >= expected.size();
    }

    /// Stops it, waits for that and checks all that holds for each source: closed as often as
    /// opened, emit function gone, at most one last event and that a right one, what it emitted the
    /// beginning of what was expected, and all of it when the stream has ended. Fails the test by
    /// GoogleTest.
    void conclude();

    SourceRunner& runner() noexcept
    {
        return *sourceRunner;
    }

    /// Of a source that listens: its connections.
    Observation& seen() noexcept
    {
        return *observation;
    }

    const EventRecord& events() const noexcept
    {
        return *record;
    }

    /// Emit functions of it that exist.
    int emitFunctions() const noexcept
    {
        return gate->emitFunctions;
    }

private:
    /// Where the emit function waits.
    struct Gate
    {
        std::atomic<bool> holds = false;
        std::atomic<bool> held = false;
        std::atomic<int> slowEvents = 0;
        std::atomic<int> emitFunctions = 0;

        void pass();
    };

    class EmitLife;

    void stopAt(Observation& observed, Moment moment, std::uint64_t nth);
    EmitFunction makeEmit();
    void end();
    std::string place() const;
    static void checkFailure(const SourceFailure& failure);
    void checkEvents() const;
    void checkBytes() const;

    Runtime& runtime;
    const std::string name; // of its fiber or thread
    std::shared_ptr<Observation> observation = std::make_shared<Observation>();
    std::shared_ptr<Observation> listenerObservation = std::make_shared<Observation>();
    std::shared_ptr<EventRecord> record;
    std::shared_ptr<Gate> gate = std::make_shared<Gate>();
    std::unique_ptr<SourceRunner> sourceRunner;
    std::string expected;
    bool endExpected = false;
    bool failureExpected = false;
    ConnectionNumber failingConnection = 0; // none
    bool started = false;
    std::shared_ptr<std::atomic<bool>> ownStop = std::make_shared<std::atomic<bool>>(false);
};

} // namespace weft::contract
