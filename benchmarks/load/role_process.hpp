#pragma once

#include <string>

#include <sys/types.h>

namespace weft::bench
{

/// The options of the program by which it makes the processes of a run.
inline constexpr const char* RoleOption = "--role";
inline constexpr const char* BoardOption = "--board"; // one or several, with commas between them

/// A child process that executes this program again; killed when it is still there at the end.
class RoleProcess
{
public:
    /// `boards`: their descriptors, with commas between them. Throws std::system_error.
    RoleProcess(const char* role, const std::string& boards);
    ~RoleProcess();

    RoleProcess(const RoleProcess&) = delete;
    RoleProcess& operator=(const RoleProcess&) = delete;

    bool hasEnded();

    /// It has ended, with status 0.
    bool succeeded() const noexcept;

private:
    pid_t process = -1;
    int status = 0;
};

} // namespace weft::bench
