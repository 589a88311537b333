/// \file
/// What ThreadSanitizer must not take for a data race. Debian's Boost.Fiber is not instrumented:
/// the spinlocks and queues in its compiled part order the accesses named here, unseen. Everything
/// of ours, the wake-ups between threads included, is looked at.

extern "C" const char* __tsan_default_suppressions()
{
    return "race:boost::fibers::buffered_channel\n"
           "race:boost::fibers::unbuffered_channel\n"
           "race:boost::fibers::detail::shared_state\n"
           "race:boost::fibers::future\n"
           "race:boost::fibers::context::wake\n"
           "race:boost::fibers::scheduler::schedule_from_remote\n"
           "race:boost::fibers::algo::round_robin::notify\n";
}
