#include <weft/fibers/ready_queue.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace weft
{

namespace
{

constexpr std::size_t FewContexts = 64;

} // namespace

ReadyQueue::ReadyQueue(std::size_t capacityMin)
    : ringSize(FewContexts),
      storageSize(std::bit_ceil(std::max(capacityMin, FewContexts))),
      storage(std::make_unique_for_overwrite<FiberContext[]>(storageSize))
{
}

void ReadyQueue::widen()
{
    std::rotate(storage.get(), &at(first), storage.get() + ringSize);
    first = 0;
    end = ringSize;
    if (ringSize == storageSize)
    {
        auto larger = std::make_unique_for_overwrite<FiberContext[]>(2 * storageSize);
        std::copy_n(storage.get(), storageSize, larger.get());
        storage = std::move(larger);
        storageSize *= 2;
    }
    ringSize *= 2;
}

} // namespace weft
