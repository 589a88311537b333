#pragma once

#include <weft/reactor/owned_descriptor.hpp>

#include "tests/sources/file/file_test.hpp"
#include "tests/support/sockets.hpp"

#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace weft::test
{

/// Files that are written to while a source follows them.
class FollowTest : public FileTest
{
protected:
    /// As a program that logs has it: open for appending, under whatever name.
    OwnedDescriptor openLog(std::string_view name) const
    {
        const auto path = directory.path() / name;
        return OwnedDescriptor(checkedCall(
            ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644), "open"));
    }

    static void writeTo(const OwnedDescriptor& file, std::string_view text)
    {
        ASSERT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
};

/// Numbers of lines "NAME NUMBER" by name, in the order in which they came. Throws where a line is
/// anything else.
inline std::map<std::string, std::vector<int>> numbersByName(const std::string& text)
{
    std::map<std::string, std::vector<int>> numbers;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
    {
        const auto space = line.find(' ');
        numbers[line.substr(0, space)].push_back(std::stoi(line.substr(space + 1)));
    }
    return numbers;
}

inline std::vector<int> numbersUpTo(int count)
{
    std::vector<int> numbers(static_cast<std::size_t>(count));
    for (int number = 0; number < count; ++number)
    {
        numbers[static_cast<std::size_t>(number)] = number;
    }
    return numbers;
}

} // namespace weft::test
