# What a program with weft::program links. Used by the build tree and, installed, by
# weftConfig.cmake.

find_package(yaml-cpp 0.7 REQUIRED)

# xxHash ships no CMake package in Debian.
if(NOT TARGET weft::xxhash)
    find_path(WEFT_XXHASH_INCLUDE_DIR xxhash.h)
    find_library(WEFT_XXHASH_LIBRARY xxhash)
    if(NOT WEFT_XXHASH_INCLUDE_DIR OR NOT WEFT_XXHASH_LIBRARY)
        message(FATAL_ERROR "the program weft needs xxHash 0.8 or later (Debian: libxxhash-dev)")
    endif()
    add_library(weft::xxhash UNKNOWN IMPORTED)
    set_target_properties(weft::xxhash PROPERTIES
        IMPORTED_LOCATION ${WEFT_XXHASH_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${WEFT_XXHASH_INCLUDE_DIR})
endif()
