#pragma once

#include <weft/reactor/runtime_options.hpp>

#include "life.hpp"
#include "query.hpp"
#include "sim_options.hpp"
#include "wake_up_check.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace weft::sim
{

/// A whole worker of one seed: sources in queries, on a runtime on a simulated machine. What is
/// wrong fails the simulation.
class Worker
{
public:
    Worker(simulation::Simulation& simulation, std::uint64_t seed, const WorkerOptions& options);

    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Runs it from its start until everything has been stopped and has come back.
    void run();

    const Tally& tally() const noexcept
    {
        return context.tally;
    }

    /// That the engine was given.
    std::uint64_t operations() const noexcept
    {
        return operationCount;
    }

private:
    void makeQueries();
    RuntimeOptions runtimeOptions();
    void scheduleEnd();
    void endQueries();
    void shutDownRuntime();
    void awaitQueries(Patience::Moment since);
    void awaitBaseline(Patience::Moment since);
    void afterStep();
    void look();

    const WorkerOptions options;
    RunContext context;
    std::vector<std::unique_ptr<Query>> queries;
    WakeUpCheck wakeUps{context};
    Patience::Moment lastLook{};
    std::uint64_t looks = 0;
    std::uint64_t operationCount = 0;
};

} // namespace weft::sim
