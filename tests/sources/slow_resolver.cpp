#include "tests/sources/slow_resolver.hpp"

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>

#include <dlfcn.h>
#include <netdb.h>

namespace
{

std::mutex mutex;
std::condition_variable answered;
bool silent = false;

struct Answer
{
    int code = 0;
    int errnoValue = 0;
};

std::optional<Answer> prepared; // guarded by the mutex

using GetAddressInfo = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

GetAddressInfo realGetAddressInfo()
{
    return reinterpret_cast<GetAddressInfo>(::dlsym(RTLD_NEXT, "getaddrinfo"));
}

/// 127.0.0.1 before ::1, chained as freeaddrinfo(3) takes them.
int findBothLoopbacks(const char* service, const addrinfo* hints, addrinfo** result)
{
    if (const int error = realGetAddressInfo()("127.0.0.1", service, hints, result); error != 0)
    {
        return error;
    }
    return realGetAddressInfo()("::1", service, hints, &(*result)->ai_next);
}

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
    if (node != nullptr && std::strcmp(node, weft::test::AnsweringResolver::Host) == 0)
    {
        const std::lock_guard lock(mutex);
        const auto answer = prepared.value_or(Answer{.code = EAI_NONAME});
        if (answer.code == 0)
        {
            // Without AI_ADDRCONFIG, which drops ::1 where nothing else has an IPv6 address.
            auto anyFamily = *hints;
            anyFamily.ai_flags &= ~AI_ADDRCONFIG;
            return findBothLoopbacks(service, &anyFamily, result);
        }
        errno = answer.errnoValue;
        return answer.code;
    }
    return realGetAddressInfo()(node, service, hints, result);
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

AnsweringResolver::AnsweringResolver(int code, int errnoValue)
{
    const std::lock_guard lock(mutex);
    prepared = {.code = code, .errnoValue = errnoValue};
}

AnsweringResolver::~AnsweringResolver()
{
    const std::lock_guard lock(mutex);
    prepared.reset();
}

} // namespace weft::test
