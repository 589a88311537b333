#pragma once

#include <weft/sources/source_event.hpp>

#include <exception>

namespace weft
{

/// What has been thrown, as the event that tells of it.
SourceFailure describeFailure(const std::exception_ptr& failure);

/// Whether what escaped is only the answer to a stop of the calling fiber or thread.
bool isAnswerToStop(const std::exception_ptr& failure);

} // namespace weft
