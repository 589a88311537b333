#include <weft/memory/assert.hpp>
#include <weft/reactor/simulation/simulated_offload.hpp>
#include <weft/reactor/simulation/world.hpp>

namespace weft::simulation
{

using namespace std::chrono_literals;

SimulatedOffload::SimulatedOffload(World& owner) noexcept : world(owner)
{
}

SimulatedOffload::~SimulatedOffload()
{
    WEFT_ASSERT(queue.empty());
}

std::error_code SimulatedOffload::submit(OffloadTask& task)
{
    queue.push_back(task);
    world.later(world.chance.spread(1us, 1ms),
                [this]
                {
                    beginNext();
                });
    return {};
}

bool SimulatedOffload::withdraw(OffloadTask& task) noexcept
{
    if (!task.queueHook.is_linked())
    {
        return false;
    }
    queue.erase(queue.iterator_to(task));
    return true;
}

void SimulatedOffload::beginNext()
{
    if (queue.empty() || running == ThreadsMax)
    {
        return;
    }
    auto& task = queue.front();
    queue.pop_front();
    ++running;
    const bool isSlow =
        world.faults.threadsSlow != 0 && world.chance.oneIn(world.faults.threadsSlow);
    const auto duration = isSlow ? world.chance.spread(1ms, 10s) : world.chance.spread(5us, 20ms);
    world.agenda.add(world.now() + duration, "a blocking call returns",
                     [this, &task]
                     {
                         // The task may be gone when it has run.
                         --running;
                         task.run();
                         beginNext();
                     });
}

} // namespace weft::simulation
