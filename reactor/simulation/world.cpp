#include <weft/memory/assert.hpp>
#include <weft/reactor/simulation/simulated_files.hpp>
#include <weft/reactor/simulation/world.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <utility>

#include <sys/stat.h>

namespace weft::simulation
{

using namespace std::chrono_literals;

namespace
{

/// Far from the numbers of real descriptors, so that a system call that gets one by mistake is
/// refused.
constexpr int FirstDescriptor = 1 << 20;

/// Soon after the epoch: what still reads the machine's own clock finds that it is late, and does
/// not wait for real.
constexpr auto StartTime = Clock::time_point(1s);

bool reads(OperationKind kind) noexcept
{
    return kind == OperationKind::Read || kind == OperationKind::ReadVectored ||
           kind == OperationKind::Receive || kind == OperationKind::ReceiveMessage;
}

} // namespace

World::World(const SimulationOptions& options)
    : faults(options.faults),
      chance(options.seed),
      start(StartTime),
      time(StartTime.time_since_epoch().count())
{
    Clock::simulate(&time);
}

World::~World()
{
    Clock::simulate(nullptr);
}

void World::moveClock(Clock::time_point to) noexcept
{
    if (to > now())
    {
        time.store(to.time_since_epoch().count(), std::memory_order_relaxed);
    }
}

void World::later(std::chrono::nanoseconds delay, std::function<void()> happen)
{
    agenda.add(now() + delay, nullptr, std::move(happen));
}

void World::note(const char* what, std::uint64_t first, std::uint64_t second,
                 std::uint64_t third) noexcept
{
    // After the end other threads act too, and no run is like another.
    if (!ended)
    {
        trace.note(now(), what, first, second, third);
    }
}

void World::fail(const std::string& reason)
{
    if (failureHandler)
    {
        failureHandler(reason);
    }
    fmt::print(stderr, "weft: the simulation has failed: {}\n", reason);
    std::abort();
}

std::uint64_t World::shorten(std::uint64_t sizeBytes)
{
    const bool isShort =
        sizeBytes > 1 && faults.shortTransfer != 0 && chance.oneIn(faults.shortTransfer);
    return isShort ? chance.between(1, sizeBytes) : sizeBytes;
}

Flight& World::launch(Operation& operation)
{
    const auto number = flightsLaunched++;
    const auto [earlier, isFree] = numbers.emplace(&operation, number);
    if (!isFree)
    {
        fail(fmt::format("operation {} begins in the memory of operation {}, which is not over",
                         number, earlier->second));
    }
    if (reads(operation.kind))
    {
        claimMemory(operation, number);
    }
    return flights.emplace(number, Flight{.number = number, .operation = &operation}).first->second;
}

/// Whoever goes on before its operation is over will soon use its memory for another.
void World::claimMemory(const Operation& operation, std::uint64_t number)
{
    for (const auto buffer : buffersOf(operation))
    {
        const auto following = memory.upper_bound(buffer.data());
        const auto* const end = buffer.data() + buffer.size();
        const bool meetsFollowing = following != memory.end() && following->first < end;
        const bool meetsPrevious =
            following != memory.begin() && std::prev(following)->second.end > buffer.data();
        if (meetsFollowing || meetsPrevious)
        {
            const auto& other = meetsFollowing ? following->second : std::prev(following)->second;
            fail(fmt::format("operations {} and {} read into the same memory", number,
                             other.number));
        }
        if (!buffer.empty())
        {
            memory.emplace(buffer.data(), MemoryClaim{end, number});
        }
    }
}

Flight* World::find(std::uint64_t number) noexcept
{
    const auto found = flights.find(number);
    return found != flights.end() ? &found->second : nullptr;
}

Flight* World::find(const Operation& operation) noexcept
{
    const auto found = numbers.find(&operation);
    return found != numbers.end() ? find(found->second) : nullptr;
}

void World::begin(Flight& flight)
{
    flight.phase = Flight::Phase::InKernel;
    auto& operation = *flight.operation;
    if (operation.kind == OperationKind::Open)
    {
        open(flight);
        return;
    }
    flight.file = fileOf(operation.descriptor);
    if (!flight.file)
    {
        finish(flight, -EBADF);
        return;
    }
    switch (operation.kind)
    {
    case OperationKind::Close:
        closeDescriptor(operation.descriptor);
        finish(flight, 0);
        return;
    case OperationKind::Stat:
        stat(flight);
        return;
    default:
        flight.file->begin(flight);
    }
}

void World::open(Flight& flight)
{
    const auto found = files.find(static_cast<const char*>(flight.operation->data));
    OpenAnswer answer = Refusal{.error = ENOENT, .after = 10us};
    if (faults.socketRefused != 0 && chance.oneIn(faults.socketRefused))
    {
        answer = Refusal{.error = EMFILE, .after = 10us};
    }
    else if (found != files.end())
    {
        answer = found->second();
    }
    const auto* const refusal = std::get_if<Refusal>(&answer);
    const auto delay = refusal != nullptr ? refusal->after : chance.spread(10us, 20ms);
    finishAfter(flight, delay,
                [this, answer = std::move(answer)]
                {
                    return openAnswer(answer);
                });
}

std::int32_t World::openAnswer(const OpenAnswer& answer)
{
    if (const auto* const refusal = std::get_if<Refusal>(&answer))
    {
        return -refusal->error;
    }
    if (const auto* const file = std::get_if<RegularFile>(&answer))
    {
        return newDescriptor(std::make_shared<SimulatedRegularFile>(*this, *file));
    }
    return newDescriptor(std::make_shared<SimulatedFifo>(*this, std::get<FeedPlan>(answer)));
}

void World::stat(Flight& flight)
{
    finishAfter(flight, chance.spread(1us, 5ms),
                [operation = flight.operation, file = flight.file]
                {
                    auto& status = *static_cast<struct statx*>(operation->extra);
                    status.stx_mode = static_cast<std::uint16_t>(file->mode());
                    status.stx_size = file->sizeBytes();
                    return 0;
                });
}

void World::finish(Flight& flight, std::int32_t result)
{
    WEFT_ASSERT(flight.phase == Flight::Phase::InKernel);
    flight.phase = Flight::Phase::Done;
    flight.result = result;
    const bool isSlow = faults.slowCompletion != 0 && chance.oneIn(faults.slowCompletion);
    const auto delay = isSlow ? chance.spread(10us, 50ms) : chance.spread(0ns, 10us);
    later(delay,
          [this, number = flight.number]
          {
              reporter(number);
          });
}

void World::finishAfter(const Flight& flight, std::chrono::nanoseconds delay,
                        std::function<std::int32_t()> result)
{
    later(delay,
          [this, number = flight.number, result = std::move(result)]
          {
              auto* const awaited = find(number);
              if (awaited != nullptr && awaited->phase == Flight::Phase::InKernel)
              {
                  finish(*awaited, result());
              }
          });
}

void World::cancel(std::uint64_t number)
{
    auto* const flight = find(number);
    if (flight == nullptr || flight->phase == Flight::Phase::Done)
    {
        note("the cancellation of operation {} comes too late", number);
        return;
    }
    if (flight->phase == Flight::Phase::InKernel &&
        !(flight->file && flight->file->withdraw(*flight)))
    {
        // It waits for nobody: a kernel worker has it, and may or may not let it go. A connection
        // that is awaited is no worker's.
        if (flight->operation->kind != OperationKind::Connect && faults.cancellationLost != 0 &&
            chance.oneIn(faults.cancellationLost))
        {
            note("operation {} cannot be cancelled any more", number);
            return;
        }
        finish(*flight, chance.oneIn(4) ? -EINTR : -ECANCELED);
        return;
    }
    flight->phase = Flight::Phase::InKernel;
    finish(*flight, -ECANCELED);
}

void World::land(const Flight& flight)
{
    numbers.erase(flight.operation);
    if (reads(flight.operation->kind))
    {
        for (const auto buffer : buffersOf(*flight.operation))
        {
            memory.erase(buffer.data());
        }
    }
    flights.erase(flight.number);
}

int World::newDescriptor(std::shared_ptr<OpenFile> file)
{
    auto descriptor = FirstDescriptor;
    // The lowest that is free, as POSIX has it: a number that is used again at once finds mistakes.
    for (const auto& [used, other] : descriptors)
    {
        if (used != descriptor)
        {
            break;
        }
        ++descriptor;
    }
    descriptors.emplace(descriptor, std::move(file));
    return descriptor;
}

std::shared_ptr<OpenFile> World::fileOf(int descriptor) const
{
    const auto found = descriptors.find(descriptor);
    return found != descriptors.end() ? found->second : nullptr;
}

bool World::closeDescriptor(int descriptor)
{
    const auto found = descriptors.find(descriptor);
    if (found == descriptors.end())
    {
        return false;
    }
    for (const auto& [number, flight] : flights)
    {
        if (flight.file == found->second && flight.phase == Flight::Phase::InKernel &&
            flight.operation->kind != OperationKind::Close)
        {
            fail(fmt::format("descriptor {} is closed while operation {} uses it", descriptor,
                             number));
        }
    }
    found->second->close();
    descriptors.erase(found);
    return true;
}

} // namespace weft::simulation
