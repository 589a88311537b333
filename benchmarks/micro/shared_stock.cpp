#include "shared_stock.hpp"

#include <fmt/format.h>

#include <dlfcn.h>

namespace weft::bench
{

Work sharedStock(const char* function, benchmark::State& state)
{
    void* const plugin = ::dlopen(WEFT_BENCH_SHARED_STOCK, RTLD_NOW | RTLD_LOCAL); // and stays
    void* const found = plugin != nullptr ? ::dlsym(plugin, function) : nullptr;
    if (found == nullptr)
    {
        const auto problem = fmt::format("cannot load {}: {}", function, ::dlerror());
        state.SkipWithError(problem.c_str());
    }
    return reinterpret_cast<Work>(found);
}

} // namespace weft::bench
