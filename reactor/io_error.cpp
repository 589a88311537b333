#include <weft/reactor/io_error.hpp>

#include <string>

namespace weft
{

namespace
{

class IoErrorCategory final : public std::error_category
{
public:
    const char* name() const noexcept override
    {
        return "weft.io";
    }

    std::string message(int value) const override
    {
        switch (static_cast<IoError>(value))
        {
        case IoError::DeadlineExpired:
            return "deadline expired";
        case IoError::Stopped:
            return "stopped on request";
        }
        return "unknown";
    }

    std::error_condition default_error_condition(int value) const noexcept override
    {
        switch (static_cast<IoError>(value))
        {
        case IoError::DeadlineExpired:
            return std::errc::timed_out;
        case IoError::Stopped:
            return std::errc::operation_canceled;
        }
        return {value, *this};
    }
};

} // namespace

const std::error_category& ioErrorCategory() noexcept
{
    static const IoErrorCategory category;
    return category;
}

} // namespace weft
