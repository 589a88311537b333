#pragma once

#include <weft/reactor/runtime.hpp>

#include "baseline.hpp"
#include "buffer_holder.hpp"
#include "consumer_groups.hpp"
#include "demo_directory.hpp"
#include "findings.hpp"
#include "interrupt_signals.hpp"
#include "life.hpp"
#include "peer.hpp"
#include "prompter.hpp"
#include "roster.hpp"
#include "soak_options.hpp"
#include "tally.hpp"
#include "watchdog.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::soak
{

/// One line of the table of what must come back: after the last round in which it was looked at.
struct BaselineResult
{
    Baseline before;
    Baseline after;
    std::int64_t residentFirst = 0; // after the first round
    std::int64_t residentMost = 0;
    std::int64_t residentLast = 0;
};

enum class SoakEnd : std::uint8_t
{
    TimeIsOver,
    Violation,
    Interrupted,
};

/// The whole soak: rounds of a mixed population of sources with faults. After each round everything
/// is stopped and what they held must have come back.
class Soak
{
public:
    /// `signals`: made before any thread.
    Soak(const SoakOptions& soakOptions, tools::InterruptSignals& interruptSignals);
    ~Soak();

    Soak(const Soak&) = delete;
    Soak& operator=(const Soak&) = delete;

    SoakEnd run();

    const Tally& tally() const noexcept
    {
        return soakTally;
    }

    const Findings& findings() const noexcept
    {
        return allFindings;
    }

    const BaselineResult& baseline() const noexcept
    {
        return baselineResult;
    }

    std::uint64_t buffersHeld() const
    {
        return holder.heldSoFar();
    }

    std::chrono::nanoseconds runningTime() const
    {
        return Clock::now() - startTime;
    }

private:
    /// The place of one source; its lives follow one another.
    struct Slot
    {
        std::unique_ptr<Life> life;
        std::uint32_t lives = 0; // in this round
        Clock::time_point due{};
    };

    void startRuntime();
    void endRuntime();
    void runRound();
    void stepSlots();
    void startLife(std::uint32_t source);
    void endLife(std::uint32_t source, std::optional<StopKind> how);
    void awaitEndsOfStreams();
    void endRound(RoundEnd how);
    void endLives(RoundEnd how);
    void stopFromManyThreads();
    void checkBaseline(RoundEnd how);
    void checkMemory();
    bool pause(std::chrono::milliseconds time);
    void showProgress();

    const SoakOptions options;
    tools::InterruptSignals& signals;
    const Clock::time_point startTime = Clock::now();
    const tools::DemoDirectory directory;
    Tally soakTally;
    Findings allFindings;
    Roster roster;
    Watchdog watchdog;
    Peer peer;
    BufferHolder holder;
    Prompter prompter;
    SoakContext context;
    Plant plant; // what is still to be planted
    std::unique_ptr<Runtime> runtime;
    std::optional<ConsumerGroups> groups; // while a round runs
    std::uint32_t round = 0;
    std::vector<Slot> slots;
    BaselineResult baselineResult;
    std::optional<SoakEnd> endsEarly;
    Clock::time_point progressDue;
};

} // namespace weft::soak
