#include "source_slot.hpp"

#include <weft/reactor/io_error.hpp>

#include <utility>

namespace weft::sim
{

using namespace std::chrono_literals;

SourceSlot::SourceSlot(RunContext& runContext, std::uint32_t number)
    : context(runContext),
      plan(makeSource(runContext.chance, number))
{
    enterWorld();
}

void SourceSlot::enterWorld()
{
    auto& world = context.simulation;
    for (const auto& address : plan.addresses)
    {
        world.addEndpoint(address, plan.port,
                          [this]
                          {
                              return connect();
                          });
    }
    if (plan.transport == Transport::Name)
    {
        world.addName(plan.host,
                      [this]
                      {
                          return lookUp();
                      });
    }
    if (!plan.isTcp())
    {
        world.addFile(plan.path,
                      [this]
                      {
                          return open();
                      });
    }
}

void SourceSlot::start()
{
    if (life != nullptr)
    {
        return;
    }
    // Origins are as unique as lives.
    const auto origin = OriginId{plan.number} << 32 | ++lifeCount;
    life = std::make_shared<Life>(context, plan, makeLife(context.chance, plan), origin,
                                  [this]
                                  {
                                      lifeOver();
                                  });
    life->start();
}

void SourceSlot::stop(StopKind kind)
{
    if (life != nullptr)
    {
        life->askStop(kind);
    }
}

void SourceSlot::requestFlush()
{
    if (life != nullptr)
    {
        life->requestFlush();
    }
}

void SourceSlot::expectShutdown()
{
    if (life != nullptr)
    {
        life->noteStop();
    }
}

void SourceSlot::look()
{
    if (life != nullptr)
    {
        life->look();
    }
}

void SourceSlot::lifeOver()
{
    life.reset();
    if (keptAlive && !context.chance.oneIn(4))
    {
        context.simulation.after(context.chance.spread(0ns, 1min), "a source starts again",
                                 [this]
                                 {
                                     if (keptAlive)
                                     {
                                         start();
                                     }
                                 });
    }
}

simulation::ConnectAnswer SourceSlot::connect()
{
    const auto content = context.contents++;
    return note(makeConnectAnswer(context.chance, plan, content), content);
}

simulation::OpenAnswer SourceSlot::open()
{
    const auto content = context.contents++;
    return note(makeOpenAnswer(context.chance, plan, content), content);
}

simulation::NameAnswer SourceSlot::lookUp()
{
    auto answer = makeNameAnswer(context.chance, plan);
    if (life != nullptr)
    {
        life->answered();
        if (!answer)
        {
            life->check().told(answer.error());
        }
    }
    return answer;
}

/// A look-up that has been abandoned may be answered when its life is over; what connects and
/// opens has a life that waits for it.
template <typename Answer>
Answer SourceSlot::note(Answer answer, ContentId content)
{
    if (life == nullptr)
    {
        context.simulation.fail("something is opened for a source that is over");
        return answer;
    }
    life->answered();
    if (const auto* const refusal = std::get_if<simulation::Refusal>(&answer))
    {
        life->check().told(errnoError(refusal->error));
    }
    else
    {
        life->check().gave(content);
    }
    return answer;
}

} // namespace weft::sim
