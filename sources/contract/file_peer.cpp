#include <weft/sources/contract/file_peer.hpp>
#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/system_call.hpp>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft::contract
{

namespace
{

std::string manyLines()
{
    std::string lines;
    for (int number = 0; number < 20000; ++number)
    {
        lines += "line " + std::to_string(number) + '\n';
    }
    return lines;
}

} // namespace

PeerDirectory::PeerDirectory()
{
    auto pattern = (std::filesystem::temp_directory_path() / "weft-contract-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
    {
        throw std::system_error(errno, std::system_category(), "mkdtemp " + pattern);
    }
    root = pattern;
}

PeerDirectory::~PeerDirectory()
{
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
}

FilePeer::FilePeer(std::string text) : written(text.empty() ? manyLines() : std::move(text))
{
    std::ofstream(directory.file("input"), std::ios::binary) << written;
}

ParameterTexts FilePeer::configuration()
{
    return parameters(directory.file("input"));
}

std::optional<ParameterTexts> FilePeer::unreachable()
{
    return parameters(directory.file("missing"));
}

std::optional<ParameterTexts> FilePeer::atSimulatedPath(const std::string& path)
{
    return parameters(path);
}

std::string FilePeer::whyNot(Ability ability) const
{
    return ability == Ability::Unanswering ? "a regular file is opened without waiting" : "";
}

PipePeer::PipePeer()
{
    const auto path = directory.file("pipe");
    checked(::mkfifo(path.c_str(), 0600), "mkfifo");
    // For reading, too: so it opens before the source comes, and a write does not raise SIGPIPE
    // when the source has gone.
    pipe = OwnedDescriptor(checked(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC), "open"));
}

ParameterTexts PipePeer::configuration()
{
    return parameters(directory.file("pipe"));
}

std::optional<ParameterTexts> PipePeer::unreachable()
{
    return parameters(directory.file("missing"));
}

std::optional<ParameterTexts> PipePeer::atSimulatedPath(const std::string& path)
{
    return parameters(path);
}

bool PipePeer::awaitSource()
{
    return static_cast<bool>(pipe);
}

bool PipePeer::send(std::string_view record)
{
    const auto text = delivered(record);
    const auto wait =
        static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(patience()).count());
    for (std::size_t written = 0; written < text.size();)
    {
        const auto count = ::write(pipe.get(), text.data() + written, text.size() - written);
        if (count >= 0)
        {
            written += static_cast<std::size_t>(count);
            continue;
        }
        pollfd room = {.fd = pipe.get(), .events = POLLOUT, .revents = 0};
        if (errno != EAGAIN || ::poll(&room, 1, wait) <= 0)
        {
            return false;
        }
    }
    return true;
}

bool PipePeer::end()
{
    pipe = OwnedDescriptor();
    return true;
}

std::string PipePeer::whyNot(Ability ability) const
{
    switch (ability)
    {
    case Ability::Unanswering:
        return "a FIFO that nobody writes to is silent, and opens";
    case Ability::Reset:
        return "the writer of a FIFO leaves in one way only";
    default:
        return {};
    }
}

} // namespace weft::contract
