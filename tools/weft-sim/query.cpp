#include "query.hpp"

#include <algorithm>

namespace weft::sim
{

using namespace std::chrono_literals;

void Query::begin()
{
    startAll();
    interfereLater();
}

void Query::startAll()
{
    auto& chance = context.chance;
    const auto spreadOver = chance.oneIn(2) ? 0ns : chance.spread(1us, 10s);
    for (const auto& slot : slots)
    {
        slot->keepAlive(true);
        context.simulation.after(chance.between(0ns, spreadOver), "a source starts",
                                 [this, &slot]
                                 {
                                     if (!ending)
                                     {
                                         slot->start();
                                     }
                                 });
    }
}

void Query::interfereLater()
{
    context.simulation.after(context.chance.spread(1ms, 2min), "a query does something",
                             [this]
                             {
                                 if (!ending)
                                 {
                                     interfere();
                                 }
                             });
}

void Query::interfere()
{
    auto& chance = context.chance;
    switch (chance.below(8))
    {
    case 0:
        stopAll();
        return;
    case 1:
    case 2:
        any().stop(makeStopKind(chance));
        break;
    case 3:
        any().start();
        break;
    case 4:
        for (const auto& slot : slots)
        {
            slot->requestFlush();
        }
        break;
    default:
        any().requestFlush();
        break;
    }
    interfereLater();
}

void Query::stopAll()
{
    const auto kind = makeStopKind(context.chance);
    const bool alike = context.chance.oneIn(2);
    for (const auto& slot : slots)
    {
        slot->keepAlive(false);
        slot->stop(alike ? kind : makeStopKind(context.chance));
    }
    beginAgainWhenOver();
}

void Query::beginAgainWhenOver()
{
    context.simulation.after(context.chance.spread(1us, 30s), "a query looks whether it is over",
                             [this]
                             {
                                 if (ending)
                                 {
                                     return;
                                 }
                                 if (isOver())
                                 {
                                     begin();
                                 }
                                 else
                                 {
                                     beginAgainWhenOver();
                                 }
                             });
}

void Query::end()
{
    ending = true;
    for (const auto& slot : slots)
    {
        slot->keepAlive(false);
        slot->stop(makeStopKind(context.chance));
    }
}

void Query::expectShutdown()
{
    ending = true;
    for (const auto& slot : slots)
    {
        slot->keepAlive(false);
        slot->expectShutdown();
    }
}

bool Query::isOver() const noexcept
{
    return std::ranges::none_of(slots,
                                [](const auto& slot)
                                {
                                    return slot->lives();
                                });
}

void Query::look()
{
    for (const auto& slot : slots)
    {
        slot->look();
    }
}

SourceSlot& Query::any()
{
    return *slots[context.chance.below(slots.size())];
}

} // namespace weft::sim
