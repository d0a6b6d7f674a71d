# cmake/debian_files.cmake: read by cpack when everything lies in its folder and nothing is packed yet: the form that Debian wants files in.
foreach(COMPONENT IN LISTS CPACK_COMPONENTS_ALL)
    set(ROOT ${CPACK_TEMPORARY_DIRECTORY}/${COMPONENT})
    file(GLOB TEXTS ${ROOT}/usr/share/man/man*/*.[1-8] ${ROOT}/usr/share/doc/*/changelog.Debian)
    file(GLOB LIBRARIES ${ROOT}/usr/lib/*.a ${ROOT}/usr/lib/*/*.a)
    # Whoever builds with a umask of 077 doesn't mean that the folders of the system are closed.
    execute_process(COMMAND find ${ROOT} -type d -exec chmod 755 {} + COMMAND_ERROR_IS_FATAL ANY)
    if(TEXTS)
        execute_process(COMMAND gzip -9n ${TEXTS} COMMAND_ERROR_IS_FATAL ANY)
    endif()
    if(LIBRARIES)
        execute_process(COMMAND ${CPACK_TIDEGATE_STRIP} --strip-debug --enable-deterministic-archives --remove-section=.comment
            ${LIBRARIES} COMMAND_ERROR_IS_FATAL ANY)
    endif()
endforeach()
