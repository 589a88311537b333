#include <weft/memory/assert.hpp>
#include <weft/reactor/outside_reactor.hpp>
#include <weft/reactor/simulation/simulated_engine.hpp>
#include <weft/reactor/simulation/world.hpp>

#include <algorithm>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace weft::simulation
{

using namespace std::chrono_literals;

namespace
{

/// For the trace: the operation's number, its descriptor, and the most bytes that it transfers.
const char* wordsFor(OperationKind kind) noexcept
{
    switch (kind)
    {
    case OperationKind::Open:
        return "operation {}: open";
    case OperationKind::Close:
        return "operation {}: close descriptor {}";
    case OperationKind::Read:
    case OperationKind::ReadVectored:
        return "operation {}: read from descriptor {}, {} bytes at most";
    case OperationKind::Write:
    case OperationKind::WriteVectored:
        return "operation {}: write to descriptor {}, {} bytes at most";
    case OperationKind::Sync:
        return "operation {}: fsync descriptor {}";
    case OperationKind::Stat:
        return "operation {}: stat descriptor {}";
    case OperationKind::Connect:
        return "operation {}: connect descriptor {}";
    case OperationKind::Accept:
        return "operation {}: accept on descriptor {}";
    case OperationKind::Receive:
    case OperationKind::ReceiveMessage:
        return "operation {}: receive on descriptor {}, {} bytes at most";
    case OperationKind::Send:
    case OperationKind::SendMessage:
        return "operation {}: send on descriptor {}, {} bytes at most";
    case OperationKind::Shutdown:
        return "operation {}: shut descriptor {} down";
    case OperationKind::Poll:
        return "operation {}: wait for descriptor {} to be ready";
    }
    return "operation {}";
}

} // namespace

SimulatedEngine::SimulatedEngine(World& owner, const EngineOptions& options)
    : world(owner),
      wakeDescriptor(options.wakeDescriptor)
{
    world.reporter = [this](std::uint64_t number)
    {
        reportable.push_back(number);
    };
}

SimulatedEngine::~SimulatedEngine()
{
    WEFT_ASSERT(world.flightCount() == 0);
    world.reporter = nullptr;
}

Clock::time_point SimulatedEngine::now() noexcept
{
    return world.now();
}

void SimulatedEngine::start(Operation& operation) noexcept
{
    WEFT_ASSERT(operation.phase == Operation::Phase::Idle);
    ++counters.operations;
    operation.phase = Operation::Phase::Submitted;
    const auto& flight = world.launch(operation);
    queued.push_back(flight.number);
    world.note(wordsFor(operation.kind), flight.number,
               static_cast<std::uint64_t>(operation.descriptor), sizeOf(operation));
}

void SimulatedEngine::cancel(Operation& operation) noexcept
{
    WEFT_ASSERT(operation.phase != Operation::Phase::Idle);
    auto& flight = *world.find(operation);
    if (std::exchange(flight.cancellationAsked, true))
    {
        return;
    }
    ++counters.cancellations;
    world.note("operation {}: to be cancelled", flight.number);
    world.later(world.chance.spread(0ns, 100us),
                [this, number = flight.number]
                {
                    std::erase(queued, number);
                    world.cancel(number);
                });
}

/// Hands over what has been started, in order. A submission queue that is full keeps the rest.
void SimulatedEngine::submit(bool everything)
{
    while (!queued.empty())
    {
        if (!everything && world.faults.queueFull != 0 &&
            world.chance.oneIn(world.faults.queueFull))
        {
            ++counters.queuedOperations;
            return;
        }
        const auto number = queued.front();
        queued.pop_front();
        world.begin(*world.find(number));
    }
}

void SimulatedEngine::poll() noexcept
{
    ++counters.systemCalls;
    submit(false);
    happenUntil(world.now() + world.chance.spread(0ns, 5us));
    report();
}

void SimulatedEngine::aboutToPark() noexcept
{
    if (!std::exchange(begun, true))
    {
        world.gate.acquire();
    }
    // Other threads do not wait until the reactor sleeps: some act in just this moment.
    if (!world.agenda.empty() && world.agenda.next().isAction() && world.chance.oneIn(2))
    {
        happenNext();
    }
}

void SimulatedEngine::park(Clock::time_point until) noexcept
{
    ++counters.systemCalls;
    if (world.stepCheck && !world.ended)
    {
        world.stepCheck();
    }
    submit(true);
    while (!somethingToReport() && world.now() < until)
    {
        const auto next = std::min(world.agenda.nextTime(), until);
        if (next == NoDeadline)
        {
            if (!world.ended)
            {
                world.fail("everybody waits, and nothing can happen any more");
            }
            parkForReal();
            break;
        }
        if (next == until)
        {
            world.moveClock(until);
            break;
        }
        happenNext();
        if (world.ended)
        {
            takeWakeUp(); // of threads that are real
        }
    }
    if (world.faults.clockJump != 0 && world.chance.oneIn(world.faults.clockJump))
    {
        const auto jump = world.chance.spread(1s, 600s);
        world.note("the machine stands still for {} ms",
                   static_cast<std::uint64_t>(jump / std::chrono::milliseconds(1)));
        world.moveClock(world.now() + jump);
    }
    report();
}

/// What is due by then, and no later, happens; the clock stands at `until` after it.
void SimulatedEngine::happenUntil(Clock::time_point until)
{
    while (world.agenda.nextTime() <= until)
    {
        happenNext();
    }
    world.moveClock(until);
}

void SimulatedEngine::happenNext()
{
    const auto entry = world.agenda.take();
    world.moveClock(entry.time);
    if (!entry.isAction())
    {
        entry.happen();
        return;
    }
    world.note(entry.what);
    {
        const OutsideReactor outside;
        entry.happen();
    }
    takeWakeUp();
}

/// Whether the reactor has been woken meanwhile; it takes a while to notice.
void SimulatedEngine::takeWakeUp()
{
    std::uint64_t wakes = 0;
    if (::read(wakeDescriptor, &wakes, sizeof(wakes)) != sizeof(wakes))
    {
        return;
    }
    ++counters.wakeUps;
    const bool isLate = world.faults.lateWakeUp != 0 && world.chance.oneIn(world.faults.lateWakeUp);
    world.later(isLate ? world.chance.spread(10us, 20ms) : world.chance.spread(0ns, 10us),
                [this]
                {
                    world.note("the reactor wakes up");
                    awakened = true;
                });
}

/// The simulation is over: what is awaited is what real threads do, the end of the runtime.
void SimulatedEngine::parkForReal()
{
    pollfd awaited = {.fd = wakeDescriptor, .events = POLLIN, .revents = 0};
    ::poll(&awaited, 1, -1);
    takeWakeUp();
}

bool SimulatedEngine::somethingToReport() const noexcept
{
    return awakened || !reportable.empty();
}

/// In any order: completions of different operations have none that could be relied upon.
void SimulatedEngine::report()
{
    awakened = false;
    auto numbers = std::exchange(reportable, {});
    while (!numbers.empty())
    {
        const auto index = world.chance.below(numbers.size());
        std::swap(numbers[index], numbers.back());
        auto& flight = *world.find(numbers.back());
        numbers.pop_back();
        auto& operation = *flight.operation;
        operation.result = flight.result;
        operation.phase = Operation::Phase::Idle;
        if (flight.result >= 0)
        {
            world.note("operation {} ends: {}", flight.number,
                       static_cast<std::uint64_t>(flight.result));
        }
        else
        {
            world.note("operation {} ends with {errno}", flight.number,
                       static_cast<std::uint64_t>(-flight.result));
        }
        ++counters.completions;
        world.land(flight);
        operation.completed(operation);
    }
}

} // namespace weft::simulation
