# What the source type 'file' needs for compressed files. Used by the build tree and, installed, by
# weftConfig.cmake.

set(WEFT_FILE_LIBRARIES)

# weft_find_library(NAME HEADER LIBRARY OPTION PACKAGE): the target weft::NAME. Neither library has a
# CMake package in Debian 12 that tells headers and library.
function(weft_find_library name header library option package)
    if(TARGET weft::${name})
        return()
    endif()
    string(TOUPPER ${name} upper)
    find_path(WEFT_${upper}_INCLUDE_DIR ${header})
    find_library(WEFT_${upper}_LIBRARY ${library})
    if(NOT WEFT_${upper}_INCLUDE_DIR OR NOT WEFT_${upper}_LIBRARY)
        message(FATAL_ERROR "the source type 'file' needs ${name} (Debian: ${package}); "
            "-D${option}=OFF leaves it out")
    endif()
    add_library(weft::${name} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(weft::${name} PROPERTIES
        IMPORTED_LOCATION ${WEFT_${upper}_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${WEFT_${upper}_INCLUDE_DIR})
endfunction()

if(WEFT_FILE_GZIP)
    weft_find_library(zlib zlib.h z WEFT_FILE_GZIP zlib1g-dev)
    list(APPEND WEFT_FILE_LIBRARIES weft::zlib)
endif()
if(WEFT_FILE_ZSTD)
    weft_find_library(zstd zstd.h zstd WEFT_FILE_ZSTD libzstd-dev)
    list(APPEND WEFT_FILE_LIBRARIES weft::zstd)
endif()
