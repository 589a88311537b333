#include <weft/memory/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace weft
{

void assertionFailed(const char* condition, const std::source_location& where) noexcept
{
    std::fprintf(stderr, "weft: assertion failed: %s (%s:%u, %s)\n", condition, where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name());
    std::abort();
}

} // namespace weft
