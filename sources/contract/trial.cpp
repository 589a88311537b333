#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/async_source_runner.hpp>
#include <weft/sources/blocking_source_runner.hpp>
#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/trial.hpp>
#include <weft/sources/source_registry.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

namespace weft::contract
{

using namespace std::chrono_literals;

namespace
{

constexpr OriginId Origin = 17;

std::unique_ptr<SourceRunner> makeRunner(Runtime& runtime, Execution execution,
                                         const SourceDescriptor& descriptor,
                                         std::unique_ptr<Source> source)
{
    auto options = SourceRunnerOptions::from(descriptor);
    if (execution == Execution::Thread)
    {
        return std::make_unique<BlockingSourceRunner>(runtime, Origin, std::move(options),
                                                      std::move(source));
    }
    return std::make_unique<AsyncSourceRunner>(runtime, Origin, std::move(options),
                                               std::move(source));
}

std::string nextName()
{
    static std::atomic<unsigned> count = 0;
    return fmt::format("contract-{}", ++count);
}

ParameterTexts merged(ParameterTexts parameters, ParameterTexts overrides)
{
    overrides.merge(std::move(parameters));
    return overrides;
}

} // namespace

/// Counts the emit functions that exist.
class Trial::EmitLife
{
public:
    explicit EmitLife(std::shared_ptr<Gate> countingGate) : gate(std::move(countingGate))
    {
        ++gate->emitFunctions;
    }

    ~EmitLife()
    {
        --gate->emitFunctions;
    }

    EmitLife(const EmitLife&) = delete;
    EmitLife& operator=(const EmitLife&) = delete;

private:
    std::shared_ptr<Gate> gate;
};

Trial::Trial(Runtime& trialRuntime, Execution execution, const std::string& type,
             ParameterTexts parameters, ParameterTexts overrides)
    : runtime(trialRuntime),
      name(nextName()),
      record(std::make_shared<EventRecord>(Origin))
{
    const SourceDescriptor descriptor(name, type,
                                      merged(std::move(parameters), std::move(overrides)));
    auto source = SourceRegistry::instance().find(type)->make(descriptor);
    sourceRunner = makeRunner(runtime, execution, descriptor,
                              observe(std::move(source), observation, listenerObservation));
}

Trial::~Trial()
{
    release();
    end();
}

void Trial::stopAt(Moment moment, std::uint64_t nth)
{
    stopAt(*observation, moment, nth);
}

void Trial::stopListenerAt(Moment moment)
{
    stopAt(*listenerObservation, moment, 1);
}

void Trial::stopAt(Observation& observed, Moment moment, std::uint64_t nth)
{
    observed.at = [runner = sourceRunner.get(), moment, nth, count = std::uint64_t(0),
                   stopped = ownStop](Moment reached) mutable
    {
        if (reached == moment && ++count == nth)
        {
            *stopped = true;
            runner->stop();
        }
    };
}

void Trial::holdFirst()
{
    gate->holds = true;
}

void Trial::slowDown()
{
    gate->slowEvents = 20;
}

/// Only what takes little stack: it runs where the source runs.
void Trial::Gate::pass()
{
    if (slowEvents > 0)
    {
        --slowEvents;
        // Early when a stop comes.
        [[maybe_unused]] const auto slept = io::sleepFor(200us);
    }
    // A downstream that is in no hurry when the source is stopped.
    const StopShield shield;
    while (holds)
    {
        held = true;
        [[maybe_unused]] const auto slept = io::sleepFor(500us);
    }
}

EmitFunction Trial::makeEmit()
{
    return [life = std::make_unique<EmitLife>(gate), events = record, seen = observation,
            passage = gate](OriginId origin, SourceEvent event)
    {
        if (std::holds_alternative<SourceData>(event))
        {
            seen->reach(Moment::Emitting);
            passage->pass();
        }
        events->take(origin, std::move(event));
    };
}

void Trial::start()
{
    if (!sourceRunner->start(makeEmit()))
    {
        throw std::runtime_error("the runner refuses the first start");
    }
    started = true;
}

bool Trial::isOver() const
{
    const auto state = sourceRunner->statistics().state;
    return state == SourceState::Ended || state == SourceState::Failed ||
           state == SourceState::Stopped;
}

void Trial::meet(LivePeer& peer, std::uint64_t nth)
{
    if (!peer.awaitSource())
    {
        throw std::runtime_error("the source has not come to its peer" + place());
    }
    const bool met = awaitCondition(
        [&]
        {
            return observation->opens >= nth || isOver();
        });
    if (!met)
    {
        throw std::runtime_error("the source has come to its peer, and open() does not return");
    }
}

bool Trial::send(LivePeer& peer, std::string_view bytes)
{
    const auto delivered = peer.delivered(bytes);
    // A peer whose bytes get lost when there are too many.
    const bool hasRoom = awaitCondition(
        [&]
        {
            const auto received = record->receivedBytes();
            return isOver() || received >= expected.size() ||
                   expected.size() - received + delivered.size() <= peer.windowBytes();
        });
    if (!hasRoom)
    {
        throw std::runtime_error("the source does not deliver what it was sent" + place());
    }
    // Before it is sent: it may come at once.
    expected += delivered;
    return !isOver() && peer.send(bytes);
}

void Trial::expect(std::string_view bytes)
{
    expected += bytes;
}

bool Trial::awaitExpected()
{
    const bool came = awaitCondition(
        [&]
        {
            return hasExpected() || isOver();
        });
    if (!came)
    {
        throw std::runtime_error(fmt::format("bytes are missing: {} of {} have come{}",
                                             record->receivedBytes(), expected.size(), place()));
    }
    return hasExpected();
}

void Trial::awaitOver()
{
    const bool over = awaitCondition(
        [&]
        {
            return isOver();
        });
    if (!over)
    {
        throw std::runtime_error("the source does not come to its end" + place());
    }
}

void Trial::awaitHeld()
{
    const bool isHeld = awaitCondition(
        [&]
        {
            return gate->held.load();
        });
    if (!isHeld)
    {
        throw std::runtime_error("the source emits nothing" + place());
    }
}

void Trial::release()
{
    gate->holds = false;
}

std::string Trial::place() const
{
    const auto failure = record->failure();
    return fmt::format("; it is {}, with {} calls of fillBuffer behind it{}",
                       toString(observation->latest), observation->fills.load(),
                       failure ? ", and has failed: " + failure->message : "");
}

void Trial::end()
{
    if (sourceRunner->tryStop(patience()) != TryStopResult::Success)
    {
        giveUp("the source does not stop" + place());
    }
    // The fiber ends a moment after it has told so, and so do those of its connections.
    const bool noFiberLeft = awaitCondition(
        [&]
        {
            return std::ranges::none_of(runtime.fibers(),
                                        [this](const FiberInfo& fiber)
                                        {
                                            return fiber.name == name ||
                                                   fiber.name.starts_with(name + '#');
                                        });
        });
    if (!noFiberLeft)
    {
        giveUp("the source is over, and its fiber is not");
    }
}

void Trial::conclude()
{
    release();
    end();
    for (const auto* const seen : {observation.get(), listenerObservation.get()})
    {
        EXPECT_EQ(seen->closes, seen->opens) << "close() runs exactly when open() has returned";
        if (started)
        {
            EXPECT_EQ(seen->destructions, seen->constructions) << "the source is destroyed";
        }
    }
    if (started)
    {
        EXPECT_EQ(emitFunctions(), 0) << "the emit function is destroyed";
    }
    checkEvents();
    checkBytes();
}

void Trial::checkFailure(const SourceFailure& failure)
{
    EXPECT_TRUE(failure.code) << "a failure has an error code as its cause (throw a SourceError); "
                                 "this one says: "
                              << failure.message;
    EXPECT_FALSE(failure.message.empty());
}

void Trial::checkEvents() const
{
    for (const auto& violation : record->violations())
    {
        ADD_FAILURE() << violation;
    }
    EXPECT_LE(record->lastEvents(), 1) << "one last event at most";
    if (const auto failure = record->failure())
    {
        EXPECT_TRUE(failureExpected) << "the source fails: " << failure->message;
        checkFailure(*failure);
    }
    for (const auto& [number, connection] : record->connections())
    {
        if (connection.failure)
        {
            EXPECT_EQ(number, failingConnection)
                << "connection " << number << " fails: " << connection.failure->message;
            checkFailure(*connection.failure);
        }
        EXPECT_FALSE(stoppedItself() && connection.ended)
            << "no end of a connection after a stop: " << number;
    }
    if (stoppedItself())
    {
        EXPECT_FALSE(record->ended()) << "no end of stream after a stop";
    }
    if (record->ended())
    {
        EXPECT_TRUE(endExpected) << "the source says that the stream has ended, and it has not";
    }
}

void Trial::checkBytes() const
{
    const auto received = record->received();
    const auto wrong = std::ranges::mismatch(received, expected);
    if (wrong.in1 != received.end())
    {
        const auto at = wrong.in1 - received.begin();
        ADD_FAILURE() << "byte " << at << " of " << received.size() << " is not what was sent: \""
                      << received.substr(static_cast<std::size_t>(at), 40) << "\" instead of \""
                      << expected.substr(
                             std::min<std::size_t>(static_cast<std::size_t>(at), expected.size()),
                             40)
                      << '"';
    }
    else if (record->ended())
    {
        EXPECT_EQ(received.size(), expected.size()) << "bytes are missing at the end of the stream";
    }
}

} // namespace weft::contract
