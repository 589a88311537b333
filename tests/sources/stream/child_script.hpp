#pragma once

#include <weft/reactor/owned_descriptor.hpp>

#include "tests/support/sockets.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <system_error>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::test
{

/// A script of Python's that serves for as long as the test runs. Killed with it.
class ChildScript
{
public:
    explicit ChildScript(const std::vector<std::string>& arguments)
    {
        auto pipe = makePipe();
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, pipe.second.get(), STDOUT_FILENO);
        std::vector<std::string> all{Python};
        all.insert(all.end(), arguments.begin(), arguments.end());
        std::vector<char*> pointers;
        for (auto& argument : all)
        {
            pointers.push_back(argument.data());
        }
        pointers.push_back(nullptr);
        const int error =
            ::posix_spawn(&process, Python, &actions, nullptr, pointers.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (error != 0)
        {
            throw std::system_error(error, std::system_category(), Python);
        }
        output = std::move(pipe.first);
    }

    ~ChildScript()
    {
        ::kill(process, SIGKILL);
        ::waitpid(process, nullptr, 0);
    }

    ChildScript(const ChildScript&) = delete;
    ChildScript& operator=(const ChildScript&) = delete;

    /// The next line of its standard output; empty when it has ended.
    std::string readLine()
    {
        std::string line;
        for (char next = 0; ::read(output.get(), &next, 1) == 1 && next != '\n';)
        {
            line += next;
        }
        return line;
    }

private:
    /// The one that has the packages of the system.
    static constexpr const char* Python = "/usr/bin/python3";

    pid_t process = -1;
    OwnedDescriptor output;
};

} // namespace weft::test
