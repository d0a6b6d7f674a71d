# Shell completion and manual pages, made by the built program. They change with the command line, the keys and docs/man.
set(TIDEGATE_PAPERS ${CMAKE_BINARY_DIR}/papers)
file(GLOB TIDEGATE_MAN_TEXTS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.md)
add_custom_command(
    OUTPUT ${TIDEGATE_PAPERS}/made
    COMMAND ${CMAKE_COMMAND} -E make_directory ${TIDEGATE_PAPERS}
    COMMAND tidegate man --all ${TIDEGATE_PAPERS}/man --texts ${PROJECT_SOURCE_DIR}/docs/man
    COMMAND tidegate completion bash > ${TIDEGATE_PAPERS}/tidegate.bash
    COMMAND tidegate completion zsh > ${TIDEGATE_PAPERS}/_tidegate
    COMMAND tidegate completion fish > ${TIDEGATE_PAPERS}/tidegate.fish
    COMMAND ${CMAKE_COMMAND} -E touch ${TIDEGATE_PAPERS}/made
    DEPENDS tidegate modbus serial simulated ${TIDEGATE_MAN_TEXTS}
    COMMENT "Completion and manual pages"
    VERBATIM)
add_custom_target(papers ALL DEPENDS ${TIDEGATE_PAPERS}/made)

install(DIRECTORY ${TIDEGATE_PAPERS}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(DIRECTORY ${TIDEGATE_PAPERS}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 FILES_MATCHING PATTERN "*.5")
install(FILES ${TIDEGATE_PAPERS}/tidegate.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME tidegate)
install(FILES ${TIDEGATE_PAPERS}/_tidegate DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${TIDEGATE_PAPERS}/tidegate.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
