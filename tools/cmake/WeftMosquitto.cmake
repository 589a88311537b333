# What the source type 'mqtt' needs. Used by the build tree and, installed, by weftConfig.cmake.

find_package(OpenSSL QUIET)
if(NOT OpenSSL_FOUND)
    message(FATAL_ERROR "the source type 'mqtt' needs OpenSSL (Debian: libssl-dev); "
                        "-DWEFT_SOURCE_MQTT=OFF leaves the type out")
endif()

# libmosquitto ships pkg-config but no CMake package.
if(NOT TARGET weft::mosquitto)
    find_path(WEFT_MOSQUITTO_INCLUDE_DIR mosquitto.h)
    find_library(WEFT_MOSQUITTO_LIBRARY mosquitto)
    if(NOT WEFT_MOSQUITTO_INCLUDE_DIR OR NOT WEFT_MOSQUITTO_LIBRARY)
        message(FATAL_ERROR "the source type 'mqtt' needs libmosquitto 2.0 or later (Debian: "
                            "libmosquitto-dev); -DWEFT_SOURCE_MQTT=OFF leaves the type out")
    endif()
    add_library(weft::mosquitto UNKNOWN IMPORTED GLOBAL)
    set_target_properties(weft::mosquitto PROPERTIES
        IMPORTED_LOCATION ${WEFT_MOSQUITTO_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${WEFT_MOSQUITTO_INCLUDE_DIR})
endif()
