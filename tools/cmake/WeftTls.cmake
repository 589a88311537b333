# What TLS needs. Used by the build tree and, installed, by weftConfig.cmake.

if(NOT TARGET OpenSSL::SSL)
    find_package(OpenSSL 3.0 QUIET)
    if(NOT OpenSSL_FOUND)
        message(FATAL_ERROR "weft needs OpenSSL 3.0 or later for TLS (Debian: libssl-dev); "
                            "-DWEFT_TLS=OFF leaves TLS out")
    endif()
endif()
