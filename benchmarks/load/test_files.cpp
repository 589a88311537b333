#include "test_files.hpp"

#include "wire_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace weft::bench
{

namespace
{

class OpenFile
{
public:
    OpenFile(const std::string& path, int flags) : number(::open(path.c_str(), flags, 0600))
    {
        if (number < 0)
        {
            throw std::system_error(errno, std::generic_category(), path);
        }
    }

    ~OpenFile()
    {
        ::close(number);
    }

    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    int descriptor() const noexcept
    {
        return number;
    }

private:
    int number;
};

void writeAll(int file, const char* data, std::size_t count)
{
    while (count > 0)
    {
        const auto written = ::write(file, data, count);
        if (written <= 0)
        {
            throw std::system_error(errno, std::generic_category(), "write a file to read");
        }
        data += written;
        count -= static_cast<std::size_t>(written);
    }
}

void writeBlocks(const std::string& path, std::uint64_t bytes)
{
    constexpr std::size_t BlocksAtOnce = 64;
    const OpenFile file(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);
    std::vector<Block> blocks(BlocksAtOnce);
    for (std::uint64_t number = 0; bytes > 0; number += BlocksAtOnce)
    {
        for (std::size_t index = 0; index < BlocksAtOnce; ++index)
        {
            blocks[index].number = number + index;
        }
        const auto count = std::min<std::uint64_t>(bytes, BlocksAtOnce * sizeof(Block));
        writeAll(file.descriptor(), reinterpret_cast<const char*>(blocks.data()), count);
        bytes -= count;
    }
    ::fsync(file.descriptor());
}

} // namespace

TestFiles::TestFiles(const RunPlan& plan)
    : directory(plan.directory),
      count(plan.floodSources),
      bytes(plan.fileBytes)
{
    std::filesystem::create_directories(directory);
    for (std::size_t file = 0; file < count; ++file)
    {
        writeBlocks(path(file), bytes);
    }
}

TestFiles::~TestFiles()
{
    std::error_code ignored;
    for (std::size_t file = 0; file < count; ++file)
    {
        std::filesystem::remove(path(file), ignored);
    }
    std::filesystem::remove(directory, ignored);
}

void TestFiles::warm() const
{
    constexpr std::size_t ChunkBytes = 1 << 20;
    std::vector<char> chunk(ChunkBytes);
    for (std::size_t file = 0; file < count; ++file)
    {
        const OpenFile open(path(file), O_RDONLY | O_CLOEXEC);
        while (::read(open.descriptor(), chunk.data(), chunk.size()) > 0)
        {
        }
    }
}

void TestFiles::evict() const
{
    for (std::size_t file = 0; file < count; ++file)
    {
        const OpenFile open(path(file), O_RDONLY | O_CLOEXEC);
        ::fsync(open.descriptor());
        ::posix_fadvise(open.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
    }
}

double TestFiles::residentShare() const
{
    constexpr std::size_t PageBytes = 4096;
    std::size_t pages = 0;
    std::size_t resident = 0;
    for (std::size_t file = 0; file < count; ++file)
    {
        const OpenFile open(path(file), O_RDONLY | O_CLOEXEC);
        void* const mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, open.descriptor(), 0);
        if (mapped == MAP_FAILED)
        {
            throw std::system_error(errno, std::generic_category(), "map a file to read");
        }
        std::vector<unsigned char> states((bytes + PageBytes - 1) / PageBytes);
        ::mincore(mapped, bytes, states.data());
        ::munmap(mapped, bytes);
        pages += states.size();
        resident += static_cast<std::size_t>(std::ranges::count_if(states,
                                                                   [](unsigned char state)
                                                                   {
                                                                       return (state & 1) != 0;
                                                                   }));
    }
    return static_cast<double>(resident) / static_cast<double>(std::max<std::size_t>(pages, 1));
}

std::string TestFiles::path(std::size_t file) const
{
    return fmt::format("{}/{}", directory, file);
}

} // namespace weft::bench
