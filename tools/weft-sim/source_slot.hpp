#pragma once

#include "life.hpp"
#include "plan.hpp"

#include <cstdint>
#include <memory>

namespace weft::sim
{

/// A source of a query, with its place in the simulated world: it has one life after another.
class SourceSlot
{
public:
    SourceSlot(RunContext& runContext, std::uint32_t number);

    SourceSlot(const SourceSlot&) = delete;
    SourceSlot& operator=(const SourceSlot&) = delete;

    // Actions.

    /// Nothing when it lives.
    void start();
    void stop(StopKind kind);
    void requestFlush();

    /// The runtime is about to stop it.
    void expectShutdown();

    /// Whether it starts again by itself when a life is over.
    void keepAlive(bool keep) noexcept
    {
        keptAlive = keep;
    }

    bool lives() const noexcept
    {
        return life != nullptr;
    }

    /// Fails the run when it is late with anything.
    void look();

private:
    void enterWorld();
    void lifeOver();
    simulation::ConnectAnswer connect();
    simulation::OpenAnswer open();
    simulation::NameAnswer lookUp();
    template <typename Answer>
    Answer note(Answer answer, ContentId content);

    RunContext& context;
    const SourcePlan plan;
    std::shared_ptr<Life> life;
    std::uint32_t lifeCount = 0;
    bool keptAlive = false;
};

} // namespace weft::sim
