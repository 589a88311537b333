#pragma once

#include "source_slot.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace weft::sim
{

/// A group of sources that are started, flushed, stopped and started again, together or one by one,
/// until the end.
class Query
{
public:
    Query(RunContext& runContext, std::vector<std::unique_ptr<SourceSlot>> querySlots)
        : context(runContext),
          slots(std::move(querySlots))
    {
    }

    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    // Actions.

    void begin();
    /// Stops everything for good.
    void end();
    /// The same is about to be done by the shutdown of the runtime.
    void expectShutdown();

    /// Whether no source lives.
    bool isOver() const noexcept;

    /// Fails the run when a source is late with anything.
    void look();

private:
    void startAll();
    void interfereLater();
    void interfere();
    void stopAll();
    void beginAgainWhenOver();
    SourceSlot& any();

    RunContext& context;
    const std::vector<std::unique_ptr<SourceSlot>> slots;
    bool ending = false;
};

} // namespace weft::sim
