#include "../assembly.hpp"
#include "../receiver_kinds.hpp"
#include "ring.hpp"

#include <vector>

namespace weft::bench
{

namespace
{

[[noreturn]] void fail(int result, const char* operation)
{
    throw std::system_error(-result, std::generic_category(), operation);
}

} // namespace

void receiveByUringSingle(ReceiverContext& context)
{
    Assembly assembly(context);
    Ring ring(context);
    context.ready();
    const auto sockets = context.connectAll();
    const auto receive = [&](std::size_t source)
    {
        const auto rest = assembly.rest(source);
        auto* const entry = ring.submission();
        ::io_uring_prep_recv(entry, sockets[source], rest.data(), rest.size(), 0);
        entry->user_data = source;
    };
    for (std::size_t source = 0; source < sockets.size(); ++source)
    {
        receive(source);
    }
    while (!context.sink().allEnded())
    {
        ring.run(assembly.nextDueNs(),
                 [&](const io_uring_cqe& completion)
                 {
                     const auto source = completion.user_data;
                     if (completion.res < 0)
                     {
                         fail(completion.res, "receive");
                     }
                     if (completion.res == 0)
                     {
                         assembly.end(source);
                         return;
                     }
                     assembly.advance(source, static_cast<std::size_t>(completion.res));
                     receive(source);
                 });
        assembly.flushDue(true);
    }
}

void readByUring(ReceiverContext& context)
{
    Assembly assembly(context);
    Ring ring(context);
    context.ready();
    const auto files = context.openAll();
    std::vector<std::uint64_t> offsets(files.size());
    const auto read = [&](std::size_t source)
    {
        const auto rest = assembly.rest(source);
        auto* const entry = ring.submission();
        ::io_uring_prep_read(entry, files[source], rest.data(), static_cast<unsigned>(rest.size()),
                             offsets[source]);
        entry->user_data = source;
    };
    for (std::size_t source = 0; source < files.size(); ++source)
    {
        read(source);
    }
    while (!context.sink().allEnded())
    {
        ring.run(Assembly::Never,
                 [&](const io_uring_cqe& completion)
                 {
                     const auto source = completion.user_data;
                     if (completion.res < 0)
                     {
                         fail(completion.res, "read");
                     }
                     if (completion.res == 0)
                     {
                         assembly.end(source);
                         return;
                     }
                     offsets[source] += static_cast<std::uint64_t>(completion.res);
                     assembly.advance(source, static_cast<std::size_t>(completion.res));
                     read(source);
                 });
    }
    context.finished();
}

} // namespace weft::bench
