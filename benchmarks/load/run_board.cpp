#include "run_board.hpp"

#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>

#include <sys/mman.h>
#include <unistd.h>

namespace weft::bench
{

namespace
{

void* map(int descriptor)
{
    void* const memory =
        ::mmap(nullptr, sizeof(RunBoard), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED)
    {
        throw std::system_error(errno, std::generic_category(), "map the board of a run");
    }
    return memory;
}

} // namespace

OwnedBoard::OwnedBoard(const RunPlan& plan)
    : descriptorNumber(::memfd_create("weft-bench-board", 0))
{
    if (descriptorNumber < 0 || ::ftruncate(descriptorNumber, sizeof(RunBoard)) != 0)
    {
        throw std::system_error(errno, std::generic_category(), "make the board of a run");
    }
    board = new (map(descriptorNumber)) RunBoard;
    board->plan = plan;
    board->parent = ::getpid();
}

OwnedBoard::~OwnedBoard()
{
    ::munmap(board, sizeof(RunBoard));
    ::close(descriptorNumber);
}

RunBoard* openBoard(int descriptor)
{
    return static_cast<RunBoard*>(map(descriptor));
}

void noteProblem(char (&room)[256], const char* text) noexcept
{
    std::strncpy(room, text, sizeof(room) - 1);
    room[sizeof(room) - 1] = '\0';
}

} // namespace weft::bench
