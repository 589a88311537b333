#pragma once

namespace weft
{

/// How often a test repeats what goes wrong only now and then. Under a sanitizer fewer times: it
/// finds what is wrong without that the bad moment does harm, and each round takes much longer.
#if defined(WEFT_ADDRESS_SANITIZER) || defined(WEFT_THREAD_SANITIZER)
inline constexpr int ManyRounds = 3'000;
#else
inline constexpr int ManyRounds = 10'000;
#endif

} // namespace weft
