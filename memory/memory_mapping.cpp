#include <weft/memory/assert.hpp>
#include <weft/memory/memory_mapping.hpp>
#include <weft/memory/sanitizer.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace weft
{

std::size_t pageSizeBytes() noexcept
{
    static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return size;
}

std::span<std::byte> wholePages(std::span<std::byte> bytes) noexcept
{
    const auto page = pageSizeBytes();
    const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
    const auto skipped = alignUp(begin, page) - begin;
    if (skipped >= bytes.size())
    {
        return {};
    }
    const auto rest = bytes.subspan(skipped);
    return rest.first(rest.size() & ~(page - 1));
}

std::size_t residentBytes(std::span<const std::byte> pages) noexcept
{
    constexpr std::size_t PagesAtOnce = 64;
    std::array<unsigned char, PagesAtOnce> resident{};
    const auto page = pageSizeBytes();
    std::size_t total = 0;
    while (!pages.empty())
    {
        const auto piece = pages.first(std::min(PagesAtOnce * page, pages.size()));
        if (::mincore(const_cast<std::byte*>(piece.data()), piece.size(), resident.data()) != 0)
        {
            return 0;
        }
        const auto count = static_cast<std::ptrdiff_t>(piece.size() / page);
        total += page *
                 static_cast<std::size_t>(std::count_if(resident.begin(), resident.begin() + count,
                                                        [](unsigned char bits)
                                                        {
                                                            return (bits & 1) != 0;
                                                        }));
        pages = pages.subspan(piece.size());
    }
    return total;
}

void releasePages(std::span<std::byte> pages) noexcept
{
    if (!pages.empty())
    {
        // Locked memory (mlockall) refuses it, and stays.
        static_cast<void>(::madvise(pages.data(), pages.size(), MADV_DONTNEED));
    }
}

MemoryMapping::MemoryMapping(Use use, std::size_t sizeBytes, std::string_view description)
    : lengthBytes(sizeBytes)
{
    if (lengthBytes == 0)
    {
        return;
    }
    const int flags =
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (use == Use::Stacks ? MAP_STACK : 0);
    void* const address = ::mmap(nullptr, lengthBytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (address == MAP_FAILED)
    {
        // ENOMEM: address space, RLIMIT_AS, vm.max_map_count or strict overcommit.
        throw std::system_error(errno, std::system_category(),
                                "cannot map " + std::to_string(lengthBytes) + " bytes for " +
                                    std::string(description) +
                                    "; ask for fewer, or raise what limits the process's address "
                                    "space (ulimit -v, vm.overcommit_memory, vm.max_map_count)");
    }
    start = static_cast<std::byte*>(address);
    // Kernels without huge pages refuse this, and then there is nothing to prevent.
    static_cast<void>(::madvise(start, lengthBytes, MADV_NOHUGEPAGE));
}

MemoryMapping::~MemoryMapping()
{
    if (start == nullptr)
    {
        return;
    }
    // Whoever is mapped here next starts with clean shadow memory.
    unpoisonMemory(start, lengthBytes);
    const int result = ::munmap(start, lengthBytes);
    WEFT_ASSERT(result == 0);
}

MemoryMapping::MemoryMapping(MemoryMapping&& other) noexcept
    : start(std::exchange(other.start, nullptr)),
      lengthBytes(std::exchange(other.lengthBytes, 0))
{
}

MemoryMapping& MemoryMapping::operator=(MemoryMapping&& other) noexcept
{
    std::swap(start, other.start);
    std::swap(lengthBytes, other.lengthBytes);
    return *this;
}

} // namespace weft
