#include "role_process.hpp"

#include <cerrno>
#include <csignal>
#include <system_error>

#include <sys/wait.h>
#include <unistd.h>

namespace weft::bench
{

RoleProcess::RoleProcess(const char* role, const std::string& boards)
{
    const char* arguments[] = {
        ::program_invocation_short_name, RoleOption, role, BoardOption, boards.c_str(), nullptr};
    process = ::fork();
    if (process < 0)
    {
        throw std::system_error(errno, std::generic_category(), "fork");
    }
    if (process == 0)
    {
        ::execv("/proc/self/exe", const_cast<char**>(arguments));
        ::_exit(127);
    }
}

RoleProcess::~RoleProcess()
{
    if (process > 0)
    {
        ::kill(process, SIGKILL);
        ::waitpid(process, nullptr, 0);
    }
}

bool RoleProcess::hasEnded()
{
    if (process > 0 && ::waitpid(process, &status, WNOHANG) == process)
    {
        process = -1;
    }
    return process < 0;
}

bool RoleProcess::succeeded() const noexcept
{
    return process < 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace weft::bench
