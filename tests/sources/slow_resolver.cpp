#include "tests/sources/slow_resolver.hpp"

#include <condition_variable>
#include <cstring>
#include <mutex>

#include <dlfcn.h>
#include <netdb.h>

namespace
{

std::mutex mutex;
std::condition_variable answered;
bool silent = false;

} // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result)
{
    if (node != nullptr && std::strcmp(node, weft::test::SlowResolver::Host) == 0)
    {
        std::unique_lock lock(mutex);
        answered.wait(lock,
                      []
                      {
                          return !silent;
                      });
        return EAI_NONAME;
    }
    using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(node, service, hints, result);
}

namespace weft::test
{

SlowResolver::SlowResolver()
{
    const std::lock_guard lock(mutex);
    silent = true;
}

SlowResolver::~SlowResolver()
{
    answer();
}

void SlowResolver::answer() noexcept
{
    const std::lock_guard lock(mutex);
    silent = false;
    answered.notify_all();
}

} // namespace weft::test
