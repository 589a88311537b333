#include <weft/reactor/io_error.hpp>
#include <weft/reactor/offload.hpp>
#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/perform.hpp>

#include <cerrno>
#include <string>

#include <fcntl.h>

namespace weft
{

std::expected<std::int32_t, std::error_code> detail::openOnThread(const Operation& operation,
                                                                  Deadline deadline)
{
    struct Opened
    {
        OwnedDescriptor descriptor;
        int error = 0;
    };

    auto opened = offloadAbandonable(
        [path = std::string(static_cast<const char*>(operation.data)), flags = operation.flags,
         mode = static_cast<mode_t>(operation.count)]
        {
            const auto openWith = [&](int openFlags)
            {
                int descriptor = -1;
                do
                {
                    descriptor = ::open(path.c_str(), openFlags, mode);
                } while (descriptor < 0 && errno == EINTR);
                return descriptor;
            };
            int descriptor = openWith(flags | O_NONBLOCK);
            const bool wantsToBlock = (flags & O_NONBLOCK) == 0;
            if (descriptor < 0 && errno == EAGAIN && wantsToBlock)
            {
                descriptor = openWith(flags); // somebody's lease ends first
            }
            const int error = descriptor < 0 ? errno : 0;
            if (descriptor >= 0 && wantsToBlock)
            {
                ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
            }
            return Opened{OwnedDescriptor(descriptor), error};
        },
        deadline);
    if (!opened)
    {
        // Else the machine has refused a thread.
        return gaveUp(opened.error())
                   ? std::expected<std::int32_t, std::error_code>(std::unexpected(opened.error()))
                   : -opened.error().value();
    }
    return opened->error != 0 ? -opened->error : opened->descriptor.release();
}

} // namespace weft
