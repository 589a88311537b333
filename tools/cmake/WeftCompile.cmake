# Warnings and sanitizers, for every target of this tree.

# WEFT_ADDRESS_SANITIZER_ONLY leaves UndefinedBehaviorSanitizer out of the targets of a folder.
function(weft_compile_options target)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow
        # Designated initialisers leave out what has a default.
        -Wno-missing-field-initializers)
    if(WEFT_SANITIZE STREQUAL "address" AND NOT WEFT_ADDRESS_SANITIZER_ONLY)
        # Not vptr: before it looks at an object it makes a pipe, to see whether the memory can be
        # read, and takes it for bad when there is no descriptor left. Tests use them all up.
        target_compile_options(${target} PRIVATE
            -fsanitize=undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined)
    endif()
endfunction()

# Sanitizer flags are PUBLIC: a program that links an instrumented weft must be instrumented too.
function(weft_sanitize target)
    if(WEFT_SANITIZE STREQUAL "address")
        set(flags -fsanitize=address)
        set(linkFlags -fsanitize=undefined)
        set(definition WEFT_ADDRESS_SANITIZER=1)
    elseif(WEFT_SANITIZE STREQUAL "thread")
        set(flags -fsanitize=thread)
        set(definition WEFT_THREAD_SANITIZER=1)
    elseif(WEFT_SANITIZE)
        message(FATAL_ERROR "WEFT_SANITIZE is '${WEFT_SANITIZE}'; allowed: address, thread or empty")
    endif()
    if(WEFT_BUILD_FUZZERS)
        # What libFuzzer looks at to see whether an input reaches something new; and a number that
        # does not fit what it becomes, which the sanitizer leaves out by default.
        list(APPEND flags -fsanitize=fuzzer-no-link,float-cast-overflow
            -fno-sanitize-recover=float-cast-overflow)
    endif()
    if(flags)
        target_compile_options(${target} PUBLIC ${flags} -fno-omit-frame-pointer)
        target_compile_definitions(${target} PUBLIC ${definition})
        target_link_options(${target} PUBLIC ${flags} ${linkFlags})
    endif()
endfunction()

# weft_compile_together(target [header...]) or (target REUSE_FROM other-target)
#
# Compiles the headers that most files of the target share only once, and all files as one, which
# tests and tools are built much sooner by. A target whose files use one name for different things
# sets a UNITY_BUILD_BATCH_SIZE afterwards. The library, whose files must have the includes that they
# need, is compiled file by file in Debug.
function(weft_compile_together target)
    if(ARGV1 STREQUAL "REUSE_FROM")
        target_precompile_headers(${target} REUSE_FROM ${ARGV2})
    elseif(ARGN)
        target_precompile_headers(${target} PRIVATE ${ARGN})
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ${WEFT_COMPILE_TOGETHER}
        UNITY_BUILD_BATCH_SIZE 0)
    if(WEFT_COMPILE_TOGETHER)
        # A file that another one includes is taken for a header.
        target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
endfunction()
