# What the core needs. Used by the build tree and, installed, by weftConfig.cmake, so that both
# choose the same libraries.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)

# Boost.Fiber and Boost.Context statically where the archives exist: a switch is then a direct
# call, nearly twice as fast as through the procedure linkage table.
if(NOT TARGET Boost::fiber)
    set(Boost_USE_STATIC_LIBS ON)
    find_package(Boost 1.81 QUIET COMPONENTS fiber context)
    if(NOT Boost_FOUND)
        set(Boost_USE_STATIC_LIBS OFF)
        find_package(Boost 1.81 REQUIRED COMPONENTS fiber context)
    endif()
endif()

# liburing ships pkg-config but no CMake package.
if(NOT TARGET weft::uring)
    find_path(WEFT_URING_INCLUDE_DIR liburing.h)
    find_library(WEFT_URING_LIBRARY uring)
    if(NOT WEFT_URING_INCLUDE_DIR OR NOT WEFT_URING_LIBRARY)
        message(FATAL_ERROR "weft needs liburing 2.3 or later (Debian: liburing-dev)")
    endif()
    add_library(weft::uring UNKNOWN IMPORTED)
    set_target_properties(weft::uring PROPERTIES
        IMPORTED_LOCATION ${WEFT_URING_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${WEFT_URING_INCLUDE_DIR})
endif()
