# cmake/embed.cmake: tidegate_embed(TARGET FOLDER FILES …): makes the files part of the program; gateway/http/http_assets.hpp finds them.
set(tidegate_embed_script ${CMAKE_CURRENT_LIST_DIR}/embed_run.cmake)

function(tidegate_embed TARGET FOLDER)
    cmake_parse_arguments(PARSE_ARGV 2 E "" "" "FILES")
    set(out ${CMAKE_CURRENT_BINARY_DIR}/${TARGET}_assets.cpp)
    list(TRANSFORM E_FILES PREPEND ${FOLDER}/ OUTPUT_VARIABLE paths)
    list(JOIN E_FILES "," files)  # a semicolon would be a matter of quoting on its way through the build
    add_custom_command(OUTPUT ${out}
        COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DFOLDER=${FOLDER} "-DFILES=${files}" -DWORK=${CMAKE_CURRENT_BINARY_DIR}
                -P ${tidegate_embed_script}
        DEPENDS ${paths} ${tidegate_embed_script}
        COMMENT "Embedding ${FOLDER}" VERBATIM)
    target_sources(${TARGET} PRIVATE ${out})
endfunction()
