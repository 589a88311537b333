#include <weft/sources/contract/allocation_count.hpp>

#include <cstdlib>
#include <memory>
#include <new>

namespace
{

thread_local std::size_t allocations = 0;

} // namespace

std::size_t weft::contract::allocationsOfThread() noexcept
{
    return allocations;
}

bool weft::contract::allocationsAreCounted()
{
    const auto before = allocations;
    // Called as a function: the compiler may leave out a new-expression.
    ::operator delete(::operator new(1));
    return allocations != before;
}

// Weak, so that a program may have operators of its own.

__attribute__((weak)) void* operator new(std::size_t bytes)
{
    ++allocations;
    if (void* memory = std::malloc(bytes != 0 ? bytes : 1))
    {
        return memory;
    }
    throw std::bad_alloc{};
}

__attribute__((weak)) void operator delete(void* memory) noexcept
{
    std::free(memory);
}

__attribute__((weak)) void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}
