#include <weft/memory/memory_error.hpp>

#include <string>

namespace weft
{

namespace
{

class MemoryErrorCategory final : public std::error_category
{
public:
    const char* name() const noexcept override
    {
        return "weft.memory";
    }

    std::string message(int value) const override
    {
        switch (static_cast<MemoryError>(value))
        {
        case MemoryError::NoFreeStack:
            return "every stack of this class is in use; wait for one to be given back, or give "
                   "the runtime more stacks of this class";
        case MemoryError::MapCountExhausted:
            return "no mapping is left for the guard page of another stack; raise the sysctl "
                   "vm.max_map_count or use fewer fibers at once (each stack takes two mappings "
                   "on kernels before 6.13)";
        }
        return "unknown memory error " + std::to_string(value);
    }
};

} // namespace

const std::error_category& memoryErrorCategory() noexcept
{
    static const MemoryErrorCategory category;
    return category;
}

std::error_code make_error_code(MemoryError error) noexcept
{
    return {static_cast<int>(error), memoryErrorCategory()};
}

} // namespace weft
