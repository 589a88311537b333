#pragma once

#include <weft/reactor/simulation/agenda.hpp>
#include <weft/reactor/simulation/chance.hpp>
#include <weft/reactor/simulation/feed.hpp>
#include <weft/reactor/simulation/flight.hpp>
#include <weft/reactor/simulation/simulation.hpp>
#include <weft/reactor/simulation/trace.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <semaphore>
#include <string>
#include <unordered_map>

namespace weft::simulation
{

/// What engine, offload, files and connections of a simulation share: time, chance, the agenda, the
/// descriptors and the answers of the plan. Rules that it keeps:
///   1. Everything that happens is on the agenda, and it alone moves the clock. There is one
///      generator of random numbers. So the seed decides everything.
///   2. Nothing is ordered by an address or by a hash: these differ from run to run.
///   3. What is to happen later knows operations by number, and looks whether they still are.
class World
{
public:
    explicit World(const SimulationOptions& options);
    ~World();

    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // Time.

    Clock::time_point now() const noexcept
    {
        return Clock::time_point(Clock::duration(time.load(std::memory_order_relaxed)));
    }

    Clock::time_point startTime() const noexcept
    {
        return start;
    }

    /// Never back.
    void moveClock(Clock::time_point to) noexcept;

    /// The machine does it, after that time.
    void later(std::chrono::nanoseconds delay, std::function<void()> happen);

    // Failures and the trace.

    void note(const char* what, std::uint64_t first = 0, std::uint64_t second = 0,
              std::uint64_t third = 0) noexcept;
    void fail(const std::string& reason);

    // Operations.

    /// What is transferred where so much could be.
    std::uint64_t shorten(std::uint64_t sizeBytes);

    /// Told that an operation has its result, when that is to be reported.
    using Reporter = std::function<void(std::uint64_t number)>;

    Flight& launch(Operation& operation);
    /// Null when it has been reported.
    Flight* find(std::uint64_t number) noexcept;
    Flight* find(const Operation& operation) noexcept;
    /// The kernel sees it.
    void begin(Flight& flight);
    /// It has this result. The engine hears of it later.
    void finish(Flight& flight, std::int32_t result);
    /// It will have, after that time and unless it ends otherwise before, what `result` answers.
    void finishAfter(const Flight& flight, std::chrono::nanoseconds delay,
                     std::function<std::int32_t()> result);
    /// A cancellation reaches the kernel.
    void cancel(std::uint64_t number);
    /// Reported: it is forgotten.
    void land(const Flight& flight);

    std::size_t flightCount() const noexcept
    {
        return flights.size();
    }

    // Descriptors.

    int newDescriptor(std::shared_ptr<OpenFile> file);
    std::shared_ptr<OpenFile> fileOf(int descriptor) const;
    /// False: there is no such descriptor.
    bool closeDescriptor(int descriptor);

    std::size_t descriptorCount() const noexcept
    {
        return descriptors.size();
    }

    // Of the plan.

    std::map<std::string, std::function<ConnectAnswer()>> endpoints; // "10.0.0.1:9000"
    std::map<std::string, std::function<OpenAnswer()>> files;
    std::map<std::string, std::function<NameAnswer()>> names;
    std::map<ContentId, FeedAccount> accounts;

    const Faults faults;
    Chance chance;
    Trace trace;
    Agenda agenda;
    std::function<void()> stepCheck;
    std::function<void(const std::string&)> failureHandler;
    Reporter reporter; // the engine's: finished operations
    /// Opened by run(): until then the reactor sleeps.
    std::binary_semaphore gate{0};
    Clock::time_point endTime;
    bool ended = false; // the reactor's thread

private:
    void open(Flight& flight);
    std::int32_t openAnswer(const OpenAnswer& answer);
    void stat(Flight& flight);
    void claimMemory(const Operation& operation, std::uint64_t number);

    struct MemoryClaim
    {
        const std::byte* end = nullptr;
        std::uint64_t number = 0; // of the operation
    };

    const Clock::time_point start;
    std::atomic<Clock::rep> time;
    std::map<std::uint64_t, Flight> flights;
    std::uint64_t flightsLaunched = 0;
    // Both only to look things up, for neither order is the same in the next run.
    std::unordered_map<const Operation*, std::uint64_t> numbers;
    std::map<const std::byte*, MemoryClaim> memory; // that operations read into, by its begin
    std::map<int, std::shared_ptr<OpenFile>> descriptors;
};

} // namespace weft::simulation
