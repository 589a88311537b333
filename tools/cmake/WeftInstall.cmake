# `cmake --install` gives a package that find_package(weft) finds.
include(CMakePackageConfigHelpers)

get_property(installed GLOBAL PROPERTY WEFT_SOURCE_TARGETS)
list(PREPEND installed weft)
if(WEFT_BUILD_SIMULATION)
    list(APPEND installed weft-simulation)
endif()
install(TARGETS ${installed} EXPORT weftTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(layer IN LISTS WEFT_LAYERS)
    install(DIRECTORY ${layer} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weft
            FILES_MATCHING PATTERN "*.hpp")
endforeach()

# Parts with libraries of their own: a component of the package each (weftConfig.cmake.in).
function(weft_install_component target targets)
    install(TARGETS ${target} EXPORT ${targets} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(EXPORT ${targets} NAMESPACE weft:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weft)
endfunction()
if(WEFT_BUILD_TOOLS)
    weft_install_component(weft-tools-lib weftProgramTargets)
endif()
if(WEFT_BUILD_CONTRACT)
    weft_install_component(weft-contract weftContractTargets)
endif()
install(EXPORT weftTargets NAMESPACE weft:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weft)

configure_package_config_file(${PROJECT_SOURCE_DIR}/tools/cmake/weftConfig.cmake.in
    ${PROJECT_BINARY_DIR}/weftConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weft)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/weftConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/weftConfig.cmake ${PROJECT_BINARY_DIR}/weftConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/tools/cmake/WeftDependencies.cmake
              ${PROJECT_SOURCE_DIR}/tools/cmake/WeftMosquitto.cmake
              ${PROJECT_SOURCE_DIR}/tools/cmake/WeftFileDependencies.cmake
              ${PROJECT_SOURCE_DIR}/tools/cmake/WeftProgramDependencies.cmake
              ${PROJECT_SOURCE_DIR}/tools/cmake/WeftTls.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weft)
