#pragma once

#include <weft/reactor/machine.hpp>
#include <weft/reactor/simulation/chance.hpp>
#include <weft/reactor/simulation/feed.hpp>
#include <weft/reactor/simulation/trace.hpp>
#include <weft/timers/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <semaphore>
#include <string>

namespace weft
{

class Runtime;
struct RuntimeOptions;

} // namespace weft

namespace weft::simulation
{

class SimulatedOffload;
class World;

/// How often things go wrong that may go wrong at any time; each is "one in so many", zero never.
struct Faults
{
    std::uint32_t shortTransfer = 3;    // reads that get less than there is
    std::uint32_t socketRefused = 400;  // socket(2) or open(2): EMFILE
    std::uint32_t cancellationLost = 3; // cancellations that come after the completion
    std::uint32_t slowCompletion = 20;  // completions that are reported much later
    std::uint32_t queueFull = 50;       // operations that wait before the kernel sees them
    std::uint32_t lateWakeUp = 10;      // wake-ups by other threads that take long to arrive
    std::uint32_t clockJump = 20000;    // parks that end with the clock far ahead
    std::uint32_t threadsSlow = 10;     // offloaded calls that take long
};

struct SimulationOptions
{
    std::uint64_t seed = 0;
    Faults faults;
};

/// A machine in memory: files, connections, names and time, driven by one seed on one thread. The
/// reactor of a runtime on it runs as always, and its engine, instead of waiting, moves the clock
/// to what happens next. What other threads would do are actions that run on the reactor's thread
/// while it parks, and pass for another thread (OutsideReactor).
///
///     Simulation simulation({.seed = 42});
///     simulation.addEndpoint("10.0.0.1", 9000, [&] { return FeedPlan{...}; });
///     Runtime runtime(simulation.runtimeOptions());
///     simulation.after(0ns, "start", [&] { source.start(emit); });
///     simulation.after(1h, "over", [&] { simulation.end(); });
///     simulation.run();
///
/// Same seed, same actions: same run, which trace().digest() tells. Until run(), nothing but adding
/// to the world and the agenda; from then on, everything by actions and by fibers. Limits: one
/// reactor; sources on threads, and Boost.Fiber's own timed waits, keep to the machine's clock and
/// do not belong here. An action must not block; tryStop() with a time-out of zero does not.
class Simulation final : public Machine
{
public:
    using Action = std::function<void()>;

    explicit Simulation(const SimulationOptions& options);
    ~Simulation();

    /// For a runtime of one reactor on this machine; numbers of buffers, stacks and so on may be
    /// changed.
    RuntimeOptions runtimeOptions();

    // The world. Before run(), or from an action, an answer or a fiber.

    /// What a connection to this address meets. Without one it is refused.
    void addEndpoint(const std::string& host, std::uint16_t port,
                     std::function<ConnectAnswer()> answer);
    /// What opening this path meets. Without one it is ENOENT.
    void addFile(const std::string& path, std::function<OpenAnswer()> answer);
    /// What a look-up of this name meets. Without one the name is unknown.
    void addName(const std::string& name, std::function<NameAnswer()> answer);

    /// Runs the action as another thread would, at that time or soon after. `what` is a literal
    /// for the trace.
    void at(Clock::time_point time, const char* what, Action action);
    void after(std::chrono::nanoseconds duration, const char* what, Action action);

    /// Called after each step of the reactor: whenever it is about to park.
    void afterEachStep(Action check);
    /// Called, with the reason, when something is found that must not be: by fail(), by the engine
    /// itself, and when everybody waits and nothing can happen any more. Must not return.
    void onFailure(std::function<void(const std::string&)> handler);
    void fail(const std::string& reason);

    /// Lets time run until end(). Not on a reactor; while the runtime exists.
    void run();
    /// In an action: the last one. What is still under way goes on; run() returns.
    void end();

    // To look at, from actions, answers and fibers; trace() also when run() has returned, and
    // everything when the runtime has gone.

    Clock::time_point now() const noexcept;
    /// When the simulation began.
    Clock::time_point startTime() const noexcept;
    /// When end() was called. After run().
    Clock::time_point endTime() const noexcept;
    Chance& chance() noexcept;
    Trace& trace() noexcept;
    FeedAccount account(ContentId content) const;
    std::size_t openDescriptors() const noexcept;
    std::size_t operationsInFlight() const noexcept;
    std::size_t offloadedCalls() const noexcept;

    // Machine.

    std::unique_ptr<Engine> makeEngine(const EngineOptions& options) override;
    OffloadExecutor& offloadExecutor(OffloadExecutor& pool) noexcept override;
    std::expected<std::vector<SocketAddress>, std::error_code> lookUp(const std::string& host,
                                                                      std::uint16_t port) override;
    int socket(int family, int type) noexcept override;
    void close(int descriptor) noexcept override;
    int getsockname(int descriptor, SocketAddress& address) noexcept override;
    int getpeername(int descriptor, SocketAddress& address) noexcept override;
    void delayAcknowledgements(int descriptor) noexcept override;
    mode_t fileMode(int descriptor) noexcept override;

private:
    std::unique_ptr<World> world;
    std::unique_ptr<SimulatedOffload> offload;
    std::binary_semaphore over{0};
};

} // namespace weft::simulation
