#pragma once

#include <weft/reactor/engine.hpp>
#include <weft/reactor/engine_options.hpp>

#include <cstdint>
#include <deque>
#include <vector>

namespace weft::simulation
{

class World;

/// The engine of a simulated machine. It submits, reports and sleeps as the real ones do, but
/// sleeping means to let happen, one after the other, what is on the agenda until something is to
/// be reported. Only then does time go by, and a little in each turn.
class SimulatedEngine final : public Engine
{
public:
    SimulatedEngine(World& world, const EngineOptions& options);
    ~SimulatedEngine() override;

    SimulatedEngine(const SimulatedEngine&) = delete;
    SimulatedEngine& operator=(const SimulatedEngine&) = delete;

    std::string_view name() const noexcept override
    {
        return "simulated";
    }

    Clock::time_point now() noexcept override;
    void start(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    void poll() noexcept override;
    void aboutToPark() noexcept override;
    void park(Clock::time_point until) noexcept override;

    EngineStatistics statistics() const noexcept override
    {
        return counters;
    }

private:
    void submit(bool everything);
    void happenUntil(Clock::time_point until);
    void happenNext();
    void takeWakeUp();
    void parkForReal();
    bool somethingToReport() const noexcept;
    void report();

    World& world;
    const int wakeDescriptor;
    std::deque<std::uint64_t> queued;
    std::vector<std::uint64_t> reportable;
    bool begun = false;
    bool awakened = false;
    EngineStatistics counters; // read by others only after the end
};

} // namespace weft::simulation
