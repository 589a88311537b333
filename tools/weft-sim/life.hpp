#pragma once

#include <weft/reactor/simulation/simulation.hpp>
#include <weft/sources/emit_when_ready.hpp>
#include <weft/sources/source_handle.hpp>

#include "held_buffers.hpp"
#include "patience.hpp"
#include "plan.hpp"
#include "stream_check.hpp"
#include "tally.hpp"

#include <boost/fiber/buffered_channel.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft
{

class Runtime;

} // namespace weft

namespace weft::sim
{

/// What all parts of a run share. They run on the reactor's thread, fibers and actions alike.
struct RunContext
{
    simulation::Simulation& simulation;
    Runtime* runtime = nullptr; // while it exists
    Chance chance;              // of everything that is planned
    Patience patience;
    Tally tally;
    HeldBuffers held;
    ContentId contents = 1; // the next one's
    /// Of some of the consumers that refuse: they hear signals that are meant for others.
    std::shared_ptr<EmitReadiness> sharedReadiness = std::make_shared<EmitReadiness>();
    bool buffersScarce = false; // fewer than sources: some are refused
};

/// A source from its start until its handle has gone, with its consumer. Kept by whoever still has
/// something to do with it.
class Life : public std::enable_shared_from_this<Life>
{
public:
    /// `whenOver` is called in an action, once everything has been checked.
    Life(RunContext& runContext, const SourcePlan& source, LifePlan lifePlan, OriginId lifeOrigin,
         std::function<void()> whenOver);

    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;

    // Actions.

    void start();
    void requestFlush();
    void askStop(StopKind kind);

    // What its world answers it.

    StreamCheck& check() noexcept
    {
        return stream;
    }

    void answered() noexcept
    {
        ++answers;
    }

    /// Fails the run when it is late with anything. Any time.
    void look();

    /// A stop is asked for, by whatever means.
    void noteStop();

    bool wasAskedToStop() const noexcept
    {
        return stopAsked.has_value();
    }

private:
    /// The runtime's copy of the emit function; its end is told.
    class Emitter;

    using Channel = boost::fibers::buffered_channel<HeldBuffers::Id>;

    EmitFunction makeEmitFunction();
    void take(OriginId origin, SourceEvent event);
    bool offer(OriginId origin, SourceEvent& event);
    void see(OriginId origin, const SourceEvent& event);
    void actInEmit();
    void consume(SourceData data);
    void sleepInEmit();
    void startChannelFiber();
    void releaseLater(HeldBuffers::Id id);
    void releaseWindow();
    void emitterGone();
    void pollOver();
    void destroyHandle();
    void finish();

    // look()
    Patience::Moment answerMost() const noexcept;
    void lookAtStop(Patience::Moment now);
    void lookAtData(Patience::Moment now);
    void lookAtFlush(Patience::Moment now, bool partlyFilled);
    void lookAtOpening(Patience::Moment now, bool isOpen);

    RunContext& context;
    const SourcePlan& source;
    const LifePlan plan;
    const OriginId origin;
    StreamCheck stream;
    std::function<void()> whenOver;
    std::optional<SourceHandle> handle;

    // Its consumer.
    Place place; // of the event that is being taken
    std::uint64_t events = 0;
    std::uint64_t notTaken = 0; // buffers
    bool inEmit = false;
    bool offered = false; // the event has been seen, and refused
    bool emitGone = false;
    std::shared_ptr<std::uint64_t> heldCount = std::make_shared<std::uint64_t>(0);
    std::vector<HeldBuffers::Id> window;
    std::shared_ptr<Channel> channel;
    std::shared_ptr<EmitReadiness> readiness;

    // Where it stands.
    std::optional<Patience::Moment> stopAsked;
    // What a look has found that must not last, since when; both begin anew with progress.
    Lateness reading;
    Lateness flushing;
    Lateness opening;
    std::uint64_t answers = 0;
    bool demanded = false; // a flush, since the last buffer
    Patience::Moment demandedAt{};
    bool destroying = false;
    bool polling = false;
    bool isOver = false;
};

} // namespace weft::sim
