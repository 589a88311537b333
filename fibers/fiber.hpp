#pragma once

#include <weft/fibers/fiber_record.hpp>
#include <weft/fibers/scheduler.hpp>

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string_view>
#include <utility>

namespace weft
{

struct SpawnOptions
{
    /// Shown in the fiber registry and in error messages; the first 47 bytes are kept.
    std::string_view name = "fiber";
    StackClass stack = StackClass::Small;
    /// The reactor to run on. By default the caller's own; from a plain thread, each in turn.
    std::optional<std::size_t> reactor = std::nullopt;
    /// A stop of this token becomes a stop of the fiber.
    std::stop_token stop = {};
};

/// Owns the right to join a fiber, like std::jthread: the destructor requests a stop and joins.
/// A handle may be used by any thread, though by one at a time, and must not outlive the Runtime.
class Fiber
{
public:
    Fiber() noexcept = default;

    /// Adopts one reference.
    explicit Fiber(FiberRecord& owned) noexcept : record(&owned)
    {
    }

    Fiber(Fiber&& other) noexcept : record(std::exchange(other.record, nullptr))
    {
    }

    Fiber& operator=(Fiber&& other) noexcept
    {
        const Fiber previous(std::move(*this));
        record = std::exchange(other.record, nullptr);
        return *this;
    }

    /// Requests a stop and joins; an exception that the fiber let escape is dropped. Suspends.
    ~Fiber();

    bool joinable() const noexcept
    {
        return record != nullptr;
    }

    /// Returns when the fiber has ended; rethrows what escaped from it. Not ended early by a stop
    /// of the caller: what the fiber refers to may live in the caller's frame. Suspends; on a plain
    /// thread, blocks it.
    void join();

    /// Lets the fiber run on alone. An exception that escapes from it is then fatal.
    void detach() noexcept;

    /// Makes each suspending call of the fiber end with std::errc::operation_canceled, the one that
    /// it is in now and those to come. Returns at once. Idempotent.
    void requestStop() noexcept;

    bool hasFinished() const noexcept;
    FiberId id() const noexcept;
    std::string_view name() const noexcept;

private:
    FiberRecord* record = nullptr;
};

/// Runs `function` on a new fiber of the given scheduler. A callable that takes a std::stop_token
/// is given the fiber's. It is stored in the fiber's record: at most
/// FiberRecord::CallableBytesMax bytes. Any thread; does not suspend. Throws std::system_error
/// (resource_unavailable_try_again) when the reactor's fiber records are all in use.
template <typename Function>
Fiber spawnOn(Scheduler& scheduler, const SpawnOptions& options, Function&& function,
              FiberGroup* group = nullptr)
{
    FiberRecord& record = scheduler.newRecord(options.name, options.stack);
    try
    {
        record.emplaceCallable(std::forward<Function>(function));
    }
    catch (...)
    {
        scheduler.abandonRecord(record);
        throw;
    }
    record.joinGroup(group);
    record.followStopToken(options.stop);
    scheduler.submit(record);
    return Fiber(record);
}

} // namespace weft
