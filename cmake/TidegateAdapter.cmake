# tidegate_add_adapter(NAME SOURCES …): a shared object NAME.so that Tidegate loads as an adapter. It exports
# tidegate_adapter_entry and nothing else. Installed to ${Tidegate_ADAPTER_FOLDER}, where a Tidegate of this package looks.
function(tidegate_add_adapter NAME)
    cmake_parse_arguments(PARSE_ARGV 1 A "" "" "SOURCES")
    add_library(${NAME} MODULE ${A_SOURCES})
    target_link_libraries(${NAME} PRIVATE Tidegate::adapter)
    set_target_properties(${NAME} PROPERTIES
        PREFIX ""
        SUFFIX ".so"
        C_VISIBILITY_PRESET hidden
        CXX_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON
        LINK_DEPENDS ${Tidegate_ADAPTER_EXPORTS})
    target_link_options(${NAME} PRIVATE -Wl,--version-script=${Tidegate_ADAPTER_EXPORTS})
    install(TARGETS ${NAME} LIBRARY DESTINATION ${Tidegate_ADAPTER_FOLDER})
endfunction()
