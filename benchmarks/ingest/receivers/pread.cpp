#include "../assembly.hpp"
#include "../receiver_kinds.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

#include <load/process_setup.hpp>
#include <unistd.h>

namespace weft::bench
{

namespace
{

void readFile(ReceiverContext& context, std::size_t source, int file, std::byte* buffer)
{
    off_t offset = 0;
    for (;;)
    {
        const auto count = ::pread(file, buffer, BufferBytes, offset);
        if (count < 0)
        {
            throw std::system_error(errno, std::generic_category(), "pread");
        }
        if (count == 0)
        {
            context.sink().end(source);
            return;
        }
        context.sink().take(source, {buffer, static_cast<std::size_t>(count)});
        offset += count;
    }
}

} // namespace

void readByPread(ReceiverContext& context)
{
    BufferPool pool(1);
    context.ready();
    const auto files = context.openAll();
    for (std::size_t source = 0; source < files.size(); ++source)
    {
        auto* const buffer = pool.acquire();
        readFile(context, source, files[source], buffer);
        pool.release(buffer);
    }
    context.finished();
}

void readByThreadPool(ReceiverContext& context)
{
    constexpr std::size_t Threads = 4;
    BufferPool pool(Threads);
    std::array<std::byte*, Threads> buffers{};
    std::ranges::generate(buffers,
                          [&pool]
                          {
                              return pool.acquire();
                          });
    context.ready();
    const auto files = context.openAll();
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    for (auto* const buffer : buffers)
    {
        threads.emplace_back(
            [&, buffer]
            {
                try
                {
                    for (auto source = next.fetch_add(1); source < files.size();
                         source = next.fetch_add(1))
                    {
                        readFile(context, source, files[source], buffer);
                    }
                }
                catch (const std::exception& error)
                {
                    context.sink().fail(error.what());
                }
            });
    }
    threads.clear();
    context.finished();
}

} // namespace weft::bench
