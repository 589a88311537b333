#include "shared_stock.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include <dlfcn.h>

namespace weft::bench
{

Work sharedStock(const char* function)
{
    static void* const plugin = ::dlopen(WEFT_BENCH_SHARED_STOCK, RTLD_NOW | RTLD_LOCAL);
    void* const found = plugin != nullptr ? ::dlsym(plugin, function) : nullptr;
    if (found == nullptr)
    {
        throw std::runtime_error(fmt::format("cannot load {} from {}: {}", function,
                                             WEFT_BENCH_SHARED_STOCK, ::dlerror()));
    }
    return reinterpret_cast<Work>(found);
}

} // namespace weft::bench
