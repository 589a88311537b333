#include "frozen_thread.hpp"

#include "tests/support/sockets.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/ptrace.h>
#include <sys/wait.h>

namespace weft::test
{

namespace
{

std::optional<pid_t> findThread(pid_t process, std::string_view name)
{
    const auto tasks = "/proc/" + std::to_string(process) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks))
    {
        std::ifstream file(task.path() / "comm");
        if (std::string line; std::getline(file, line) && line == name)
        {
            return std::stoi(task.path().filename().string());
        }
    }
    return std::nullopt;
}

/// A thread gives itself its name, some time after it is born.
pid_t awaitThread(pid_t process, std::string_view name)
{
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < patience)
    {
        if (const auto found = findThread(process, name))
        {
            return *found;
        }
        std::this_thread::yield();
    }
    throw std::runtime_error("there is no thread " + std::string(name));
}

} // namespace

FrozenThread::FrozenThread(pid_t process, std::string_view name)
    : thread(awaitThread(process, name))
{
    checkedCall(static_cast<int>(::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr)), "seize");
    checkedCall(static_cast<int>(::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr)), "freeze");
    checkedCall(::waitpid(thread, nullptr, __WALL), "wait until it is frozen");
}

FrozenThread::~FrozenThread()
{
    thaw();
}

void FrozenThread::thaw()
{
    // One that has ended with its process waits for whoever froze it.
    if (thread != 0 && ::ptrace(PTRACE_DETACH, thread, nullptr, nullptr) != 0)
    {
        ::waitpid(thread, nullptr, __WALL);
    }
    thread = 0;
}

} // namespace weft::test
