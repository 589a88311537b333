#pragma once

#include <weft/reactor/offload_task.hpp>

#include <boost/intrusive/list.hpp>

#include <cstddef>

namespace weft::simulation
{

class World;

/// Threads for blocking calls, as many as a runtime has by default: a call takes its time on the
/// agenda, and is made at the end of it.
class SimulatedOffload final : public OffloadExecutor
{
public:
    static constexpr std::size_t ThreadsMax = 4;

    explicit SimulatedOffload(World& world) noexcept;
    ~SimulatedOffload();

    std::error_code submit(OffloadTask& task) override;
    bool withdraw(OffloadTask& task) noexcept override;

    /// Queued and running.
    std::size_t count() const noexcept
    {
        return queue.size() + running;
    }

private:
    void beginNext();

    using Queue = boost::intrusive::list<
        OffloadTask,
        boost::intrusive::member_hook<OffloadTask, OffloadTask::Hook, &OffloadTask::queueHook>>;

    World& world;
    Queue queue;
    std::size_t running = 0;
};

} // namespace weft::simulation
