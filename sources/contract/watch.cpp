#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/watch.hpp>

#include <utility>

namespace weft::contract
{

Watch::Watch(std::string what)
    : finding(std::move(what)),
      thread(
          [this]
          {
              wait();
          })
{
}

Watch::~Watch()
{
    {
        const std::lock_guard lock(mutex);
        over = true;
    }
    changed.notify_all();
}

void Watch::wait()
{
    std::unique_lock lock(mutex);
    const bool inTime = changed.wait_for(lock, patience(),
                                         [this]
                                         {
                                             return over;
                                         });
    if (!inTime)
    {
        giveUp(finding);
    }
}

} // namespace weft::contract
